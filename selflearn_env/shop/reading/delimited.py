"""CSV as tills, databases and spreadsheets write it: which encoding, which separator, and what each line is."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from selflearn_env.shop.reading.columns import find_columns
from selflearn_env.shop.reading.options import SEPARATORS, Reading
from selflearn_env.shop.reading.tables import Table

HEAD = 2**20  # characters in which the heading stands

csv.field_size_limit(2**31 - 1)  # a stray quote makes one cell of many lines, which is then named


def read_delimited(data: bytes, source: str, reading: Reading) -> Table:
    """A log of the bytes of a CSV.

    Raises:
        ValueError: a column is missing, a line has other cells than the heading, or a quote swallows lines.
    """
    text, encoding = _decoded(data, source)
    first = text[: text.find("\n") + 1].strip("\r\n ")
    declared = first[4:] if first[:4].lower() == "sep=" and len(first) == 5 else None  # a line of Excel
    separator = SEPARATORS.get(reading.separator, reading.separator)
    separator = separator if separator != "auto" else declared or _most_cells(text)
    lines = csv.reader(io.StringIO(text[:HEAD], newline=""), delimiter=separator)
    number, heading = next(
        ((at, line) for at, line in enumerate(lines, 1) if line and (at > 1 or not declared)), (0, [])
    )
    chosen = find_columns(heading, reading.columns, source)
    above = lines.line_num  # lines, the heading's included
    names = [f"c{place}" for place in range(len(heading))]
    wanted = {canonical: names[heading.index(name)] for canonical, name in chosen.items()}
    used = list(dict.fromkeys(wanted.values()))
    try:
        cells = pa.csv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pa.csv.ReadOptions(column_names=names, skip_rows=above),
            parse_options=pa.csv.ParseOptions(delimiter=separator, newlines_in_values='"' in text),
            # Everything as text: codes keep their zeros, and an unreadable number can be named with its row.
            convert_options=pa.csv.ConvertOptions(include_columns=used, column_types=dict.fromkeys(used, pa.string())),
        )
    except pa.ArrowInvalid:
        if not list(_records(text, separator, number, len(heading), source)):  # which names a line that does not fit
            raise ValueError(f"{source}: the log has no rows") from None
        raise
    labels, blank = pd.RangeIndex(number + 1, number + 1 + cells.num_rows), 0
    counted = text.count("\n") + (not text.endswith("\n"))
    if counted - above != cells.num_rows:  # there are empty lines, or cells of several lines
        labels = pd.Index(list(_records(text, separator, number, len(heading), source)))
        if len(labels) != cells.num_rows:
            raise ValueError(f"{source}: {cells.num_rows:,} or {len(labels):,} rows, by how the quotes are read")
        blank = int(labels[-1]) - number - len(labels) if len(labels) else 0
    table = Table(source, {canonical: cells[name] for canonical, name in wanted.items()}, chosen, heading, labels)
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
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{source}: cannot be read as text in {encodings[0]}; save it as UTF-8")


def _most_cells(text: str) -> str:
    """The separator that parts the heading in most cells."""
    plain = re.sub(r'"(?:[^"]|"")*"', "", text[:HEAD])
    heading = next((line for line in io.StringIO(plain) if line.strip("\r\n ")), "")
    return max(SEPARATORS.values(), key=heading.count)


def _records(text: str, separator: str, heading: int, width: int, source: str) -> Iterator[int]:
    """The number of each row below the heading, as a spreadsheet counts them; read slowly and checked.

    Raises:
        ValueError: a row has another number of cells than the heading, or lines that look like rows within quotes.
    """
    lines = io.StringIO(text, newline="").readlines() if '"' in text else []
    reader, last = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 0
    for number, cells in enumerate(reader, 1):
        first, last = last + 1, reader.line_num
        if number <= heading or not cells:
            continue
        if last > first:
            alike = [line.count(separator) >= width - 1 for line in lines[first - 1 : last]]
            if any(alike[1:-1]) or (alike[0] and alike[-1]):
                raise ValueError(
                    f"{source}: a quote that opens in line {first} ends in line {last}, and the lines between look "
                    f"like rows; remove it, or double it where it belongs to the cell"
                )
        if len(cells) != width:
            raise ValueError(f"{source}: line {first} has {len(cells)} cells, the heading has {width}")
        yield number
