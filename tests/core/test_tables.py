"""Tables that keep their filled cells only read like the arrays they stand for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from selflearn_env.core import tables
from selflearn_env.core.tables import SparseTable, filled, sum_rows, table, totals, values_at

SHAPE = (7, 50)


@pytest.fixture
def dense() -> np.ndarray:
    rng = np.random.default_rng(0)
    values = rng.integers(-3, 4, SHAPE).astype(np.int32)
    values[rng.random(SHAPE) < 0.8] = 0
    values[3] = 0
    return values


@pytest.fixture
def sparse(dense: np.ndarray) -> SparseTable:
    return SparseTable(*filled(dense), SHAPE)


@pytest.mark.parametrize(
    "rows", [2, -1, slice(1, 5), slice(None), [4, 0, 4], np.array([3]), np.arange(7) % 2 == 0, np.zeros(0, int)]
)
def test_rows_are_those_of_the_array(dense, sparse, rows):
    np.testing.assert_array_equal(sparse[rows], dense[rows])
    assert sparse[rows].dtype == dense.dtype


def test_a_row_outside_is_refused(sparse):
    with pytest.raises(IndexError):
        sparse[7]


def test_it_can_be_gone_through_and_made_an_array(dense, sparse):
    np.testing.assert_array_equal(np.stack(list(sparse)), dense)
    np.testing.assert_array_equal(np.asarray(sparse), dense)
    assert np.asarray(sparse, dtype=np.float64).dtype == np.float64
    assert (len(sparse), sparse.shape, sparse.ndim) == (7, SHAPE, 2)


def test_it_is_taken_apart_into_what_it_was_made_from(dense, sparse):
    for one, other in zip(filled(sparse), filled(dense), strict=True):
        np.testing.assert_array_equal(one, other)


def test_some_cells(dense, sparse):
    cells = np.random.default_rng(1).integers(dense.size, size=100)
    np.testing.assert_array_equal(values_at(sparse, cells), dense.ravel()[cells])
    np.testing.assert_array_equal(values_at(dense, cells), dense.ravel()[cells])
    empty = SparseTable(cells[:0], dense.ravel()[:0], SHAPE)
    np.testing.assert_array_equal(values_at(empty, cells), np.zeros(100))
    assert values_at(empty, cells).dtype == values_at(sparse, cells).dtype == dense.dtype


@pytest.mark.parametrize("cells", [[3, 2], [3, 3], [-1, 2], [2, 350]])
def test_cells_that_do_not_ascend_or_lie_outside_are_refused(cells):
    with pytest.raises(ValueError, match=r"the filled cells must ascend within 0\.\.349"):
        SparseTable(np.array(cells), np.ones(2), SHAPE)


def test_sums_of_groups_leave_out_rows_without_one(dense, sparse):
    group = np.array([0, 2, 0, 1, -1, 2, 2])
    expected = np.stack([dense[group == each].sum(axis=0) for each in range(3)])
    np.testing.assert_array_equal(sum_rows(dense, group, 3), expected)
    np.testing.assert_array_equal(sum_rows(sparse, group, 3), expected)


def test_totals_count_and_sum():
    cells, weights = np.array([7, 3, 7, 9, 3, 7]), np.array([1.0, 2.0, -1.0, 4.0, 5.0, 0.5])
    np.testing.assert_array_equal(totals(cells), ([3, 7, 9], [2, 3, 1]))
    np.testing.assert_array_equal(totals(cells, weights), ([3, 7, 9], [7.0, 0.5, 4.0]))


def test_only_a_large_table_is_sparse(dense, monkeypatch):
    assert isinstance(table(*filled(dense), SHAPE), np.ndarray)
    monkeypatch.setattr(tables, "DENSE", dense.size - 1)
    assert isinstance(table(*filled(dense), SHAPE), SparseTable)


def test_memory_follows_what_is_in_it():
    cells = np.arange(0, 10**9, 10**6)
    assert len(pickle.dumps(SparseTable(cells, np.ones(1000, np.int32), (1000, 10**6)))) < 20_000


def test_what_a_sparse_table_gives_out_cannot_be_changed():
    columns, values = SparseTable(np.array([1, 3]), np.array([5, 7]), (2, 4)).row(0)
    for array in (columns, values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
