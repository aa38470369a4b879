"""The cells of a log's columns, cleaned: codes, texts, customers, numbers and dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from selflearn_env.shop.reading.dates import parse_dates

LARGEST = 2.0**53  # beyond it, floating point numbers leave out whole ones


def clean_codes(column: pd.Series) -> pd.Series:
    """Codes as text: 10002 and 10002.0 become "10002", "010002" stays."""
    if pd.api.types.is_numeric_dtype(column):
        whole = column.astype("Float64")
        return (whole.astype("Int64") if (whole.dropna() % 1 == 0).all() else whole).astype("str").where(column.notna())
    if column.dtype == object:
        cells = [str(int(cell)) if isinstance(cell, float) and cell % 1 == 0 else cell for cell in column]
        column = pd.Series(cells, index=column.index, dtype=object)
    text = column.astype("str").str.strip()
    return text.where(text != "")


def clean_texts(column: pd.Series) -> pd.Series:
    """Texts without the blanks around them; what is empty is missing."""
    return column.astype("str").str.strip().replace("", None)


def clean_customers(column: pd.Series) -> pd.Series:
    """Whole numbers where every customer is one (17850.0 and "17850" alike), otherwise codes as text."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype("Float64")
        return numbers.astype("Int64") if (numbers.dropna() % 1 == 0).all() else clean_codes(column)
    codes = clean_codes(column)
    distinct = pd.Series(codes.dropna().unique(), dtype="str")
    plain = distinct.str.fullmatch(r"(?:0|[1-9]\d{0,17})(?:\.0)?")
    return codes.str.removesuffix(".0").astype("Int64") if len(distinct) and plain.all() else codes


def clean_numbers(column: pd.Series, source: str) -> pd.Series:
    """Floating point numbers; missing stays missing.

    Raises:
        ValueError: a cell is no number, or too large; the message names it by the index of the column.
    """
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    bad = (numbers.isna() & column.notna()) | np.isinf(numbers)
    if bad.any():
        at = int(bad.to_numpy().argmax())
        raise ValueError(
            f"{source}: column {column.name!r}, row {column.index[at]}: {str(column.iloc[at])!r} is not a number"
        )
    huge = numbers.abs() > LARGEST
    if huge.any():
        at = int(huge.to_numpy().argmax())
        raise ValueError(
            f"{source}: column {column.name!r}, row {column.index[at]}: {numbers.iloc[at]:g} is too large to be counted"
        )
    return numbers


def clean_times(column: pd.Series, source: str, date_format: str | None) -> pd.Series:
    """Timestamps without a time zone; missing stays missing.

    Raises:
        ValueError: a cell is no date, or what it says cannot be told; the message names it by the index of the column.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.tz_localize(None).dt.as_unit("us")
    if pd.api.types.is_numeric_dtype(column) and column.notna().any():
        if date_format is not None:
            return clean_times(clean_codes(column), source, date_format)
        raise ValueError(
            f"{source}: column 'time' holds numbers such as {column.dropna().iloc[0]!r}, not dates; "
            f"convert it with pandas.to_datetime first"
        )
    return parse_dates(column, source, date_format).dt.as_unit("us")
