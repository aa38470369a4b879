"""Tables of text for people who read a terminal or a README."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading, the first column to the left.

    Attributes:
        name: short, for links and file names.
        title: what it shows.
        head: names of the columns.
        rows: the texts, line by line.
        note: how to read it.
        words: whether the cells are words, which may go over several lines, rather than figures.
    """

    name: str
    title: str
    head: list[str]
    rows: list[list[str]]
    note: str
    words: bool = False

    def filled(self) -> Table:
        """The table without the columns that have nothing but dashes; what its note says of them stays."""
        kept = [at for at in range(len(self.head)) if not self.rows or any(row[at] != "-" for row in self.rows)]
        rows = [[row[at] for at in kept] for row in self.rows]
        return replace(self, head=[self.head[at] for at in kept], rows=rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, the first column to the left, the others to the right."""
    head, *rows = [[cell.replace("|", r"\|") for cell in line] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in (head, rule, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float, decimals: int) -> str:
    """A number as a table shows it: a dash for none, no minus before zero."""
    return "-" if math.isnan(value) else f"{round(float(value), decimals) + 0.0:,.{decimals}f}"
