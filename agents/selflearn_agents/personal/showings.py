"""What an agent remembers of what it showed to each customer, and what it learned of how that tires."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.loops import HIGHEST, remember, tiredness
from selflearn_env.core.seen import SeenVisits

SLATES = 4  # remembered of each customer
STEPS = HIGHEST + 1  # of tiredness, none included
CERTAIN = 50.0  # responses that full attention is worth before any was seen
NOTHING = -1  # in the place of a product


class Showings:
    """How much less a product is wanted that was shown to the customer before, and ignored.

    The tiredness of a customer of a product is how often it ignored it within the last 4 slates, each counting half
    after 30 days. Attention, a factor of both probabilities, is the responses seen at such a tiredness over those
    expected of rested customers; each step of tiredness has one: none, then steps of 0.5, the last from 2 on. That what
    was ignored is wanted less is impression discounting (Lee, Lakshmanan, Tiwari and Shah 2014).

    Attributes:
        ignored: (C, SLATES, n) products of the last slates that were ignored, newest first, others NOTHING.
        date: (C, SLATES) of these slates.
        tally: (2, STEPS) seen, expected.
    """

    def __init__(self, slate_size: int):
        """Nobody has been shown anything."""
        self.ignored = np.empty((0, SLATES, slate_size), dtype=np.int32)
        self.date = np.empty((0, SLATES), dtype=np.int32)
        self.tally = np.full((2, STEPS), CERTAIN)

    @property
    def attention(self) -> NDArray[np.float64]:
        """(STEPS,) what is left at each step of tiredness; all of it at the first."""
        left = np.minimum(self.tally[0] / self.tally[1], 1.0)
        left[0] = 1.0
        return left

    def step(self, seen: SeenVisits, slates: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B, n) steps of tiredness of the products in slates (B, n)."""
        self.make_room(seen)
        return tiredness(slates, seen.customer, seen.date, self.ignored, self.date)

    def remember(self, seen: SeenVisits, slates: NDArray[np.int64], responses: NDArray[np.int8]) -> None:
        """Remembers what was ignored of slates (B, n)."""
        self.make_room(seen)
        remember(slates, responses, seen.customer, seen.date, self.ignored, self.date)

    def make_room(self, seen: SeenVisits) -> None:
        """Room for all customers, twice as much as before where there is too little."""
        most = int(seen.customer.max(initial=NOTHING)) + 1
        if most > len(self.ignored):
            room = max(most, 2 * len(self.ignored)) - len(self.ignored)
            self.ignored = np.pad(self.ignored, ((0, room), (0, 0), (0, 0)), constant_values=NOTHING)
            self.date = np.pad(self.date, ((0, room), (0, 0)))
