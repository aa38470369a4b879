"""The values of the products in each state, stored by what is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.cells import Cells, grown
from selflearn_env.core.tables import DENSE

SPARSE = 4  # of a large table, more than one cell in so many must be known for each to have a slot


class ValueTable(Cells):
    """A value for each product known in a state, and the rewards that it comes from, by slots.

    A table of many cells of which at most a quarter is known has slots for those only, and for what is added.

    Attributes:
        value: the value of each slot, -inf for a product that is not known in the state. With room for more slots.
        total: sum of the rewards.
        count: how many rewards.
        order: (P,) the product of each column. A random order sees to it that ties do not break by the order of the
            catalogue.
        column: (P,) the column of each product.
        row: (S,) where the row of each state starts in the flat table.
    """

    def __init__(self, order: NDArray[np.int64], states: int, cells: NDArray[np.int64], values: NDArray[np.float64]):
        """Stores what is known.

        Args:
            order: (P,) the product of each column.
            states: how many, S.
            cells: (N,) state * P + column of what is known, ascending.
            values: (N,) their values.
        """
        size = states * len(order)
        self.order, self.column, self.row = order, np.argsort(order), np.arange(0, size, len(order))
        if size <= DENSE or SPARSE * len(cells) > size:
            super().__init__(size)
            self.value = np.full(size, -np.inf)
            self.value[cells] = values
        else:
            super().__init__(size, cells)
            self.value = grown(values, len(cells) + 1, -np.inf)
        # Written to, not left to be zeroed page by page when a product is first shown: that takes longer than to learn.
        self.total, self.count = np.full(len(self.value), 0.0), np.full(len(self.value), 0.0)

    def add(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of cells of any shape, which are added where they have none, without a value so far."""
        if self.full:
            return cells
        slots = super().add(cells)
        self.value = grown(self.value, len(self), -np.inf)
        self.total, self.count = grown(self.total, len(self), 0.0), grown(self.count, len(self), 0.0)
        return slots

    def known(self, state: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The columns known in the state, ascending, their slots and values."""
        start, stop = state * len(self.order), (state + 1) * len(self.order)
        if self.full:
            row = self.value[start:stop]
            columns = (row > -np.inf).nonzero()[0]
            return columns, columns + start, row[columns]
        cells, slots = self.within(start, stop)
        values = self.value[slots]
        some = values > -np.inf
        return cells[some] - start, slots[some], values[some]
