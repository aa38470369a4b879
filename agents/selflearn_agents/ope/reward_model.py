"""What products earn in each slot, learned from a log."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.numbers import is_number


class FittedRewards(Protocol):
    """A reward model that has learned."""

    def expected(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n, P) expected reward of each product in each slot, for states (B,), in reward units."""


class RewardModel(Protocol):
    """A reward model that can learn."""

    def fit(
        self, states: NDArray[np.int64], slates: NDArray[np.int64], item_rewards: NDArray[np.float64], products: int
    ) -> FittedRewards:
        """What is learned from visits (V,), slates (V, n), rewards (V, n) and P products; it does not change itself."""


class SlotMeans:
    """Mean reward of each product in each slot, alike in all states.

    Means of few showings are drawn to others: that of product and slot to the product's, as if this had been seen
    `weight` times besides, and the product's, likewise, to the mean of all. Few showings a product are few facts.
    """

    def __init__(self, weight: float = 10.0):
        """Remembers the weight.

        Raises:
            ValueError: the weight is not a positive number.
        """
        if not is_number(weight) or not 0 < weight < np.inf:
            raise ValueError(f"weight counts showings and must be > 0, got {weight!r}")
        self.weight = float(weight)

    def fit(
        self, states: NDArray[np.int64], slates: NDArray[np.int64], item_rewards: NDArray[np.float64], products: int
    ) -> SlotTable:
        """The means; states are not read."""
        slots = slates.shape[1]
        cell = (slates + np.arange(slots) * products).ravel()
        count = np.bincount(cell, minlength=slots * products).reshape(slots, products)
        total = np.bincount(cell, item_rewards.ravel(), minlength=slots * products).reshape(slots, products)
        overall = total.sum() / max(1, count.sum())
        product = (total.sum(axis=0) + self.weight * overall) / (count.sum(axis=0) + self.weight)
        return SlotTable((total + self.weight * product) / (count + self.weight))


class SlotTable:
    """Expected rewards (n, P), the same in all states."""

    def __init__(self, mean: NDArray[np.float64]):
        self.mean = mean

    def expected(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n, P) the table, again and again, read-only."""
        return np.broadcast_to(self.mean, (len(states), *self.mean.shape))
