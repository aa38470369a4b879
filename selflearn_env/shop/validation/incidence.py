"""Purchases per visit by an estimate, worked out for some states at a time: a large shop's table would not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.pooling import Pooling, one_rate
from selflearn_env.core.tables import Table

CELLS = 2**22  # states x products worked on at once


@dataclass(frozen=True, eq=False)
class Incidence:
    """Purchases per visit of P products in S states by one estimate, worked out for some states at a time.

    Attributes:
        rows: makes (B, P) for states (B,).
        shape: (S, P).
    """

    rows: Callable[[NDArray[np.int64]], NDArray]
    shape: tuple[int, int]

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Neighbouring states (B,), and their incidence (B, P), until all states have come."""
        size = max(1, CELLS // self.shape[1])
        for at in range(0, self.shape[0], size):
            states = np.arange(at, min(at + size, self.shape[0]))
            yield states, self.rows(states).astype(np.float64, copy=False)


def pooled_incidence(
    pooling: Pooling, visits: NDArray[np.int64], purchases: Table, tiers: tuple[int, ...]
) -> Incidence:
    """The pooled incidence; of few groups it is kept, of many worked out each time.

    Args:
        pooling: the levels.
        visits: (S,) visits of each state.
        purchases: (S, P) visits in which the product was bought.
        tiers: number of labels of each tier.
    """
    shape = purchases.shape
    if not pooling.levels:
        rate = one_rate(visits, purchases)
        return Incidence(lambda some: np.full((len(some), shape[1]), rate), shape)
    posterior = pooling.posterior(visits, purchases, tiers)
    if posterior.groups * shape[1] > CELLS:
        return Incidence(posterior.rows, shape)
    table = posterior.incidence()
    return Incidence(lambda some: table[posterior.group[some]], shape)
