"""XLSX workbooks: the sheets that are parts of the log, one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from selflearn_env.shop.reading.columns import find_columns
from selflearn_env.shop.reading.sheets import DamagedError, Fault, Workbook
from selflearn_env.shop.reading.tables import Table

OLD = b"\xd0\xcf\x11\xe0"  # the first bytes of workbooks with a password, and of those older than XLSX


class Part(NamedTuple):
    """A sheet that has the columns of a log."""

    sheet: str
    chosen: dict[str, str]
    heading: list[str]
    cells: dict[str, list[Any]]
    rows: list[int]  # as a spreadsheet counts them


def read_workbook(data: bytes, source: str, columns: str | Mapping[str, str]) -> Table:
    """The rows of every sheet that has the columns; empty rows do not count.

    Raises:
        ValueError: the bytes are no workbook, no sheet has the columns, or one has some of them only; a cell holds an
            error, or a time without a day.
    """
    parts: list[Part] = []
    refused: list[tuple[str, list[str], int, ValueError]] = []
    if not data.startswith(b"PK"):
        what = "is no workbook; save it as .xlsx, or rename it so that its ending says what it is"
        if data.startswith(OLD):
            what = "has a password, or is older than .xlsx; save it as .xlsx without a password"
        raise ValueError(f"{source}: cannot be read as xlsx: it {what}")
    try:
        workbook = Workbook(data)
        for name in workbook.sheets:
            rows = workbook.rows(name)
            first = next(rows, (1, {}))[1]
            heading = [str(first.get(column, "")) for column in range(max(first, default=-1) + 1)]
            try:
                chosen = find_columns(heading, columns, f"{source}, sheet {name!r}")
            except ValueError as error:
                refused.append((name, heading, sum(1 for _ in rows), error))
            else:
                parts.append(_part(name, chosen, heading, rows, source))
    except DamagedError as error:
        raise ValueError(f"{source}: cannot be read as xlsx: {error}") from None
    if not parts:
        raise refused[0][-1] if refused else ValueError(f"{source}: the workbook has no sheets")
    known = {each for part in parts for each in part.chosen.values()}
    for _, heading, _, complaint in refused:
        # A sheet of notes is no part of the log; one with some of the log's columns may be, and must not get lost.
        if known.intersection(heading):
            raise complaint
    canonical = list(parts[0].chosen)
    for part in parts[1:]:
        if set(part.chosen) != set(canonical):
            lacks = sorted(set(part.chosen) ^ set(canonical))[0]
            raise ValueError(
                f"{source}: column {lacks!r} is not in all sheets, such as {part.sheet!r} or {parts[0].sheet!r}"
            )
    labels: list[Any] = [*parts[0].rows, *(f"{row} of sheet {part.sheet!r}" for part in parts[1:] for row in part.rows)]
    cells = {column: [cell for part in parts for cell in part.cells[column]] for column in canonical}
    table = Table(source, cells, parts[0].chosen, parts[0].heading, pd.Index(labels, dtype=object))
    if len(parts) > 1:  # one may be hidden, and hold the same again
        table.remarks["sheets"] = ", ".join(repr(part.sheet) for part in parts)
    if empty := sum(part.rows[-1] - 1 - len(part.rows) for part in parts if part.rows):
        table.remarks["empty rows"] = f"{empty:,}, not counted as rows"
    for name, _, count, _ in refused:
        table.dropped[f"of sheet {name!r}, which has other headings"] = count
    return table


def _part(
    sheet: str, chosen: dict[str, str], heading: list[str], rows: Iterator[tuple[int, dict[int, Any]]], source: str
) -> Part:
    """The columns of a sheet.

    Raises:
        ValueError: a cell holds an error, or a time without a day, where a value should be.
    """
    part = Part(sheet, chosen, heading, {column: [] for column in chosen}, [])
    places = [(column, heading.index(found), part.cells[column]) for column, found in chosen.items()]
    for number, row in rows:
        for column, place, cells in places:
            cell = row.get(place)
            if isinstance(cell, Fault):
                raise ValueError(f"{source}: column {column!r}, row {number} of sheet {sheet!r} {cell.why}")
            cells.append(cell)
        part.rows.append(number)
    return part
