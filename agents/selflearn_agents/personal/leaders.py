"""Which products may be among the best for a customer, so that not all of a catalogue need be looked at."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.hierarchical.model import Model
from selflearn_env.core.compiling import Loop
from selflearn_env.core.ranking import top
from selflearn_env.declared import Declared, flags, indexes, numbers, real, whole

AHEAD, SOON = 4.0, 1_000.0  # ceilings hold for so many times the visits of a state, and for at least so many
ROOM = 1.05  # by which beliefs about a product that was shown may rise before its ceiling no longer holds
LISTED = 512  # products of each list
RISEN = 128  # products of a block that have risen above their ceilings before its lists are made anew


class Leaders:
    """For each block and each factor of the taste, the products of greatest ceiling * factor.

    There is one more list, for what a new person wants of each product: many differ little from it.

    The ceiling of a product is at least what `decide` makes of it for a usual person in any state of the block. What a
    person wants is a sum over the factors, each with a weight of its own, so that the weighted sum of the places up to
    which the lists have been read bounds all products that no list has shown yet: the threshold algorithm of Fagin,
    Lotem and Naor (2003). Products that have risen above their ceilings since are looked at in every visit.

    Attributes:
        factors: (P, F) K of the topics, that of the usual person, and that of a new person.
        new_person: (K,) weights of the topics in the last.
        order: (M, F, L) products of each list, and `bound`, (M, F, L), their ceiling * factor.
        ceiling: (M, P) infinite for those that have risen.
        risen: (M, RISEN) these products, and `count`, (M,) how many they are.
        stale: (M,) whether a block's lists must be made anew.
        bonus: standard deviations that the ceilings allow for.
        reach: visits of a state up to which they do; `refit`, when the model's beliefs will all change.
    """

    declared: ClassVar[Declared] = {
        "bonus": real(0.0),
        "reach": real(-1.0),
        "refit": whole(),
        "new_person": numbers("topics", least=0.0, most=1.0 + 1e-9),
        "factors": numbers("products", "topics + 2", least=0.0),
        "order": indexes("products", "blocks", "topics + 2", "leaders listed", dtype=np.int32),
        "bound": numbers("blocks", "topics + 2", "leaders listed", dtype=np.float32, least=0.0, infinite=True),
        "ceiling": numbers("blocks", "products", dtype=np.float32, least=0.0, infinite=True),
        "risen": indexes("products", "blocks", RISEN, dtype=np.int32),
        "count": indexes(RISEN + 1, "blocks"),
        "stale": flags("blocks"),
    }

    def __init__(self, blocks: int, factors: NDArray[np.float64], alpha: NDArray[np.float64]):
        """All lists are yet to be made; factors (P, K + 1) and alpha (K,) of new persons are those of `Household`."""
        self.new_person = alpha / alpha.sum()
        self.factors = np.column_stack([factors, factors[:, :-1] @ self.new_person])
        products, lists = self.factors.shape
        listed = min(LISTED, products)
        self.order = np.zeros((blocks, lists, listed), dtype=np.int32)
        self.bound = np.zeros((blocks, lists, listed), dtype=np.float32)
        self.ceiling = np.zeros((blocks, products), dtype=np.float32)
        self.risen, self.count = np.zeros((blocks, RISEN), dtype=np.int32), np.zeros(blocks, dtype=np.int64)
        self.stale = np.ones(blocks, dtype=np.bool_)
        self.bonus, self.reach, self.refit = 0.0, -1.0, 0

    def check_kept(self) -> None:
        """Sees that lists that hold have each product once, and are as long as they should be.

        Raises:
            ValueError: it is not so.
        """
        if self.order.shape[2] != min(LISTED, len(self.factors)):
            raise ValueError("has lists of another length")
        if (np.diff(np.sort(self.order[~self.stale], axis=2), axis=2) == 0).any():
            raise ValueError("lists a product twice")

    def forget(self) -> None:
        """All lists must be made anew: something has changed in all products."""
        self.stale[:] = True

    def see_to(self, model: Model, optimism: float, states: NDArray[np.int64]) -> None:
        """Makes lists anew where they no longer hold, of the blocks of these states."""
        visits = 1.0 + model.visit_count.max()
        if visits > self.reach:
            self.reach = max(AHEAD * visits, SOON)
            self.bonus = optimism * math.sqrt(math.log1p(self.reach))
            self.forget()
        if model.next_refit != self.refit:
            self.refit = model.next_refit
            self.forget()
        if self.stale.any():
            blocks = np.unique(model.block[states])
            for block in blocks[self.stale[blocks]].tolist():
                self._list(model, block)

    def note(self, model: Model, states: NDArray[np.int64], slates: NDArray[np.int64]) -> None:
        """Notes which products of slates (B, n) have risen above their ceilings."""
        note(
            states, slates, model.block, model.row, model.mean, model.variance, self.bonus, self.ceiling, self.risen,
            self.count, self.stale,
        )  # fmt: skip

    def _list(self, model: Model, block: int) -> None:
        score = model.prior_mean[model.members[block]].max(axis=0).astype(np.float64)
        score += self.bonus * np.sqrt(model.common_variance[block] + model.added_variance)
        shown = np.flatnonzero(model.row[block] >= 0)
        rows = model.row[block, shown]
        score[shown] = (model.mean[rows] + self.bonus * np.sqrt(model.variance[rows])).max(axis=1) + math.log(ROOM)
        ceiling = np.exp(np.minimum(score, 0.0)) * (1 + 1e-6)  # for what is lost by float32
        listed = self.order.shape[2]
        for factor, of in enumerate(self.factors.T):
            most = ceiling * of
            best = top(most[None], listed)[0]
            self.order[block, factor], self.bound[block, factor] = best, most[best] * (1 + 1e-6)
        self.ceiling[block], self.count[block], self.stale[block] = ceiling * (1 + 1e-6), 0, False


@Loop
def note(  # type: ignore[no-untyped-def]
    states, slates, block, row, mean, variance, bonus, ceiling, risen, count, stale
):
    """Lists the products of slates (B, n) that have risen above their ceilings; see `Leaders`."""
    for v in range(len(states)):
        home = block[states[v]]
        for p in slates[v]:
            if stale[home] or ceiling[home, p] == np.inf:
                continue
            belief, score = row[home, p], -np.inf
            for place in range(mean.shape[1]):
                spread = math.sqrt(np.float64(variance[belief, place]))
                score = max(score, np.float64(mean[belief, place]) + bonus * spread)
            if math.exp(min(score, 0.0)) > np.float64(ceiling[home, p]):
                if count[home] == risen.shape[1]:
                    stale[home] = True
                else:
                    risen[home, count[home]], ceiling[home, p] = p, np.inf
                    count[home] += 1
