"""What was bought in real visits, and how much of that slates would have shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.people.journal import Journal

VISITS = 256  # worked on at once, with all products


def baskets(journal: Journal, visits: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, P) what was bought in each of the visits (B,)."""
    return bought_between(journal, journal.start[visits], journal.start[visits + 1])


def real_hits(journal: Journal, slates: NDArray[np.int64]) -> NDArray[np.int64]:
    """(V,) how many products of the slates (V, n), distinct in each, are in the real baskets of a journal's visits."""
    found = np.zeros(len(slates), dtype=np.int64)
    for at in range(0, len(slates), VISITS):
        visits = np.arange(at, min(at + VISITS, len(slates)))
        found[visits] = np.take_along_axis(baskets(journal, visits), slates[visits], 1).sum(axis=1)
    return found


def bought_between(journal: Journal, begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, P) whether a product is among the items from begin (B,) to end."""
    bought = np.zeros((begin.size, journal.products), dtype=bool)
    for row, items in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        bought[row, journal.product[slice(*items)]] = True
    return bought
