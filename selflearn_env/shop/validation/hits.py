"""Whether what is shown would have been bought: how many products of a list are in baskets that were not fitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.ranking import top
from selflearn_env.shop.people.present import usual_shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.validation.baskets import VISITS, baskets, bought_between
from selflearn_env.shop.validation.persons import Check, Part
from selflearn_env.shop.validation.purchases import mean_and_error

SHOWN = 10  # products
MOST_VISITS = 10_000  # in which hits are counted, or less than twice as many


class Hits(NamedTuple):
    """Products in real baskets, of those that a list shows, per visit."""

    slate: str
    found: float
    error: float
    foreseen: float


def hits(check: Check, shown: int = SHOWN) -> list[Hits]:
    """How many of the products shown were in the baskets of the visits scored, and how many are foreseen.

    The best sellers of all visits, the month's best, and a personal list: the greatest rates of the visit. The last two
    again without all that the customer has bought before (`new_month`, `new_personal`). Of a large log, every so many
    customers are enough.
    """
    every = max(1, check.customer.size // MOST_VISITS)
    rows: dict[str, list[NDArray[np.float64]]] = {}
    for part in check.parts:
        n = min(shown, part.checked.products)
        popular, of_month = usual_shares(part.fitted).share[0], part.people.months.share
        for visits, rate, bought, known in _foreseen(part, every):
            month = of_month[part.checked.month[visits]]
            scores = {
                "best_sellers": np.broadcast_to(popular, rate.shape),
                "month": month,
                "personal": rate,
                "new_month": np.where(known, -1, month),
                "new_personal": np.where(known, -1, rate),
            }
            for name, score in scores.items():
                slate = top(score, n)
                # A product is in a basket but once: at least one purchase of the Poisson number with this rate.
                own, there = -np.expm1(-np.take_along_axis(rate, slate, 1)), np.take_along_axis(bought, slate, 1)
                shown_before = np.take_along_axis(score, slate, 1) < 0
                counts = [(~shown_before * of).sum(axis=1) for of in (there, own)]
                rows.setdefault(name, []).append(np.stack(counts, axis=1).astype(np.float64))
    customer, found = check.customer[check.customer % every == 0], []
    for name, parts in rows.items():
        table = np.concatenate(parts)
        found.append(Hits(name, *mean_and_error(table[:, 0], customer), float(table[:, 1].mean())))
    return found


def _foreseen(part: Part, every: int) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray]]:
    """Numbers of some visits scored, and of all products (B, P) the rates, what was bought, what was bought before.

    The visits are those of every so many customers.
    """
    people, journal = part.people, part.checked
    persons = people.foreseen(journal)
    rates = Rates(part.followed or people.months, people.taste.factors, people.activity, people.choice.repeat)
    scored = np.flatnonzero(part.scored & (journal.customer % every == 0))
    for at in range(0, scored.size, VISITS):
        visits = scored[at : at + VISITS]
        known = bought_between(journal, journal.start[journal.first[visits]], journal.start[visits])
        yield visits, rates.of_visits(journal, visits, persons.rows(visits)), baskets(journal, visits), known
