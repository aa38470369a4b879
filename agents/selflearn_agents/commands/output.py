"""What commands write: files that are whole or not there, and what made them."""

from __future__ import annotations

import argparse
import json
import math
import platform
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from selflearn_env.archive import write_atomically

PACKAGES = ("selflearn-env", "gymnasium", "numba", "numpy", "pandas", "pyarrow", "scipy", "matplotlib")


def folder(path: Path) -> Path:
    """Makes the folder and sees that it can be written to, before any long work.

    Raises:
        OSError: it cannot.
    """
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        return path


def write_text(path: Path, text: str) -> None:
    """Writes a text whole or not at all."""
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))


def options_text(options: argparse.Namespace) -> str:
    """The environment and its options, as a heading."""
    return ", ".join([options.env, *(f"{name}={value}" for name, value in options.option)])


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: version(name) for name in PACKAGES}


def manifest(options: argparse.Namespace, **figures: Any) -> str:
    """What made a result: versions, machine, time and options, and the figures that came out; as JSON."""
    content = {
        "command": options.command,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
        "options": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(options).items()
            if name != "command"
        },
        **figures,
    }
    return json.dumps(_finite(content), indent=2, default=str, allow_nan=False) + "\n"


def _finite(content: Any) -> Any:
    """The content with null for numbers that are none: JSON has no word for them."""
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
