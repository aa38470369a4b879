"""A shop's transactions, with one set of column names and types whatever they came as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from selflearn_env.shop.reading.cleaning import clean_codes, clean_customers, clean_numbers, clean_texts, clean_times
from selflearn_env.shop.reading.columns import CANONICAL, NEEDED
from selflearn_env.shop.reading.files import read_columns
from selflearn_env.shop.report import Report

CANCELLED = r"^[cC]\d"


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
        source: path to a CSV (UTF-8 or Latin-1), XLSX or Parquet file or a folder of Parquet files, or a DataFrame.
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
            "invoice": clean_codes(raw["invoice"]),
            "product": clean_codes(raw["product"]),
            "description": clean_texts(raw["description"]),
            "quantity": clean_numbers(raw["quantity"], name),
            "time": clean_times(raw["time"], name, date_format),
            "price": clean_numbers(raw["price"], name),
            "customer": clean_customers(raw["customer"]),
        },
        columns=list(CANONICAL),
    )
    if frame["customer"].isna().all():
        raise ValueError(f"{name}: column 'customer' is empty in all {len(frame):,} rows; a log needs customers")
    dropped: dict[str, int] = {}
    for column in NEEDED:
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
