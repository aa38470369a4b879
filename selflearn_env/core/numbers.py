"""Whether numbers are what they should be."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

MOST = int(np.finfo(np.float64).max)
FEW = 32  # numbers that Python looks over faster than numpy


def is_number(value: Any) -> TypeGuard[float]:
    """Whether the value is a real number; a truth value is none, nor a whole number that has no float."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= MOST
    return isinstance(value, float | np.integer | np.floating)


def is_within(indexes: NDArray[np.int64], size: int) -> bool:
    """Whether all indexes are 0..size - 1."""
    if indexes.size > FEW:
        return bool(indexes.min() >= 0 and indexes.max() < size)
    ascending = sorted(indexes.ravel().tolist())
    return not ascending or (ascending[0] >= 0 and ascending[-1] < size)


def is_at_most(numbers: NDArray[np.float64], most: float) -> bool:
    """Whether the size of each number is at most this; that of NaN is not."""
    if numbers.size > FEW:
        return bool(numbers.max() <= most and numbers.min() >= -most)  # each is NaN where a number is
    few = numbers.ravel().tolist()
    return all(-most <= number <= most for number in few)
