"""Stops commands at random moments, again and again, and sees that they go on to the bits of one that nobody stopped.

A test does so a few times; `python -m tests.agents.evaluation.killing --kills 200` from a checkout does it more often,
and `--signal TERM` asks them to end instead.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from selflearn_agents.commands import (  # noqa: F401 -- copies of this process need not import them
    bench,
    compare,
    learning_study,
    lives,
    ope_lives,
    ope_study,
    train,
)
from selflearn_agents.commands import main as commands
from selflearn_agents.evaluation import EvaluationResult

from selflearn_env import Shop
from tests.agents.evaluation.works import WORKS, Work, prepared

PATIENCE = 20.0  # seconds that a busy machine may take until the processes of a killed one are gone


@dataclass
class Counts:
    """What came of it."""

    kills: int = 0
    ends: int = 0  # of the command by itself, each compared bit for bit
    files: int = 0  # that were compared


def stop_often(work: Work, folder: Path, shop: Shop, kills: int, rng: np.random.Generator, number: int) -> Counts:
    """Stops a command so many times, and compares what it comes to in the end.

    Args:
        work: the command.
        folder: an empty one.
        shop: in which agents serve.
        kills: how many.
        rng: of the moments.
        number: of the signal.

    Raises:
        AssertionError: something is lost, or left over.
    """
    references, seconds, counts = [], 0.0, Counts()
    for turn in range(len(work.options)):
        place = prepared(folder / f"undisturbed-{turn}", shop)
        begin = time.monotonic()
        assert wait(start(work, turn, place)) == 0, said(place)
        seconds = time.monotonic() - begin
        references.append(bits(place / work.out))
    turn, place = 0, prepared(folder / "disturbed", shop)
    while counts.kills < kills or turn % len(work.options):
        child = start(work, turn, place)
        time.sleep(float(rng.uniform(0.0, 1.1 * seconds)))
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            os.kill(child, number)
            code = wait(child)
            counts.kills += 1
            stopped = -number if number == signal.SIGKILL else 128 + number
            assert code in (stopped, 0), (code, said(place))  # it may just have ended
            none_left(child)
            if code == 128 + number:
                check_farewell(place)
            check_manifest(work, place, references)
        else:
            assert os.waitstatus_to_exitcode(status) == 0, said(place)
            counts.ends += 1
            counts.files += compared(work, place, references[turn % len(references)])
            if len(work.options) == 1:
                shutil.rmtree(place)
                prepared(place, shop)
        turn += 1
    assert wait(start(work, turn, place)) == 0, said(place)
    counts.ends += 1
    counts.files += compared(work, place, references[turn % len(references)])
    hidden = [path for path in place.rglob(".*") if path.name != ".suite_cache"]
    assert not hidden, hidden
    assert not list((place / "tmp").iterdir()), list((place / "tmp").iterdir())
    return counts


def start(work: Work, turn: int, place: Path) -> int:
    """A copy of this process that becomes the command, in a session of its own."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        os.chdir(place)
        file = os.open(place / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.environ |= {"TMPDIR": str(place / "tmp"), "JOBLIB_TEMP_FOLDER": str(place / "tmp")}
        tempfile.tempdir = None
        commands.run(work.command, f"selflearn {work.command}", work.line(turn))
    except Exception as error:
        print("Traceback of", repr(error), file=sys.stderr)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        import threading  # as Python does at its end

        threading._shutdown()
        import atexit

        atexit._run_exitfuncs()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait(child: int) -> int:
    """Its exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def said(place: Path) -> str:
    """What the command has said last."""
    file = place / "said"
    return file.read_text(errors="replace")[-3000:] if file.exists() else ""


def none_left(session: int) -> None:
    """Sees that no process of a session goes on."""
    end = time.monotonic() + PATIENCE
    while left := of_session(session):
        assert time.monotonic() < end, f"processes are left: {left}"
        time.sleep(0.05)


def of_session(session: int) -> list[str]:
    """The command lines of the processes of a session, but for the dead whom nobody has waited for."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, own = (place / "stat").read_text().rpartition(")")[2].split()[:4]
            line = (place / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has just ended
            continue
        if int(own) == session and state != "Z":
            found.append(line)
    return found


def check_farewell(place: Path) -> None:
    """Sees that a command that was asked to end says so in a line, and leaves nothing half done."""
    text = said(place)
    assert "Traceback" not in text, text
    assert "leaked" not in text, text
    left = [path for path in place.rglob(".*") if path.name != ".suite_cache"] + list((place / "tmp").iterdir())
    assert not left, left


def check_manifest(work: Work, place: Path, references: Sequence[dict[str, str]]) -> None:
    """Sees that all files are of the command that the manifest names, where there is one."""
    found = bits(place / work.out)
    if "manifest.json" in found:
        own = [reference for reference in references if reference["manifest.json"] == found["manifest.json"]]
        assert own, "the manifest is of no command"
        written = {name: value for name, value in found.items() if "/" not in name}
        for name, value in written.items():
            assert name in own[0], name
            if "csv" in name or "npz" in name:
                assert value == own[0][name], name


def compared(work: Work, place: Path, reference: dict[str, str]) -> int:
    """Sees that files are those of a command that nobody stopped; how many."""
    found = bits(place / work.out)
    assert found.keys() == reference.keys(), found.keys() ^ reference.keys()
    different = {name for name in found if found[name] != reference[name] and not name.startswith(work.timed)}
    assert not different, different
    return len(found)


def bits(out: Path) -> dict[str, str]:
    """Digest of each file, but for what says how long something took."""
    paths = [path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(out).as_posix(): sha256(_timeless(path)).hexdigest() for path in paths}


def _timeless(path: Path) -> bytes:
    if path.parent.name == "runs" and path.suffix == ".npz":
        run = {name: value for name, value in vars(EvaluationResult.load(path)).items() if "seconds" not in name}
        arrays = {name: value.tobytes() for name, value in run.items() if isinstance(value, np.ndarray)}
        return repr(run | arrays).encode()
    if path.suffix == ".csv":
        frame = pd.read_csv(path)
        return frame.drop(columns=[name for name in frame if "second" in name]).to_csv().encode()
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        for name in ("time", "made"):
            content.pop(name, None)
        return re.sub(r'"[a-z_]*seconds?": [0-9.e+-]*', "", json.dumps(content)).encode()
    return path.read_bytes()


def main() -> None:
    """Stops as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=160, help="of all commands together")
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS), help="of these")
    parser.add_argument("--signal", choices=("KILL", "TERM", "INT", "HUP"), default="KILL")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shop", type=Path, required=True, help="a small one, with four segments or fewer")
    options = parser.parse_args()
    shop, rng = Shop.load(options.shop), np.random.default_rng(options.seed)
    for name in options.only:
        begin = time.monotonic()
        folder = Path(tempfile.mkdtemp())  # no `TemporaryDirectory`, which copies of this process would remove
        counts = stop_often(
            *(WORKS[name], folder, shop, -(-options.kills // len(options.only))),
            *(rng, getattr(signal, f"SIG{options.signal}")),
        )
        shutil.rmtree(folder)
        print(
            f"{name}: {counts.kills} stopped by {options.signal}, {counts.ends} ended, {counts.files} files equal, in "
            f"{time.monotonic() - begin:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
