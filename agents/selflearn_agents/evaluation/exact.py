"""What can be said of slates exactly, without serving anybody."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.simulator import Simulator


class Standing(NamedTuple):
    """Expected rewards per slate, over all states as often as they visit."""

    random: float
    expected: float
    optimal: float
    gap: float  # share of the way from random to optimal


def standing(simulator: Simulator, slates: NDArray[np.int64]) -> Standing:
    """Where one slate per state (S, n) stands between random and best slates."""
    states = np.arange(simulator.states.size)
    rewards = (
        simulator.random_reward(states),
        simulator.expected_reward(states, slates),
        simulator.expected_reward(states, simulator.optimal_slate(states)),
    )
    random, expected, optimal = (float(simulator.state_probability @ reward) for reward in rewards)
    return Standing(random, expected, optimal, float(share_of_gap(expected, random, optimal)))


def share_of_gap(expected: Any, random: Any, optimal: Any) -> NDArray[np.float64]:
    """(expected - random) / (optimal - random), nan where the two references are equal."""
    way = np.asarray(optimal) - random
    return np.divide(expected - random, way, out=np.full(np.shape(way), np.nan), where=np.abs(way) > 1e-9)


def gini(showings: NDArray) -> NDArray[np.float64]:
    """How unequally showings (..., P) fall on the catalogue, from 0, all alike, to 1 - 1 / P, all on one product.

    The Gini coefficient, sum over i of (2 i - P - 1) x_i / (P sum x), with x ascending; nan where nothing was shown.
    """
    ascending = np.sort(showings, axis=-1).astype(np.float64)
    size, total = showings.shape[-1], ascending.sum(axis=-1)
    rank = 2.0 * np.arange(1, size + 1) - size - 1.0
    return np.divide(ascending @ rank, size * total, out=np.full(total.shape, np.nan), where=total > 0)
