"""What is believed of the weights before any response: fitted to the baskets of the history's own customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.contextual.features import Features
from selflearn_agents.contextual.loops import ANSWERS, EITHER, FEATURES, gather
from selflearn_agents.regulars.history_visits import history_visits
from selflearn_agents.regulars.similarity import some_customers
from selflearn_env.shop.history import History
from selflearn_env.shop.people.journal import Journal, states_by_day

# Weight of each feature, and its standard deviation, before the history is read: what the persons' model says, and
# that what a shop simply counts of a customer may change a reward by a tenth of that of a purchase.
PRIOR = {
    "usual": (1.0, 0.5),
    "taste": (1.0, 0.5),
    "again": (1.0, 0.5),
    "either": (0.0, 0.25),
    "bought": (0.0, 0.1),
    "often": (0.0, 0.1),
    "share": (0.0, 0.1),
    "visits": (0.0, 0.1),
    "late": (0.0, 0.1),
    "similar": (0.0, 0.5),
    "known": (0.0, 0.5),
    "answers": (1.0, 0.5),
}
SCALE = 0.5  # standard deviation of how much more, or less, is bought of what is shown than without
HELD_OUT = 1 / 3  # of the customers, to whom the weights are fitted
MOST_VISITS = 20_000  # of theirs, about


class Beginning(NamedTuple):
    """A normal belief about the weights.

    Attributes:
        weights: (d,) its mean.
        covariance: (d, d)
        repetition: how many observations of the history count as one.
    """

    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    repetition: float


def begin(features: Features, history: History, rng: np.random.Generator) -> Beginning:
    """Fits the weights to the history, and then shows the features all of it; see `LinearContextAgent`.

    Args:
        features: shown what to see.
        history: of which nothing but the customers' visits is read.
        rng: draws the customers held out.
    """
    baskets = some_customers(history.baskets)
    journal = Journal.from_population(baskets, history.states).by_day()
    held_out = rng.random(journal.customers) < HELD_OUT
    checked = held_out[journal.customer]
    every = np.append(held_out, np.zeros(int(history.baskets.visit_customer.max()) + 1 - held_out.size, dtype=bool))
    others = history.baskets.select(~every[history.baskets.visit_customer])
    features.see(history, others, journal.select(~checked))
    checked &= journal.customer % max(1, int(checked.sum()) // MOST_VISITS) == 0
    beginning = _fit(features, journal, states_by_day(baskets), baskets.first_date, np.flatnonzero(checked))
    features.see(history, history.baskets, journal)
    return beginning


def _fit(
    features: Features, journal: Journal, states: NDArray[np.int64], first_date: int, chosen: NDArray[np.int64]
) -> Beginning:
    """The ridge regression of what was in the baskets of the visits chosen, customer by customer."""
    seen = history_visits(journal, states, first_date, chosen)
    known, tables = features.know(seen), features.tables()
    bought = journal.logged.items.pieces(journal.start[chosen], journal.start[chosen + 1])

    def sums(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        size = weights.size
        found = np.zeros((size, size)), np.zeros(size), np.zeros((size, size))
        gather(journal.customer[chosen], bought.start, bought.product, weights, known, tables, *found)
        gram, pull, squares = found
        return gram[both], pull[told], squares[both]

    mean, deviation = np.array([PRIOR[name] for name in FEATURES]).T
    told = np.setdiff1d(np.arange(mean.size), [EITHER, ANSWERS])  # of the others the history says nothing
    both = np.ix_(told, told)
    belief = np.diag(deviation[told] ** -2)
    gram, pull, _ = sums(mean)
    weights = mean.copy()
    weights[told] += np.linalg.solve(gram + belief, pull)
    squares = sums(weights)[2]
    repetition = max(1.0, float(np.trace(np.linalg.solve(gram + belief, squares))) / told.size)
    covariance = np.diag(deviation**2)
    covariance[both] = np.linalg.inv(gram / repetition + belief)
    weights[told] = mean[told] + covariance[both] @ pull / repetition
    return Beginning(weights, covariance + SCALE**2 * np.outer(weights, weights), repetition)
