"""Purchase incidence per visit, pooled along nested groups of the state's tiers.

The incidence of a product in a state is the expected number of purchases of it per visit. Few states have enough visits
to tell it alone, so each group of states is shrunk to the larger group around it:

    incidence_l = (purchases_l + weight_l * incidence_{l-1}) / (visits_l + weight_l)

from one rate for all products, over all visits together, down to the single state. This is the posterior mean of a
Gamma-Poisson model with prior mean incidence_{l-1} worth weight_l visits (Gelman et al., Bayesian Data Analysis, 3rd
ed., section 2.6). Which tier splits the groups next, and its weight (on a grid of steps of sqrt 2), are chosen one
level after the other by the likelihood of each visit's purchases given all other visits (leave one out).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_WEIGHT, MAX_WEIGHT = 1.0, 2.0**17  # in visits; at the upper end a level repeats its parent
COARSE, FINE = 4.0, 2.0**0.5  # factors between neighbouring weights of the two searches


@dataclass(frozen=True, eq=False)
class Baskets:
    """What was bought in which state: the purchases of a group of customers.

    Attributes:
        visit_state: (V,) state index of each visit.
        item_visit: (N,) the visit of each bought product; a product counts once per visit.
        item_product: (N,) product index.
        states: number of states, S.
        products: size of the catalogue, P.
    """

    visit_state: NDArray[np.int64]
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
        weight: how many visits the group around is worth.
        gain: what the step adds to the log-likelihood of a left-out visit, in nats per visit.
    """

    tiers: tuple[int, ...]
    weight: float
    gain: float


@dataclass(frozen=True)
class Pooling:
    """The chosen levels, from all visits together (no tiers) to the single state (all tiers)."""

    levels: tuple[Level, ...]

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

        `contrast` divides the weights: above 1 groups differ more from the group around them than the log supports.
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
        """The incidence of each level is gamma(purchases + weight * parent) / (visits + weight)."""
        rate = purchases.sum() / max(visits.sum() * purchases.shape[1], 1)
        incidence = np.full((1, purchases.shape[1]), rate)
        parent_of = np.zeros(visits.size, dtype=np.int64)
        for level in self.levels:
            group, first = _groups(level.tiers, shape)
            evidence = incidence[parent_of[first]]
            weight = level.weight / contrast
            evidence *= weight
            evidence += sum_rows(purchases, group, first.size)
            incidence = gamma(evidence)
            incidence /= (np.bincount(group, weights=visits) + weight)[:, None]
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


def sum_rows(rows: NDArray, group: NDArray, groups: int) -> NDArray[np.float64]:
    """(groups, P) the sum of the rows (S, P) of each group (S,)."""
    total = np.zeros((groups, rows.shape[1]))
    for row, own in zip(rows, group, strict=True):
        total[own] += row
    return total


class _Step(NamedTuple):
    """A level under trial, with what it says of each left-out visit."""

    tiers: tuple[int, ...]
    weight: float
    likelihood: float
    incidence: NDArray[np.float32]  # (N,) of each bought product
    total: NDArray[np.float64]  # (V,) summed over the catalogue, of each visit


class _LeftOut:
    """The likelihood of each visit given all others, at any grouping of the states."""

    def __init__(self, baskets: Baskets, shape: Sequence[int]):
        self.visit, self.product, self.products = baskets.item_visit, baskets.item_product, baskets.products
        self.state, self.shape = baskets.visit_state, shape
        self.items = np.bincount(self.visit, minlength=self.state.size)

    def one_rate(self) -> _Step:
        """All products have one rate."""
        others = max(self.state.size - 1, 1)
        total = np.maximum((self.items.sum() - self.items) / others, 1e-9)  # a lone visit: nobody else bought anything
        incidence = (total / self.products)[self.visit].astype(np.float32)
        return _Step((), 0.0, self._likelihood(incidence, total), incidence, total)

    def split(self, parent: _Step, tiers: tuple[int, ...]) -> _Step:
        """The groups of these tiers, shrunk to the parent by the weight of greatest likelihood."""
        group, first = _groups(tiers, self.shape)
        own = group[self.state]
        cell = own[self.visit] * self.products + self.product
        k = (np.bincount(cell)[cell] - 1).astype(np.float32)
        n = np.bincount(own, minlength=first.size)[own] - 1
        items = np.bincount(own, weights=self.items, minlength=first.size)[own] - self.items
        entry_n = n[self.visit].astype(np.float32)

        def pooled(weight: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
            w = np.float32(weight)
            return (k + w * parent.incidence) / (entry_n + w), (items + weight * parent.total) / (n + weight)

        weight = _maximise(lambda w: self._likelihood(*pooled(w)))
        incidence, total = pooled(weight)
        return _Step(tiers, weight, self._likelihood(incidence, total), incidence, total)

    def _likelihood(self, incidence: NDArray[np.float32], total: NDArray[np.float64]) -> float:
        """Poisson log-likelihood in nats per visit, without the terms that no model changes."""
        return float(np.log(incidence).sum(dtype=np.float64) - total.sum()) / self.state.size


def fit_pooling(baskets: Baskets, shape: Sequence[int]) -> Pooling:
    """Chooses the order of the tiers and the weight of each level from the purchases themselves.

    Tiers are added one at a time, always the one that raises the likelihood of left-out visits most, until none does;
    the last level is the single state in any case (its weight is large where states tell nothing more).

    Args:
        baskets: the purchases to fit.
        shape: number of labels of each tier; their product is the number of states.
    """
    data = _LeftOut(baskets, shape)
    one_rate = data.one_rate()
    steps = [one_rate, data.split(one_rate, ())]
    while len(steps[-1].tiers) < len(shape):
        last = steps[-1]
        left = [tier for tier in range(len(shape)) if tier not in last.tiers]
        best = max((data.split(last, (*last.tiers, tier)) for tier in left), key=lambda step: step.likelihood)
        if best.likelihood <= last.likelihood:
            best = data.split(last, (*last.tiers, *left))
        steps.append(best)
    return Pooling(
        tuple(Level(step.tiers, step.weight, step.likelihood - before.likelihood) for before, step in pairwise(steps))
    )


def _maximise(value: Callable[[float], float]) -> float:
    """The weight of greatest value: a coarse geometric search, then a fine one around its best."""
    steps = int(np.log(MAX_WEIGHT / MIN_WEIGHT) / np.log(COARSE)) + 1
    known = {w: value(w) for w in MIN_WEIGHT * COARSE ** np.arange(steps)}
    centre = max(known, key=known.__getitem__)
    for exponent in (-3, -2, -1, 1, 2, 3):
        weight = float(np.clip(centre * FINE**exponent, MIN_WEIGHT, MAX_WEIGHT))
        known.setdefault(weight, value(weight))
    return float(max(known, key=known.__getitem__))
