"""Slots of filled cells against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn_env.core.cells import Cells, grown


def check(cells, slot_of):
    """All cells of the table are found as the dictionary has them."""
    everything = np.arange(cells.size)
    assert cells.find(everything).tolist() == [slot_of.get(cell, -1) for cell in range(cells.size)]
    assert len(cells) == len(slot_of)
    filled, slots = cells.within(0, cells.size)
    np.testing.assert_array_equal(filled, sorted(slot_of))
    np.testing.assert_array_equal(slots, cells.find(filled))


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 400),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
    calls=st.lists(st.integers(0, 60), max_size=8),
)
def test_slots_are_those_of_a_dictionary(size, share, seed, calls):
    rng = np.random.default_rng(seed)
    filled = rng.permutation(np.flatnonzero(rng.random(size) < share))
    cells, slot_of = Cells(size, filled), {cell: slot for slot, cell in enumerate(sorted(filled.tolist()))}
    check(cells, slot_of)
    for count in calls:
        asked = rng.integers(size, size=(count, 2))
        before = len(slot_of)
        slot_of |= dict(zip(asked.ravel().tolist(), cells.add(asked).ravel().tolist(), strict=True))
        assert sorted(slot_of.values())[before:] == list(range(before, len(slot_of)))
        check(cells, slot_of)


@pytest.mark.parametrize("stop", [0, 1, 15, 16, 17, 100])
@pytest.mark.parametrize("start", [0, 1, 15, 16, 17])
def test_the_cells_of_a_range(start, stop):
    filled = np.array([0, 1, 14, 15, 16, 17, 31, 32, 99])
    cells = Cells(100, filled[::2])
    cells.add(filled[1::2])
    expected = [cell for cell in filled.tolist() if start <= cell < stop]
    found, slots = cells.within(start, max(start, stop))
    assert found.tolist() == expected
    np.testing.assert_array_equal(slots, cells.find(found))


def test_many_are_added_one_by_one_or_together():
    """Cells of one hash, and tables that grow: whatever the calls, each cell has one slot, and finds it again."""
    rng = np.random.default_rng(0)
    size = 672 * 100_000
    filled = np.unique(rng.integers(size, size=50_000))
    new = rng.integers(size, size=30_000)
    together, apart = Cells(size, filled), Cells(size, filled)
    together.add(new)
    slots = np.concatenate([apart.add(part) for part in np.split(new, [1, 2, 3, *range(10, 3_000, 20), 9_000])])
    assert len(together) == len(apart) == len(np.union1d(filled, new))
    for cells in (together, apart):
        found = cells.find(new)
        assert found.min() >= 0
        assert len(np.unique(found)) == len(np.unique(new))
    np.testing.assert_array_equal(apart.find(new), slots)
    np.testing.assert_array_equal(apart.find(filled), np.arange(len(filled)))
    absent = np.setdiff1d(rng.integers(size, size=50_000), np.union1d(filled, new))
    assert (together.find(absent) == -1).all()


def test_memory_grows_with_what_is_filled():
    """3 bits for each cell of the table, 4 with those added later, and at most 32 bytes for each of these."""
    size = 16_000_000
    cells = Cells(size, np.arange(0, size, 100))
    cells.add(np.arange(1, size, 1_000))
    held = sum(array.nbytes for array in vars(cells).values() if isinstance(array, np.ndarray))
    assert held <= size / 2 + 32 * cells.later


def test_in_a_full_table_the_cells_are_the_slots():
    cells = Cells(40)
    check(cells, {cell: cell for cell in range(40)})
    asked = np.array([[3, 39], [0, 3]])
    np.testing.assert_array_equal(cells.add(asked), asked)
    assert [each.tolist() for each in cells.within(5, 9)] == [[5, 6, 7, 8]] * 2


def test_arrays_grow_by_an_eighth_where_they_are_too_short():
    short = np.array([1.0, 2.0])
    assert grown(short, 2, 0.0) is short
    assert grown(short, 8, -1.0).tolist() == [1.0, 2.0] + 7 * [-1.0]
