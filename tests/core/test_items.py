"""Rows of items against lists of lists."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.core.items import Items
from tests.core.people.plain import items_of


def lists(items):
    return [
        list(zip(items.product[a:b].tolist(), items.day[a:b].tolist(), strict=True))
        for a, b in zip(items.start[:-1], items.start[1:], strict=True)
    ]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 6))
def test_rows_are_those_of_lists(number, rows, others):
    rng = np.random.default_rng(number)
    one, other, more = items_of(rng, rows), items_of(rng, others), items_of(rng, rows)
    which = rng.integers(rows, size=rng.integers(5))
    assert len(one) == rows
    assert one.counts().tolist() == [len(row) for row in lists(one)]
    assert lists(one.rows(which)) == [lists(one)[row] for row in which]
    assert lists(one.followed_by(more)) == [a + b for a, b in zip(lists(one), lists(more), strict=True)]
    assert lists(Items.joined([one, other, more])) == lists(one) + lists(other) + lists(more)
    places = rng.permutation(rows)[: min(rows, others)]
    expected = lists(one)
    for place, row in zip(places, lists(other)[: len(places)], strict=True):
        expected[place] = row
    assert lists(one.replaced(places, other.rows(np.arange(len(places))))) == expected
    assert lists(one) == lists(items_of(np.random.default_rng(number), rows))  # never changed


def test_no_items():
    none = Items.none(3)
    assert lists(none) == [[], [], []]
    assert lists(none.rows(np.array([2, 0]))) == [[], []]
    assert (none.product.dtype, none.day.dtype, none.start.dtype) == (np.int32, np.int64, np.int64)
