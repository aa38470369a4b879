"""The page of the command line: what each command says of itself."""

from __future__ import annotations

import contextlib
import io
import os
from unittest.mock import patch

from selflearn_agents.commands.main import COMMANDS, run


def pages() -> dict[str, str]:
    """The page of the commands."""
    parts = [
        "# Commands",
        "`selflearn NAME`, after `pip install`. Commands write their files under `--out`. Exit code 0: done; 1: "
        "failed, with the reason in one line; 2: wrong usage.",
        *(f"## selflearn {name}\n\n```text\n{help_of(name)}\n```" for name in COMMANDS),
    ]
    return {"commands.md": "\n\n".join(parts) + "\n"}


def help_of(name: str) -> str:
    """What `selflearn NAME --help` prints, at a width that fits the page."""
    with (
        patch.dict(os.environ, {"COLUMNS": "88", "NO_COLOR": "1"}),
        contextlib.redirect_stdout(io.StringIO()) as printed,
        contextlib.suppress(SystemExit),
    ):
        run(name, f"selflearn {name}", ["--help"])
    return printed.getvalue().rstrip()
