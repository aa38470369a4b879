"""Visits of persons, and what the shop sees of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.people.records import Items


@dataclass(frozen=True, slots=True)
class PeopleVisits(JourneyVisits):
    """The visits under way: one person each, at a moment of its life."""

    logged: NDArray[np.int64]  # (B,) items of the log in the record, the customer's first so many
    record: Items  # B rows: what was bought in this life
    basket: NDArray[np.int64]  # (B,) products bought besides the slate in the visit before

    def told(self) -> dict[str, NDArray]:
        """What the shop is told of the visits, under the names of `info`: (B,) numbers each."""
        return {"state": self.state, "customer": self.customer, "days_since": self.day - self.last_visit}


@dataclass(frozen=True, eq=False)
class SeenVisits:
    """What the shop sees of B visits before it recommends; nothing of it is hidden in the real world.

    Attributes:
        state: (B,) state index.
        day: (B,) counted from the log's first.
        customer: (B,) index of the customer.
        days_since: (B,) days since the customer's last visit, 0 at the first.
        visits: (B,) visits of the customer before this one.
        empty: (B,) visits in a row, up to the last, in which nothing was bought or clicked.
        record: all that the customer has bought, B rows.
    """

    state: NDArray[np.int64]
    day: NDArray[np.int64]
    customer: NDArray[np.int64]
    days_since: NDArray[np.int64]
    visits: NDArray[np.int64]
    empty: NDArray[np.int64]
    record: Items

    def __len__(self) -> int:
        return len(self.state)
