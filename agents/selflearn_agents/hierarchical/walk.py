"""How far the log-appeal of each product has moved from where it was, in all states alike."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.declared import Declared, flag, flags, indexes, numbers, real, whole

HALF_LIVES = 5_000.0, 20_000.0, 80_000.0, 320_000.0  # of the walks, in visits
SPREAD = 1.0  # standard deviation of d in the long run, by each walk
DOUBT = 0.01  # probability before any visit that products move
FLOOR = 20.0  # of evidence that any hypothesis can be behind the best
LARGEST = 500.0  # of logarithms, in a file: their exponentials must be numbers
EVERY = 100  # visits between two steps


class Walk:
    """Belief about the deviation d of each product: a mixture of K walks, and of the hypothesis that nothing moves.

    A walk is an Ornstein-Uhlenbeck process (1930) of its own half-life: from one visit to the next

        d <- r d + sqrt(1 - r^2) N(0, 1),    r = 2^(-1 / half_life),    d = 0 before the first visit

    All walks follow all products side by side, each by a Kalman filter. What is observed of a product in a block are
    the z and j of `HierarchicalAgent`; they tell of d, state by state, z - mean with precision j / (1 + j K(s, s)).
    With J the sum of these precisions and y the mean weighted by them, the evidence of each walk grows by

        log N(y; mean of d, variance of d + 1 / J) - log N(y; 0, 1 / J)

    All walks together have a probability of 0.01 at first, and each what its evidence makes of it (Bayesian model
    averaging; over time, Raftery, Karny and Ettler 2010). None, nor that nothing moves, is let fall further than e^-20
    behind the best, so that each can be believed again (as in Herbster and Warmuth 1998). Mean and variance of d are
    those of the mixture, and 0 while it is more likely that nothing moves. What forgets is the walk that the responses
    choose: a response that is older than its half-life says little of d.

    Products that were never shown are believed alike: nothing is known of their d but how long they could walk. Steps
    are of 100 visits or more.

    Attributes:
        walked: (P, K, 2) mean and variance of d by each walk, of products once shown.
        newcomers: (K,) variance of d by each walk, of products never shown; `newcomer_variance`, by the mixture.
        moved: (P, 2) mean and variance of d by the mixture, of all products.
        odds: (K, 2) of each walk, log-likelihood of the responses over that if nothing moves; and probability, 0 while
            it is more likely that nothing moves.
        moves: whether it is more likely that the products walk.
        shown: (P,) whether a product was ever shown; `listed`, (P,) these products, and `count`, how many there are.
        looked_at: (N,) products of which there is more to say than of any newcomer: those once shown, if they walk.
        waiting: visits since the last step.
    """

    declared: ClassVar[Declared] = {
        "newcomer_variance": real(0.0),
        "moves": flag(),
        "count": whole(),
        "waiting": whole(),
        "walked": numbers("products", "walks", 2, least=-LARGEST, most=LARGEST),
        "moved": numbers("products", 2, least=-LARGEST, most=LARGEST),
        "newcomers": numbers("walks", least=0.0),
        "odds": numbers("walks", 2),
        "shown": flags("products"),
        "listed": indexes("products", "products"),
        "looked_at": indexes("products", "looked at", distinct=True),
    }

    def __init__(self, products: int, follow: bool):
        """Nothing has moved yet; and if it is not to be followed, nothing ever does."""
        walks = len(HALF_LIVES) if follow else 0
        self.walked, self.moved = np.zeros((products, walks, 2)), np.zeros((products, 2))
        self.newcomers, self.newcomer_variance = np.zeros(walks), 0.0
        self.odds, self.moves = np.zeros((walks, 2)), False
        self.shown = np.zeros(products, dtype=np.bool_)
        self.listed, self.count, self.waiting = np.zeros(products, dtype=np.int64), 0, 0
        self.looked_at = self.listed[:0]

    def check_kept(self) -> None:
        """Sees that products shown are listed, and variances not negative.

        Raises:
            ValueError: it is not so.
        """
        listed = self.listed[: self.count]
        if not np.array_equal(np.sort(listed), np.flatnonzero(self.shown)):
            raise ValueError("does not list the products shown")
        if not np.array_equal(self.looked_at, listed if self.moves else listed[:0]):
            raise ValueError("looks at other products than those shown")
        if (self.moved[:, 1] < 0).any() or (self.walked[:, :, 1] < 0).any():
            raise ValueError("has a negative variance")
        if len(self.odds) not in (0, len(HALF_LIVES)) or ((self.odds[:, 1] < 0) | (self.odds[:, 1] > 1)).any():
            raise ValueError("has walks of other half-lives, or with a probability that is none")

    def show(self, products: NDArray[np.int64]) -> None:
        """Notes products (N,) that are shown, perhaps for the first time."""
        new = np.unique(products[~self.shown[products]])
        self.shown[new] = True
        self.listed[self.count : self.count + len(new)] = new
        self.count += len(new)
        self.walked[new, :, 1] = self.newcomers
        self.looked_at = self.listed[: self.count if self.moves else 0]

    def wait(self, visits: int) -> None:
        """Lets so many visits pass, and the products walk when there are enough for a step."""
        self.waiting += visits
        if self.waiting < EVERY or not len(self.odds):
            return
        keep = 0.5 ** (self.waiting / np.array(HALF_LIVES))
        grown = SPREAD**2 * (1.0 - keep**2)
        self.waiting = 0
        self._weigh()
        listed, probability = self.listed[: self.count], self.odds[:, 1]
        mean, variance = np.moveaxis(self.walked[listed], 2, 0)
        mean, variance = keep * mean, keep**2 * variance + grown
        self.walked[listed] = np.stack([mean, variance], axis=2)
        self.newcomers = keep**2 * self.newcomers + grown
        self.newcomer_variance = float(self.newcomers @ probability)
        mixed = mean @ probability
        self.moved[:, 1] = self.newcomer_variance
        self.moved[listed] = np.stack([mixed, (variance + mean**2) @ probability - mixed**2], axis=1)
        self.looked_at = self.listed[: self.count if self.moves else 0]

    def _weigh(self) -> None:
        """Works out how probable each walk is."""
        evidence = self.odds[:, 0] - max(self.odds[:, 0].max() - FLOOR, 0.0)
        evidence = np.maximum(evidence, max(evidence.max(), 0.0) - FLOOR)
        odds = np.exp(evidence) * DOUBT / (1.0 - DOUBT) / len(evidence)  # to 1 that nothing moves
        self.moves = bool(odds.sum() > 1.0)
        self.odds = np.stack([evidence, self.moves * odds / (1.0 + odds.sum())], axis=1)
