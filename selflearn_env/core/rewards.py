"""What the responses to the products of a slate earn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.numbers import is_number

IGNORED, CLICKED, BOUGHT = 0, 1, 2
DECIMALS = 2  # the article rounds its noisy rewards
MOST = 1e12  # size of a reward, beyond which the squares and sums of agents would overflow


@dataclass(frozen=True)
class Rewards:
    """What one shown product earns, in reward units.

    Attributes:
        buy: reward of a bought product.
        click: reward of a product that was clicked and not bought.
        ignore: reward of a product that was neither.
        noise: standard deviation of normal noise on each item reward, >= 0. A noisy reward is rounded to 2 decimals.

    Raises:
        TypeError: a value is no number.
        ValueError: a reward or the noise is not finite, or beyond 1e12 in size, or the noise is negative.
    """

    buy: float = 5.0
    click: float = 1.0
    ignore: float = -2.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("buy", "click", "ignore", "noise"):
            value = getattr(self, name)
            if not is_number(value):
                raise TypeError(f"Rewards.{name} must be a number, got {value!r}")
            if name != "noise" and not -MOST <= value <= MOST:
                raise ValueError(f"Rewards.{name} must be a finite number, at most {MOST:g} in size, got {value!r}")
        if not 0 <= self.noise <= MOST:
            raise ValueError(
                f"Rewards.noise is a standard deviation and must be finite and >= 0, at most {MOST:g}, "
                f"got {self.noise!r}"
            )

    @cached_property
    def by_response(self) -> NDArray[np.float64]:
        """(3,) mean reward of the responses 0 ignored, 1 clicked, 2 bought."""
        means = np.array([self.ignore, self.click, self.buy], dtype=np.float64)
        means.flags.writeable = False
        return means

    def earned(self, response: NDArray[np.int8], noise: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Item rewards (B, n) of responses (B, n); `noise` are standard normal draws (B, n) where there is noise."""
        reward = self.by_response.take(response)
        return reward if noise is None else (reward + self.noise * noise).round(DECIMALS)
