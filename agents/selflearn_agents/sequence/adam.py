"""The step of Adam, on arrays that can be saved."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from selflearn_agents.sequence.weights import Weights
from selflearn_env.declared import Declared, whole

FADING, SQUARES_FADING = 0.9, 0.999  # of the means, per step
LEAST = 1e-8  # that a root is taken for


class Adam:
    """Adam (Kingma and Ba 2015).

    Attributes:
        mean, square: of the gradients, fading, and of their squares.
        steps: done.
    """

    parts = {"mean": Weights, "square": Weights}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "steps": whole(),
    }

    def __init__(self, weights: Weights):
        """Starts; of the weights, the shapes count."""
        self.mean, self.square, self.steps = weights.zeros(), weights.zeros(), 0

    def check_kept(self) -> None:
        """Sees that squares are not negative.

        Raises:
            ValueError: one is.
        """
        if any((square < 0).any() for square in vars(self.square).values()):
            raise ValueError("has a negative square")

    def step(self, weights: Weights, gradient: Weights, rate: float) -> None:
        """Moves the weights against the gradient, each by about the rate."""
        self.steps += 1
        rate /= 1.0 - FADING**self.steps
        seen = 1.0 - SQUARES_FADING**self.steps
        for name, weight in vars(weights).items():
            slope, mean, square = vars(gradient)[name], vars(self.mean)[name], vars(self.square)[name]
            mean += (1.0 - FADING) * (slope - mean)
            square += (1.0 - SQUARES_FADING) * (slope * slope - square)
            weight -= rate * mean / (np.sqrt(square / seen) + LEAST)
