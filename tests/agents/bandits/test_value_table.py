"""Values and leaders against dictionaries and sorting, whatever is shown, known and better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selflearn_agents.bandits.value_table import LEADERS, ValueTable, find

STATES = 4


def table_of(values, depth=3, prior_weight=0.0, step_size=0.0):
    """A table of these values (S, P), whose columns are the products in reverse order."""
    column = np.arange(values.shape[1])[::-1].copy()
    known = ((np.flatnonzero(row > -np.inf), row[row > -np.inf]) for row in values[:, column])
    return ValueTable(column, known, depth, prior_weight, step_size)


def start_values(rng, products, share):
    """Few distinct ones, so that many tie."""
    values = rng.integers(-3, 9, (STATES, products)) / 2
    return np.where(rng.random(values.shape) < share, values, -np.inf)


def check_leaders(table, values, state):
    """The first so many by value, ties by column, and at least `depth` where so many are known."""
    column = table.column
    known = np.flatnonzero(values[state] > -np.inf)
    best = sorted(known.tolist(), key=lambda product: (-values[state, product], column[product]))
    length = table.heads[state]["length"]
    leaders = table.leaders[state, :length]
    assert length >= min(table.depth, known.size)
    assert leaders["column"].tolist() == [column[product] for product in best[:length]]
    np.testing.assert_array_equal(leaders["value"], values[state, best[:length]])


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    products=st.integers(5, 300),
    share=st.floats(0, 1),
    depth=st.integers(1, 5),
    batch=st.integers(1, 6),
)
def test_values_and_leaders_are_right_whatever_is_shown(seed, products, share, depth, batch):
    """Leaders mostly, which mostly fall, and others that rise."""
    rng = np.random.default_rng(seed)
    values = start_values(rng, products, share)
    table = table_of(values, depth)
    counts = {}
    for state in range(STATES):
        check_leaders(table, values, state)
    for _ in range(60):
        states = rng.integers(STATES, size=batch)
        slates = rng.integers(products, size=(batch, 4))
        for visit, state in enumerate(states.tolist()):
            leaders = table.leaders[state, : min(table.heads[state]["length"], 3)]
            slates[visit, : leaders.size] = products - 1 - leaders["column"]
        earned = rng.integers(-6, 12, slates.shape) / 2.0
        table.learn(states, slates, earned)
        for state, slate, gains in zip(states.tolist(), slates.tolist(), earned.tolist(), strict=True):
            for product, gain in zip(slate, gains, strict=True):
                count = counts.get((state, product), 0)
                before = values[state, product] if count else 0.0
                values[state, product] = (count * before + gain) / (count + 1)
                counts[state, product] = count + 1
        np.testing.assert_array_equal(table.rows(np.arange(STATES))[:, table.column], values)
        for state in range(STATES):
            check_leaders(table, values, state)


@pytest.mark.parametrize("products", [LEADERS - 1, LEADERS, LEADERS + 1])
def test_catalogues_around_the_number_of_leaders(products):
    """All that leads falls, one after the other, until what was worst at first is best."""
    values = np.random.default_rng(1).normal(size=(STATES, products))
    table = table_of(values)
    for reward in range(-10, -10 - products, -1):
        best = products - 1 - table.leaders[2, :1]["column"].astype(np.int64)
        values[2, best] = reward
        table.learn(np.array([2]), best[None], np.array([[float(reward)]]))
        check_leaders(table, values, 2)
    assert values[2].max() == -10


def test_shown_products_are_found_soon():
    """Few steps from the place of the hash, also where all products of some states of a large catalogue are shown."""
    products, states = 50_000, np.arange(0, 640, 64)
    table = ValueTable(np.arange(products), ((np.arange(0), np.arange(0.0)) for _ in range(640)), 1, 0.0, 0.0)
    shown = np.tile(np.arange(products), (len(states), 1))
    table.learn(states, shown, np.zeros(shown.shape))
    assert table.newcomers == shown.size
    assert len(table.places) < 8 * shown.size
    free = np.flatnonzero(table.places["cell"] < 0)
    longest = np.diff(free).max() - 1
    assert longest < 200
    place = find(128 * products + 7, table.places)
    assert table.places[place].item() == (128 * products + 7, 2 * products + 7)
