"""What the logs of the corpus hold: small, complete contents, each made once."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

ROWS = 60


@cache
def plain() -> pd.DataFrame:
    """60 rows of 12 customers, 8 products and 24 invoices over a year, every cell filled."""
    rng = np.random.default_rng(20)
    invoice = np.sort(rng.integers(24, size=ROWS))
    product = rng.integers(8, size=ROWS)
    days = np.sort(rng.choice(365, size=24, replace=False))[invoice]
    return pd.DataFrame(
        {
            "invoice": [f"N{100 + number}" for number in invoice],
            "product": [f"P{number}" for number in product],
            "description": [f"product {number}" for number in product],
            "quantity": rng.integers(1, 9, size=ROWS),
            "time": pd.Timestamp("2023-01-01 09:30:00") + pd.to_timedelta(days, unit="D"),
            "price": rng.choice([0.5, 2.25, 10.0], size=ROWS),
            "customer": [f"K{number % 12}" for number in invoice],
        }
    )


CONTENTS = {"plain": plain}
