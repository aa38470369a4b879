"""How purchases pool, fitted: half of the customers foresees the other half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """The purchases of one half of the customers."""

    visits: NDArray[np.int64]  # (S,)
    state: NDArray[np.int64]  # (N,) of the cells in which something was bought
    product: NDArray[np.int64]  # (N,)
    bought: NDArray[np.int64]  # (N,) in how many visits


class _Halves:
    """The likelihood of each half of the customers given the other half, at any grouping of the states."""

    def __init__(self, baskets: Baskets, shape: Sequence[int]):
        self.shape, self.visits, self.products = shape, baskets.visit_state.size, baskets.products
        odd = baskets.visit_customer % 2 == 1
        if odd.all() or not odd.any():  # a single customer: the visits themselves are halved
            odd = np.arange(self.visits) % 2 == 1
        self.halves = []
        for half in (baskets.of_visits(odd), baskets.of_visits(~odd)):
            cells, bought = half.bought()
            self.halves.append(_Half(half.visits(), *np.divmod(cells, self.products), bought))

    def one_rate(self) -> _Step:
        """All products have one rate."""
        rates = [half.bought.sum() / max(half.visits.sum() * self.products, 1) for half in self.halves]
        inverse = [1.0 / np.full((1, self.products), max(rate, TINY), dtype=np.float32) for rate in rates]
        everything = np.zeros(len(self.halves[0].visits), dtype=np.int64)
        trial = _Trial(everything, np.zeros(1, dtype=np.int64), inverse, self.halves)
        likelihood = trial.likelihood(WEIGHTS[-1] ** 2)  # at such a weight the parent repeats itself
        return _Step((), 0.0, likelihood / self.visits, everything, lambda: inverse)

    def split(self, parent: _Step, tiers: tuple[int, ...]) -> _Step:
        """The groups of these tiers, shrunk to the parent by the weight of greatest likelihood."""
        group, first = groups_of(tiers, self.shape)
        trial = _Trial(group, parent.group[first], parent.inverse, self.halves)
        weight, likelihood = _maximise(trial.likelihood)
        return _Step(tiers, weight, likelihood / self.visits, group, lambda: trial.inverse(weight))


@dataclass(frozen=True, eq=False)
class _Step:
    """A level under trial."""

    tiers: tuple[int, ...]
    weight: float
    likelihood: float
    group: NDArray[np.int64]  # (S,) of each state
    make_inverse: Callable[[], list[NDArray[np.float32]]]

    @cached_property
    def inverse(self) -> list[NDArray[np.float32]]:
        """(G, P) visits per purchase, as each half has it; only a step that is split further needs it."""
        return self.make_inverse()


class _Cells(NamedTuple):
    """Some pairs of group and product, as one half of the customers sees them."""

    came: NDArray[np.float32]  # visits of the group
    bought: NDArray[np.float32]  # purchases
    inverse: NDArray[np.float32]  # visits per purchase, as the level above has it

    def at(self, places: NDArray[np.int64]) -> _Cells:
        """Those at some places."""
        return _Cells(*(column[places] for column in self))

    def rate(self, weight: np.float32) -> NDArray[np.float32]:
        """What the purchases and the weight are divided by."""
        return self.came + weight * self.inverse


class _Trial:
    """The groups of a level at any weight, for each half of the customers."""

    def __init__(
        self,
        group: NDArray[np.int64],
        parent_of: NDArray[np.int64],
        parent: list[NDArray[np.float32]],
        halves: Sequence[_Half],
    ):
        self.parent, self.parent_of = parent, parent_of
        groups, self.products = len(parent_of), parent[0].shape[1]
        self.came = [np.bincount(group, weights=of.visits, minlength=groups).astype(np.float32) for of in halves]
        # Where something was bought, by either half: few of all pairs.
        keys = [group[of.state] * self.products + of.product for of in halves]
        self.cells, bought = _totals(keys, [of.bought for of in halves], groups * self.products)
        of_group, product = np.divmod(self.cells, self.products)
        self.known = [
            _Cells(came[of_group], own.astype(np.float32), inverse[parent_of[of_group], product])
            for came, own, inverse in zip(self.came, bought, parent, strict=True)
        ]
        self.filled = [np.flatnonzero(own) for own in bought]
        self.foreseen, self.own = [], []
        for half in (0, 1):
            other = self.filled[1 - half]
            self.foreseen.append((self.known[half].at(other), self.known[1 - half].bought[other]))
            own = self.filled[half]
            self.own.append((self.known[half].at(own), self.came[1 - half][of_group[own]]))

    def inverse(self, weight: float) -> list[NDArray[np.float32]]:
        """(G, P) visits per purchase, of each half."""
        w = np.float32(weight)
        found = []
        for came, parent, filled, (own, _) in zip(self.came, self.parent, self.filled, self.own, strict=True):
            incidence = parent[self.parent_of]
            incidence *= w
            incidence += came[:, None]
            np.divide(w, incidence, out=incidence)
            incidence.reshape(-1)[self.cells[filled]] = (own.bought + w) / own.rate(w)
            found.append(np.reciprocal(incidence, out=incidence))
        return found

    def likelihood(self, weight: float) -> float:
        """Poisson log-likelihood in nats of each half given the other, without the terms that no model changes."""
        w = np.float32(weight)
        value = 0.0
        for half in (0, 1):
            cells, theirs = self.foreseen[half]
            value += _sum(theirs * np.log((cells.bought + w) / cells.rate(w)))
            # The sum over the catalogue: the purchases where there are some, and the weight everywhere.
            own, came = self.own[half]
            value -= _sum(came * (own.bought / own.rate(w)))
            value -= self._catalogue(half, w)
        return value

    def _catalogue(self, half: int, weight: np.float32) -> float:
        """What the weight alone lets expect, summed over all products and the visits of the other half."""
        value, visits, other = 0.0, self.came[half] / weight, self.came[1 - half]
        groups = np.flatnonzero(other)
        size = max(1, CACHED // self.products)
        for at in range(0, len(groups), size):
            some = groups[at : at + size]
            share = self.parent[half][self.parent_of[some]]
            share += visits[some, None]
            value += _sum(other[some] * np.reciprocal(share, out=share).sum(axis=1, dtype=np.float64))
        return value


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
    """In double precision: rounding in single precision differs between processors, and could choose a weight."""
    return float(terms.sum(dtype=np.float64))


def fit_pooling(baskets: Baskets, shape: Sequence[int], tiers: Sequence[int] | None = None) -> Pooling:
    """Chooses the order of the tiers and the weight of each level from the purchases themselves.

    Tiers are added one at a time, always the one that raises the likelihood most, until none does; the last level is
    the single state in any case (its weight is large where states tell nothing more).

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
    known: dict[int, float] = {}

    def best(candidates: Sequence[int]) -> int:
        for at in candidates:
            if 0 <= at <= STEPS and at not in known:
                known[at] = value(WEIGHTS[at])
        return max(known, key=known.__getitem__)

    at = best(range(0, STEPS + 1, 8))
    for distance in (4, 2, 1):
        at = best((at - distance, at + distance))
    return WEIGHTS[at], known[at]
