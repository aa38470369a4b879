"""What the shop sees of visits before it recommends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items

UNKNOWN = -1  # customer


@dataclass(frozen=True, eq=False)
class SeenVisits:
    """What the shop sees of B visits; nothing in it is hidden from a real shop. Arrays are read-only.

    Where visits are a state and nothing else, as in `Retail-v0`, nobody is known: customers are -1, all else but the
    state is 0, and no record has anything in it. In `RetailJourney-v0` a record is the last ten products bought.

    Attributes:
        state: (B,) state index.
        customer: (B,) index of the customer, among those who are simulated.
        date: (B,) of the visit, in days since 1 January 1970.
        days_since: (B,) days since the customer's last visit, 0 at the first.
        visits: (B,) visits of the customer before this one.
        empty: (B,) visits in a row, up to the last, in which nothing was bought or clicked.
        record: what each customer has bought, as far as the shop knows, B rows; its days are dates, too.
    """

    state: NDArray[np.int64]
    customer: NDArray[np.int64]
    date: NDArray[np.int64]
    days_since: NDArray[np.int64]
    visits: NDArray[np.int64]
    empty: NDArray[np.int64]
    record: Items

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "record":
                array = getattr(self, field.name).view()
                array.flags.writeable = False
                object.__setattr__(self, field.name, array)

    @classmethod
    def of_states(cls, state: NDArray[np.int64]) -> Self:
        """Visits (B,) of which nothing but the state is known."""
        nothing = np.zeros(len(state), dtype=np.int64)
        unknown = np.full(len(state), UNKNOWN)
        return cls(state, unknown, nothing, nothing, nothing, nothing, Items.none(len(state)))

    def __len__(self) -> int:
        return len(self.state)

    def rows(self, which: NDArray[np.int64]) -> Self:
        """Some of them, given by their numbers."""
        arrays = {name: array.take(which) for name, array in vars(self).items() if name != "record"}
        return type(self)(**arrays, record=self.record.rows(which))

    @staticmethod
    def joined(parts: Sequence[SeenVisits]) -> SeenVisits:
        """The visits of several, one after the other; at least one."""
        names = [name for name in vars(parts[0]) if name != "record"]
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return SeenVisits(**arrays, record=Items.joined([part.record for part in parts]))
