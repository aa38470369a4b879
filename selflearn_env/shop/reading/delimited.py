"""CSV as tills, databases and spreadsheets write it: which encoding, which separator, and what each line is."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from selflearn_env.shop.reading.columns import find_columns
from selflearn_env.shop.reading.options import SEPARATORS, Reading
from selflearn_env.shop.reading.tables import Table

HEAD = 2**20  # characters in which the heading stands
LARGEST = 2**31 - 1  # bytes that are parsed as one: a row that two blocks part cannot be read
UNCLEAR = "its quotes do not show where rows end; double the quotes that belong to a cell"
DECLARED = re.compile(r'\s*"?sep=([^\r\n"])"?[ \t]*[\r\n]', re.IGNORECASE)  # a line of Excel
NO_TEXT = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")  # nor heading

csv.field_size_limit(LARGEST)  # a stray quote makes one cell of many lines, which is then named


def read_delimited(data: bytes, source: str, reading: Reading) -> Table:
    """A log of the bytes of a CSV.

    Raises:
        ValueError: a column is missing, a line has other cells than the heading, or a quote swallows lines.
    """
    text, encoding = _decoded(data, source)
    declared = DECLARED.match(text)
    separator = SEPARATORS.get(reading.separator, reading.separator)
    if separator == "auto":
        separator = declared[1] if declared else _most_cells(text)
    heading = next(_records(text[:HEAD], separator, declared is not None, source), None)
    if heading is None:
        raise ValueError(f"{source}: the file is empty")
    found, number, above = heading.cells, heading.number, heading.last
    chosen = find_columns(found, reading.columns, source)
    names = [f"c{place}" for place in range(len(found))]
    wanted = {canonical: names[found.index(name)] for canonical, name in chosen.items()}
    used = list(dict.fromkeys(wanted.values()))

    def rows() -> list[int]:
        """The numbers of the rows below the heading; read slowly, and with a complaint of what does not fit."""
        _, *below = (record.number for record in _records(text, separator, declared is not None, source))
        return below

    try:
        cells = pa.csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pa.csv.ReadOptions(column_names=names, skip_rows=above, block_size=LARGEST),
            parse_options=pa.csv.ParseOptions(delimiter=separator, newlines_in_values='"' in text),
            # Everything as text: codes keep their zeros, and an unreadable number can be named with its row.
            convert_options=pa.csv.ConvertOptions(include_columns=used, column_types=dict.fromkeys(used, pa.string())),
        )
    except pa.ArrowInvalid:  # whose message has the whole line, the customer's code included
        count = len(rows())
        raise ValueError(f"{source}: " + (UNCLEAR if count else "the log has no rows")) from None
    labels, blank = pd.RangeIndex(number + 1, number + 1 + cells.num_rows), 0
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    if ends + (not text.endswith(("\n", "\r"))) - above != cells.num_rows:  # empty lines, or cells of several lines
        labels = pd.Index(rows())
        if len(labels) != cells.num_rows:
            raise ValueError(f"{source}: {UNCLEAR}")
        blank = int(labels[-1]) - number - len(labels) if len(labels) else 0
    table = Table(source, {canonical: cells[name] for canonical, name in wanted.items()}, chosen, found, labels)
    table.remarks["separator"] = next((name for name, sign in SEPARATORS.items() if sign == separator), separator)
    if encoding != "utf-8":
        table.remarks["encoding"] = encoding
    if blank:
        table.remarks["empty lines"] = f"{blank:,}, not counted as rows"
    return table


def _decoded(data: bytes, source: str) -> tuple[str, str]:
    """The text, and its encoding: by its mark, UTF-16 by its zeros, UTF-8 where it is, otherwise that of Windows."""
    encodings = ["utf-8", "cp1252", "latin-1"]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in data[:2]:
        encodings = ["utf-16-be" if data[:1] == b"\0" else "utf-16-le"]
    for encoding in encodings:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeDecodeError as error:
            if encoding == "utf-8":
                _check_utf_8(data, error.start, source)
    raise ValueError(f"{source}: cannot be read as text in {encodings[0]}; save it as UTF-8")


def _most_cells(text: str) -> str:
    """The separator that parts the heading in most cells."""
    plain = re.sub(r'"(?:[^"]|"")*"', "", text[:HEAD])
    heading = next((line for line in io.StringIO(plain) if line.strip("\r\n ")), "")
    return max(SEPARATORS.values(), key=heading.count)


def _check_utf_8(data: bytes, bad: int, source: str) -> None:
    """Raises ValueError where a text is UTF-8 with some damage, and not in another encoding."""
    signs = re.sub(r"[\0-\x7f]+", "", data.decode("utf-8", "ignore"))
    others = len(re.sub(rb"[\0-\x7f]+", b"", data)) - len(signs.encode())
    if len(signs) > others:
        line = data.count(b"\n", 0, bad) + 1
        raise ValueError(
            f"{source}: line {line} holds a character that is not UTF-8, although the others are; correct the line"
        )


class Record(NamedTuple):
    """A row of a CSV that is not empty."""

    number: int  # as a spreadsheet counts rows
    line: int  # of the file, on which it begins
    last: int  # line on which it ends
    cells: list[str]


def _records(text: str, separator: str, declared: bool, source: str) -> Iterator[Record]:
    """The heading and each row below it; read slowly and checked.

    Args:
        text: the CSV.
        separator: what parts its cells.
        declared: whether a line above the heading names the separator.
        source: what to call the log in an error.

    Raises:
        ValueError: a row has another number of cells than the heading, or lines that look like rows within quotes.
    """
    reader, last, width = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 0, 0
    for number, cells in enumerate(reader, 1):
        first, last = last + 1, reader.line_num
        if not cells:
            continue
        if declared:
            declared = False
            continue
        heading, width = not width, width or len(cells)
        if last > first and any(
            _swallows(cell, place, width - 1 - place, separator) for place, cell in enumerate(cells)
        ):
            raise ValueError(
                f"{source}: a quote that opens in line {first} ends in line {last}, and the lines between look "
                f"like rows; remove the quote, or double it if it belongs to the cell"
            )
        if len(cells) != width:
            what = (
                "add the missing cells, or remove the line"
                if len(cells) < width
                else "put cells that hold the separator in quotes"
            )
            raise ValueError(f"{source}: line {first} has {len(cells)} cells, the heading has {width}; {what}")
        if heading:
            _check_heading(cells, f"{source}: line {first}")
        yield Record(number, first, last, cells)


def _swallows(cell: str, before: int, after: int, separator: str) -> bool:
    """Whether a cell with others before and after it holds a row, or the end of one and the beginning of another."""
    *lines, last = (line.count(separator) for line in re.split(r"[\r\n]+", cell.rstrip("\r\n")))
    return max(lines[1:], default=-1) >= before + after or (max(lines, default=-1) >= after and last >= before)


def _check_heading(cells: list[str], place: str) -> None:
    """Raises ValueError where the cells of a heading cannot be one."""
    if any(NO_TEXT.search(cell) for cell in cells):
        raise ValueError(
            f"{place} holds characters that no text has; rename the file so that its ending says what it is"
        )
    if len(cells) == 1:
        raise ValueError(
            f"{place} has only one cell, so it is no heading; delete the lines above the heading, or name the separator"
        )
