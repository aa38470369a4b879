"""What the log has to say on the effects of a visit on those after it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from selflearn_env.shop.shop import Shop

LAGS = 6  # days with a purchase between which baskets are compared
SPANS = (1, 4, 8, 15, 31, 61, 121, 241)  # first days of the spans by which they are grouped


class Rebuying(NamedTuple):
    """How much of a basket the same customer buys again, by the days in between."""

    pairs: NDArray[np.int64]  # (len(SPANS),) pairs of baskets
    again: NDArray[np.float64]  # (len(SPANS),) share of the products of the first that are in the second
    relative: NDArray[np.float64]  # (len(SPANS),) the same, over what the customer's other pairs let expect


class Return(NamedTuple):
    """How the time to a customer's next purchase goes with the size of its basket, within customers."""

    slope: float  # of log(days) over log(products)
    error: float  # standard error, customers being the units
    pairs: int


def rebuying(shop: Shop) -> Rebuying:
    """Whether a product is wanted less after it was bought, and how long.

    For two baskets of one customer the products expected in both are those of the first, each with its popularity,
    times the size of the second; a customer's factor makes its pairs right on average. Satiation would show as a ratio
    below 1 that grows with the days in between.
    """
    customer, day, baskets = _baskets(shop)
    size = np.diff(baskets.indptr)
    popularity = baskets @ (np.bincount(baskets.indices, minlength=baskets.shape[1]) / len(size))
    pairs = []
    for lag in range(1, LAGS + 1):
        same = np.flatnonzero(customer[lag:] == customer[:-lag])
        shared = (baskets[same] * baskets[same + lag]).sum(axis=1)
        expected = popularity[same] * size[same + lag] / size.mean()
        pairs.append(np.stack([customer[same], day[same + lag] - day[same], shared, expected, size[same]]))
    who, gap, shared, expected, bought = np.concatenate(pairs, axis=1)
    who = who.astype(np.int64)
    own = np.bincount(who, weights=shared) / np.maximum(np.bincount(who, weights=expected), 1e-12)
    span = np.searchsorted(SPANS, gap, side="right") - 1
    count, found, foreseen, products = (
        np.bincount(span, weights=weight, minlength=len(SPANS))
        for weight in (np.ones(len(span)), shared, expected * own[who], bought)
    )
    return Rebuying(count.astype(np.int64), found / np.maximum(products, 1), found / np.maximum(foreseen, 1e-12))


def coming_back(shop: Shop) -> Return:
    """Whether customers come back sooner from a visit in which they bought more than they usually do."""
    customer, day, baskets = _baskets(shop)
    again = np.flatnonzero(customer[1:] == customer[:-1])
    who = customer[again]
    gap, size = np.log(day[again + 1] - day[again]), np.log(np.diff(baskets.indptr)[again])
    often = np.bincount(who)

    def within(values: NDArray) -> NDArray[np.float64]:
        return values - (np.bincount(who, weights=values) / np.maximum(often, 1))[who]

    x, y = within(size), within(gap)
    if not x.any():  # nobody's baskets differ in size
        return Return(np.nan, np.nan, len(again))
    slope = float(x @ y / (x @ x))
    by_customer = np.bincount(who, weights=x * (y - slope * x))
    return Return(slope, float(np.sqrt((by_customer**2).sum()) / (x @ x)), len(again))


def _baskets(shop: Shop) -> tuple[NDArray[np.int64], NDArray[np.int64], csr_array]:
    """Customer and day of each day with a purchase, in order, and what was bought (days with a purchase, P), 0 or 1."""
    customers, days = shop.customers, shop.lives.days
    keys, basket = np.unique(customers.visit_customer * days + customers.visit_day, return_inverse=True)
    cell = np.unique(basket[customers.item_visit] * customers.products + customers.item_product)
    row, column = np.divmod(cell, customers.products)
    shape = (len(keys), customers.products)
    return keys // days, keys % days, csr_array((np.ones(len(cell)), (row, column)), shape=shape)
