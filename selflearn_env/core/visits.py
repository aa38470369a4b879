"""Visits under way, and what comes of showing them slates: arrays with the visit axis first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.seen import SeenVisits

AnyVisits = TypeVar("AnyVisits", bound="Visits")


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits under way; replaced, never changed."""

    state: NDArray[np.int64]  # (B,)

    def __len__(self) -> int:
        return len(self.state)

    def columns(self) -> list[Any]:
        """All that is known of the visits, in the order of the fields: arrays, or `Items` where lengths differ."""
        return [getattr(self, field.name) for field in fields(self)]

    def rows(self, which: NDArray) -> Self:
        """The visits of some rows, given by their numbers or by a mask."""
        numbers = np.flatnonzero(which) if which.dtype == np.bool_ else which
        return type(self)(*(rows_of(column, numbers) for column in self.columns()))

    def replaced(self, which: NDArray, others: Self) -> Self:
        """These visits, with others in some rows."""
        pairs = zip(self.columns(), others.columns(), strict=True)
        return type(self)(*(_replaced(column, which, other) for column, other in pairs))

    def told(self) -> dict[str, NDArray]:
        """What the shop is told of the visits, under the names of `info`: (B,) numbers each."""
        return {"state": self.state}

    def seen(self, first_date: int) -> SeenVisits:
        """What the shop sees of the visits.

        Args:
            first_date: of the calendar, in days since 1 January 1970.
        """
        return SeenVisits.of_states(self.state)

    @staticmethod
    def joined(parts: Sequence[AnyVisits]) -> AnyVisits:
        """The visits of several, one after the other; at least one."""
        columns = zip(*(part.columns() for part in parts), strict=True)
        return type(parts[0])(*map(join, columns))


def rows_of(column: Any, numbers: NDArray) -> Any:
    """Some rows of an array, or of what has `rows`, given by their numbers; a copy."""
    return column.take(numbers, axis=0) if isinstance(column, np.ndarray) else column.rows(numbers)


def _replaced(column: Any, which: NDArray, other: Any) -> Any:
    if not isinstance(column, np.ndarray):
        return column.replaced(which, other)
    column = column.copy()
    column[which] = other
    return column


def join(columns: Sequence[Any]) -> Any:
    """The rows of arrays, or of what has `joined`, one after the other; at least one."""
    return np.concatenate(columns) if isinstance(columns[0], np.ndarray) else columns[0].joined(columns)


class Outcome(NamedTuple, Generic[AnyVisits]):
    """What came of showing one slate to each visit."""

    visits: AnyVisits  # what follows: the next visit, or where the episode is over, the last one as it has become
    response: NDArray[np.int8]  # (B, n)
    item_reward: NDArray[np.float64]  # (B, n)
    reward: NDArray[np.float64]  # (B,)
    duplicates: NDArray[np.int64]  # (B,) repeated products of the slate
    terminated: NDArray[np.bool_]  # (B,) whether the episode is over for good
    truncated: NDArray[np.bool_]  # (B,) whether it was cut short
    unavailable: NDArray[np.int64]  # (B,) slots that show what may not be shown
