"""Customers with preferences, who judge each shown product by itself."""

from __future__ import annotations

from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.model import Clientele, CustomerModel
from selflearn_env.core.preferences import Preferences
from selflearn_env.core.rewards import Rewards


class IndependentCustomers(CustomerModel):
    """Each product is bought with b(state, product), otherwise clicked with c(state, product), otherwise ignored.

    What stands in the other slots makes no difference, so the best slate is the products of greatest expected reward.
    """

    def __init__(self, preferences: Preferences, slate_size: int):
        self._preferences, self._slate_size = preferences, slate_size
        states, products, _ = preferences.thresholds.shape
        self._row = np.arange(states) * products
        # Both thresholds of a product as one 8-byte item: one look-up, one cache line.
        self._pairs = np.ascontiguousarray(preferences.thresholds).view(np.float64).reshape(-1)
        self._best: dict[Rewards, NDArray[np.int64]] = {}

    @classmethod
    def for_shop(cls, shop: Clientele, slate_size: int) -> Self:
        """The held-out customers of a shop, calibrated so that the seed's start earns the seed's mean responses."""
        return cls(shop.preferences, slate_size)

    @property
    def uniforms(self) -> int:
        """One draw per slot."""
        return self._slate_size

    def _thresholds(self, states: NDArray, slates: NDArray) -> NDArray[np.float32]:
        pairs = self._pairs.take(self._row.take(states)[:, None] + slates)
        return pairs.view(np.float32).reshape(*slates.shape, 2)

    def respond(
        self, states: NDArray, slates: NDArray, repeated: NDArray | None, uniforms: NDArray
    ) -> NDArray[np.int8]:
        """(B, n) responses: a draw below the first threshold buys, below the second clicks."""
        thresholds = self._thresholds(states, slates)
        response = (uniforms < thresholds[..., 0]).view(np.int8) + (uniforms < thresholds[..., 1]).view(np.int8)
        if repeated is not None:
            response[repeated] = 0
        return response

    def response_probability(self, states: NDArray, slates: NDArray, repeated: NDArray | None) -> NDArray[np.float64]:
        """(B, n, 3) probability of each response to each slot."""
        probability = _probability(self._thresholds(states, slates).astype(np.float64))
        if repeated is not None:
            probability[repeated] = (1.0, 0.0, 0.0)
        return probability

    def random_response_probability(self, states: NDArray) -> NDArray[np.float64]:
        """(B, n, 3): each slot shows each product equally often."""
        mean = _probability(self._mean_thresholds[states])
        return np.repeat(mean[:, None, :], self._slate_size, axis=1)

    @cached_property
    def _mean_thresholds(self) -> NDArray[np.float64]:
        """(S, 2) averages over the catalogue."""
        return self._preferences.thresholds.mean(axis=1, dtype=np.float64)

    def optimal_slate(self, states: NDArray, rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) the products of greatest expected reward, best first; equal ones in the order of the catalogue."""
        if rewards not in self._best:
            self._best[rewards] = self._best_slates(rewards)
        return self._best[rewards][states]

    def _best_slates(self, rewards: Rewards) -> NDArray[np.int64]:
        best = np.empty((len(self._preferences.thresholds), self._slate_size), dtype=np.int64)
        for state, thresholds in enumerate(self._preferences.thresholds):
            value = _probability(thresholds.astype(np.float64)) @ rewards.by_response
            best[state] = np.argsort(-value, kind="stable")[: self._slate_size]
        return best


def _probability(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) probabilities of ignored, clicked, bought from the two thresholds (..., 2)."""
    buy, buy_or_click = thresholds[..., 0], thresholds[..., 1]
    return np.stack([1.0 - buy_or_click, buy_or_click - buy, buy], axis=-1)
