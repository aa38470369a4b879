"""What is popular, and now and then anything: a policy whose logs others can learn from."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.epsilon_marginals import take_turns
from selflearn_agents.baselines.popular import PopularAgent
from selflearn_env.core.numbers import is_number
from selflearn_env.declared import Declared, real
from selflearn_env.shop.history import History


class ExploringAgent(PopularAgent):
    """Goes through the slots of `popular`, and shows in each with probability epsilon any product that is left.

    Slot by slot: with probability 1 - epsilon the product of greatest pooled incidence that is not shown above, else
    any of the catalogue that is not, all equally likely. It learns nothing, so that its propensities and marginals are
    those of all its visits, and it can show every slate, which is what off-policy estimates and learners need.
    """

    sure = False

    declared: ClassVar[Declared] = {
        "_epsilon": real(0.0, 1.0),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, epsilon: float = 0.1):
        """Ranks the products of each state.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: of what is explored; ties break by it, too.
            epsilon: probability that a slot explores, 0..1.

        Raises:
            ValueError: epsilon is no probability.
        """
        if not is_number(epsilon) or not 0 <= epsilon <= 1:
            raise ValueError(f"epsilon is a probability, 0..1, got {epsilon!r}")
        super().__init__(history, slate_size, rng)
        self._epsilon = float(epsilon)

    def _act(self, states: NDArray[np.int64]) -> NDArray[np.int64]:  # type: ignore[override]
        """(B, n) slates; everything is eligible."""
        explores, share = self.rng.random((2, len(states), self.slate_size))
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for slot in range(self.slate_size):
            any_left = (share[:, slot] * (self.products - slot)).astype(np.int64)  # a rank among those left
            for shown in np.sort(slates[:, :slot], axis=1).T:
                any_left += any_left >= shown
            slates[:, slot] = np.where(
                explores[:, slot] < self._epsilon, any_left, self._best_left(states, slates, slot)
            )
        return slates

    def _best_left(self, states: NDArray[np.int64], slates: NDArray[np.int64], slot: int) -> NDArray[np.int64]:
        """(B,) the most popular product that no slot above shows."""
        popular = self.slates[states]
        shown = (popular[:, :, None] == slates[:, None, :slot]).any(axis=2)
        return popular[np.arange(len(states)), shown.argmin(axis=1)]

    def _propensity(self, states: NDArray[np.int64], slates: NDArray[np.int64]) -> NDArray[np.float64]:  # type: ignore[override]
        """(B, k) epsilon / products left, plus 1 - epsilon for the most popular; 0 for what is shown above."""
        chance = np.empty(slates.shape)
        for slot, shown in enumerate(slates.T):
            best = self._best_left(states, slates, slot) == shown
            left = (slates[:, :slot] != shown[:, None]).all(axis=1)
            chance[:, slot] = left * (self._epsilon / (self.products - slot) + (1 - self._epsilon) * best)
        return chance

    def _marginals(self, states: NDArray[np.int64]) -> NDArray[np.float64]:  # type: ignore[override]
        """(B, n, P) by the recursion of epsilon-greedy slates, whose pool is here the whole catalogue."""
        slots = self.slate_size
        begun, leading, others, left = np.zeros(slots), np.zeros((slots, slots)), np.zeros(slots), np.zeros(slots)
        begun[0] = 1.0
        every = np.ones(slots, dtype=np.bool_)
        take_turns(self._epsilon, every, self.products, 0, begun, leading, others, left)
        marginals = np.empty((len(states), slots, self.products))
        marginals[:] = others[:, None]
        np.put_along_axis(marginals, self.slates[states][:, None, :].repeat(slots, axis=1), leading[None], axis=2)
        return marginals
