"""How the tests run a command: as an entry of `scripts/`, or by its name as `selflearn` does."""

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
def warm():
    """A process that has imported the libraries, which takes longer than most commands."""
    return subprocess.Popen([sys.executable, WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(command, *arguments, cwd=None, env=None):
    """Runs a command in a copy of the process `warm`: like `run_alone`, but for what is imported already."""
    line = list(map(str, command_line(command)[1:])) + list(map(str, arguments))
    kind = {"module": line[1], "arguments": line[2:]} if line[0] == "-m" else {"script": line[0], "arguments": line[1:]}
    with tempfile.TemporaryDirectory() as folder:
        said = {name: Path(folder) / name for name in ("stdout", "stderr")}
        for path in said.values():
            path.touch()
        asked = {"cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ), **kind}
        asked |= {name: str(path) for name, path in said.items()}
        print(json.dumps(asked), file=warm().stdin, flush=True)
        code = int(warm().stdout.readline())
        texts = {name: path.read_text(encoding="utf-8") for name, path in said.items()}
    return subprocess.CompletedProcess(line, code, **texts)
