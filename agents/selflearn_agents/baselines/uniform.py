"""The agent that shows anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.slates import repeats


class RandomAgent(Agent):
    """Slates of distinct products drawn uniformly from what is eligible. Cost per visit: O(n), with a mask O(P)."""

    def _act(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates; a slot that repeats a product is drawn again, which leaves all slates equally likely."""
        if eligible is None:
            slates = self.rng.integers(self.products, size=(len(states), self.slate_size))
            while (again := repeats(slates)) is not None:
                slates[again] = self.rng.integers(self.products, size=int(again.sum()))
            return slates
        visits, products = np.nonzero(eligible)
        count = np.bincount(visits, minlength=len(states))
        places = self.rng.integers(count[:, None], size=(len(states), self.slate_size))  # among those of the visit
        while (again := repeats(places)) is not None:
            places[again] = self.rng.integers(count[np.nonzero(again)[0]])
        return products[(count.cumsum() - count)[:, None] + places]

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) zeros: all products are the same to it."""
        return np.zeros((len(states), self.products))

    def _propensity(
        self, states: NDArray, slates: NDArray, eligible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """(B, k) one over the eligible products that are left, 0 for a repeated one."""
        count = self.products if eligible is None else np.count_nonzero(eligible, axis=1)[:, None]
        probability = np.broadcast_to(1.0 / (count - np.arange(slates.shape[1])), slates.shape)
        again = repeats(slates)
        if eligible is not None:
            probability = np.where(np.take_along_axis(eligible, slates, axis=1), probability, 0.0)
        return np.where(False if again is None else again, 0.0, probability)

    def _marginals(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """(B, n, P) one over the eligible products: no slot is different."""
        if eligible is None:
            eligible = np.ones((len(states), self.products), dtype=np.bool_)
        share = eligible / np.count_nonzero(eligible, axis=1)[:, None]
        return np.repeat(share[:, None], self.slate_size, axis=1)
