"""What responses have told since the training, as arrays that can be saved."""

from __future__ import annotations

import numpy as np

from selflearn_agents.sequence.adam import Adam
from selflearn_agents.sequence.weights import Weights

CERTAIN = 50.0  # purchases in each slot that are as expected before any response


class Experience:
    """Between two steps of the learning.

    Attributes:
        adam: that moves the weights.
        gradient: summed over the visits since its last step.
        waiting: how many these are.
        tally: (2, n) purchases in each slot that were seen, and that were expected of all that is shown.
    """

    parts = {"adam": Adam, "gradient": Weights}  # noqa: RUF012

    def __init__(self, weights: Weights, slate_size: int):
        """Nothing has been seen."""
        self.adam, self.gradient, self.waiting = Adam(weights), weights.zeros(), 0
        self.tally = np.full((2, slate_size), CERTAIN)
