"""The article's customers, who do not care what is shown."""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.model import CustomerModel, Demand
from selflearn_env.core.rewards import BOUGHT, CLICKED, Rewards

_TAIL = (0.025, 0.015, 0.0055, 0.002, 0.00125, 0.00124, 0.00001)
CLICKS = np.array((0.50, 0.35, 0.10, *_TAIL))  # probability of 0..9 clicked products
PURCHASES = np.array((0.70, 0.15, 0.10, *_TAIL))  # probability of 0..9 bought products
MEAN_CLICKS = float(CLICKS @ np.arange(CLICKS.size))  # 0.74326, before the bought ones are removed
MEAN_PURCHASES = float(PURCHASES @ np.arange(PURCHASES.size))  # 0.54326


class SeedCustomers(CustomerModel):
    """How many products are clicked and bought is drawn first, then which: uniformly from the slate, each apart.

    A product that is both counts as bought. On a slate of fewer than nine products a count is cut at the slate's size.
    A slot is bought with E[min(B, n)] / n and clicked, the two subsets being independent, with
    E[min(C, n)] / n * (1 - E[min(B, n)] / n): every slate without repeats earns the same.
    """

    def __init__(self, products: int, slate_size: int):
        self._products, self._slate_size = products, slate_size
        self._first = np.arange(slate_size)
        # The last cumulative probability is 1 whatever the rounding of the sum.
        self._cumulative = np.cumsum([CLICKS, PURCHASES], axis=1)[:, :-1]
        count = np.minimum(np.arange(CLICKS.size), slate_size)
        click, buy = float(CLICKS @ count) / slate_size, float(PURCHASES @ count) / slate_size
        self._slot = np.array([(1.0 - click) * (1.0 - buy), click * (1.0 - buy), buy])

    @classmethod
    def for_shop(cls, shop: Demand, slate_size: int, **options: Any) -> Self:
        """The same customers for every shop."""
        return cls(shop.products, slate_size, **options)

    @property
    def uniforms(self) -> int:
        """One draw per count, and one per slot and count."""
        return 2 + 2 * self._slate_size

    def respond(
        self, states: NDArray, slates: NDArray, repeated: NDArray | None, uniforms: NDArray
    ) -> NDArray[np.int8]:
        """(B, n) responses; the first two draws set the counts of clicks and purchases, the others rank the slots."""
        n = self._slate_size
        response = np.zeros(slates.shape, dtype=np.int8)
        for kind, mark in enumerate((CLICKED, BOUGHT)):
            count = np.searchsorted(self._cumulative[kind], uniforms[:, kind], side="right")
            rows = np.flatnonzero(count)
            if rows.size:
                ranks = uniforms[rows, 2 + kind * n : 2 + (kind + 1) * n]
                order = np.argsort(ranks, axis=1, kind="stable")
                row, place = np.nonzero(np.arange(n) < count[rows, None])
                response[rows[row], order[row, place]] = mark
        if repeated is not None:
            response[repeated] = 0
        return response

    def response_probability(self, states: NDArray, slates: NDArray, repeated: NDArray | None) -> NDArray[np.float64]:
        """(B, n, 3) the same for each slot that repeats no other."""
        probability = np.broadcast_to(self._slot, (*slates.shape, 3)).copy()
        if repeated is not None:
            probability[repeated] = (1.0, 0.0, 0.0)
        return probability

    def random_response_probability(self, states: NDArray) -> NDArray[np.float64]:
        """(B, n, 3) the same as for any slate."""
        return np.broadcast_to(self._slot, (len(states), self._slate_size, 3)).copy()

    def optimal_slate(self, states: NDArray, rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) the first products offered: every slate of distinct products is a best one."""
        return np.broadcast_to(self._first, (len(states), self._slate_size)).copy()

    def drifted(self, factor: NDArray[np.float64]) -> Self:
        """The same customers: they do not care what is shown."""
        return self

    def offered(self, products: NDArray[np.int64]) -> Self:
        """The same customers, with a best slate of these products."""
        other = copy(self)
        other._first = products[: self._slate_size]
        return other

    def attending(self, attention: NDArray) -> Self:
        """The same customers: nothing that they remember changes what they do."""
        return self
