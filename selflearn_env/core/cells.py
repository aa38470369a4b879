"""Arrays that grow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def grown(array: NDArray, slots: int, fill: float) -> NDArray:
    """The array, lengthened for at least so many slots where it is too short, by an eighth so that this is rare."""
    if len(array) >= slots:
        return array
    return np.concatenate([array, np.full((slots - len(array) + slots // 8, *array.shape[1:]), fill, array.dtype)])
