"""What visits are like, those of a log and simulated ones: their sizes, what is bought again, what customers buy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.people.fit import People
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.simulate import simulate

QUANTILES = (0.1, 0.5, 0.9, 0.99)
LATE = 8  # earlier visits from which on a customer is a regular
TURNS = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # earlier visits, first of each span, by which what is bought again is counted


class Habits(NamedTuple):
    """What a journal is like."""

    repeat_share: float  # purchases of products that the customer has bought in an earlier visit, in percent
    repeat_share_late: float  # the same after eight visits
    basket_mean: float
    basket_sd: float
    basket_quantiles: tuple[float, ...]  # 10, 50, 90, 99 %
    products_mean: float  # different products per customer
    products_sd: float
    products_quantiles: tuple[float, ...]
    top_ten: float  # share of the ten most bought products in the purchases, in percent


def habits(journal: Journal) -> Habits:
    """Those of a journal."""
    late = journal.repeated[(np.arange(journal.day.size) - journal.first >= LATE)[journal.item_visit]]
    different = products_per_customer(journal)
    bought = np.sort(np.bincount(journal.product))[::-1]
    return Habits(
        100 * float(journal.repeated.mean()),
        100 * float(late.mean()) if late.size else float("nan"),
        float(journal.size.mean()),
        float(journal.size.std()),
        tuple(np.quantile(journal.size, QUANTILES).tolist()),
        float(different.mean()),
        float(different.std()),
        tuple(np.quantile(different, QUANTILES).tolist()),
        100 * float(bought[:10].sum() / bought.sum()),
    )


def products_per_customer(journal: Journal) -> NDArray[np.int64]:
    """(C,) different products that each customer with a visit buys."""
    different = np.bincount(journal.customer[journal.item_visit[~journal.repeated]], minlength=journal.customers)
    return different[np.bincount(journal.customer, minlength=journal.customers) > 0]


def repeat_shares(journal: Journal) -> NDArray[np.float64]:
    """(len(TURNS),) purchases of products bought in an earlier visit, in percent, by the number of earlier visits."""
    turn = np.searchsorted(TURNS, np.arange(journal.day.size) - journal.first, side="right") - 1
    span = turn[journal.item_visit]
    again, known = journal.repeated[span >= 0], span[span >= 0]
    count, repeated = (np.bincount(known, weights=of, minlength=len(TURNS)) for of in (np.ones(known.size), again))
    return np.where(count > 0, 100 * repeated / np.maximum(count, 1), np.nan)


def simulated(journal: Journal, people: People, rng: np.random.Generator, newcomers: bool = False) -> Journal:
    """The same visits by simulated persons, who begin with nothing.

    Args:
        journal: the visits fitted.
        people: the model fitted to them.
        rng: draws the world, the persons and what they buy.
        newcomers: whether the persons are drawn anew, or are those of the journal as far as they are known.
    """
    persons = people.draw_newcomers(journal.customers, rng) if newcomers else people.draw_persons(journal, rng)
    return simulate(people.draw(journal, rng), persons, journal, rng)
