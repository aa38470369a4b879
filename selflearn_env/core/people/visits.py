"""Visits of persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items
from selflearn_env.core.journey.visits import JourneyVisits


@dataclass(frozen=True, slots=True)
class PeopleVisits(JourneyVisits):
    """The visits under way: one person each, at a moment of its life."""

    logged: NDArray[np.int64]  # (B,) items of the log in the record, the customer's first so many
    record: Items  # B rows: what was bought in this life
    basket: NDArray[np.int64]  # (B,) products bought besides the slate in the visit before

    def told(self) -> dict[str, NDArray]:
        """What the shop is told of the visits, under the names of `info`: (B,) numbers each."""
        return {"state": self.state, "customer": self.customer, "days_since": self.day - self.last_visit}
