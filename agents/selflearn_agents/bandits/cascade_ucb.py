"""Upper confidence bounds for customers who do not look at every slot (click models in Chuklin et al. 2015)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.ucb import UCBAgent
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.slates import repeats
from selflearn_env.shop.history import History

SLOT_WEIGHT = 20.0  # expected rewards, scaled, that the belief in equal slots is worth
ABOVE = 4  # what may have happened above a slot: nothing, clicks alone, one purchase, more
ROUNDS = 5  # of the fit
FIRST = 4  # the first visit of a state whose slate is shuffled


class CascadeUCBAgent(UCBAgent):
    """`ucb` whose showings count for as much as they were looked at, which it learns.

    With "kl" of `ucb`, but N of a product is the sum, over its showings in the state, of

        e(above, k) = a(above) s(k)

    how often slot k is looked at where there was no response above it, clicks alone, one purchase, or more, relative to
    the average slot with no response above: a(none) = 1, and s has mean 1. So a product is not blamed for what stands
    far down, or below a purchase after which customers leave. With e known and one number per slot, the means are those
    of PBM-UCB (Lagree, Vernade and Cappe 2016); with e = 1 down to the first response and 0 below, those of
    CascadeKL-UCB (Kveton et al. 2015). Which customers come is not known here.

    Learning e: where slates are in order, what is good stands above, and slots cannot be told from products. In the
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

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the products of greatest index, in order or shuffled."""
        slates = super()._act(states)
        shuffled = self._shuffles(states)
        if shuffled.any():
            slates[shuffled] = self.rng.permuted(slates[shuffled], axis=1)
        return slates

    def _shuffles(self, states: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B,) whether the next visit of the state sees its slate in random order."""
        visits = self._visits.take(states)
        return ((visits & (visits - 1)) == 0) & (visits >= FIRST)

    def _showings(
        self,
        states: NDArray[np.int64],
        cells: NDArray[np.int64],
        responses: NDArray,
        scaled: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """(B, n) how much the slots were looked at; learns it first where the order was random."""
        case = self._case(responses)
        shuffled = self._shuffles(states)
        if shuffled.any():
            some = case[shuffled].ravel()
            np.add.at(self._seen.reshape(-1), some, scaled[shuffled].ravel())
            means = self._mean.take(cells[shuffled])
            np.add.at(self._due.reshape(-1), some, means.ravel())
            self._looked = self._belief()
        return self._looked.take(case)

    def _case(self, responses: NDArray) -> NDArray[np.int64]:
        """(B, n) where each slot is found in a flat table: above * n + slot; above as ABOVE has it."""
        bought, clicked = responses == BOUGHT, responses == CLICKED
        purchases = bought.cumsum(axis=1) - bought
        clicks = clicked.cumsum(axis=1) - clicked
        above = np.where(purchases > 0, 1 + np.minimum(purchases, 2), clicks > 0)
        return above * self.slate_size + np.arange(self.slate_size)

    def _belief(self) -> NDArray[np.float64]:
        """(4, n) e, from Z and M."""
        due = self._due.sum()
        level = self._seen.sum() / due if due else 1.0
        after = np.ones(ABOVE)
        for _ in range(ROUNDS):
            slots = (SLOT_WEIGHT * level + self._seen.sum(axis=0)) / (SLOT_WEIGHT + after @ self._due)
            after[1:] = ((SLOT_WEIGHT + self._seen.sum(axis=1)) / (SLOT_WEIGHT + self._due @ slots))[1:]
        mean = slots.mean()
        return after[:, None] * slots / mean if mean else np.ones_like(self._due)

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) as for `ucb`; where the slate is shuffled, 1 / products of it that are left."""
        best = super()._act(states)
        left = 1.0 / np.arange(self.slate_size, 0, -1)
        fits = (slates[:, :, None] == best[:, None, :]).any(axis=2)
        again = repeats(slates)
        if again is not None:
            fits &= ~again
        fits = np.logical_and.accumulate(fits, axis=1)
        return np.where(self._shuffles(states)[:, None], fits * left, self._certain(best, slates))
