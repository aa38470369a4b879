"""The agent that shows anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.slates import repeats


class RandomAgent(Agent):
    """Slates of distinct products drawn uniformly from the catalogue. Cost per visit: O(n)."""

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) slates; a slot that repeats a product is drawn again, which leaves all slates equally likely."""
        slates = self.rng.integers(self.products, size=(len(states), self.slate_size))
        while (again := repeats(slates)) is not None:
            slates[again] = self.rng.integers(self.products, size=int(again.sum()))
        return slates

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) zeros: all products are the same to it."""
        return np.zeros((len(states), self.products))

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) one over the products that are left, 0 for a repeated one."""
        left = self.products - np.arange(self.slate_size)
        again = repeats(slates)
        return np.where(False if again is None else again, 0.0, np.broadcast_to(1.0 / left, slates.shape))
