"""How purchases pool, fitted: half of the customers foresees the other half."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import TINY, Level, Pooling, groups_of

STEPS = 32  # of the grid of weights, each a factor of sqrt 2; at the upper end a level repeats its parent
WEIGHTS = tuple((2.0 ** (-2 + np.arange(STEPS + 1) / 2)).tolist())  # in purchases
CACHED = 2**17  # cells worked on at once: few enough to stay in the cache


class _Half(NamedTuple):
    """The purchases of one half of the customers, in the pairs of state and product in which there are any."""

    visits: NDArray[np.int64]  # (S,) of each state
    state: NDArray[np.int64]  # (N,) of each pair
    product: NDArray[np.int64]  # (N,)
    bought: NDArray[np.int64]  # (N,) in how many visits


class _Halves:
    """Both halves of the customers, at any grouping of the states."""

    def __init__(self, baskets: Baskets, shape: Sequence[int]):
        self.shape, self.visits, self.products = shape, baskets.visit_state.size, baskets.products
        odd = baskets.visit_customer % 2 == 1
        if odd.all() or not odd.any():  # a single customer: the visits themselves are halved
            odd = np.arange(self.visits) % 2 == 1
        self.halves = []
        for half in (baskets.select(odd), baskets.select(~odd)):
            cells, bought = half.bought()
            self.halves.append(_Half(half.visits(), *np.divmod(cells, self.products), bought))

    def one_rate(self) -> _Step:
        """The level above all others: one rate for all products."""
        rates = [half.bought.sum() / max(half.visits.sum() * self.products, 1) for half in self.halves]
        rarity = [1.0 / np.full((1, self.products), max(rate, TINY), dtype=np.float32) for rate in rates]
        everything = np.zeros(len(self.halves[0].visits), dtype=np.int64)
        trial = _Trial(everything, np.zeros(1, dtype=np.int64), rarity, self.halves)
        likelihood = trial.likelihood(WEIGHTS[-1] ** 2)  # at such a weight the parent repeats itself
        return _Step((), 0.0, likelihood / self.visits, everything, lambda: rarity)

    def split(self, parent: _Step, tiers: tuple[int, ...]) -> _Step:
        """The groups of these tiers, shrunk to the parent by the weight of greatest likelihood."""
        group, first = groups_of(tiers, self.shape)
        trial = _Trial(group, parent.group[first], parent.rarity, self.halves)
        weight, likelihood = _maximise(trial.likelihood)
        return _Step(tiers, weight, likelihood / self.visits, group, lambda: trial.rarity(weight))


@dataclass(frozen=True, eq=False)
class _Step:
    """A level that was tried."""

    tiers: tuple[int, ...]
    weight: float
    likelihood: float
    group: NDArray[np.int64]  # (S,) of each state
    make_rarity: Callable[[], list[NDArray[np.float32]]]

    @cached_property
    def rarity(self) -> list[NDArray[np.float32]]:
        """(G, P) visits per purchase, as each half has it; only a step that is split further needs it."""
        return self.make_rarity()


class _Trial:
    """The groups of a level at any weight: how each half of the customers foresees the other."""

    def __init__(
        self,
        group: NDArray[np.int64],
        parent_of: NDArray[np.int64],
        parent: list[NDArray[np.float32]],
        halves: Sequence[_Half],
    ):
        """Prepares what no weight changes.

        Args:
            group: (S,) the group of each state.
            parent_of: (G,) the group of the level above around each group.
            parent: (G', P) visits per purchase in the level above, as each half has it.
            halves: the halves.
        """
        groups, products = len(parent_of), parent[0].shape[1]
        visits = [np.bincount(group, weights=half.visits, minlength=groups).astype(np.float32) for half in halves]
        # The pairs of group and product in which either half bought something: few of all.
        keys = [group[half.state] * products + half.product for half in halves]
        cells, bought = _totals(keys, [half.bought for half in halves], groups * products)
        group_of, product = np.divmod(cells, products)
        seen = [
            _Pairs(visits[half][group_of], bought[half].astype(np.float32), parent[half][parent_of[group_of], product])
            for half in (0, 1)
        ]
        self._forecasts = []
        for half, other in ((0, 1), (1, 0)):
            own, others = np.flatnonzero(bought[half]), np.flatnonzero(bought[other])
            self._forecasts.append(
                _Forecast(
                    visits=visits[half],
                    visits_to_come=visits[other],
                    parent=parent[half],
                    parent_of=parent_of,
                    own_cells=cells[own],
                    own=seen[half].at(own),
                    visits_to_come_of_own=visits[other][group_of[own]],
                    others=seen[half].at(others),
                    bought_by_others=seen[other].bought[others],
                )
            )

    def rarity(self, weight: float) -> list[NDArray[np.float32]]:
        """(G, P) visits per purchase, of each half."""
        return [forecast.rarity(np.float32(weight)) for forecast in self._forecasts]

    def likelihood(self, weight: float) -> float:
        """Poisson log-likelihood in nats of each half given the other, without the terms that no model changes."""
        return sum(term for forecast in self._forecasts for term in forecast.terms(np.float32(weight)))


class _Pairs(NamedTuple):
    """Some pairs of group and product, as one half of the customers sees them."""

    visits: NDArray[np.float32]  # of the group
    bought: NDArray[np.float32]  # visits in which the product was bought
    parent: NDArray[np.float32]  # visits per purchase in the level above

    def at(self, places: NDArray[np.int64]) -> _Pairs:
        """The pairs at some places."""
        return _Pairs(*(column[places] for column in self))

    def below(self, weight: np.float32) -> NDArray[np.float32]:
        """What purchases and weight are divided by: visits, those behind the weight included."""
        return self.visits + weight * self.parent


@dataclass(frozen=True, eq=False)
class _Forecast:
    """The groups of a level as one half of the customers has them, to foresee the purchases of the other half.

    Its incidence is (bought + weight) / (visits + weight * parent), or weight / (...) where it bought nothing.
    """

    visits: NDArray[np.float32]  # (G,) of this half
    visits_to_come: NDArray[np.float32]  # (G,) of the other
    parent: NDArray[np.float32]  # (G', P) visits per purchase in the level above
    parent_of: NDArray[np.int64]  # (G,) the group of the level above around each group
    own_cells: NDArray[np.int64]  # (N,) group * P + product of the pairs in which this half bought something
    own: _Pairs  # (N,) these pairs
    visits_to_come_of_own: NDArray[np.float32]  # (N,) of the other half, in the groups of these pairs
    others: _Pairs  # (M,) the pairs in which the other half bought something, as this half sees them
    bought_by_others: NDArray[np.float32]  # (M,)

    def rarity(self, weight: np.float32) -> NDArray[np.float32]:
        """(G, P) visits per purchase."""
        incidence = self.parent[self.parent_of]
        incidence *= weight
        incidence += self.visits[:, None]
        np.divide(weight, incidence, out=incidence)
        incidence.reshape(-1)[self.own_cells] = (self.own.bought + weight) / self.own.below(weight)
        return np.reciprocal(incidence, out=incidence)

    def terms(self, weight: np.float32) -> Iterator[float]:
        """The terms of the log-likelihood of the other half: its purchases, less what was expected of it."""
        yield _sum(self.bought_by_others * np.log((self.others.bought + weight) / self.others.below(weight)))
        # What is expected, over the whole catalogue: by the purchases where there are some, by the weight everywhere.
        yield -_sum(self.visits_to_come_of_own * (self.own.bought / self.own.below(weight)))
        yield -self._expected_by_weight(weight)

    def _expected_by_weight(self, weight: np.float32) -> float:
        """Purchases that the weight alone lets expect of the other half, of all products."""
        expected, visits = 0.0, self.visits / weight
        groups = np.flatnonzero(self.visits_to_come)
        size = max(1, CACHED // self.parent.shape[1])
        for at in range(0, len(groups), size):
            some = groups[at : at + size]
            incidence = self.parent[self.parent_of[some]]
            incidence += visits[some, None]
            np.reciprocal(incidence, out=incidence)
            expected += _sum(self.visits_to_come[some] * incidence.sum(axis=1, dtype=np.float64))
        return expected


def _totals(
    keys: list[NDArray[np.int64]], weights: list[NDArray], size: int
) -> tuple[NDArray[np.int64], list[NDArray]]:
    """The keys of 0..size - 1 that occur in either list, ascending, and the sums of the weights of each list."""
    if size <= sum(map(len, keys)):  # counted, where a table of all keys is no larger than what is sorted otherwise
        sums = [np.bincount(key, weight, minlength=size) for key, weight in zip(keys, weights, strict=True)]
        filled = np.flatnonzero(sum(sums))
        return filled, [each[filled] for each in sums]
    filled, place = np.unique(np.concatenate(keys), return_inverse=True)
    places = np.split(place, [len(keys[0])])
    return filled, [np.bincount(at, weight, minlength=len(filled)) for at, weight in zip(places, weights, strict=True)]


def _sum(terms: NDArray) -> float:
    """The sum in double precision: single precision rounds differently on each processor; that could choose weights."""
    return float(terms.sum(dtype=np.float64))


def fit_pooling(baskets: Baskets, shape: Sequence[int], tiers: Sequence[int] | None = None) -> Pooling:
    """Chooses the order of the tiers and the weight of each level from the purchases themselves.

    Tiers are added one at a time, always the one that raises the likelihood most, until none does; the last level is
    the single state in any case (its weight is large where states differ in nothing more).

    Args:
        baskets: the purchases to fit.
        shape: number of labels of each tier; their product is the number of states.
        tiers: positions of the tiers to use, None for all.
    """
    use = range(len(shape)) if tiers is None else tiers
    data = _Halves(baskets, shape)
    one_rate = data.one_rate()
    steps = [one_rate, data.split(one_rate, ())]
    while len(steps[-1].tiers) < len(use):
        last = steps[-1]
        left = [tier for tier in use if tier not in last.tiers]
        best = max((data.split(last, (*last.tiers, tier)) for tier in left), key=lambda step: step.likelihood)
        if best.likelihood <= last.likelihood:
            best = data.split(last, (*last.tiers, *left))
        steps.append(best)
    return _pooling(steps)


def fit_levels(baskets: Baskets, shape: Sequence[int], levels: Sequence[tuple[int, ...]]) -> Pooling:
    """The pooling over given levels, from one rate for all products down, each with its weight of greatest likelihood.

    Args:
        baskets: the purchases to fit.
        shape: number of labels of each tier.
        levels: positions of the tiers that define the groups of each level, each level finer than the one before.
    """
    data = _Halves(baskets, shape)
    steps = [data.one_rate()]
    for tiers in levels:
        steps.append(data.split(steps[-1], tiers))
    return _pooling(steps)


def _pooling(steps: Sequence[_Step]) -> Pooling:
    return Pooling(
        tuple(Level(step.tiers, step.weight, step.likelihood - before.likelihood) for before, step in pairwise(steps))
    )


def _maximise(value: Callable[[float], float]) -> tuple[float, float]:
    """The weight of greatest value, and the value: the best of a coarse grid, then of its neighbours, ever nearer."""
    values: dict[int, float] = {}  # of the places of the grid tried so far

    def best(candidates: Sequence[int]) -> int:
        for at in candidates:
            if 0 <= at <= STEPS and at not in values:
                values[at] = value(WEIGHTS[at])
        return max(values, key=values.__getitem__)

    at = best(range(0, STEPS + 1, 8))
    for distance in (4, 2, 1):
        at = best((at - distance, at + distance))
    return WEIGHTS[at], values[at]
