"""Training on the history: each visit of a customer who came before, foreseen from the visits before it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selflearn_agents.regulars.history_visits import history_visits
from selflearn_agents.sequence.adam import Adam
from selflearn_agents.sequence.network import Leaving, one_thread, rates, slopes, tensors
from selflearn_agents.sequence.records import LEAST, Records
from selflearn_agents.sequence.weights import Weights
from selflearn_env.shop.history import History
from selflearn_env.shop.people.journal import Journal, every_customer, states_by_day

HELD_OUT = 1 / 5  # of the customers, by whom it is seen when to stop
FEWEST, MOST, STEPS = 8, 64, 50  # visits per step, so that an epoch of a small history has so many steps
RATE, LAST_RATE = 3e-3, 3e-4  # of `Adam`, from the first epoch to the last
LEFT_OUT = 0.5  # of the items, and of what is remembered
SHRINK = 1e-2  # weight of the squares of the embedding, against a visit's loss
MOST_CELLS = 2**28  # visits x products of an epoch, about


class Lesson(NamedTuple):
    """Visits with their records, and what was bought in them: (N,) visit and (N,) product."""

    records: Records
    visit: NDArray[np.int64]
    product: NDArray[np.int64]


class Lessons:
    """The visits of the history by customers who came before."""

    def __init__(
        self, history: History, group: NDArray[np.int64], incidence: NDArray[np.float64], mean: NDArray[np.float64]
    ):
        """Of a large history it takes every so many customers; arguments as for `Records.read`."""
        baskets = history.baskets
        baskets = every_customer(baskets, math.ceil(baskets.visit_day.size * history.products / MOST_CELLS))
        self._pooled = group, incidence, mean
        self.incidence = torch.from_numpy(incidence.astype(np.float32))
        self._states, self._first_date = states_by_day(baskets), baskets.first_date
        self.journal = Journal.from_population(baskets, history.states).by_day()
        self.visits = np.flatnonzero(np.arange(self.journal.day.size) > self.journal.first)

    def bought_again(self) -> float:
        """Purchases per visit that an item of a record promises, if all are alike; 1 where nobody ever came again."""
        journal = self.journal
        items = (journal.start[self.visits] - journal.start[journal.first[self.visits]]).sum()
        return (journal.repeated.sum() + 1.0) / (items + 1.0)

    def of(self, chosen: NDArray[np.int64], size: int) -> Iterator[Lesson]:
        """Some visits, given by their numbers, so many at a time."""
        journal = self.journal
        for at in range(0, chosen.size, size):
            some = chosen[at : at + size]
            seen = history_visits(journal, self._states, self._first_date, some)
            bought = journal.logged.items.pieces(journal.start[some], journal.start[some + 1])
            visit = np.repeat(np.arange(some.size), bought.counts())
            yield Lesson(Records.read(seen, *self._pooled), visit, bought.product.astype(np.int64))


def train(weights: Weights, lessons: Lessons, epochs: int, rng: np.random.Generator) -> Weights:
    """The weights of the epoch, or those given, that foresee best what customers buy who are held out.

    Args:
        weights: to start from; they are not changed.
        lessons: what to learn from.
        epochs: at most; when one foresees worse than that before, it is the last.
        rng: chooses who is held out, the order of the visits, and what is left out of them.
    """
    held_out = rng.random(lessons.journal.customers)[lessons.journal.customer[lessons.visits]] < HELD_OUT
    learned, judged = lessons.visits[~held_out], lessons.visits[held_out]
    if not learned.size or not judged.size:
        return weights
    leaving = Leaving(LEFT_OUT, torch.Generator().manual_seed(int(rng.integers(2**63))))
    with one_thread():
        together = int(np.clip(learned.size // STEPS, FEWEST, MOST))
        now, adam = weights.copy(), Adam(weights)
        best, least = weights, _mean_loss(now, lessons, judged)
        for epoch in range(epochs):
            rate = RATE + (LAST_RATE - RATE) * epoch / epochs
            for lesson in lessons.of(rng.permutation(learned), together):
                parameters = tensors(now, learned=True)
                loss = _loss(parameters, lessons, lesson, leaving) / lesson.records.length.size
                gradient = slopes(loss + SHRINK * parameters["embedding"].square().sum(), parameters)
                gradient.usual[:] = 0.0
                adam.step(now, gradient, rate)
            found = _mean_loss(now, lessons, judged)
            if not found < least:
                break
            best, least = now.copy(), found
    return best


def _loss(parameters: Mapping[str, Tensor], lessons: Lessons, lesson: Lesson, leaving: Leaving) -> Tensor:
    """Of all its visits together: minus the log-likelihood of purchases that are Poisson, up to a constant."""
    expected = rates(parameters, lessons.incidence, lesson.records, leaving)
    bought = expected[torch.from_numpy(lesson.visit), torch.from_numpy(lesson.product)]
    return expected.sum() - bought.clamp(min=LEAST).log().sum()


def _mean_loss(weights: Weights, lessons: Lessons, visits: NDArray[np.int64]) -> float:
    """Per visit."""
    parameters = tensors(weights)
    return sum(_loss(parameters, lessons, each, Leaving()).item() for each in lessons.of(visits, MOST)) / visits.size
