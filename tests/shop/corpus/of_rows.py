"""Texts with rows that are no part of the log, each of which must be counted, and cells that are not what they seem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain, rich
from tests.shop.corpus.dialects import Dialect

COLUMNS = tuple(plain())
WHOLE = dict(zip(COLUMNS, ("N1", "P1", "x", "2", "2023-05-05 10:00:00", "2.5", "K1"), strict=True))
NOTHING = ("", " ", "NULL", r"\N")
NO_CODE = ("NA", "none")  # which products may be called
TOTALS = ("Total", "TOTAL:", "Grand Total", "Sub-total", "Sum", "Summe", "Gesamt", "totaal", "\xa0Total ")

Lines = list[list[str]]


def with_rows(*rows: dict[str, str], at: int | None = None) -> Callable[[Path], Path]:
    """Writes the plain content with rows more at a place, at the end if it is None."""

    def make(folder: Path) -> Path:
        lines = [",".join(cells) for cells in Dialect().texts(plain())]
        place = len(lines) if at is None else at
        lines[place:place] = [",".join((WHOLE | row).values()) for row in rows]
        return _written(folder, "\n".join(lines))

    return make


def edited(change: Callable[[str], str], content: Callable = plain) -> Callable[[Path], Path]:
    """Writes a content with its text changed."""
    return lambda folder: _written(folder, change(Dialect().write(content()).decode()))


def _written(folder: Path, text: str) -> Path:
    (folder / "log.csv").write_bytes(text.encode())
    return folder / "log.csv"


def _cases() -> Iterator[Case]:
    for column in ("invoice", "product", "quantity", "time", "price"):
        for text in (*NOTHING, *(() if column == "product" else NO_CODE)):
            yield Case(f"{text!r} as {column}", with_rows({column: text}, at=30), lines=ROWS + 1, like="plain")
    codes = cycle(("invoice", "product"))
    for text in TOTALS:
        column = next(codes)
        yield Case(f"{text!r} as {column}", with_rows({column: text}), lines=ROWS + 1, like="plain")
    yield Case("a total below empty cells", with_rows(dict.fromkeys(COLUMNS, "") | {"price": "9"}), ROWS + 1, "plain")
    yield Case("rows of empty cells", with_rows(*[dict.fromkeys(COLUMNS, "")] * 5, at=9), ROWS + 5, "plain")
    for end in ("\0", "\0\0", " ", "\xa0", "\t"):
        spoilt = edited(lambda text, end=end: text.replace(",P3,", f",P3{end},", 5))
        yield Case(f"a code that ends in {end!r}", spoilt, ROWS, "plain")
    fraction = edited(lambda text: text.replace("17851\n", "17851.0\n", 2).replace("17853\n", '"17853.00"\n', 1), rich)
    yield Case("customers that went through floating point", fraction, ROWS, "rich")
    yield Case("large numbers", with_rows({"customer": str(2**60)}, {"customer": str(2**60 + 1)}), ROWS + 2)
    yield Case("numbers of any size", with_rows({"customer": "9" * 40}, {"product": "9" * 200}), ROWS + 2)
    yield Case("the first and the last year", with_rows({"time": "1900-01-01"}, {"time": "2199-12-31"}), ROWS + 2)
    yield Case("a description of 1 MB", with_rows({"description": "x" * 2**20}), ROWS + 1)
    yield Case("a description of many lines", with_rows({"description": '"' + "x\n" * 10_000 + '"'}), ROWS + 1)
    yield Case("numbers that nothing is smaller than", with_rows({"price": "1e-300", "quantity": "1e-300"}), ROWS + 1)
    yield Case("large numbers that can be counted", with_rows({"price": str(2**53 - 1)}), ROWS + 1)
    yield Case("signs that part lines elsewhere", with_rows({"description": "a\vb\fc\x1cd\x85e\u2028f"}), ROWS + 1)
    yield Case("texts in all scripts", with_rows({"description": "商品 🎁 ספר", "customer": "顾客"}), ROWS + 1)


CASES = list(_cases())
