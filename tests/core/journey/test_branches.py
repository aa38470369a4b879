"""Branches: two slates from the same moment, with the same random numbers."""

from copy import deepcopy

import numpy as np
import pytest

from selflearn_env.core.journey.effects import Journey
from tests.core.journey.small_worlds import calendar_of, lives_of, model_of, random_world, same_appeal, served, world_of


@pytest.fixture
def under_way():
    """Visits in the middle of their lives, their simulator and run."""
    simulator = random_world(np.random.default_rng(5), Journey())
    return simulator, *served(simulator, 8, 3, number=6)


def taken(run):
    """What the run would hand out next, without taking it."""
    run = deepcopy(run)
    return [each.take(3).tolist() for each in (run.visits, run.responses, run.noise, run.life)]


def test_branches_leave_visits_and_streams_as_they_were(under_way):
    simulator, visits, run = under_way
    before, coming, served_before = deepcopy(visits), taken(run), run.served
    slates = np.tile([0, 1, 2], (8, 1))
    (one, _), (other, _) = simulator.branch(visits, [slates, slates[:, ::-1]], run)
    for kept, array in zip(before.columns(), visits.columns(), strict=True):
        np.testing.assert_array_equal(kept, array)
    assert (taken(run), run.served) == (coming, served_before)
    expected = simulator.respond(visits, slates, run)
    for ours, theirs in zip(one.visits.columns(), expected.visits.columns(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (one.response != other.response).any()


def test_equal_slates_have_equal_outcomes_in_every_branch(under_way):
    simulator, visits, run = under_way
    slates = np.tile([3, 1, 3], (8, 1))
    (first, streams_after), *others = simulator.branch(visits, [slates, slates.copy(), slates.tolist()], run)
    for outcome, own in others:
        for ours, theirs in zip(outcome.visits.columns(), first.visits.columns(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        for ours, theirs in zip(outcome[1:], first[1:], strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert taken(own) == taken(streams_after)


def test_branches_go_on_with_the_same_chances_visit_by_visit():
    """Whatever is shown: where nothing depends on it, the days are the same, row by row, also of those who are over."""
    lives = lives_of(4, first_day=[0, 1, 5, 9], rate=0.3)
    simulator = world_of(
        Journey.off(returns=True), model_of("independent", same_appeal(0.3, 0.2)), lives, calendar_of(30)
    )
    run = simulator.begin(np.random.default_rng(4))
    visits = simulator.start(8, run)
    worlds = simulator.branch(visits, [np.tile(slate, (8, 1)) for slate in ([0, 1, 2], [5, 5, 5])], run)
    different = over = False
    for _ in range(15):
        (one, own), (other, theirs) = worlds
        for name in ("day", "time", "customer", "state"):
            np.testing.assert_array_equal(getattr(one.visits, name), getattr(other.visits, name))
        different |= (one.response != other.response).any()
        over |= one.truncated.any()
        worlds = [
            (simulator.respond(one.visits, np.tile([0, 1, 2], (8, 1)), own), own),
            (simulator.respond(other.visits, np.tile([4, 3, 3], (8, 1)), theirs), theirs),
        ]
    assert different
    assert over


def test_a_branch_needs_slates_that_fit(under_way):
    simulator, visits, run = under_way
    with pytest.raises(ValueError, match=r"expected product indexes of shape \(8, 3\)"):
        simulator.branch(visits, [np.zeros((8, 3), int), np.zeros((7, 3), int)], run)
    assert simulator.branch(visits, [], run) == []
