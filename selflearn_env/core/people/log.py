"""The visits of the log by those who are simulated, which regulars bring along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items


@dataclass(frozen=True, eq=False)
class LoggedVisits:
    """V visits of C customers, customer by customer and in the order of time; a customer's day is one visit.

    Attributes:
        first: (C + 1,) where the visits of each customer begin.
        day: (V,) counted from the log's first.
        start: (V + 1,) where the items of each visit begin.
        product: (N,) items, a product once per visit.
    """

    first: NDArray[np.int64]
    day: NDArray[np.int64]
    start: NDArray[np.int64]
    product: NDArray[np.int32]

    @cached_property
    def items(self) -> Items:
        """What each customer bought, C rows."""
        return Items(self.start[self.first], self.product, np.repeat(self.day, np.diff(self.start)))
