"""Shops on which agents and customers are tried."""

from __future__ import annotations

from functools import cache

from selflearn_env.datasets import SALES
from selflearn_env.shop.shop import Shop


@cache
def small_shop() -> Shop:
    """The shop of the sample log, with 8 products: few enough to go through all slates."""
    return Shop.from_transactions(SALES, max_products=8)


@cache
def shop_of_two_products() -> Shop:
    """The same with 2 products."""
    return Shop.from_transactions(SALES, max_products=2)
