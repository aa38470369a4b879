"""Items bought, visit by visit or customer by customer: rows of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.compiling import Loop


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What B visits or customers bought, in the order of time; it never changes.

    Attributes:
        start: (B + 1,) where the items of each row begin.
        product: (N,)
        day: (N,) on which each was bought, counted from the log's first; in `SeenVisits` dates.
    """

    start: NDArray[np.int64]
    product: NDArray[np.int32]
    day: NDArray[np.int64]

    @classmethod
    def none(cls, rows: int) -> Items:
        """Rows without items."""
        return cls(np.zeros(rows + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.start) - 1

    def counts(self) -> NDArray[np.int64]:
        """(B,) items of each row."""
        return np.diff(self.start)

    def rows(self, which: NDArray[np.int64]) -> Items:
        """Some rows, given by their numbers."""
        return Items(*_chosen(*self._arrays(), *self._arrays(), which))

    def pieces(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Items:
        """Rows of the items at begin..end - 1 (B,) each, whichever rows these are in."""
        start = np.concatenate([[0], np.cumsum(end - begin)])
        at = np.arange(start[-1]) + np.repeat(begin - start[:-1], np.diff(start))
        return Items(start, self.product[at], self.day[at])

    def where(self, kept: NDArray[np.bool_]) -> Items:
        """The items that are marked (N,), in the rows where they were."""
        before = np.concatenate([[0], np.cumsum(kept)])
        return Items(before[self.start], self.product[kept], self.day[kept])

    def replaced(self, which: NDArray[np.int64], others: Items) -> Items:
        """These rows, with others in the places `which`."""
        source = np.arange(len(self))
        source[which] = -1 - np.arange(len(others))
        return Items(*_chosen(*self._arrays(), *others._arrays(), source))

    def followed_by(self, others: Items) -> Items:
        """The items of each row, and after them those of another with as many rows."""
        return Items(*_appended(*self._arrays(), *others._arrays()))

    @staticmethod
    def joined(parts: Sequence[Items]) -> Items:
        """The rows of several, one after the other; at least one."""
        ends = np.cumsum([0, *(part.product.size for part in parts)])
        starts = [part.start[:-1] + end for part, end in zip(parts, ends, strict=False)]
        return Items(
            np.concatenate([*starts, ends[-1:]]),
            np.concatenate([part.product for part in parts]),
            np.concatenate([part.day for part in parts]),
        )

    def _arrays(self) -> tuple[Any, ...]:
        return self.start, self.product, self.day


@Loop
def _chosen(start, product, day, other_start, other_product, other_day, source):  # type: ignore[no-untyped-def]
    """Rows put together: row `source` of the first where that is >= 0, else row -1 - `source` of the others."""
    ends = np.zeros(source.size + 1, dtype=np.int64)
    for row in range(source.size):
        s = source[row]
        length = start[s + 1] - start[s] if s >= 0 else other_start[-s] - other_start[-1 - s]
        ends[row + 1] = ends[row] + length
    products, days = np.empty(ends[-1], dtype=product.dtype), np.empty(ends[-1], dtype=day.dtype)
    for row in range(source.size):
        s = source[row]
        if s >= 0:
            products[ends[row] : ends[row + 1]] = product[start[s] : start[s + 1]]
            days[ends[row] : ends[row + 1]] = day[start[s] : start[s + 1]]
        else:
            products[ends[row] : ends[row + 1]] = other_product[other_start[-1 - s] : other_start[-s]]
            days[ends[row] : ends[row + 1]] = other_day[other_start[-1 - s] : other_start[-s]]
    return ends, products, days


@Loop
def _appended(start, product, day, more_start, more_product, more_day):  # type: ignore[no-untyped-def]
    """Each row, and after it that of the others."""
    ends = start + more_start
    products, days = np.empty(ends[-1], dtype=product.dtype), np.empty(ends[-1], dtype=day.dtype)
    for row in range(start.size - 1):
        middle = ends[row] + start[row + 1] - start[row]
        products[ends[row] : middle] = product[start[row] : start[row + 1]]
        products[middle : ends[row + 1]] = more_product[more_start[row] : more_start[row + 1]]
        days[ends[row] : middle] = day[start[row] : start[row + 1]]
        days[middle : ends[row + 1]] = more_day[more_start[row] : more_start[row + 1]]
    return ends, products, days
