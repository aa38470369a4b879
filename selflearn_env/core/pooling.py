"""Purchase incidence per visit, pooled along nested groups of the state's tiers.

The incidence of a product in a state is the expected number of purchases of it per visit. Few states have enough visits
to estimate it in each alone, so each group of states is shrunk to the larger group around it:

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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from selflearn_env.core.tables import Table, sum_rows

TINY = 1e-12  # least incidence, in purchases per visit
CELLS = 2**17  # worked on at once: few enough to stay in the cache
CAUTIONS = tuple((2.0 ** (np.arange(13) / 2)).tolist())  # the variance of a draw is divided by the first that will do

Gamma = Callable[[NDArray], NDArray]  # draws with these means


def gamma_of(rng: np.random.Generator, caution: float) -> Gamma:
    """Draws with given means and 1 / caution of the variance that a Gamma variable with this mean as shape has."""
    return lambda mean: rng.standard_gamma(caution * mean) / caution


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

    def mean(self, visits: NDArray, purchases: Table, shape: Sequence[int]) -> NDArray[np.float64]:
        """(S, P) pooled incidence, in purchases per visit.

        Args:
            visits: (S,) visits of each state.
            purchases: (S, P) visits in which the product was bought.
            shape: number of labels of each tier.
        """
        if not self.levels:
            return np.full(purchases.shape, one_rate(visits, purchases))
        return self.posterior(visits, purchases, shape).table(np.float64)

    def draw(
        self,
        visits: NDArray,
        purchases: Table,
        shape: Sequence[int],
        rng: np.random.Generator,
        contrast: float = 1.0,
        dtype: DTypeLike = np.float64,
        caution: float = 1.0,
    ) -> NDArray:
        """(S, P) one draw from the posterior, from the top level down; other arguments as for `mean`.

        `contrast` divides the weights below all visits together: above 1, groups of states differ more from the group
        around them than the log supports. `caution` divides the variance of the draw.
        """
        return self.posterior(visits, purchases, shape, gamma_of(rng, caution), contrast).table(dtype)

    def world(
        self,
        visits: NDArray,
        purchases: Table,
        shape: Sequence[int],
        generator: Callable[[], np.random.Generator],
        dtype: DTypeLike = np.float64,
    ) -> NDArray:
        """(S, P) one plausible world: the draw of the least caution that loses no more than the tiers gain.

        A plain draw, of caution 1, is as far from the expectation as the truth is. In a thin log that is farther than
        the tiers are worth, and such a world foresees the log's own customers worse than plain popularity does. What a
        draw loses is its divergence from the expectation; what the tiers gain is measured on the other half of the
        customers.

        Args:
            visits: (S,) visits of each state.
            purchases: (S, P) visits in which the product was bought.
            shape: number of labels of each tier.
            generator: gives the generator of each draw that is tried.
            dtype: of the table.
        """
        gain = sum(level.gain for level in self.levels[1:])
        for caution in CAUTIONS:
            drawn = self.draw(visits, purchases, shape, generator(), dtype=dtype, caution=caution)
            # The expectation is made anew each time: in a large catalogue both it and a draw fill a gigabyte.
            if self.posterior(visits, purchases, shape).divergence(drawn, visits) <= gain:
                break
        return drawn

    def posterior(
        self,
        visits: NDArray,
        purchases: Table,
        shape: Sequence[int],
        gamma: Gamma | None = None,
        contrast: float = 1.0,
    ) -> Posterior:
        """The last of the levels, of which there is at least one; `gamma` as for `Posterior`, the others for `draw`."""
        parent = np.full((1, purchases.shape[1]), one_rate(visits, purchases))
        parent_of = np.zeros(visits.size, dtype=np.int64)
        for level in self.levels:
            group, first = groups_of(level.tiers, shape)
            weight = level.weight / contrast if level.tiers else level.weight
            visit_count = np.bincount(group, weights=visits).astype(np.float64)
            last = Posterior(purchases, group, visit_count, parent, parent_of[first], weight, gamma)
            if level is not self.levels[-1]:
                parent, parent_of = last.incidence(), group
        return last


@dataclass(frozen=True, eq=False)
class Posterior:
    """The incidence in the groups of a level: gamma(purchases + weight) / (visits + weight / parent).

    Attributes:
        purchases: (S, P) of the states.
        group: (S,) of the states.
        visit_count: (G,) visits of each group.
        parent: incidence in the groups of the level above.
        parent_of: (G,) which of them is around each group.
        weight: how many purchases of each product the parent is worth.
        gamma: draws with these means, or None for the means themselves.
    """

    purchases: Table
    group: NDArray[np.int64]
    visit_count: NDArray[np.float64]
    parent: NDArray[np.float64]
    parent_of: NDArray[np.int64]
    weight: float
    gamma: Gamma | None

    @property
    def groups(self) -> int:
        """Number of groups, G."""
        return len(self.parent_of)

    def rows(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) incidence in some states, in purchases per visit."""
        groups, place = np.unique(self.group[states], return_inverse=True)
        return self._incidence(groups)[place]

    def table(self, dtype: DTypeLike) -> NDArray:
        """(S, P) incidence in all states."""
        table = np.empty(self.purchases.shape, dtype=dtype)
        for groups, incidence in self._blocks():
            states = np.flatnonzero((self.group >= groups[0]) & (self.group <= groups[-1]))
            table[states] = incidence[self.group[states] - groups[0]]
        return table

    def incidence(self) -> NDArray[np.float64]:
        """(G, P) incidence in all groups."""
        table = np.empty((len(self.visit_count), self.purchases.shape[1]))
        for groups, incidence in self._blocks():
            table[groups] = incidence
        return table

    def divergence(self, other: NDArray, visits: NDArray) -> float:
        """What it costs to foresee with other incidence (S, P) where this one is true, in nats per visit.

        The visits (S,) of the states weigh them. Poisson: sum over the products of m log(m / d) - m + d.
        """
        lost, present = 0.0, np.flatnonzero(visits)
        size = max(1, CELLS // self.purchases.shape[1])
        for at in range(0, present.size, size):
            states = present[at : at + size]
            mean = np.maximum(self.rows(states), TINY)
            drawn = np.maximum(other[states].astype(np.float64), TINY)
            own = np.log(mean / drawn)
            own *= mean
            own += drawn
            own -= mean
            lost += float(visits[states] @ own.sum(axis=1))
        return lost / float(visits.sum())

    def _blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Some neighbouring groups at a time, and their incidence."""
        size = max(1, CELLS // self.purchases.shape[1])
        for at in range(0, len(self.visit_count), size):
            groups = np.arange(at, min(at + size, len(self.visit_count)))
            yield groups, self._incidence(groups)

    def _incidence(self, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """(len(groups), P) incidence in some groups, each given once."""
        place = np.full(len(self.visit_count), -1)
        place[groups] = np.arange(len(groups))
        incidence = sum_rows(self.purchases, place[self.group], len(groups))
        incidence += self.weight
        if self.gamma is not None:
            incidence = self.gamma(incidence)
        rate = self.weight / np.maximum(self.parent[self.parent_of[groups]], TINY)
        rate += self.visit_count[groups, None]
        incidence /= rate
        return incidence


def one_rate(visits: NDArray, purchases: Table) -> float:
    """Purchases per visit and product."""
    bought = sum_rows(purchases, np.zeros(visits.size, dtype=np.int64), 1).sum()
    return float(bought / max(visits.sum() * purchases.shape[1], 1))


def groups_of(tiers: Sequence[int], shape: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The group of each state (S,), and one state of each group (G,)."""
    labels = np.indices(tuple(shape)).reshape(len(shape), -1)
    group = np.zeros(labels.shape[1], dtype=np.int64)
    for tier in tiers:
        group = group * shape[tier] + labels[tier]
    first = np.unique(group, return_index=True)[1]
    return group, first
