"""For each state, the products that are worth looking at of those that its block never showed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LISTED = 64  # products kept per state; few enough to score quickly, enough to outlast many visits


class Newcomers:
    """Lists of products never shown, of which nothing is known but the prior: mean and variance.

    Their scores grow with the bonus and with what is added to all variances. So the lists are chosen by scores with
    more of both than now, and the greatest score of the products left out bounds what those may score meanwhile.

    Attributes:
        ids: (S, L) the listed products of each state.
        mean, variance: (S, L) their prior; the mean is -inf for those that have been shown since.
        floor: (S,) no product left out scores more, as long as
        bonus, added: (S,) standard deviations in the score, and variance added to all, are not above these.
    """

    def __init__(self, states: int, listed: int):
        """No lists yet."""
        self.ids = np.zeros((states, listed), dtype=np.int64)
        self.mean, self.variance = np.zeros((2, states, listed), dtype=np.float32)
        self.floor, self.bonus, self.added = np.full((3, states), -1.0, dtype=np.float32)

    def choose(
        self,
        states: NDArray[np.int64],
        mean: NDArray[np.float32],
        variance: NDArray[np.float32],
        bonus: NDArray[np.float32],
        added: float,
    ) -> None:
        """Chooses the lists of some states of a block anew.

        Args:
            states: (B,) which ones.
            mean: (B, P) of the prior, -inf for the products that were shown.
            variance: (P,) of the prior in the block, without what is added to all.
            bonus: (B,) standard deviations that are added to the mean.
            added: variance added to all.
        """
        score = upper(mean, variance + added, bonus[:, None])
        listed = self.ids.shape[1]
        cut = score.shape[1] - listed
        if cut:
            parted = np.argpartition(score, cut - 1, axis=1)  # the greatest of those left out comes just before the cut
            self.floor[states] = np.take_along_axis(score, parted[:, cut - 1 : cut], axis=1)[:, 0]
            ids = parted[:, cut:]
        else:
            self.floor[states], ids = -np.inf, np.arange(listed)[None]
        self.ids[states] = ids
        self.mean[states] = np.take_along_axis(mean, ids, axis=1)
        self.variance[states] = variance[ids]
        self.bonus[states], self.added[states] = bonus, added

    def strike(self, states: NDArray[np.int64], shown: NDArray[np.bool_]) -> None:
        """Takes the products that were shown (P,) off the lists of some states."""
        mean = self.mean[states]
        mean[shown.take(self.ids[states])] = -np.inf
        self.mean[states] = mean


def upper(
    mean: NDArray[np.float32], variance: NDArray[np.float32], bonus: np.float32 | NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean plus `bonus` standard deviations; the variance is written to."""
    score = np.sqrt(variance, out=variance) * bonus
    score += mean
    return score
