"""Tables of text for people who read a terminal or a README."""

from __future__ import annotations

import math


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, the first column to the left, the others to the right."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in (head, rule, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float, decimals: int) -> str:
    """A number as a table shows it: a dash for none, no minus before zero."""
    return "-" if math.isnan(value) else f"{round(float(value), decimals) + 0.0:,.{decimals}f}"
