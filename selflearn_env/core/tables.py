"""Tables of states x products: arrays while they are small, else only their filled cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

DENSE = 2**24  # cells up to which a table is an array; the default shop has 2.5 million


class SparseTable:
    """A table (R, P) that keeps its filled cells, row by row (compressed sparse rows); the others are 0.

    It reads like an array: a row number, a slice or an array of row numbers or truth values gives an array with these
    rows; it can be gone through row by row, and `numpy.asarray` makes an array of the whole.
    """

    ndim = 2

    def __init__(self, cells: NDArray[np.int64], values: NDArray, shape: tuple[int, int]):
        """Keeps the cells.

        Args:
            cells: (N,) row * P + column of each filled cell, ascending.
            values: (N,) their values.
            shape: (R, P).

        Raises:
            ValueError: the cells do not ascend, or lie outside the table.
        """
        rows, products = shape
        if len(cells) and (cells[0] < 0 or cells[-1] >= rows * products or (np.diff(cells) <= 0).any()):
            raise ValueError(f"the filled cells must ascend within 0..{rows * products - 1}")
        self.shape, self.dtype = (int(rows), int(products)), values.dtype
        self._start = np.searchsorted(cells, np.arange(rows + 1) * products)
        self._column = (cells % products).astype(np.int32)
        self._value = values.view()
        for array in (self._start, self._column, self._value):
            array.flags.writeable = False

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, rows: Any) -> NDArray:
        which = np.arange(len(self))[rows]
        dense = np.zeros((which.size, self.shape[1]), dtype=self.dtype)
        for row, at in zip(dense, which.ravel().tolist(), strict=True):
            columns, values = self.row(at)
            row[columns] = values
        return dense.reshape(*which.shape, self.shape[1])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def row(self, row: int) -> tuple[NDArray[np.int32], NDArray]:
        """Columns and values of the filled cells of a row."""
        own = slice(self._start[row], self._start[row + 1])
        return self._column[own], self._value[own]

    def filled(self) -> tuple[NDArray[np.int64], NDArray]:
        """Cells and values, as the table was made from them."""
        first = np.arange(len(self)) * self.shape[1]
        return np.repeat(first, np.diff(self._start)) + self._column, self._value


Table = NDArray | SparseTable


def table(cells: NDArray[np.int64], values: NDArray, shape: tuple[int, int]) -> Table:
    """The table (R, P) whose filled cells, row * P + column and ascending, have these values."""
    if shape[0] * shape[1] > DENSE:
        return SparseTable(cells, values, shape)
    dense = np.zeros(shape, dtype=values.dtype)
    dense.reshape(-1)[cells] = values
    return dense


def filled(given: Table) -> tuple[NDArray[np.int64], NDArray]:
    """Cells, row * P + column and ascending, and values, as `table` takes them."""
    if isinstance(given, SparseTable):
        return given.filled()
    cells = np.flatnonzero(given)
    return cells, given.reshape(-1)[cells]


def values_at(given: Table, cells: NDArray[np.int64]) -> NDArray:
    """(N,) the values of cells (N,), row * P + column."""
    if isinstance(given, SparseTable):
        some, values = given.filled()
        if not some.size:
            return np.zeros(cells.size, given.dtype)
        at = np.searchsorted(some, cells).clip(max=some.size - 1)
        return np.where(some[at] == cells, values[at], 0).astype(given.dtype)
    return given.reshape(-1)[cells]


def totals(cells: NDArray[np.int64], weights: NDArray | None = None) -> tuple[NDArray[np.int64], NDArray]:
    """The cells that occur, ascending, and how often each does, or the sum of its weights.

    Sorted, not counted in an array of all cells: even where that would be small, most of it would be empty.
    """
    if weights is None:
        return np.unique(cells, return_counts=True)
    some, place = np.unique(cells, return_inverse=True)
    return some, np.bincount(place, weights)


def sum_rows(given: Table, group: NDArray, groups: int) -> NDArray[np.float64]:
    """(groups, P) the sum of the rows (R, P) of each group (R,); a row of group -1 counts nowhere."""
    total = np.zeros((groups, given.shape[1]))
    for row in np.flatnonzero(group >= 0).tolist():
        if isinstance(given, SparseTable):
            columns, values = given.row(row)
            total[group[row], columns] += values  # no column comes twice in a row
        else:
            total[group[row]] += given[row]
    return total
