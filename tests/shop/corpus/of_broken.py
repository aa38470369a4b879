"""Texts that are refused in one sentence, with the place and without other cells of the log."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import plain, rich
from tests.shop.corpus.dialects import Dialect
from tests.shop.corpus.of_rows import with_rows
from tests.shop.corpus.of_texts import SEPARATORS, as_gzip, as_zip

PLAIN = Dialect().write(plain())
LINES = PLAIN.decode().splitlines()
BELOW = 31  # the row number of what stands below the first 29 rows
NO_NUMBERS = (
    *("x", "TRUE", "False", "inf", "-inf", "0x10", "1_000", "1 000", "1'000", "--1", "+", ".", "1.2.3", "2%", "½"),
    *("2.50 EUR", "(2.50)", "2.50-", "- 2", "1e", "e5", "1e400", "9" * 400, "x" * 300),
)
TOO_LARGE = ("9007199254740992", "9007199254740993", "-1e16", "1e308")
NO_DATES = ("yesterday", "2023-02-30", "2023-13-01", "2023-01-01 25:00", "2023-01-01 10:00 Mars/Phobos", "24/12/2023")
NO_DATES = (*NO_DATES, "2023", "20230101", "45335.4", "10:00 PM", "2023-W07-2", "x" * 190)
OUTSIDE = ("0000-01-01", "0001-01-01", "1023-05-05", "1899-12-31", "2200-01-01", "4023-05-05", "9999-12-31")
ZONES = ("2023-05-05 10:00+02:00", "2023-05-05 10:00Z", "2023-05-05 10:00:00 UTC")
OTHER_FILES = {
    "gzip": (gzip.compress(PLAIN, mtime=0), "is packed"),
    "a zip": (as_zip("log.csv", PLAIN)[1], "is a zip or a workbook"),
    "Parquet": (b"PAR1" + bytes(99), "is Parquet"),
    "an old workbook": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99), "characters that no text has"),
    "bzip2": (bz2.compress(PLAIN), "characters that no text has"),
    "xz": (lzma.compress(PLAIN), "characters that no text has"),
    "a database": (b"SQLite format 3\0" + bytes(99), "characters that no text has"),
    "UTF-32": (PLAIN.decode().encode("utf-32"), "characters that no text has"),
    "zeros": (bytes(998), "characters that no text has"),
    "a page": (b"<html>\n<table>\n", "has only one cell, so it is no heading"),
    "JSON": (b'[{"customer": 17}]', "has only one cell, so it is no heading|no column for"),
    "nothing": (b"", "the file is empty"),
    "a mark": (b"\xef\xbb\xbf", "the file is empty"),
    "line ends": (b"\r\n\r\n\n", "the file is empty"),
    "a quote": (b'"', "has only one cell"),
    "half UTF-16": (PLAIN.decode().encode("utf-16")[:-1], "cannot be read as text in utf-16"),
    "a title": (b"Sales of 2023\n" + PLAIN, "line 1 has only one cell, so it is no heading"),
    "a title above an empty line": (b"\nSales\n\n" + PLAIN, "line 2 has only one cell, so it is no heading"),
    "rows without a heading": (PLAIN.split(b"\n", 1)[1], "write a heading above them"),
    "a heading without rows": (PLAIN.split(b"\n", 1)[0], "the log has no rows"),
    "another separator than it says": (b"sep=;\n" + PLAIN, "line 2 has only one cell, so it is no heading"),
    "lines within quotes": (
        b"\n".join(b'"%s"' % line for line in PLAIN.split()),
        "has only one cell, so it is no heading",
    ),
    "damaged UTF-8": (
        Dialect().write(rich()).replace("£".encode(), b"\xa3", 1),
        r"line \d+ holds a character that is not UT",
    ),
}


def of_bytes(name: str, data: bytes, refused: str, called: str = "log.csv", **options: Any) -> Case:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / called).write_bytes(data)
        return folder / called

    return Case(name, make, refused=refused, options=options)


def of_lines(name: str, change: Callable[[list[str]], Any], refused: str) -> Case:
    """The plain content, its lines changed."""
    lines = list(LINES)
    change(lines)
    return of_bytes(name, "\n".join(lines).encode(), refused)


def _with_quotes(separator: str, cell: int, first: int, last: int | None) -> Case:
    """A stray quote before a cell of a line, and one behind the same cell of another."""
    lines = [line.split(",") for line in LINES]
    lines[first - 1][cell] = f'"{lines[first - 1][cell]}'
    if last is not None:
        lines[last - 1][cell] += '"'
    data = "\n".join(separator.join(line) for line in lines).encode()
    name = f"quotes in lines {first} and {last}, cell {cell}, parted by {separator!r}"
    return of_bytes(name, data, f"a quote that opens in line {first} ends in line {last or len(lines)}")


def _cases() -> Iterator[Case]:
    for text, column in zip(NO_NUMBERS, cycle(("quantity", "price")), strict=False):
        place = rf"column '{column}', row {BELOW}: ['\"].{{1,60}}['\"] is not a number$"
        yield Case(f"{text[:20]} as {column}", with_rows({column: text}, at=30), refused=place)
    for column in ("quantity", "price"):
        for text in TOO_LARGE:
            place = rf"column '{column}', row {BELOW}: \S+ is too large to be counted"
            yield Case(f"{text} as {column}", with_rows({column: text}, at=30), refused=place)
        mixed = r"decimal commas and points are mixed: '.+' in column '\w+', row \d+ and '.+' in column '\w+', row \d+"
        yield Case(f"a comma in {column}", with_rows({column: '"2,5"'}, at=30), refused=mixed)
    for text in NO_DATES:
        place = rf"column 'time', row {BELOW}: '.{{1,60}}' is not a date"
        yield Case(f"{text[:20]} as time", with_rows({"time": text}, at=30), refused=place)
    for text in OUTSIDE:
        place = rf"column 'time', row {BELOW}: .* lies outside the years 1900 to 2199"
        yield Case(f"{text} as time", with_rows({"time": text}, at=30), refused=place)
    for text in ZONES:
        place = rf"column 'time', row {BELOW}: '.*' is not in the time zone of the first"
        yield Case(f"{text} as time", with_rows({"time": text}, at=30), refused=place)
    for column in ("invoice", "product", "customer"):
        place = f"column '{column}', row {BELOW}: a code has 200 characters at most"
        yield Case(f"a long {column}", with_rows({column: "x" * 201}, at=30), refused=place)
    for form in ("%d/%m/%Y", "%Y%m%d", "%Y-%m-%d", "%Q", "%"):
        wrong = Dialect(date="%Y-%m-%d %H:%M").write(plain())
        place = r"column 'time'(, row 2: '.*' does not follow| cannot be read with) date_format"
        yield of_bytes(f"dates that are not {form}", wrong, place, date_format=form)
    few = plain().assign(time=plain()["time"].dt.normalize().map(lambda day: day.replace(day=day.month)))
    for date in ("%d/%m/%Y", "%m.%d.%Y %H:%M", "%d-%m-%y", "%m/%d/%Y %I:%M %p"):
        yield of_bytes(f"dates that do not show {date}", Dialect(date=date).write(few), "column 'time' is ambiguous")
    turn = cycle((True, True, False))
    for name, (data, refused) in OTHER_FILES.items():
        if next(turn):
            yield of_bytes(f"{name} as a CSV", data, refused)
        else:
            yield of_bytes(f"{name} in a pack", as_gzip("log.csv", data)[1], refused, "log.csv.gz")
    for separator in SEPARATORS.values():
        for cell, first, last in ((0, 5, 20), (2, 5, 6), (6, 30, 61), (6, 60, None), (2, 1, 9), (6, 1, None)):
            yield _with_quotes(separator, cell, first, last)
    for line in (2, 31, 61):
        yield of_lines(
            f"a cell less in line {line}", lambda lines, at=line - 1: _cut(lines, at), rf"line {line} has 6 c"
        )
        longer = rf"log\.csv: line {line} has 9 cells, the heading has 7; put cells that hold the separator in quotes$"
        yield of_lines(f"cells more in line {line}", lambda lines, at=line - 1: _lengthen(lines, at), longer)
    yield of_lines(
        "a short total", lambda lines: lines.append("Total,60"), "line 62 has 2 cells, the heading has 7; add"
    )
    yield of_lines(
        "a line of blanks", lambda lines: lines.insert(9, "  "), "line 10 has 1 cells, the heading has 7; add"
    )
    yield of_lines(
        "below empty lines", lambda lines: lines.extend(["", "", "x"]), "line 64 has 1 cells, the heading has 7"
    )
    for column in plain():
        name, *_ = (lacking := [each for each in plain() if each != column])
        data = Dialect().write(plain()[lacking])
        if column in ("product", "quantity", "time", "customer"):
            yield of_bytes(f"no {column}", data, f"no column for '{column}'; found '{name}'.*columns=")
        twice = PLAIN.replace(b"\n", b",more\n").replace(b"more", column.encode(), 1)
        yield of_bytes(f"{column} twice", twice, f"several columns are called '{column}'; rename all but one")
        complaint = f"there is no column 'x' for '{column}'; found 'invoice', 'product'"
        yield of_bytes(f"{column} from nowhere", PLAIN, complaint, columns={column: "x"})
    no_customers = Dialect().write(plain().assign(customer="NULL"))
    yield of_bytes("nobody", no_customers, "column 'customer' is empty in all 60 rows; a log needs customers")
    yield of_bytes(
        "no complete row", Dialect().write(plain().assign(product="")), "no row is complete; dropped .*product': 60"
    )
    for cut in (5, 50, -9, -1):
        yield of_bytes(f"gzip cut at {cut}", OTHER_FILES["gzip"][0][:cut], "cannot be read as gz: ", "log.csv.gz")
        yield of_bytes(f"a zip cut at {cut}", OTHER_FILES["a zip"][0][:cut], "cannot be read as zip: ", "log.zip")
    for called in ("log.csv.gz", "log.zip", "log.xlsx"):
        yield of_bytes(f"a text called {called}", PLAIN, r"cannot be read as (gz|zip|xlsx): ", called)
    for called in ("log", "log.xls", "log.csv.bz2", "log.json", "csv"):
        yield of_bytes(f"a text called {called}", PLAIN, rf"{called}: a log ends in \.csv, ", called)
    for inside in ("log.xlsx", "log", "log.zip"):
        yield of_bytes(f"a zip of {inside}", as_zip(inside, PLAIN)[1], f"packs '{inside}'; only", "log.zip")
    two = as_zip("a.csv", PLAIN, more={"b.csv": PLAIN})[1]
    yield of_bytes("a zip of two", two, "holds 2 files, not one", "log.zip")


def _cut(lines: list[str], at: int) -> None:
    lines[at] = lines[at].rsplit(",", 1)[0]


def _lengthen(lines: list[str], at: int) -> None:
    lines[at] += ",more,more"


CASES = list(_cases())
