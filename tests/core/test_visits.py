"""Visits as rows: some of them, others in their place, and several one after the other."""

import numpy as np
import pytest

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.visits import Visits
from tests.core.journey.small_worlds import random_world, served


@pytest.fixture(params=["of a state", "of a life"])
def visits(request):
    """Six visits, all different."""
    if request.param == "of a state":
        return Visits(np.array([5, 3, 8, 9, 1, 0]))
    return served(random_world(np.random.default_rng(5), Journey()), 6, 4, number=6)[0]


def told(visits):
    return [array.tolist() for array in visits.columns()]


def picked(visits, rows):
    return [[array[row] for row in rows] for array in told(visits)]


@pytest.mark.parametrize("rows", [[], [4], [3, 3, 0], [False, True, True, False, False, True]], ids=str)
def test_rows_are_the_visits_of_these_rows(visits, rows):
    some = visits.rows(np.array(rows, dtype=bool if rows and isinstance(rows[0], bool) else np.int64))
    numbers = [number for number, row in enumerate(rows) if row] if rows and isinstance(rows[0], bool) else rows
    assert type(some) is type(visits)
    assert len(some) == len(numbers)
    assert told(some) == picked(visits, numbers)


def test_replaced_changes_these_rows_and_no_other_and_not_the_original(visits):
    before, others = told(visits), visits.rows(np.array([5, 5]))
    after = visits.replaced(np.array([1, 2]), others)
    assert told(after) == picked(visits, [0, 5, 5, 3, 4, 5])
    assert told(visits) == before
    assert [array.dtype for array in after.columns()] == [array.dtype for array in visits.columns()]


def test_joined_are_the_visits_of_each_one_after_the_other(visits):
    parts = [visits.rows(np.array(rows, dtype=np.int64)) for rows in ([2], [], [0, 1])]
    assert told(Visits.joined(parts)) == picked(visits, [2, 0, 1])
    assert told(Visits.joined(parts[:1])) == picked(visits, [2])
    assert type(Visits.joined(parts)) is type(visits)
