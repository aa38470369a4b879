"""XLSX workbooks: the sheets that are parts of the log, one below the other."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from selflearn_env.shop.reading.columns import find_columns
from selflearn_env.shop.reading.tables import Table

MOST_CELLS = 2**28  # of a sheet; the reader sets aside memory for each, and a stray cell makes it 17 billion
FIRST_ROW = 2  # the first row below a heading, as a person sees it in a spreadsheet


def read_workbook(data: bytes, source: str, columns: str | Mapping[str, str]) -> Table:
    """The rows of every sheet that has the columns.

    Raises:
        ValueError: the bytes are no workbook, no sheet has the columns, or one has some of them only.
    """
    parts: list[tuple[str, dict[str, str], list[str], list[list[Any]]]] = []
    refused: list[tuple[str, list[str], int, ValueError]] = []
    _check_areas(data, source)
    try:
        with CalamineWorkbook.from_object(io.BytesIO(data)) as workbook:
            sheets = {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
            }
    except CalamineError as error:
        raise ValueError(f"{source}: cannot be read as xlsx: {error}") from None
    for name, (first, *rows) in ((name, rows or [[]]) for name, rows in sheets.items()):
        heading = [str(cell) for cell in first]
        try:
            parts.append((name, find_columns(heading, columns, f"{source}, sheet {name!r}"), heading, rows))
        except ValueError as error:
            refused.append((name, heading, len(rows), error))
    if not parts:
        raise refused[0][-1] if refused else ValueError(f"{source}: the workbook has no sheets")
    known = {each for _, chosen, *_ in parts for each in chosen.values()}
    for _, heading, _, complaint in refused:
        # A sheet of notes is no part of the log; one with some of the log's columns may be, and must not get lost.
        if known.intersection(heading):
            raise complaint
    canonical = list(parts[0][1])
    for name, chosen, *_ in parts[1:]:
        if set(chosen) != set(canonical):
            lacks = sorted(set(chosen) ^ set(canonical))[0]
            raise ValueError(f"{source}: column {lacks!r} is not in all sheets, such as {name!r} or {parts[0][0]!r}")
    cells: dict[str, list[Any]] = {column: [] for column in canonical}
    labels: list[Any] = []
    for name, chosen, heading, rows in parts:
        places = {column: heading.index(found) for column, found in chosen.items()}
        for row, line in enumerate(rows, FIRST_ROW):
            for column, place in places.items():
                cells[column].append(None if line[place] == "" else line[place])
            labels.append(row if name == parts[0][0] else f"{row} of sheet {name!r}")
    table = Table(source, cells, parts[0][1], parts[0][2], pd.Index(labels, dtype=object))
    for name, _, count, _ in refused:
        table.dropped[f"of sheet {name!r}, which has other headings"] = count
    return table


def _check_areas(data: bytes, source: str) -> None:
    """Raises ValueError where a sheet says of itself that it is larger than can be read."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                continue
            with packed.open(name) as sheet:
                area = re.search(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]+)(\d+)"', sheet.read(4096))
            if area is None:
                continue
            width = 0
            for letter in area[1]:
                width = 26 * width + letter - ord("A") + 1
            if width * int(area[2]) > MOST_CELLS:
                raise ValueError(
                    f"{source}: {name} is used up to cell {(area[1] + area[2]).decode()}; "
                    f"delete the columns and rows beyond the log, and save it again"
                )
