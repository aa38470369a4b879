"""A shop's transactions, with one set of column names and types whatever they came as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from selflearn_env.shop.columns import CANONICAL
from selflearn_env.shop.dates import parse_dates
from selflearn_env.shop.reading import read_columns
from selflearn_env.shop.report import Report

CANCELLED = r"^[cC]\d"
LARGEST = 2.0**53  # beyond it, floating point numbers leave out whole ones


@dataclass(frozen=True, eq=False)
class TransactionLog:
    """A log of transactions, one row per product of an invoice.

    Attributes:
        frame: columns invoice, product, description (text), quantity (whole or fractional units, negative where
            returned), time (timestamp), price (money per unit), customer (whole numbers, text, or missing).
        report: what became of the rows.
    """

    frame: pd.DataFrame
    report: Report

    @property
    def cancelled(self) -> pd.Series:
        """(rows,) whether the row belongs to a cancelled invoice: its code is C and a number."""
        marked = self.frame["invoice"].str.match(CANCELLED)
        # Where most invoices begin so, the letter is part of the numbering and means nothing.
        return marked if marked.mean() < 0.5 else pd.Series(False, index=marked.index)

    @property
    def purchases(self) -> pd.Series:
        """(rows,) whether the row is a purchase: a customer, a positive quantity and price, not cancelled."""
        frame = self.frame
        return frame["customer"].notna() & (frame["quantity"] > 0) & (frame["price"] > 0) & ~self.cancelled


def load_transactions(
    source: str | Path | pd.DataFrame, columns: str | Mapping[str, str] = "auto", *, date_format: str | None = None
) -> TransactionLog:
    """Reads a transaction log.

    Args:
        source: path to a CSV (UTF-8 or Latin-1), XLSX or Parquet file, or a DataFrame.
        columns: "auto" recognises the headings of Online Retail, Online Retail II and the canonical names; otherwise a
            mapping canonical name -> name in the file. `description` may be absent.
        date_format: strptime format of dates given as text, where the column does not show it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a column is missing, a cell cannot be read, or dates are ambiguous; the message names the place.
    """
    raw, name = read_columns(source, columns)
    if "description" not in raw:
        raw["description"] = None
    if raw.empty:
        raise ValueError(f"{name}: the log has no rows")
    frame = pd.DataFrame(
        {
            "invoice": _codes(raw["invoice"]),
            "product": _codes(raw["product"]),
            "description": raw["description"].astype("str").str.strip().replace("", None),
            "quantity": _numbers(raw["quantity"], name),
            "time": _times(raw["time"], name, date_format),
            "price": _numbers(raw["price"], name),
            "customer": _customers(raw["customer"]),
        },
        columns=list(CANONICAL),
    )
    if frame["customer"].isna().all():
        raise ValueError(f"{name}: column 'customer' is empty in all {len(frame):,} rows; a log needs customers")
    dropped: dict[str, int] = {}
    for column in ("invoice", "product", "quantity", "time", "price"):
        missing = frame[column].isna()
        if missing.any():
            dropped[f"without {column}"] = int(missing.sum())
            frame = frame[~missing]
    frame = frame.reset_index(drop=True)
    if frame.empty:
        raise ValueError(f"{name}: no row is complete; dropped {dropped}")
    if (frame["quantity"] % 1 == 0).all():
        frame["quantity"] = frame["quantity"].astype(np.int64)
    log = TransactionLog(frame, Report(len(raw), dropped))
    log.report.noted.update(
        {
            "without a customer": int(frame["customer"].isna().sum()),
            "with a negative quantity": int((frame["quantity"] < 0).sum()),
            "of cancelled invoices": int(log.cancelled.sum()),
            "are purchases (a customer, positive quantity and price, not cancelled)": int(log.purchases.sum()),
        }
    )
    return log


def _codes(column: pd.Series) -> pd.Series:
    """Codes as text: 10002 and 10002.0 become "10002", "010002" stays."""
    if pd.api.types.is_numeric_dtype(column):
        whole = column.astype("Float64")
        return (whole.astype("Int64") if (whole.dropna() % 1 == 0).all() else whole).astype("str").where(column.notna())
    if column.dtype == object:
        cells = [str(int(cell)) if isinstance(cell, float) and cell % 1 == 0 else cell for cell in column]
        column = pd.Series(cells, index=column.index, dtype=object)
    text = column.astype("str").str.strip()
    return text.where(text != "")


def _customers(column: pd.Series) -> pd.Series:
    """Whole numbers where every customer is one (17850.0 and "17850" alike), otherwise codes as text."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype("Float64")
        return numbers.astype("Int64") if (numbers.dropna() % 1 == 0).all() else _codes(column)
    codes = _codes(column)
    distinct = pd.Series(codes.dropna().unique(), dtype="str")
    plain = distinct.str.fullmatch(r"(?:0|[1-9]\d{0,17})(?:\.0)?")
    return codes.str.removesuffix(".0").astype("Int64") if len(distinct) and plain.all() else codes


def _numbers(column: pd.Series, source: str) -> pd.Series:
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


def _times(column: pd.Series, source: str, date_format: str | None) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.tz_localize(None).dt.as_unit("us")
    if pd.api.types.is_numeric_dtype(column) and column.notna().any():
        if date_format is not None:
            return _times(_codes(column), source, date_format)
        raise ValueError(
            f"{source}: column 'time' holds numbers such as {column.dropna().iloc[0]!r}, not dates; "
            f"convert it with pandas.to_datetime first"
        )
    return parse_dates(column, source, date_format).dt.as_unit("us")
