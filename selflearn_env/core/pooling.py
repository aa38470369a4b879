"""Purchase incidence per visit, pooled along nested groups of the state's tiers.

The incidence of a product in a state is the expected number of purchases of it per visit. Few states have enough visits
to tell it alone, so each group of states is shrunk to the larger group around it:

    incidence_l = (purchases_l + weight_l) / (visits_l + weight_l / incidence_{l-1})

from one rate for all products, over all visits together, down to the single state. Given the level above, this is the
posterior mean of a Gamma-Poisson model whose prior has mean incidence_{l-1} and is worth weight_l purchases (Gelman et
al., Bayesian Data Analysis, 3rd ed., section 2.6): a product's incidence in a group is that of the group around it
times a factor with standard deviation 1 / sqrt(weight_l), the same for rare and for popular products. The level above
is plugged in as it stands, though the same purchases made it; so the weights are not derived but measured. Which tier
splits the groups next, and its weight (on a grid of steps of sqrt 2), are chosen one level after the other by how well
the purchases of one half of the customers foresee those of the other half, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_WEIGHT, MAX_WEIGHT = 2.0**-2, 2.0**14  # in purchases; at the upper end a level repeats its parent
COARSE = 4.0  # factor between neighbouring weights of the first search; sqrt 2 in the second
ROWS = 32  # groups worked on at once: few enough to stay in the cache
TINY = 1e-12  # least incidence, in purchases per visit


@dataclass(frozen=True, eq=False)
class Baskets:
    """What was bought in which state: the purchases of a group of customers.

    Attributes:
        visit_state: (V,) state index of each visit.
        visit_customer: (V,) number of the customer, 0, 1, ...
        item_visit: (N,) the visit of each bought product; a product counts once per visit.
        item_product: (N,) product index.
        states: number of states, S.
        products: size of the catalogue, P.
    """

    visit_state: NDArray[np.int64]
    visit_customer: NDArray[np.int64]
    item_visit: NDArray[np.int64]
    item_product: NDArray[np.int64]
    states: int
    products: int

    def of(self, chosen: NDArray[np.bool_]) -> Baskets:
        """The baskets of the visits chosen (V,)."""
        number = np.cumsum(chosen) - 1
        items = chosen[self.item_visit]
        return Baskets(
            self.visit_state[chosen],
            self.visit_customer[chosen],
            number[self.item_visit[items]],
            self.item_product[items],
            self.states,
            self.products,
        )

    def visits(self) -> NDArray[np.int64]:
        """(S,) visits of each state."""
        return np.bincount(self.visit_state, minlength=self.states)

    def purchases(self) -> NDArray[np.int32]:
        """(S, P) visits of each state in which each product was bought."""
        cell = self.visit_state[self.item_visit] * self.products + self.item_product
        counts = np.bincount(cell, minlength=self.states * self.products)
        return counts.astype(np.int32).reshape(self.states, self.products)


@dataclass(frozen=True)
class Level:
    """One step of the pooling.

    Attributes:
        tiers: positions of the tiers that define the groups, in the order in which they were chosen.
        weight: how many purchases of each product the group around is worth.
        gain: what the step adds to the log-likelihood of the other half of the customers, in nats per visit.
    """

    tiers: tuple[int, ...]
    weight: float
    gain: float


@dataclass(frozen=True)
class Pooling:
    """The chosen levels, from all visits together (no tiers) to the single state (all tiers)."""

    levels: tuple[Level, ...]

    @property
    def gain(self) -> float:
        """What all levels together add to the log-likelihood, in nats per visit."""
        return sum(level.gain for level in self.levels)

    def mean(self, visits: NDArray, purchases: NDArray, shape: Sequence[int]) -> NDArray[np.float64]:
        """(S, P) pooled incidence, in purchases per visit.

        Args:
            visits: (S,) visits of each state.
            purchases: (S, P) visits in which the product was bought.
            shape: number of labels of each tier.
        """
        return self._posterior(visits, purchases, shape, lambda shape_parameter: shape_parameter, 1.0)

    def draw(
        self,
        visits: NDArray,
        purchases: NDArray,
        shape: Sequence[int],
        rng: np.random.Generator,
        contrast: float = 1.0,
    ) -> NDArray[np.float64]:
        """(S, P) one draw from the posterior, from the top level down; other arguments as for `mean`.

        `contrast` divides the weights below all visits together: above 1, groups of states differ more from the group
        around them than the log supports.
        """
        return self._posterior(visits, purchases, shape, rng.standard_gamma, contrast)

    def _posterior(
        self,
        visits: NDArray,
        purchases: NDArray,
        shape: Sequence[int],
        gamma: Callable[[NDArray], NDArray],
        contrast: float,
    ) -> NDArray[np.float64]:
        """The incidence of each level is gamma(purchases + weight) / (visits + weight / parent)."""
        rate = purchases.sum() / max(visits.sum() * purchases.shape[1], 1)
        incidence = np.full((1, purchases.shape[1]), rate)
        parent_of = np.zeros(visits.size, dtype=np.int64)
        for level in self.levels:
            group, first = _groups(level.tiers, shape)
            weight = level.weight / contrast if level.tiers else level.weight
            rate = weight / np.maximum(incidence[parent_of[first]], TINY)
            rate += np.bincount(group, weights=visits)[:, None]
            incidence = gamma(sum_rows(purchases, group, first.size) + weight)
            incidence /= rate
            parent_of = group
        return incidence[parent_of]


def _groups(tiers: Sequence[int], shape: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The group of each state (S,), and one state of each group (G,)."""
    labels = np.indices(tuple(shape)).reshape(len(shape), -1)
    group = np.zeros(labels.shape[1], dtype=np.int64)
    for tier in tiers:
        group = group * shape[tier] + labels[tier]
    first = np.unique(group, return_index=True)[1]
    return group, first


def state_groups(tiers: Sequence[int], shape: Sequence[int]) -> NDArray[np.int64]:
    """(S,) the group of each state at a level with these tiers, numbered from 0."""
    return _groups(tiers, shape)[0]


def sum_rows(rows: NDArray, group: NDArray, groups: int) -> NDArray[np.float64]:
    """(groups, P) the sum of the rows (S, P) of each group (S,)."""
    total = np.zeros((groups, rows.shape[1]))
    for row, own in zip(rows, group, strict=True):
        total[own] += row
    return total


class _Step(NamedTuple):
    """A level under trial, with what each half of the customers says."""

    tiers: tuple[int, ...]
    weight: float
    likelihood: float
    group: NDArray[np.int64]  # (S,) of each state
    incidence: list[NDArray[np.float32]]  # (G, P) of each half


class _Halves:
    """The likelihood of each half of the customers given the other half, at any grouping of the states."""

    def __init__(self, baskets: Baskets, shape: Sequence[int]):
        self.shape, self.visits = shape, baskets.visit_state.size
        odd = baskets.visit_customer % 2 == 1
        if odd.all() or not odd.any():  # a single customer: the visits themselves are halved
            odd = np.arange(self.visits) % 2 == 1
        halves = [baskets.of(odd), baskets.of(~odd)]
        self.counts = [(half.visits(), half.purchases()) for half in halves]

    def one_rate(self) -> _Step:
        """All products have one rate."""
        incidence = []
        for visits, purchases in self.counts:
            rate = purchases.sum() / max(visits.sum() * purchases.shape[1], 1)
            incidence.append(np.full((1, purchases.shape[1]), max(rate, TINY), dtype=np.float32))
        everything = np.zeros(len(self.counts[0][0]), dtype=np.int64)
        trial = _Trial(everything, np.zeros(1, dtype=np.int64), incidence, self.counts)
        likelihood = trial.likelihood(MAX_WEIGHT**2) / self.visits  # at such a weight the parent repeats itself
        return _Step((), 0.0, likelihood, everything, incidence)

    def split(self, parent: _Step, tiers: tuple[int, ...]) -> _Step:
        """The groups of these tiers, shrunk to the parent by the weight of greatest likelihood."""
        group, first = _groups(tiers, self.shape)
        trial = _Trial(group, parent.group[first], parent.incidence, self.counts)
        weight, likelihood = _maximise(trial.likelihood)
        return _Step(tiers, weight, likelihood / self.visits, group, trial.incidence(weight))


class _Cells(NamedTuple):
    """Some pairs of group and product, as one half of the customers sees them."""

    came: NDArray[np.float32]  # visits of the group
    bought: NDArray[np.float32]  # purchases
    inverse: NDArray[np.float32]  # visits per purchase, as the level above has it
    of_other: NDArray[np.float32]  # purchases, or visits, of the other half

    def rate(self, weight: float) -> NDArray[np.float32]:
        """What the purchases and the weight are divided by."""
        return self.came + np.float32(weight) * self.inverse


class _Trial:
    """The groups of a level at any weight, for each half of the customers."""

    def __init__(
        self,
        group: NDArray[np.int64],
        parent_of: NDArray[np.int64],
        parent: list[NDArray[np.float32]],
        counts: list[tuple[NDArray, NDArray]],
    ):
        groups, products = len(parent_of), parent[0].shape[1]
        self.came = [np.bincount(group, weights=of, minlength=groups).astype(np.float32) for of, _ in counts]
        self.bought = [sum_rows(of, group, groups).astype(np.float32) for _, of in counts]
        self.inverse = [1.0 / incidence[parent_of] for incidence in parent]
        # Where the other half, or the half itself, bought something: few of all pairs.
        cells = [np.flatnonzero(bought) for bought in self.bought]
        self.foreseen = [self._cells(half, cells[1 - half], self.bought[1 - half].ravel()) for half in (0, 1)]
        self.own = [self._cells(half, cells[half], np.repeat(self.came[1 - half], products)) for half in (0, 1)]

    def _cells(self, half: int, cells: NDArray[np.int64], of_other: NDArray[np.float32]) -> _Cells:
        came = self.came[half][cells // self.bought[half].shape[1]]
        return _Cells(came, self.bought[half].ravel()[cells], self.inverse[half].ravel()[cells], of_other[cells])

    def incidence(self, weight: float) -> list[NDArray[np.float32]]:
        """(G, P) purchases per visit of each half."""
        w = np.float32(weight)
        return [
            np.divide(bought + w, came[:, None] + w * inverse, dtype=np.float32)
            for came, bought, inverse in zip(self.came, self.bought, self.inverse, strict=True)
        ]

    def likelihood(self, weight: float) -> float:
        """Poisson log-likelihood in nats of each half given the other, without the terms that no model changes."""
        w = np.float32(weight)
        value = 0.0
        for half in (0, 1):
            cells, own = self.foreseen[half], self.own[half]
            value += _sum(cells.of_other * np.log((cells.bought + w) / cells.rate(weight)))
            # The sum over the catalogue: the purchases where there are some, and the weight everywhere.
            value -= _sum(own.of_other * (own.bought / own.rate(weight)))
            visits, other = self.came[half] / w, self.came[1 - half]
            for at in range(0, len(other), ROWS):
                rows = slice(at, at + ROWS)
                if other[rows].any():
                    share = self.inverse[half][rows] + visits[rows, None]
                    value -= _sum(other[rows] * np.reciprocal(share, out=share).sum(axis=1, dtype=np.float64))
        return value


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
    """The weight of greatest value, and the value: a coarse geometric search, then a fine one around its best."""
    steps = int(np.log(MAX_WEIGHT / MIN_WEIGHT) / np.log(COARSE)) + 1
    known = {w: value(w) for w in (MIN_WEIGHT * COARSE ** np.arange(steps)).tolist()}
    centre = max(known, key=known.__getitem__)
    for exponent in (-3, -2, -1, 1, 2, 3):
        weight = float(np.clip(centre * 2.0 ** (exponent / 2), MIN_WEIGHT, MAX_WEIGHT))
        if weight not in known:
            known[weight] = value(weight)
    best = max(known, key=known.__getitem__)
    return best, known[best]
