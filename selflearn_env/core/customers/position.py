"""Customers who look less the further down a product stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.customers.independent import IndependentCustomers
from selflearn_env.core.rewards import Rewards


class PositionCustomers(IndependentCustomers):
    """The position-based model: slot k is examined with e_k; an examined product is judged by itself, others ignored.

    P(bought in slot k) = e_k b(state, product), and likewise for clicks (Craswell, Zoeter, Taylor and Ramsey 2008;
    Chuklin, Markov and de Rijke 2015, section 3.3). The best slate puts the products of greatest value when examined
    into the slots in order of examination: for a given set the sum of products is greatest when both are sorted alike
    (rearrangement inequality), and since e_k >= 0 a better product in any slot never lowers it.

    Calibrated: the article's start earns the article's mean purchases and clicks.
    """

    def __init__(self, appeal: NDArray[np.float32], slate_size: int, *, examination: ArrayLike | None = None):
        """Keeps appeal and examination.

        Args:
            appeal: (S, P, 2) of each product in each state.
            slate_size: products per slate, n.
            examination: probability that each slot is looked at, from the top; slots below its end are examined as its
                last. None for 1 / rank^0.5.

        Raises:
            ValueError: the examination is no vector of probabilities, or no slot is ever looked at.
        """
        super().__init__(appeal, slate_size)
        if examination is None:
            given = np.arange(1, slate_size + 1) ** -0.5
        else:
            try:
                given = np.asarray(examination)
            except ValueError:  # rows of different lengths
                given = np.empty(0)
            if given.ndim != 1 or given.size == 0 or given.dtype.kind not in "fiu":
                raise ValueError(f"examination is a vector of probabilities, one per slot, got {examination!r}")
            if not ((given >= 0) & (given <= 1)).all():
                raise ValueError(f"examination has probabilities, 0..1, got {examination!r}")
        given = given[:slate_size].astype(np.float32)
        if not given.any():
            raise ValueError(f"examination lets customers see none of {slate_size} slots, got {examination!r}")
        self.examination = np.pad(given, (0, slate_size - given.size), mode="edge")[:, None]
        self._order = np.argsort(-self.examination[:, 0], kind="stable")  # slots, most examined first

    def _respond(self, appeal: NDArray[np.float32], uniforms: NDArray) -> NDArray[np.int8]:
        return super()._respond(appeal * self.examination, uniforms)

    def _probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        return super()._probability(appeal * self.examination)

    def _best_slates(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        best = super()._best_slates(appeal, rewards)
        slates = np.empty_like(best)
        slates[:, self._order] = best
        return slates
