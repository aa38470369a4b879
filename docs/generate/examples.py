"""Runs the examples of generated pages while they are made, so that what they print is what they print."""

from __future__ import annotations

import contextlib
import io
from typing import Any


def run(code: str, names: dict[str, Any] | None = None) -> tuple[dict[str, Any], str]:
    """Runs a piece of Python.

    Args:
        code: the text.
        names: what earlier pieces have defined.

    Returns:
        All that is defined now, and what was printed.
    """
    names = dict(names or {})
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, names)
    return names, printed.getvalue().rstrip()
