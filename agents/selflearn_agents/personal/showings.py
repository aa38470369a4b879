"""What an agent remembers of what it showed to each customer."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.tiring import recall, remember, tiredness
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, counts, indexes, numbers

SLATES = 4  # remembered of each customer
NOTHING = -1  # in the place of a product


class Recalled(NamedTuple):
    """What is remembered of the customers of B visits.

    Attributes:
        start: (B + 1,) where the products begin that each has ignored of late.
        product: (N,) these products, each once.
        tired: (N,) how tired the customer is of them.
        bored: (B,) how bored each is.
    """

    start: NDArray[np.int64]
    product: NDArray[np.int32]
    tired: NDArray[np.float64]
    bored: NDArray[np.float64]

    def tiredness(self, slates: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n) how tired the customers are of the products in slates (B, n)."""
        return tiredness(slates, self.start, self.product, self.tired)


class Showings:
    """The last slates that each customer was shown, and what they leave behind.

    How tired a customer is of a product is how often it ignored the product within its last 4 slates, each counting
    half after 30 days. How bored it is moves half-way, visit by visit, to the share of the slots that were ignored and
    showed what it was tired of already. A life that begins anew, or goes on where it is not remembered, begins with
    nothing.

    Attributes:
        ignored: (C, SLATES, n) products of the last slates that were ignored, newest first, others NOTHING.
        date: (C, SLATES) of these slates.
        bored: (C,) 0..1.
        visits: (C,) the visits of the customer before the next one, if it goes on as remembered.
    """

    declared: ClassVar[Declared] = {
        "ignored": indexes("products", "customers remembered", SLATES, "slate_size", dtype=np.int32, none=True),
        "date": numbers("customers remembered", SLATES, dtype=np.int32),
        "bored": numbers("customers remembered", dtype=np.float32, least=0.0, most=1.0),
        "visits": counts("customers remembered", dtype=np.int32),
    }

    def __init__(self, slate_size: int):
        """Nobody has been shown anything."""
        self.ignored = np.empty((0, SLATES, slate_size), dtype=np.int32)
        self.date = np.empty((0, SLATES), dtype=np.int32)
        self.bored = np.empty(0, dtype=np.float32)
        self.visits = np.empty(0, dtype=np.int32)

    def recall(self, seen: SeenVisits) -> Recalled:
        """What is remembered of the customers of these visits."""
        self._make_room(seen)
        return Recalled(*recall(seen.customer, seen.date, seen.visits, *self._memory()))

    def remember(
        self, seen: SeenVisits, slates: NDArray[np.int64], responses: NDArray[np.int8], tired: NDArray[np.float64]
    ) -> None:
        """Remembers slates (B, k) of which the customers were so tired (B, k), and what was ignored of them."""
        remember(slates, responses, seen.customer, seen.date, seen.visits, tired, *self._memory())

    def _memory(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        return self.ignored, self.date, self.bored, self.visits

    def _make_room(self, seen: SeenVisits) -> None:
        """Room for all customers, twice as much as before where there is too little."""
        most = int(seen.customer.max(initial=NOTHING)) + 1
        if most > len(self.ignored):
            room = max(most, 2 * len(self.ignored)) - len(self.ignored)
            self.ignored = np.pad(self.ignored, ((0, room), (0, 0), (0, 0)), constant_values=NOTHING)
            self.date = np.pad(self.date, ((0, room), (0, 0)))
            self.bored, self.visits = np.pad(self.bored, (0, room)), np.pad(self.visits, (0, room))
