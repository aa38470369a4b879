"""Whether customers keep to categories of products: pairs of one category in a basket, and across two visits.

No log names its categories as its customers see them. So they are found from what one half of the customers buys
together, and measured on the other half, of the log as of simulated visits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.sparse import csr_array

from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.together import place

CATEGORIES = 30
DIRECTIONS = 32  # singular vectors by which products are told apart
LEAST = 20  # visits in which a product with a category was bought
STARTS = 5  # of the clustering, the tightest is taken


class CategoryPairs(NamedTuple):
    """Share of the pairs of different products that are of one category, in percent; each (pair of) visits counts once.

    Not a number where no pairs are.
    """

    within: float  # one basket
    across: float  # one product of a visit, one of the same customer's next
    independent: float  # one product of a visit, one of another customer's in the month of the next


def halves(journal: Journal) -> tuple[Journal, Journal]:
    """The visits of every other customer, and those of the others: categories are found in the first half."""
    odd = journal.customer % 2 == 1
    return journal.select(~odd), journal.select(odd)


def find_categories(journal: Journal, rng: np.random.Generator) -> NDArray[np.int64]:
    """(P,) the category of each product, by what is bought with it in one visit; -1 of products bought too rarely.

    Products are clustered (k-means) by their places (see `place`).

    Args:
        journal: visits of customers who are not measured.
        rng: draws the starts.
    """
    category = np.full(journal.products, -1, dtype=np.int64)
    products, vectors = place(journal, LEAST, DIRECTIONS, rng)
    groups = min(CATEGORIES, products.size // 2)
    if groups < 2:
        return category
    found: list[tuple[float, NDArray]] = []
    for _ in range(STARTS):
        centres, own = kmeans2(vectors, groups, minit="++", rng=rng)
        found.append((float(((vectors - centres[own]) ** 2).sum()), own))
    category[products] = min(found, key=lambda start: start[0])[1]
    return category


def category_pairs(journal: Journal, category: NDArray[np.int64]) -> CategoryPairs:
    """How often products of one category meet.

    Args:
        journal: the visits.
        category: (P,) from `find_categories`; products of -1 are left out.
    """
    kept = category[journal.product] >= 0
    visit, product = journal.item_visit[kept], journal.product[kept]
    shape = journal.day.size, int(category.max(initial=0)) + 1
    counts = csr_array((np.ones(visit.size), (visit, category[product])), shape=shape)
    bought = csr_array((np.ones(visit.size), (visit, product)), shape=(journal.day.size, journal.products))
    size = counts.sum(axis=1)
    pairs = size * (size - 1)
    same = (counts * counts).sum(axis=1) - size
    within = _mean(same, pairs)
    first = np.flatnonzero(np.diff(journal.customer) == 0)
    second = first + 1
    return CategoryPairs(
        within, _across(counts, bought, first, second), _across(counts, bought, first, _strangers(journal, second))
    )


def _across(counts: csr_array, bought: csr_array, first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """The share of one category among pairs of different products of two visits each, in percent."""
    size = counts.sum(axis=1)
    equal = (bought[first] * bought[second]).sum(axis=1)
    return _mean((counts[first] * counts[second]).sum(axis=1) - equal, size[first] * size[second] - equal)


def _strangers(journal: Journal, visits: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of the visits one of another customer in the same month, each taken once as far as that can be."""
    order = np.lexsort((journal.customer[visits], journal.month[visits]))
    ordered, month = visits[order], journal.month[visits][order]
    begin, end = np.searchsorted(month, month), np.searchsorted(month, month, side="right")
    # Halfway round the month's visits, which stand customer by customer.
    other = begin + (np.arange(visits.size) - begin + (end - begin) // 2) % (end - begin)
    found = np.empty_like(visits)
    found[order] = ordered[other]
    return found


def _mean(same: NDArray[np.float64], pairs: NDArray[np.float64]) -> float:
    """The mean share over those that have pairs, in percent."""
    some = pairs > 0
    return 100 * float((same[some] / pairs[some]).mean()) if some.any() else float("nan")
