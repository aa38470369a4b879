"""Numbers that a log gives as text, with a decimal point or a decimal comma."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from selflearn_env.shop.reading.errors import LogError, quoted

PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"  # as machines write them
GROUPED = {  # with thousands in groups of three, by decimal mark
    ".": r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?",
    ",": r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?|[+-]?,\d+",
}
# What only one of the two can mean. A comma with three digits behind it may be either: 1,250.
SHOWS = {
    ".": r"[+-]?\d*\.\d+|[+-]?\d{1,3}(?:,\d{3})+\.\d*|[+-]?\d{1,3}(?:,\d{3}){2,}",
    ",": r"[+-]?(?:0|\d{4,})?,\d+|[+-]?\d+,(?:\d{1,2}|\d{4,})|[+-]?\d{1,3}(?:\.\d{3})+,\d*|[+-]?\d{1,3}(?:\.\d{3}){2,}",
}


def find_decimal(columns: Sequence[pd.Series], source: str, decimal: str) -> str:
    """The decimal mark of a log.

    Args:
        columns: the texts of its columns of numbers, named, the index saying what to call a row in an error.
        source: what to call the log in an error.
        decimal: the mark, or "auto" for the one that the texts show; where none does, it is the point.

    Raises:
        LogError: the texts show both marks, or a comma that may be either.
    """
    if decimal != "auto":
        return decimal
    columns = [column.dropna() for column in columns]
    texts = pd.concat([pd.Series([], dtype="str"), *columns])
    if texts.empty:
        return "."
    names = [column.name for column in columns for _ in range(len(column))]
    shown = {mark: texts.str.fullmatch(pattern).to_numpy(dtype=bool) for mark, pattern in SHOWS.items()}
    thousands = texts.str.fullmatch(GROUPED["."]).to_numpy(dtype=bool)
    # A point with three digits behind it is a decimal point, unless the log shows commas: then 1.250 may be 1250.
    if shown[","].any():
        clear = shown["."] & ~texts.str.fullmatch(GROUPED[","]).to_numpy(dtype=bool)
        if clear.any():
            places = (int(which.argmax()) for which in (shown[","], clear))
            seen = [f"{quoted(texts.iloc[at])} in column {names[at]!r}, row {texts.index[at]}" for at in places]
            raise LogError(f"{source}: decimal commas and points are mixed: {' and '.join(seen)}", "decimal", ",")
        return ","
    if thousands.any() and not shown["."].any():
        at = int(thousands.argmax())
        raise LogError(
            f"{source}: column {names[at]!r}, row {texts.index[at]}: {quoted(texts.iloc[at])} is not a number with one "
            f"meaning: its comma may part decimals or thousands",
            "decimal",
            ",",
        )
    return "."


def parse_numbers(cells: pd.Series, source: str, decimal: str) -> np.ndarray:
    """(cells,) floating point numbers of texts, NaN where one is missing.

    Raises:
        ValueError: a text is no number; the message names its row by the index.
    """
    texts = cells.dropna()
    grouped = texts.str.fullmatch(GROUPED[decimal])
    machine = texts.str.fullmatch(PLAIN if decimal == "." else r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+")
    bad = ~(grouped | machine).to_numpy(dtype=bool)
    if bad.any():
        at = int(bad.argmax())
        raise ValueError(
            f"{source}: column {texts.name!r}, row {texts.index[at]}: {quoted(texts.iloc[at])} is not a number"
            + (" with a decimal comma" if decimal == "," else "")
        )
    thousands = {".": ",", ",": "."}[decimal]
    plain = texts.str.replace(thousands, "").str.replace(decimal, ".")
    numbers = np.full(len(cells), np.nan)
    numbers[cells.notna().to_numpy()] = texts.where(machine, plain).to_numpy(dtype=object).astype(np.float64)
    return numbers
