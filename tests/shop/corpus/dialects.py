"""The ways in which tills, databases and spreadsheets write a log as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

NUMBERS: dict[str, Callable[[float], str]] = {
    "point": lambda number: f"{number:.2f}",
    "comma": lambda number: f"{number:.2f}".replace(".", ","),
    "American": lambda number: f"{number:,.2f}",
    "European": lambda number: f"{number:,.2f}".translate(str.maketrans(",.", ".,")),
    "machine": lambda number: f"{number:.12e}",
}
SIGNS = {"point": ".", "comma": ",", "American": ".", "European": ",", "machine": "."}  # decimal marks


@dataclass(frozen=True)
class Dialect:
    """How a log is written.

    Attributes:
        separator: between the cells of a line.
        encoding: of the text.
        end: of a line.
        quoting: of the `csv` module.
        date: strptime format.
        number: one of `NUMBERS`, for prices.
        missing: what stands where nothing is known.
        headings: other names of columns.
        above: lines above the heading.
        empty: an empty line stands after every so many rows; 0 for none.
        trailing: whether every line, the heading's included, ends with a separator.
        blanks: around dates and numbers.
        final: whether the last line has an end.
    """

    separator: str = ","
    encoding: str = "utf-8"
    end: str = "\n"
    quoting: int = csv.QUOTE_MINIMAL
    date: str = "%Y-%m-%d %H:%M:%S"
    number: str = "point"
    missing: str = ""
    headings: Mapping[str, str] = field(default_factory=dict)
    above: str = ""
    empty: int = 0
    trailing: bool = False
    blanks: str = ""
    final: bool = True

    def texts(self, log: pd.DataFrame) -> list[list[str]]:
        """The heading and the rows of a log in canonical columns, as texts."""

        said = {"price": NUMBERS[self.number], "time": lambda time: time.strftime(self.date)}
        columns = []
        for name in log:
            cells = [self.missing if pd.isna(cell) else said.get(name, str)(cell) for cell in log[name]]
            around = self.blanks if name in ("quantity", "price", "time") else ""
            columns.append([self.headings.get(name, name), *(f"{around}{cell}{around}" for cell in cells)])
        return list(map(list, zip(*columns, strict=True)))

    def write(self, log: pd.DataFrame) -> bytes:
        """A log as the bytes of a file."""
        lines = []
        for cells in self.texts(log):
            line = io.StringIO()
            writer = csv.writer(line, delimiter=self.separator, quoting=self.quoting, lineterminator="\r\n")  # type: ignore[arg-type]
            writer.writerow([*cells, ""] if self.trailing else cells)
            lines.append(line.getvalue().removesuffix("\r\n"))
            if self.empty and len(lines) % (self.empty + 1) == 0:
                lines.append("")
        text = self.above + self.end.join(lines) + (self.end if self.final else "")
        return text.encode(self.encoding)
