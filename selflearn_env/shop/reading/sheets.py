"""The cells of an XLSX workbook, row by row, and only those that hold something."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import openpyxl

from selflearn_env.shop.reading.cleaning import BLANKS

UNPACKED = 2**31  # bytes of the parts of a workbook together
ROWS = 2**20  # of a sheet, in any spreadsheet program
FORMULA, CHUNK = re.compile(rb"<(?:\w+:)?f[ />]"), 2**20
LONGEST = 1000  # characters of a text that many cells may share; no code and no description is longer


class DamagedError(Exception):
    """Bytes are no workbook."""


class Fault(NamedTuple):
    """Why a cell cannot be read; it stands where its value would be."""

    why: str


UNKNOWN = Fault("holds a formula without its value; open the workbook in a spreadsheet program, and save it there")


class Workbook:
    """The worksheets of a workbook.

    They are read row by row. A reader that keeps memory for all cells up to the last one runs out of it where one
    stray cell is far from the others.

    Attributes:
        sheets: their names, in the order of the workbook.
    """

    def __init__(self, data: bytes):
        """Finds the sheets.

        Raises:
            DamagedError: the bytes are no workbook, or unpack to more than is read.
        """
        with _damage():
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                if sum(part.file_size for part in packed.infolist()) > UNPACKED:
                    raise ValueError(f"it unpacks to more than {UNPACKED >> 30} GB; give it as CSV or Parquet")
                formulas = any(_has_formulas(packed, part) for part in packed.infolist())
            # The library gives formulas or their values. Programs that write workbooks without opening them give none.
            with warnings.catch_warnings(action="ignore"):
                self._books = [
                    openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
                    for values in ([True, False] if formulas else [True])
                ]
            self.sheets = [sheet.title for sheet in self._books[0].worksheets]

    def rows(self, sheet: str) -> Iterator[tuple[int, dict[int, Any]]]:
        """The number of each row that holds something, from 1, and its cells by their columns, from 0.

        A cell is a text, a number, a truth value, a moment, or a `Fault`.

        Raises:
            DamagedError: the sheet cannot be read.
        """
        with _damage(), warnings.catch_warnings(action="ignore"):  # about what is refused anyway
            sheets = [book[sheet] for book in self._books]
            for each in sheets:
                each.reset_dimensions()  # what a sheet says of its size may be wrong
            rows = zip(*(each.iter_rows() for each in sheets), strict=True)
            for number, (row, *formulas) in enumerate(rows, 1):
                if number > ROWS:  # the library also goes through rows that are not there
                    raise ValueError(f"it has a row {number}, but a sheet ends at row {ROWS}; save it anew")
                cells = {column: _value(cell) for column, cell in enumerate(row) if cell.value not in (None, "")}
                for each in formulas:
                    cells |= {column: UNKNOWN for column, cell in enumerate(each) if _is_unknown(cell, row[column])}
                if cells:
                    yield number, cells


@contextmanager
def _damage() -> Iterator[None]:
    """What a library says of bytes that are no workbook, as a `DamagedError`."""
    try:
        yield
    except Exception as error:  # a damaged workbook fails in many ways
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedError(reason) from None


def _has_formulas(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    end = b""
    with packed.open(part) as file:
        while chunk := file.read(CHUNK):
            if FORMULA.search(end + chunk):
                return True
            end = chunk[-100:]
    return False


def _is_unknown(formula: Any, value: Any) -> bool:
    """Whether a cell is a formula whose value is not there; an empty text is one."""
    return formula.data_type == "f" and value.value is None and value.data_type != "str"


def _value(cell: Any) -> Any:
    """What a cell holds."""
    value = cell.value
    if cell.data_type == "e":
        return value if value == "#N/A" else Fault(f"holds the error {value}; correct its formula")
    if isinstance(value, datetime.timedelta | datetime.time):
        return Fault(f"holds {value}, a time without a day; give the cell another format")
    return value.strip(BLANKS)[:LONGEST] if isinstance(value, str) and len(value) > LONGEST else value
