"""How the tests run a command: as an entry of `scripts/`, or by its name as `selflearn` does; or any other program."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
WARM = Path(__file__).with_name("warm.py")


def command_line(command):
    """The beginning of the command line of "compare.py", a script, or of "compare", a command."""
    return [sys.executable, *([SCRIPTS / command] if command.endswith(".py") else ["-m", "selflearn_agents", command])]


def run_alone(command, *arguments):
    """Runs a command in a process of its own, as a user does."""
    line = [*command_line(command), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


@functools.cache
def warm(*libraries):
    """A process that has imported the libraries, which takes longer than most commands; some more, if named."""
    line, one = [sys.executable, WARM, *libraries], dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **one})


def run(command, *arguments, cwd=None, env=None, libraries=()):
    """Runs a command, or a program by its path, in a copy of the process `warm`.

    That is like `run_alone`, but for what is imported already: the libraries, and more where these are named.
    """
    process = warm(*libraries)
    line = list(map(str, command_line(command)[1:])) + list(map(str, arguments))
    kind = {"module": line[1], "arguments": line[2:]} if line[0] == "-m" else {"script": line[0], "arguments": line[1:]}
    with tempfile.TemporaryDirectory() as folder:
        said = {name: Path(folder) / name for name in ("stdout", "stderr")}
        for path in said.values():
            path.touch()
        asked = {"cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ), **kind}
        asked |= {name: str(path) for name, path in said.items()}
        print(json.dumps(asked), file=process.stdin, flush=True)
        code = int(process.stdout.readline())
        texts = {name: path.read_text(encoding="utf-8") for name, path in said.items()}
    return subprocess.CompletedProcess(line, code, **texts)
