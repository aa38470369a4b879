"""What Google docstrings say, as data, and tables of it in Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

ENTRY = re.compile(r"^    \**(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def entries(thing: Any, section: str) -> dict[str, str]:
    """What a section such as "Args" or "Attributes" says: name -> its meaning, in one line."""
    found = re.search(rf"^{section}:\n((?:    .*\n?)+)", inspect.getdoc(thing) or "", re.MULTILINE)
    if not found:
        return {}
    return {name: " ".join(text.split()) for name, text in ENTRY.findall(found[1])}


def first_line(thing: Any) -> str:
    """The summary of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def prose(thing: Any) -> str:
    """The docstring down to its first section."""
    return re.split(r"^(?:Args|Attributes|Raises|Returns):$", inspect.getdoc(thing) or "", flags=re.MULTILINE)[
        0
    ].strip()


def shown(value: Any) -> str:
    """A value in the type of code, short: the name of a class, no trailing zeros of a float."""
    if isinstance(value, type):
        return f"`{value.__name__}`"
    return f"`{value!r}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
