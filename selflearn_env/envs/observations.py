"""How a state is shown: its tier numbers, its index, or one-hot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.states import StateSpace


@dataclass(frozen=True, eq=False)
class Observation:
    """An observation space, and what is observed in each state.

    Attributes:
        space: the space of one observation.
        by_state: (S, ...) the observation of each state.
    """

    space: gym.Space
    by_state: NDArray


def _tiers(states: StateSpace) -> Observation:
    return Observation(gym.spaces.MultiDiscrete(list(states.shape)), states.table)


def _index(states: StateSpace) -> Observation:
    return Observation(gym.spaces.Discrete(states.size), np.arange(states.size))


def _onehot(states: StateSpace) -> Observation:
    return Observation(gym.spaces.Box(0.0, 1.0, (sum(states.shape),), np.float32), states.onehot())


OBSERVATIONS: dict[str, Callable[[StateSpace], Observation]] = {"tiers": _tiers, "index": _index, "onehot": _onehot}
