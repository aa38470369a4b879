"""The logs that come with the package, and the shops made from them.

`ONLINE_RETAIL` is a real one (UCI Online Retail, CC BY 4.0, see LICENSE-online_retail.md); `SALES` is small and
invented, for trying things out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from selflearn_env.shop.shop import Shop

ONLINE_RETAIL = Path(__file__).parent / "online_retail.parquet"
SALES = Path(__file__).parent / "sales.csv"  # made by `python -m selflearn_env.datasets.sales`
FITS = Path(__file__).parent / "online_retail_people.npz"  # made by `python -m selflearn_env.datasets`


@cache
def retail_shop() -> Shop:
    """The embedded log as a shop with default options; built once per process. Its people come fitted."""
    return Shop.from_transactions(ONLINE_RETAIL).with_fits(FITS)


@cache
def seed_shop() -> Shop:
    """The embedded log as the article has it: all of it is history, every product is kept; built once per process."""
    return Shop.from_transactions(ONLINE_RETAIL, history_share=1.0, exclude_products=())
