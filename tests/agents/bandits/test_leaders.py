"""The kept leaders against sorting every row anew, whether the table stores every cell or what is known."""

from __future__ import annotations

import numpy as np
import pytest
import selflearn_agents.reserve
import selflearn_agents.value_table
from hypothesis import given, settings
from hypothesis import strategies as st
from selflearn_agents.bandits.leaders import SPARE, Leaders
from selflearn_agents.bandits.value_table import ValueTable


def table_of(values, seed=0, full=True):
    """A table of these values (S, P), and the same values by columns, which the test keeps up to date."""
    states, products = values.shape
    order = np.random.default_rng(seed).permutation(products)
    by_column = values[:, order]
    cells = np.flatnonzero(by_column > -np.inf)
    with pytest.MonkeyPatch.context() as patch:
        if not full:
            patch.setattr(selflearn_agents.bandits.value_table, "DENSE", 0)
            patch.setattr(selflearn_agents.bandits.value_table, "SPARSE", 1)
        return ValueTable(order, states, cells, by_column.reshape(-1)[cells])


def learn(table, leaders, values, states, slates, new):
    """Tells table, leaders and (S, P) values that the products (B, m) of the states (B,) have new values (B, m)."""
    values[states[:, None], slates] = new
    slots = table.add(table.column[slates] + table.row[states][:, None])
    table.value[slots] = values[states[:, None], slates]
    if len(states) == 1 and len(set(slates[0].tolist())) == slates.shape[1]:
        leaders.changed_once(table, states.item(), slates[0], slots[0], table.value[slots[0]])
    else:
        leaders.changed(table, states, slates, slots, table.value[slots])


def best_values(values, state, depth):
    return np.sort(values[state])[::-1][:depth]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    products=st.integers(4, 400),
    depth=st.integers(1, 12),
    known=st.floats(0, 1),
    batch=st.integers(1, 6),
    full=st.booleans(),
    large=st.booleans(),
)
def test_the_first_are_right_whatever_changes(seed, products, depth, known, batch, full, large):
    with pytest.MonkeyPatch.context() as patch:
        if large:
            small_reserve(patch)
        follow(seed, products, depth, known, batch, full)


def small_reserve(patch):
    for name, size in (("LARGE", 0), ("HELD", 70), ("ROOM", 4)):
        patch.setattr(selflearn_agents.bandits.reserve, name, size)


def follow(seed, products, depth, known, batch, full):
    """Lets values change, and compares what the leaders say with all values sorted."""
    rng = np.random.default_rng(seed)
    states = 5
    values = np.where(rng.random((states, products)) < known, rng.integers(-3, 40, (states, products)) / 2, -np.inf)
    table = table_of(values, seed, full)
    leaders = Leaders(table, depth)
    for _ in range(60):
        asked = rng.integers(states, size=batch)
        top = leaders.top(table, asked)
        is_known = leaders.known(table, asked)
        for visit, state in enumerate(asked.tolist()):
            row = top[visit]
            assert len(set(row.tolist())) == len(row)
            np.testing.assert_array_equal(values[state, row], best_values(values, state, depth))
            np.testing.assert_array_equal(is_known[visit], values[state, row] > -np.inf)
            assert leaders.best(table, state) == row[is_known[visit]].tolist()
        # What was shown falls, mostly; some other products rise.
        others = rng.integers(products, size=(batch, 2))
        slates = np.concatenate([top[:, :3], others], axis=1)
        learn(table, leaders, values, asked, slates, rng.integers(-6, 20, slates.shape) / 2)


def test_a_reserve_is_chosen_anew_where_it_may_lack_the_best(monkeypatch):
    """All that it holds falls; then more products rise than it has room for."""
    small_reserve(monkeypatch)
    values = np.random.default_rng(2).normal(size=(1, 300))
    table = table_of(values)
    leaders, state = Leaders(table, 3), np.array([0])
    for rank, new in ((slice(0, 90), -9.0), (slice(200, 300), 9.0), (slice(50, 150), -5.0)):
        products = np.argsort(-values[0])[None, rank]
        learn(table, leaders, values, state, products, new - np.linspace(0, 1, products.size))
        assert leaders.best(table, 0) == np.argsort(-values[0])[:3].tolist()


def test_one_by_one_and_together_agree():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 300))
    table = table_of(values)
    one, many = Leaders(table, 10), Leaders(table, 10)
    for _ in range(50):
        states = rng.choice(20, size=8, replace=False)
        together = many.top(table, states)
        assert [one.best(table, state) for state in states.tolist()] == together.tolist()
        slots = table.column[together] + table.row[states][:, None]
        table.value[slots] = rng.normal(-1, 1, size=slots.shape)
        many.changed(table, states, together, slots, table.value[slots])
        for state, slate, own in zip(states.tolist(), together, slots, strict=True):
            one.changed_once(table, state, slate, own, table.value[own])


@pytest.mark.parametrize("products", [SPARE - 1, SPARE, SPARE + 1])
def test_catalogues_around_the_size_of_the_list(products):
    values = np.random.default_rng(1).normal(size=(2, products))
    table = table_of(values)
    top = Leaders(table, 5).top(table, np.array([1, 0]))
    np.testing.assert_array_equal(top[0], np.argsort(-values[1])[:5])
