"""What it costs to bore a customer, in the visits to come."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED, Rewards
from selflearn_env.declared import Declared, numbers, real, whole

USUAL = 1_000.0  # visits of which nothing is lost, before any was seen


class Prospect:
    """The value of a customer's boredom, learned by temporal differences with linear functions.

    A visit loses what its slate would have earned more if the customer had not been bored, as far as the agent can
    foresee. What all visits from this one on lose, each counting `discount` of the one before, is believed to be

        V(boredom) = constant + slope * boredom

    Of each visit are known the boredom b, what it lost, and the boredom b' that it left behind. The least-squares
    fixed point (LSTD: Bradtke and Barto 1996; Boyan 2002), with f = (1, b) and f' = (1, b'), is

        (constant, slope) = A^-1 c,    A = sum of f (f - discount f')',    c = sum of f * lost

    Since a slot that bores adds half of its share to the boredom, it costs discount * slope / (2 n).

    Each visit counts in proportion to the number of visits before it: what the first ones lost was foreseen badly.

    Only what boredom costs is learned, not what the visits earn: customers and months differ in that far more than
    boredom makes.

    Attributes:
        discount: what a visit counts against the one before.
        seen: (2, 3) how often each response was seen, ignored, clicked, bought; and what these earned.
        matrix, vector: A, (2, 2), and c, (2,).
        visits: learned so far.
    """

    declared: ClassVar[Declared] = {
        "discount": real(0.0, 1.0),
        "_slots": whole(1),
        "visits": whole(),
        "seen": numbers(2, 3),
        "_start": numbers(2, 2),
        "matrix": numbers(2, 2),
        "vector": numbers(2),
    }

    def __init__(self, discount: float, slate_size: int):
        """Takes the discount and the products per slate; rewards are the article's until others are seen."""
        self.discount, self._slots = discount, slate_size
        self.seen = np.stack([np.full(3, 1e-6), 1e-6 * Rewards().by_response])
        self._start = USUAL * (1.0 - discount) * np.eye(2)
        self.matrix, self.vector, self.visits = self._start.copy(), np.zeros(2), 0

    def check_kept(self) -> None:
        """Sees that what was earned can be divided by how often, and the system be solved.

        Raises:
            ValueError: it is not so.
        """
        if not (self.seen[0] > 0).all() or not abs(np.linalg.det(self.matrix)) > 0 or self.discount == 1:
            raise ValueError("has nothing to learn from")

    @property
    def worth(self) -> NDArray[np.float64]:
        """(2,) rewards of a purchase and of a click, above that of neither."""
        mean = self.seen[1] / self.seen[0]
        return mean[[BOUGHT, CLICKED]] - mean[IGNORED]

    @property
    def price(self) -> float:
        """Of one slot that bores, in rewards."""
        slope = np.linalg.solve(self.matrix, self.vector)[1]
        return max(0.0, self.discount * float(slope) / (2 * self._slots))

    def earn(self, responses: NDArray[np.int8], item_rewards: NDArray[np.float64]) -> None:
        """Notes what responses (B, n) earn."""
        self.seen[0] += np.bincount(responses.reshape(-1), minlength=3)
        self.seen[1] += np.bincount(responses.reshape(-1), item_rewards.reshape(-1), minlength=3)

    def lost(self, buy: NDArray[np.float64], click: NDArray[np.float64], mood: NDArray[np.float64]) -> NDArray:
        """(B,) what slates lose by the mood (B,), a factor of both probabilities (B, n)."""
        bought, clicked = self.worth
        buy, click, mood = np.minimum(buy, 1.0), np.minimum(click, 1.0), mood[:, None]
        earned = buy * bought + (1.0 - buy) * click * clicked
        buy, click = np.minimum(buy / mood, 1.0), np.minimum(click / mood, 1.0)
        return (buy * bought + (1.0 - buy) * click * clicked - earned).sum(axis=1)

    def learn(self, bored: NDArray[np.float64], lost: NDArray[np.float64], left: NDArray[np.floating]) -> None:
        """Learns from B visits: the boredom (B,), what was lost (B,), the boredom left behind (B,)."""
        kept = self.visits / max(self.visits + len(bored), 1)
        self.visits += len(bored)
        now, after = (np.stack([np.ones(len(each)), each]) for each in (bored, left))
        self.matrix = self._start + (self.matrix - self._start) * kept + now @ (now - self.discount * after).T
        self.vector = self.vector * kept + now @ lost
