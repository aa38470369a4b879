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


@cache
def rich() -> pd.DataFrame:
    """The same rows with what real tills write.

    Numbered customers, some missing; codes with zeros in front; cancelled invoices; prices of thousands; descriptions
    with signs of other languages, separators, quotes, several lines and missing ones.
    """
    log = plain()
    product = log["product"].str[1:].astype(int)
    texts = [
        'Teller, 5" tief',
        "Käse; 1|2 kg",
        "crème brûlée\nà la carte",
        "£5 off",
        "tab\there",
        "'quoted'",
        "ß",
        None,
    ]
    invoice = log["invoice"].str[1:].astype(int)
    cancelled = invoice % 7 == 0
    return log.assign(
        invoice=invoice.astype("str").where(~cancelled, "C" + invoice.astype("str")),
        product=product.map(lambda number: f"{number:04}" if number % 2 else f"{number}A"),
        description=[texts[number] for number in product],
        quantity=log["quantity"].where(~cancelled, -log["quantity"]),
        price=log["price"] * np.where(product == 3, 1000, 1),
        customer=pd.array((invoice % 12 + 17850).where(invoice % 5 > 0), dtype="Int64"),
    )


CONTENTS = {"plain": plain, "rich": rich}
