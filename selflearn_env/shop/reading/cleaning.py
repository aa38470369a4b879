"""What the distinct cells of a column mean: codes, customers, texts and times.

Each function takes the cells without the missing ones, with what to call their rows in an error as index. Whole numbers
become text digit by digit, never through floating point, which merges those above 2^53.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from selflearn_env.shop.reading.dates import parse_dates
from selflearn_env.shop.reading.errors import LogError

MISSING = ["", "nan", "NaN", "null", "NULL", "None", r"\N", "#N/A"]  # these mean "missing" in every column
# These, in upper or lower case, mean "missing" in every column but that of products, whose codes may look like that.
NOTHING = frozenset(text.lower() for text in [*MISSING, "NA", "N/A", "<NA>", "NaT"])
TOTALS = frozenset(["total", "totals", "subtotal", "sum", "grandtotal", "gesamt", "summe", "totaal"])
BLANKS = " \t\r\n\0\xa0"
WHOLE_FLOAT = r"-?(?:0|[1-9]\d*)\.0+"
WHOLE = r"0|-?[1-9]\d{0,17}"  # fits in 64 bits
LONGEST_CODE, LONGEST_TEXT = 200, 500  # characters; a shop keeps texts in the width of its longest
YEARS = (1900, 2199)
INEXACT = "is a floating point number, which is not exact at this size; give codes as whole numbers or text"


def clean_codes(cells: pd.Series, source: str) -> pd.Series:
    """Codes as text: 10002 and 10002.0 become "10002", "010002" stays; texts that mean "missing" become missing.

    Raises:
        ValueError: numbers are so large that floating point has merged them, or a code is too long.
    """
    if pd.api.types.is_float_dtype(cells):
        large = (cells.abs() >= exact_below(cells.dtype)).to_numpy()
        if large.any():
            raise ValueError(f"{_place(cells, large, source)}: {cells.iloc[int(large.argmax())]:.17g} {INEXACT}")
    text = _written(cells)
    text = text.where(~text.isin(MISSING))
    long = (text.str.len() > LONGEST_CODE).to_numpy(dtype=bool)
    if long.any():
        raise ValueError(f"{_place(cells, long, source)}: a code has {LONGEST_CODE} characters at most")
    known = text.dropna()
    # Where every code ends in .0, the column has been floating point numbers: .0 is no part of the codes.
    if len(known) and known.str.fullmatch(WHOLE_FLOAT).all():
        text = _without_point(text)
    return text


def clean_invoices(cells: pd.Series, source: str) -> pd.Series:
    """Codes as text; texts that mean "missing", in upper or lower case, become missing.

    Raises:
        ValueError: as for `clean_codes`.
    """
    return _known(clean_codes(cells, source))


def clean_customers(cells: pd.Series, source: str) -> pd.Series:
    """Whole numbers where every customer is one (17850.0 and "17850" alike), otherwise codes as text.

    Raises:
        ValueError: as for `clean_codes`.
    """
    codes = _without_point(_known(clean_codes(cells, source)))
    known = codes.dropna()
    return codes.astype("Int64") if len(known) and known.str.fullmatch(WHOLE).all() else codes


def clean_texts(cells: pd.Series, source: str) -> pd.Series:  # noqa: ARG001  like the other three
    """Texts without the blanks around them, cut where they are very long; texts that mean "missing" become missing."""
    return _known(_written(cells).str.slice(0, LONGEST_TEXT))


def clean_numerals(cells: pd.Series) -> pd.Series:
    """The texts of numbers; texts that mean "missing" become missing."""
    return _known(cells.astype("str").str.strip(BLANKS))


def clean_times(cells: pd.Series, source: str, date_format: str | None) -> pd.Series:
    """Timestamps without a time zone, on the clock on which they were read; texts that mean "missing" become missing.

    Raises:
        ValueError: a cell is no date, or may be read as two dates.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells.dt.tz_localize(None).dt.as_unit("us")
    if pd.api.types.is_numeric_dtype(cells) and date_format is None and len(cells):
        raise LogError(
            f"{source}: column 'time' holds numbers such as {cells.iloc[0]}, not dates", "date_format", "%Y%m%d"
        )
    text = clean_codes(cells, source)
    return parse_dates(_known(text), source, date_format).dt.as_unit("us")


def decimal_text(cell: Decimal) -> str:
    """A decimal number without zeros at its end, every digit of it."""
    text = format(cell, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact_below(kind: Any) -> float:
    """From which number on floating point numbers of this type skip whole numbers."""
    return 2.0 ** (np.finfo(kind).nmant + 1)


def are_totals(codes: pd.Index) -> np.ndarray:
    """(codes,) whether a code says that its row adds up others."""
    return pd.Index(codes.astype("str")).str.casefold().str.replace(r"[\s:_-]", "", regex=True).isin(TOTALS)


def _known(text: pd.Series) -> pd.Series:
    """The text; what means "missing" becomes missing."""
    return text.where(~text.str.lower().isin(NOTHING))


def _written(cells: pd.Series) -> pd.Series:
    """Cells as text without the blanks around it; whole numbers without a point."""
    if pd.api.types.is_float_dtype(cells):
        texts = [str(int(cell)) if cell % 1 == 0 else str(cell) for cell in cells.tolist()]
        cells = pd.Series(texts, cells.index, dtype="str", name=cells.name)
    elif len(cells) and isinstance(cells.iloc[0], Decimal):  # then all are
        cells = cells.map(decimal_text)
    return cells.astype("str").str.strip(BLANKS)


def _without_point(codes: pd.Series) -> pd.Series:
    """The codes, those that are whole numbers with a decimal point without it."""
    pointed = codes.str.fullmatch(WHOLE_FLOAT).fillna(False).astype(bool)
    return codes.where(~pointed, codes.str.replace(r"\.0+$", "", regex=True))


def _place(cells: pd.Series, bad: np.ndarray, source: str) -> str:
    return f"{source}: column {cells.name!r}, row {cells.index[int(bad.argmax())]}"
