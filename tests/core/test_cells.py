"""Arrays that grow."""

from __future__ import annotations

import numpy as np

from selflearn_env.core.cells import grown


def test_arrays_grow_by_an_eighth_where_they_are_too_short():
    short = np.array([1.0, 2.0])
    assert grown(short, 2, 0.0) is short
    assert grown(short, 8, -1.0).tolist() == [1.0, 2.0] + 7 * [-1.0]
