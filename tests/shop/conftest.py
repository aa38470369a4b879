"""Logs that the tests of the shop share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from selflearn_env import TransactionLog, load_transactions
from selflearn_env.datasets import ONLINE_RETAIL


@pytest.fixture(scope="session")
def retail_log() -> TransactionLog:
    """The embedded log, every row of it."""
    return load_transactions(ONLINE_RETAIL)


@pytest.fixture
def online_retail_rows() -> pd.DataFrame:
    """Four rows under the headings of Online Retail; the second is cancelled, the last has no customer."""
    return pd.DataFrame(
        {
            "InvoiceNo": ["536365", "C536366", "536367", "536368"],
            "StockCode": ["85123A", "010002", "10002", "POST"],
            "Description": ["HEART HOLDER", 'MUG, £5\nor "café"', "MUG", "POSTAGE"],
            "Quantity": [6, -1, 3, 1],
            "InvoiceDate": pd.to_datetime(
                ["2010-12-01 08:26:00", "2010-12-01 09:00:00", "2010-12-13 10:05:00", "2011-01-02 00:00:00"]
            ),
            "UnitPrice": [2.55, 5.0, 0.0, 18.0],
            "CustomerID": [17850.0, 13047.0, 17850.0, np.nan],
            "Country": ["United Kingdom", "France", "United Kingdom", "EIRE"],
        }
    )


@pytest.fixture(scope="session")
def busy_log() -> pd.DataFrame:
    """600 rows of all kinds: cancellations, free products, no customer, invoices over midnight and of two customers."""
    rng = np.random.default_rng(7)
    invoice_time = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(365 * 24, size=120), unit="h")
    invoice = rng.integers(120, size=600)
    cancelled = rng.random(600) < 0.15
    customer = np.where(rng.random(600) < 0.8, invoice % 30, (invoice + 1) % 30) + 500
    product = rng.integers(12, size=600)
    return pd.DataFrame(
        {
            "invoice": [f"{'C' if c else ''}{1000 + i}" for i, c in zip(invoice, cancelled, strict=True)],
            "product": [f"P{p:02}" for p in product],
            "description": [f"product {p}" for p in product],
            "quantity": np.where(cancelled, -1, 1) * rng.integers(1, 9, size=600),
            "time": invoice_time[invoice] + pd.to_timedelta(rng.integers(3 * 60, size=600), unit="min"),
            "price": rng.choice([0.0, 0.5, 2.25, 10.0], size=600, p=[0.1, 0.3, 0.3, 0.3]),
            "customer": pd.array(np.where(rng.random(600) < 0.9, customer, -1), dtype="Int64"),
        }
    ).replace({"customer": {-1: pd.NA}})


@pytest.fixture(scope="session")
def busy_segments() -> dict[int, str]:
    """Two groups of the busy log's customers."""
    return {customer: ("new", "old")[customer % 3 == 0] for customer in range(500, 530)}
