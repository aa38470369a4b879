"""Customers who judge each shown product by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.preference import PreferenceCustomers, response_probabilities
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards


class IndependentCustomers(PreferenceCustomers):
    """Each product is bought with b(state, product), otherwise clicked with c(state, product), otherwise ignored.

    What stands in the other slots makes no difference, so the best slate is the products of greatest expected reward,
    in any order. Calibrated: the article's start earns the article's mean purchases and clicks.
    """

    def _respond(self, appeal: NDArray[np.float32], uniforms: NDArray) -> NDArray[np.int8]:
        """A draw below the first number buys, below the second clicks."""
        return (uniforms < appeal[..., 0]).view(np.int8) + (uniforms < appeal[..., 1]).view(np.int8)

    def _probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        return response_probabilities(appeal)

    def _best_slates(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        return top(response_probabilities(appeal) @ rewards.by_response, self.slate_size)

    def _random_probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each slot shows each product equally often."""
        mean = np.repeat(appeal.mean(axis=1)[:, None, :], self.slate_size, axis=1)
        return self._probability(mean)
