"""What baskets keep to: who takes a cup takes a saucer.

The rates say what a person buys in a visit on average. A single basket is less mixed: after n of its N products the
next keeps to one of them with probability n / (n + freedom N): it is of the same category, and so are all that keep to
it in turn. A product that keeps to none picks one of several ways to part the products into categories; products that
are alike share a category in most of them. Within the category a product is drawn by the rates, so that each is bought
as often as without. What is bought together is bought again together, so that a person's visits are alike too.

The categories are found from what is bought together; the freedom is that of greatest likelihood of the pairs of
products in baskets of customers in whose baskets the categories were not found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from selflearn_env.core.people.world import Moods, Persons
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.people.together import place

WAYS = 16
CATEGORIES = 60  # in each
LEAST = 10  # visits in which a product was bought; those of fewer are one more category
DIRECTIONS = 64  # by which products are told apart
ROUNDS = 10  # of the clustering
FOUND = 30_000  # visits in which the categories are found, or less than twice as many
CHECKED = 1_000  # visits by which the freedom is chosen, or so
PAIRS = 100  # of a basket, at most
ROWS = 64  # visits worked on at once, with all products
FREEDOMS = (-4.0, 8.0)  # bounds of the logarithm


def fit_moods(
    journal: Journal, rates: Rates, foreseen: Callable[[Journal], Persons], rng: np.random.Generator
) -> Moods | None:
    """What the baskets of a journal keep to, None for nothing.

    Args:
        journal: the visits.
        rates: the world expected.
        foreseen: what is expected of the customer of each visit of a journal from its earlier visits.
        rng: draws the categories, and the pairs that are looked at.
    """
    odd = journal.customer % 2 == 1
    checked = _some(journal.select(odd), CHECKED)
    categories = _categories(_some(journal.select(~odd), FOUND), rng)
    if categories is None or not (checked.size > 1).any():
        return None
    size, weight, alike = _pairs(checked, rates, foreseen(checked), categories, rng)

    def gain(log_freedom: float) -> float:
        """Of a pair's likelihood, over that of baskets that keep to nothing, in nats; each product counts once."""
        return float(weight @ np.log1p((alike - 1) / (1 + np.exp(log_freedom) * size)))

    best = minimize_scalar(lambda at: -gain(at), bounds=FREEDOMS, method="bounded", options={"xatol": 0.02})
    if -best.fun <= 1:  # a nat for the number that was fitted (Akaike)
        return None
    categories = _categories(_some(journal, FOUND), rng)
    return None if categories is None else Moods(categories, float(np.exp(best.x)))


def _some(journal: Journal, most: int) -> Journal:
    """The visits of every so many customers, about as many as asked for."""
    customers = np.unique(journal.customer)
    step = max(1, journal.day.size // most)
    return journal.select(np.isin(journal.customer, customers[::step]))


def _categories(journal: Journal, rng: np.random.Generator) -> NDArray[np.int16] | None:
    """(WAYS, P) the category of each product in each way, None where too few products have one.

    Each way is a clustering (spherical k-means) from another start.
    """
    products, vectors = place(journal, LEAST, DIRECTIONS, rng)
    groups = min(CATEGORIES, products.size // 2)
    if groups < 2:
        return None
    found = np.full((WAYS, journal.products), groups, dtype=np.int16)
    for way in range(WAYS):
        centres = vectors[rng.choice(products.size, groups, replace=False)]
        for _ in range(ROUNDS):
            own = np.argmax(vectors @ centres.T, axis=1)
            centres = csr_array((np.ones(own.size), (own, np.arange(own.size))), shape=(groups, own.size)) @ vectors
            centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(float).tiny)
        found[way, products] = own
    return found


def _pairs(
    journal: Journal, rates: Rates, persons: Persons, categories: NDArray[np.int16], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(Q,) each, of pairs of products in baskets: products of the basket, weight, and how much keeping helps.

    A basket's weights sum to half of its products. What helps is the likelihood of one product of the pair if it kept
    to the other one, over that if it did not.
    """
    ways, products = categories.shape
    kinds = int(categories.max()) + 1
    column = np.arange(ways)[:, None] * kinds + categories
    cells = np.ones(ways * products), (np.tile(np.arange(products), ways), column.reshape(-1))
    members = csr_array(cells, shape=(products, ways * kinds))
    visits, found = np.flatnonzero(journal.size > 1), []
    for at in range(0, visits.size, ROWS):
        some = visits[at : at + ROWS]
        rate = rates.of_visits(journal, some, persons.rows(some))
        shares = (rate @ members) / rate.sum(axis=1, keepdims=True)
        for visit, share in zip(some, shares, strict=True):
            bought = journal.product[journal.start[visit] : journal.start[visit + 1]]
            first, second = np.triu_indices(bought.size, 1)
            if first.size > PAIRS:
                picked = rng.integers(first.size, size=PAIRS)
                first, second = first[picked], second[picked]
            own, other = column[:, bought[first]], column[:, bought[second]]
            alike = ((own == other) / np.maximum(share[own], np.finfo(float).tiny)).mean(axis=0)
            size = np.full(alike.size, float(bought.size))
            found.append((size, size / (2 * alike.size), alike))
    size, weight, alike = (np.concatenate(each) for each in zip(*found, strict=True))
    return size, weight, alike
