"""The kept leaders against sorting every row anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.leaders import SPARE, Leaders


def best_values(values, state, depth):
    return np.sort(values[state])[::-1][:depth]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    products=st.integers(4, 400),
    depth=st.integers(1, 12),
    known=st.floats(0, 1),
    batch=st.integers(1, 6),
)
def test_the_first_are_right_whatever_changes(seed, products, depth, known, batch):
    rng = np.random.default_rng(seed)
    states = 5
    values = np.where(rng.random((states, products)) < known, rng.integers(-3, 40, (states, products)) / 2, -np.inf)
    leaders = Leaders(values, depth)
    for _ in range(60):
        asked = rng.integers(states, size=batch)
        top = leaders.top(values, asked)
        for row, state in zip(top, asked, strict=True):
            assert len(set(row.tolist())) == len(row)
            np.testing.assert_array_equal(values[state, row], best_values(values, state, depth))
            if not leaders.scarce[state]:
                assert values[state, row[-1]] > -np.inf
        # What was shown falls, mostly; some other products rise.
        others = rng.integers(products, size=(batch, 2))
        columns = np.concatenate([top[:, :3], others], axis=1)
        cells = asked[:, None] * products + columns
        values.reshape(-1)[cells] = rng.integers(-6, 20, cells.shape) / 2
        leaders.changed(values, asked, cells, values.reshape(-1)[cells])


def test_one_by_one_and_together_agree():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 300))
    one, many = Leaders(values, 10), Leaders(values, 10)
    for _ in range(50):
        states = rng.choice(20, size=8, replace=False)
        together = many.top(values, states)
        alone = np.concatenate([one.top(values, states[[visit]]) for visit in range(8)])
        np.testing.assert_array_equal(together, alone)
        cells = states[:, None] * 300 + together
        values.reshape(-1)[cells] = rng.normal(-1, 1, size=cells.shape)
        for leaders in (one, many):
            leaders.changed(values, states, cells, values.reshape(-1)[cells])


@pytest.mark.parametrize("products", [SPARE - 1, SPARE, SPARE + 1])
def test_catalogues_around_the_size_of_the_list(products):
    values = np.random.default_rng(1).normal(size=(2, products))
    leaders = Leaders(values, 5)
    top = leaders.top(values, np.array([1, 0]))
    np.testing.assert_array_equal(top[0], np.argsort(-values[1])[:5])
