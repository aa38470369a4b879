"""The products of greatest value in each state, kept instead of sorted anew for every visit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPARE = 64  # products kept per state; few enough to sort quickly, enough to outlast many visits


class Leaders:
    """For each state a sorted list of its best products, of which the first `depth` are right whenever they are read.

    `floor` bounds the values of all products outside the list; one that rises above it is taken into the list. The list
    is sorted again when its values have changed, and chosen anew from the whole row only when one of its first `depth`
    fell below the floor. Products without a value (-inf) come last; `scarce` marks the states where they may be among
    the first `depth`.
    """

    def __init__(self, values: NDArray[np.float64], depth: int):
        """Chooses the leaders.

        Args:
            values: (S, P) values of the products in each state, -inf for none.
            depth: how many leaders must be right.
        """
        states, self.products = values.shape
        self.depth = min(depth, self.products)
        self.size = min(max(SPARE, 2 * depth), self.products)
        self.ids = np.zeros((states, self.size), dtype=np.int64)
        self.floor = np.full(states, -np.inf)
        self.outside = np.ones(states * self.products, dtype=bool)
        self.unsorted = np.ones(states, dtype=bool)
        self.scarce = np.zeros(states, dtype=bool)
        for row in range(states):
            self._choose(values[row], row)

    def top(self, values: NDArray[np.float64], states: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B, depth) the best products of the states, best first, given the values (S, P) of all."""
        if len(states) == 1:
            row = int(states[0])
            if self.unsorted[row]:
                self._refresh(values[row], row)
            return self.ids[row : row + 1, : self.depth].copy()
        rows = states[self.unsorted[states]]
        if rows.size:
            self._refresh_many(values, np.unique(rows))
        return self.ids.take(states, axis=0)[:, : self.depth]

    def changed(
        self, values: NDArray[np.float64], states: NDArray[np.int64], cells: NDArray[np.int64], new: NDArray[np.float64]
    ) -> None:
        """Says that of the values (S, P) the cells state * P + product (B, m) of the states (B,) are new (B, m)."""
        self.unsorted[states] = True
        risen = new > self.floor.take(states)[:, None]
        risen &= self.outside.take(cells)
        if np.count_nonzero(risen):
            for row, cell in zip(states[np.nonzero(risen)[0]].tolist(), cells[risen].tolist(), strict=True):
                if self.outside[cell]:
                    self._take_in(values[row], row, cell)

    def _take_in(self, values: NDArray[np.float64], row: int, cell: int) -> None:
        """Puts a product in the place of the last one of the list."""
        last = self.ids[row, -1]
        self.floor[row] = max(self.floor[row], values[last])
        self.ids[row, -1] = cell - row * self.products
        self.outside[cell], self.outside[row * self.products + last] = False, True

    def _refresh(self, values: NDArray[np.float64], row: int) -> None:
        """Sorts the list of one state, given the values (P,) of its products; chooses it anew where it must."""
        ids = self.ids[row]
        ids = ids.take(values.take(ids).argsort()[::-1])
        if values[ids[self.depth - 1]] < self.floor[row]:
            self._choose(values, row)
            ids = self.ids[row]
            ids = ids.take(values.take(ids).argsort()[::-1])
        self.ids[row] = ids
        self.unsorted[row] = False

    def _refresh_many(self, values: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        """The same for several states (R,) at once: one call for all rows costs less than a call for each."""
        ids = self.ids[rows]
        keys = values.reshape(-1).take((rows * self.products)[:, None] + ids)
        np.negative(keys, out=keys)
        order = keys.argsort(axis=1)
        order += (np.arange(len(rows)) * self.size)[:, None]
        self.ids[rows] = ids.take(order)
        self.unsorted[rows] = False
        fallen = keys.take(order[:, self.depth - 1]) > -self.floor[rows]
        for row in rows[fallen].tolist():
            self._refresh(values[row], row)

    def _choose(self, values: NDArray[np.float64], row: int) -> None:
        """The best of all products of one state, unsorted."""
        self.outside[row * self.products + self.ids[row]] = True
        known = np.flatnonzero(values > -np.inf)
        if known.size > self.size:
            cut = known.size - self.size
            ids = known[values[known].argpartition(cut)[cut:]]
            self.floor[row] = values[ids[0]]  # the partition puts the least of them first
        else:
            unknown = np.flatnonzero(values == -np.inf)
            ids = np.concatenate([known, unknown[: self.size - known.size]])
            self.floor[row] = -np.inf
        self.scarce[row] = known.size < self.depth
        self.outside[row * self.products + ids] = False
        self.ids[row] = ids
