"""What responses have told since the training, as arrays that can be saved."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.sequence.adam import Adam
from selflearn_agents.sequence.weights import Weights
from selflearn_env.core.items import Items
from selflearn_env.core.rewards import BOUGHT
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.slates import repeats
from selflearn_env.declared import Array, Declared, counts, indexes, numbers

CERTAIN = 50.0  # purchases in each slot that are as expected before any response
UNCOUNTED = -1  # in the place of what is bought in a slot that repeats a product, or was not shown


class Experience:
    """The visits since the last step of the learning, W of them, and what all before have told of the slots.

    Attributes:
        adam: that moves the weights.
        tally: (2, n) purchases in each slot that were seen, and that were expected of what was shown in any.
        state, date: (W,)
        start, product, day: the records of these visits, as in `Items`.
        slates: (W, n) any product in the slots that were not shown
        bought: (W, n) 1, 0 or UNCOUNTED.
    """

    parts = {"adam": Adam}  # noqa: RUF012
    declared: ClassVar[Declared] = {
        "tally": numbers(2, "slate_size", least=0.0),
        "state": indexes("states", "waiting"),
        "date": numbers("waiting", dtype=np.int64),
        "start": counts("waiting + 1"),
        "product": indexes("products", "items", dtype=np.int32),
        "day": numbers("items", dtype=np.int64),
        "slates": indexes("products", "waiting", "slate_size"),
        "bought": Array(np.int8, ("waiting", "slate_size"), least=UNCOUNTED, most=1),
    }

    state: NDArray[np.int64]
    date: NDArray[np.int64]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    day: NDArray[np.int64]
    slates: NDArray[np.int64]
    bought: NDArray[np.int8]

    def __init__(self, weights: Weights, slate_size: int):
        """Nothing has been seen."""
        self.adam, self.tally = Adam(weights), np.full((2, slate_size), CERTAIN)
        self._clear(slate_size)

    def check_kept(self) -> None:
        """Sees that each visit has its record, and each slot something expected.

        Raises:
            ValueError: it is not so.
        """
        if self.start[0] or self.start[-1] != len(self.product) or (np.diff(self.start) < 0).any():
            raise ValueError("has records that do not follow each other")
        if not (self.tally > 0).all():
            raise ValueError("has a slot in which nothing was expected")

    def __len__(self) -> int:
        return len(self.state)

    @property
    def look(self) -> NDArray[np.float64]:
        """(n,) purchases in each slot over those expected."""
        return self.tally[0] / self.tally[1]

    def add(self, seen: SeenVisits, slates: NDArray[np.int64], responses: NDArray) -> None:
        """Keeps some visits, of slates (B, k); of a product shown twice only the first slot counts."""
        bought, again = (responses == BOUGHT).astype(np.int8), repeats(slates)
        if again is not None:
            bought[again] = UNCOUNTED
        not_shown = ((0, 0), (0, self.slates.shape[1] - slates.shape[1]))
        slates, bought = np.pad(slates, not_shown), np.pad(bought, not_shown, constant_values=UNCOUNTED)
        records = Items.joined([Items(self.start, self.product, self.day), seen.record])
        self.start, self.product, self.day = records.start, records.product, records.day
        self.state, self.date = np.append(self.state, seen.state), np.append(self.date, seen.date)
        self.slates, self.bought = np.concatenate([self.slates, slates]), np.concatenate([self.bought, bought])

    def take(self) -> tuple[SeenVisits, NDArray[np.int64], NDArray[np.int8]]:
        """The visits that were kept, their slates and what was bought; none are kept any more."""
        record = Items(self.start, self.product, self.day)
        seen = replace(SeenVisits.of_states(self.state), date=self.date, record=record)
        slates, bought = self.slates, self.bought
        self._clear(slates.shape[1])
        return seen, slates, bought

    def _clear(self, slate_size: int) -> None:
        nothing = Items.none(0)
        self.start, self.product, self.day = nothing.start, nothing.product, nothing.day
        self.state, self.date = np.empty((2, 0), dtype=np.int64)
        self.slates, self.bought = np.empty((0, slate_size), dtype=np.int64), np.empty((0, slate_size), dtype=np.int8)
