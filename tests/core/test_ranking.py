"""The best few of many scores, against a stable sort."""

import numpy as np
import pytest

from selflearn_env.core.ranking import top


@pytest.mark.parametrize("shape", [(1, 5), (1, 700), (4, 5), (4, 700), (3, 3)])
@pytest.mark.parametrize("levels", [2, 10, 10**9])
def test_the_top_columns_are_those_of_a_stable_sort(shape, levels):
    rng = np.random.default_rng(2)
    for _ in range(30):
        scores = rng.integers(levels, size=shape).astype(np.float64)
        expected = np.argsort(-scores, axis=1, kind="stable")[:, :3]
        np.testing.assert_array_equal(top(scores, 3), expected)


def test_the_top_columns_where_some_are_infinite():
    scores = np.full((2, 400), -np.inf)
    scores[0, [7, 300, 2]] = [np.inf, 1.0, np.inf]
    assert top(scores, 4).tolist() == [[2, 7, 300, 0], [0, 1, 2, 3]]
    assert top(scores[:1], 4).tolist() == [[2, 7, 300, 0]]
