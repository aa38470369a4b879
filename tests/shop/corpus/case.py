"""A log of the corpus, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """A log in some form.

    Attributes:
        name: what is special about it.
        make: writes what is needed into a folder of its own and gives the source.
        lines: rows of the log that it was given, lost or kept; None where it is refused.
        like: name of the content whose shop it must give, of `contents.CONTENTS`; None where it is a log of its own.
        refused: a pattern of the one sentence with which it is refused; empty where it is read.
        options: of `load_transactions`.
    """

    name: str
    make: Callable[[Path], Any]
    lines: int | None = None
    like: str | None = None
    refused: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
