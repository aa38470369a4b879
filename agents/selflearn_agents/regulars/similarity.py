"""Which products are bought together, and by whom: what item-item rules are fitted to."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.compiling import Loop
from selflearn_env.shop.history import DatedBaskets
from selflearn_env.shop.people.journal import Journal, every_customer

SHRINK = 20.0  # visits with both products that are worth a similarity of a half, where each alone has as many
MOST_ITEMS, MOST_PAIRS = 2**22, 2**27  # that similarities are fitted to, about: ten seconds


def some_customers(baskets: DatedBaskets) -> DatedBaskets:
    """The baskets of every so many customers, so that items, and pairs of them in a visit, are not too many."""
    size = np.bincount(baskets.item_visit, minlength=baskets.visit_day.size).astype(np.float64)
    return every_customer(baskets, max(1, math.ceil(size.sum() / MOST_ITEMS), math.ceil((size**2).sum() / MOST_PAIRS)))


def similar_products(journal: Journal, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(P, K) the products most similar to each, most similar first, and their similarity; 0 behind the last.

    The similarity of two products is the cosine of their visits, drawn to 0 where these are few:

        visits with both / (sqrt(visits with one * visits with the other) + SHRINK)

    Costs the square of each visit's products, and no more memory than the result.
    """
    by_product = np.argsort(journal.product, kind="stable")
    often = np.bincount(journal.product, minlength=journal.products)
    begin = np.concatenate([[0], np.cumsum(often)])
    places = max(0, min(count, journal.products - 1))
    neighbours = np.zeros((journal.products, places), dtype=np.int32)
    similarity = np.zeros(neighbours.shape, dtype=np.float32)
    if places:
        visit = journal.item_visit[by_product]
        _find_neighbours(begin, visit, journal.start, journal.product, SHRINK, neighbours, similarity)
    return neighbours, similarity


@Loop
def _find_neighbours(  # type: ignore[no-untyped-def]
    begin, visits, start, product, shrink, neighbours, similarity
):  # fmt: skip
    """Fills the neighbours and their similarity (P, K); product p is in the visits[begin[p]:begin[p + 1]]."""
    together = np.zeros(len(neighbours), dtype=np.int64)
    others = np.empty(len(neighbours), dtype=np.int64)
    for own in range(len(neighbours)):
        count = 0
        for at in range(begin[own], begin[own + 1]):
            for item in range(start[visits[at]], start[visits[at] + 1]):
                other = product[item]
                if other != own:
                    if together[other] == 0:
                        others[count] = other
                        count += 1
                    together[other] += 1
        filled, often = 0, begin[own + 1] - begin[own]
        nearest, values = neighbours[own], similarity[own]
        for other in np.sort(others[:count]):  # so that ties do not break by the order of the visits
            value = np.float32(together[other] / (math.sqrt(often * (begin[other + 1] - begin[other])) + shrink))
            together[other] = 0
            at = filled
            while at > 0 and value > values[at - 1]:
                at -= 1
            if at < len(values):
                filled = min(filled + 1, len(values))
                for later in range(filled - 1, at, -1):
                    nearest[later], values[later] = nearest[later - 1], values[later - 1]
                nearest[at], values[at] = other, value
