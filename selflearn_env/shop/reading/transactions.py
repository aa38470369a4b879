"""A shop's transactions, with one set of column names and types whatever they came as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from selflearn_env.shop.reading.columns import CANONICAL
from selflearn_env.shop.reading.log import Log, are_marked, marks_count, open_log
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.reading.tables import CODES
from selflearn_env.shop.report import Report

if TYPE_CHECKING:
    from selflearn_env.shop.reading.tables import ArrowTable


@dataclass(frozen=True, eq=False)
class TransactionLog:
    """A log of transactions, one row per product of an invoice.

    Attributes:
        frame: columns invoice, product, description (text), quantity (whole or fractional units, negative where
            returned), time (timestamp), price (money per unit, missing throughout where the log has none), customer
            (whole numbers, text, or missing). Where the log has no invoices, a date and a customer stand for one.
        report: what became of the rows.
    """

    frame: pd.DataFrame
    report: Report

    @property
    def cancelled(self) -> pd.Series:
        """(rows,) whether the row belongs to a cancelled invoice: its code is C and a number."""
        codes, invoices = pd.factorize(self.frame["invoice"])
        marked = are_marked(invoices)[codes]
        return pd.Series(marked & marks_count(int(np.count_nonzero(marked)), len(marked)), index=self.frame.index)

    @property
    def purchases(self) -> pd.Series:
        """(rows,) whether the row is a purchase: a customer, a positive quantity and price, not cancelled."""
        frame = self.frame
        paid = (frame["price"] > 0) | frame["price"].isna().all()
        return frame["customer"].notna() & (frame["quantity"] > 0) & paid & ~self.cancelled


def load_transactions(
    source: str | Path | pd.DataFrame | ArrowTable,
    columns: str | Mapping[str, str] = "auto",
    *,
    date_format: str | None = None,
    separator: str = "auto",
    decimal: str = "auto",
    price_is: str = "auto",
) -> TransactionLog:
    """Reads a transaction log.

    Args:
        source: path to a CSV (as it is, or packed as gz or zip), XLSX or Parquet file or a folder of Parquet files; a
            DataFrame of pandas, or a table of Arrow, Polars, or whatever else has `__arrow_c_stream__`.
        columns: canonical name -> name in the source, for the columns that are not recognised; "auto" where all are.
            `invoice` (then the rows of a customer on one day make a visit), `description` and `price` may be absent.
        date_format: strptime format of dates given as text, where the column does not show it.
        separator: what parts the cells of a CSV, a character or comma, semicolon, tab or pipe; "auto" takes the one
            that parts the heading in most cells.
        decimal: "." or ",", the decimal mark of numbers given as text; "auto" takes the one they show.
        price_is: "unit" for the price of one unit, "total" for the total of the row; "auto" decides by the heading.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: the source or an option is of no kind that is read.
        ValueError: a column is missing, a cell cannot be read, or dates are ambiguous; the message names the place.
    """
    with open_log(source, Reading(columns, date_format, separator, decimal, price_is)) as log:
        frame = _frame(log)
        made = TransactionLog(frame, Report(log.rows_read, log.dropped, understood=log.remarks))
    made.report.noted.update(
        {
            "without a customer": int(frame["customer"].isna().sum()),
            "with a negative quantity": int((frame["quantity"] < 0).sum()),
            "of cancelled invoices": int(made.cancelled.sum()),
            "are purchases (a customer, positive quantity and price, not cancelled)": int(made.purchases.sum()),
        }
    )
    return made


def _frame(log: Log) -> pd.DataFrame:
    """The rows of a log in canonical columns."""
    parts = list(log.rows())
    whole = {
        column: np.concatenate([getattr(part, column) for part in parts])
        for column in parts[0]._fields
        if getattr(parts[0], column) is not None
    }
    frame = pd.DataFrame({"time": whole["time"].astype("datetime64[us]"), "quantity": whole["quantity"]})
    frame["price"] = whole["price"] if log.priced else np.nan
    for column in CODES:
        if column in whole:
            frame[column] = pd.Series(log.values[column]).array.take(whole[column], allow_fill=True)
    if not log.invoiced:
        frame["invoice"] = frame["time"].dt.strftime("%Y-%m-%d") + (" " + frame["customer"].astype("str")).fillna("")
    if (frame["quantity"] % 1 == 0).all():
        frame["quantity"] = frame["quantity"].astype(np.int64)
    return frame[list(CANONICAL)]
