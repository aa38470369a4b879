"""Upper confidence bounds for customers who do not look at every slot (click models in Chuklin et al. 2015)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.ucb import UCBAgent
from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.slates import repeats
from selflearn_env.declared import Declared, numbers
from selflearn_env.shop.history import History

SLOT_WEIGHT = 20.0  # expected rewards, scaled, that the belief in equal slots is worth
ABOVE = 4  # what may have happened above a slot: nothing, clicks alone, one purchase, more
ROUNDS = 5  # of the fit
FIRST = 4  # the first visit of a state whose slate is shuffled


class CascadeUCBAgent(UCBAgent):
    """`ucb` that also learns how much each slot is looked at, and counts showings by it.

    With "kl" of `ucb`, but N of a product is the sum, over its showings in the state, of

        e(above, k) = a(above) s(k)

    how often slot k is looked at where there was no response above it, clicks alone, one purchase, or more, relative to
    the average slot with no response above: a(none) = 1, and s has mean 1. So a product is not blamed for what stands
    far down, or below a purchase after which customers leave. With e known and one number per slot, the means are those
    of PBM-UCB (Lagree, Vernade and Cappe 2016); with e = 1 down to the first response and 0 below, those of
    CascadeKL-UCB (Kveton et al. 2015). Which customers come is not known here.

    Learning e: where slates are in order, what is good stands above, and slots and products mix. In the
    visits 4, 8, 16, 32, ... of a state (the first is 0) the slate is therefore shown in random order (RandTopN of Wang
    et al. 2018); their number grows with the logarithm of the visits. From these alone, with Z the sum of scaled
    rewards in a case (above, k), M that of the means of the products shown, x = sum of Z / sum of M, c = SLOT_WEIGHT,
    a few rounds from a = 1 on:

        s(k) = (c x + sum over above of Z) / (c + sum of a M);   a(above) = (c + sum over k of Z) / (c + sum of s M)

    and s is divided by its mean in the end.

    Slate: the products of greatest index, best first. Update and cost as for `ucb`, and O(n) for e; the visits of one
    batch are learned from together, e first.

    Known limits: states where more is bought than foreseen look, after a response, as if it were the response; and
    where buyers leave, the best order would be another (`cascade` customers, best last), which is not tried.
    """

    sure = False  # where it shuffles

    declared: ClassVar[Declared] = {
        "_seen": numbers(ABOVE, "slate_size", least=0.0),
        "_due": numbers(ABOVE, "slate_size", least=0.0),
        "_looked": numbers(ABOVE, "slate_size", least=0.0),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        scale: float = 1.0,
        prior_weight: float = 50.0,
    ):
        """Starts from the history, and with slots that are all looked at.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: shuffles slates, and breaks ties.
            scale: of the bonus, as for `ucb`.
            prior_weight: how many showings the prior counts for, as for `ucb`.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        super().__init__(history, slate_size, rng, scale=scale, prior_weight=prior_weight)
        self._seen, self._due = np.zeros((ABOVE, self.slate_size)), np.zeros((ABOVE, self.slate_size))  # Z and M
        self._looked = np.ones((ABOVE, self.slate_size))  # e

    def _act(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the eligible products of greatest index, in order or shuffled."""
        slates = super()._act(states, eligible)
        shuffled = self._shuffles(states)
        if shuffled.any():
            slates[shuffled] = self.rng.permuted(slates[shuffled], axis=1)
        return slates

    def _shuffles(self, states: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B,) whether the next visit of the state sees its slate in random order."""
        visits = self._visits.take(states)
        return ((visits & (visits - 1)) == 0) & (visits >= FIRST)

    def _showings(
        self, states: NDArray[np.int64], columns: NDArray[np.int64], responses: NDArray, scaled: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(B, k) how much the slots were looked at; learns it first where the order was random."""
        showings = np.empty(scaled.shape)
        look(
            states, columns, responses.astype(np.int64), scaled, self._shuffles(states), self._mean, self._seen,
            self._due, self._looked, showings,
        )  # fmt: skip
        return showings

    def _propensity(
        self, states: NDArray, slates: NDArray, eligible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """(B, k) as for `ucb`; where the slate is shuffled, 1 / products of it that are left."""
        best = super()._act(states, eligible)
        left = 1.0 / np.arange(self.slate_size, self.slate_size - slates.shape[1], -1)
        fits = (slates[:, :, None] == best[:, None, :]).any(axis=2)
        again = repeats(slates)
        if again is not None:
            fits &= ~again
        fits = np.logical_and.accumulate(fits, axis=1)
        return np.where(self._shuffles(states)[:, None], fits * left, self._certain(best, slates))

    def _marginals(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """(B, n, P) as for `ucb`; where the slate is shuffled, each slot shows each of its products alike."""
        marginals = self._one_hot(super()._act(states, eligible))
        shuffled = self._shuffles(states)
        marginals[shuffled] = marginals[shuffled].mean(axis=1, keepdims=True)
        return marginals


@Loop
def look(
    states: NDArray, columns: NDArray, responses: NDArray, scaled: NDArray, shuffled: NDArray, mean: NDArray,
    seen: NDArray, due: NDArray, looked: NDArray, showings: NDArray,
) -> None:  # fmt: skip
    """Learns e (4, n) from the shuffled visits, and writes the e of each slot into showings (B, k)."""
    any_shuffled = False
    for visit in range(states.size):
        if shuffled[visit]:
            any_shuffled, clicks, purchases = True, 0, 0
            for slot in range(columns.shape[1]):
                above = case(clicks, purchases)
                seen[above, slot] += scaled[visit, slot]
                due[above, slot] += mean[states[visit], columns[visit, slot]]
                clicks += responses[visit, slot] == CLICKED
                purchases += responses[visit, slot] == BOUGHT
    if any_shuffled:
        believe(seen, due, looked)
    for visit in range(states.size):
        clicks, purchases = 0, 0
        for slot in range(columns.shape[1]):
            showings[visit, slot] = looked[case(clicks, purchases), slot]
            clicks += responses[visit, slot] == CLICKED
            purchases += responses[visit, slot] == BOUGHT


@Loop
def case(clicks: int, purchases: int) -> int:
    """What has happened above a slot, as `ABOVE` numbers it."""
    if purchases > 0:
        return 1 + min(purchases, 2)
    return min(clicks, 1)


@Loop
def believe(seen: NDArray, due: NDArray, looked: NDArray) -> None:
    """Writes e (4, n), given Z and M (4, n)."""
    size = seen.shape[1]
    all_due = due.sum()
    level = seen.sum() / all_due if all_due > 0.0 else 1.0
    after, slots = np.ones(ABOVE), np.empty(size)
    for _ in range(ROUNDS):
        for slot in range(size):
            over, under = SLOT_WEIGHT * level, SLOT_WEIGHT
            for above in range(ABOVE):
                over += seen[above, slot]
                under += after[above] * due[above, slot]
            slots[slot] = over / under
        for above in range(1, ABOVE):
            over, under = SLOT_WEIGHT, SLOT_WEIGHT
            for slot in range(size):
                over += seen[above, slot]
                under += slots[slot] * due[above, slot]
            after[above] = over / under
    mean = slots.sum() / size
    for above in range(ABOVE):
        for slot in range(size):
            looked[above, slot] = after[above] * slots[slot] / mean if mean > 0.0 else 1.0
