"""How the tests run a command: as an entry of `scripts/`, or by its name as `selflearn` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def command_line(command):
    """The beginning of the command line of "compare.py", a script, or of "compare", a command."""
    return [sys.executable, *([SCRIPTS / command] if command.endswith(".py") else ["-m", "selflearn_agents", command])]


def run(command, *arguments, **known):
    line = [*command_line(command), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, **known)
