"""The least that environments of this kind must do, as a ceiling for the speed of ours."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray


class MinimalEnv(gym.Env[NDArray[np.int64], NDArray[np.int64]]):
    """One visit per episode, states uniform, products judged one by one; no checks, no info, no options."""

    def __init__(self, thresholds: NDArray[np.float32], shape: tuple[int, ...]):
        """Takes (S, P, 2) probabilities of a purchase, and of a purchase or a click, and the sizes of the tiers."""
        states, products, _ = thresholds.shape
        self.observation_space = gym.spaces.MultiDiscrete(list(shape))
        self.action_space = gym.spaces.MultiDiscrete([products] * 10)
        self._buy, self._either = thresholds[..., 0].copy(), thresholds[..., 1].copy()
        self._tiers = np.indices(shape).reshape(len(shape), -1).T.copy()
        self._states = states
        self._state = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.int64], dict[str, Any]]:
        """A new visit."""
        super().reset(seed=seed)
        self._state = int(self.np_random.integers(self._states))
        return self._tiers[self._state].copy(), {}

    def step(self, action: NDArray[np.int64]) -> tuple[NDArray[np.int64], float, bool, bool, dict[str, Any]]:
        """Shows a slate."""
        draws = self.np_random.random(10)
        bought = draws < self._buy[self._state].take(action)
        clicked = draws < self._either[self._state].take(action)
        reward = float(np.where(bought, 5.0, np.where(clicked, 1.0, -2.0)).sum())
        return self._tiers[self._state].copy(), reward, True, False, {}


class MinimalVector:
    """The same, many visits side by side."""

    def __init__(self, thresholds: NDArray[np.float32], shape: tuple[int, ...], visits: int):
        """Takes what `MinimalEnv` takes, and how many visits."""
        self._buy, self._either = thresholds[..., 0].copy(), thresholds[..., 1].copy()
        self._tiers = np.indices(shape).reshape(len(shape), -1).T.copy()
        self._rng = np.random.default_rng(0)
        self._states = self._rng.integers(len(thresholds), size=visits)

    def step(self, slates: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Shows slates; the next observations, and the rewards."""
        draws = self._rng.random(slates.shape)
        cells = (self._states * self._buy.shape[1])[:, None] + slates
        bought, clicked = draws < self._buy.take(cells), draws < self._either.take(cells)
        reward = np.where(bought, 5.0, np.where(clicked, 1.0, -2.0)).sum(axis=1)
        self._states = self._rng.integers(len(self._buy), size=len(slates))
        return self._tiers.take(self._states, axis=0), reward
