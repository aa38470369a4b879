"""The best few of many scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECES = 32
FEW = 256  # scores that are sorted sooner than searched for a bound


def top(scores: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """(R, count) columns of the greatest scores (R, C) in each row, best first; equal ones in the order of the columns.

    As a stable sort of each row has it, but only those are sorted that reach a bound: the count-th greatest of the
    row's scores, or, in wide rows, of the maxima of groups of PIECES of them.
    """
    rows, width = scores.shape
    if rows == 1 and width <= FEW:
        return (-scores).argsort(axis=1, kind="stable")[:, :count]
    groups = width // PIECES
    if groups > 2 * count:
        some = scores[:, : PIECES * groups].reshape(rows, PIECES, groups).max(axis=1)
    else:
        some, groups = scores, width
    least = np.partition(some, groups - count, axis=1)[:, groups - count]
    if rows == 1:
        columns = np.flatnonzero(scores[0] >= least[0])
        return columns[np.argsort(-scores[0].take(columns), kind="stable")[:count]][None]
    cells = np.flatnonzero(scores >= least[:, None])
    if cells.size == rows * count:  # no others in any row
        found = cells.reshape(rows, count)
        order = np.argsort(-scores.reshape(-1).take(found), axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1) % width
    row, column = np.divmod(cells, width)
    order = np.lexsort((-scores[row, column], row))
    start = np.searchsorted(row, np.arange(rows))
    return column[order[start[:, None] + np.arange(count)]]
