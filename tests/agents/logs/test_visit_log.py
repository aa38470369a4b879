"""What a log is made of, and what it refuses."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from selflearn_agents.logs import VisitLog


@pytest.fixture
def log():
    """Two visits of one customer and one of another, slates of two."""
    return VisitLog(
        agent="somebody",
        env_id="selflearn/RetailJourney-v0",
        seed=3,
        observation=np.array([[4], [5], [6]]),
        state=np.array([4, 5, 6]),
        slate=np.array([[0, 1], [2, 3], [1, 0]]),
        response=np.array([[0, 2], [1, 0], [0, 0]], dtype=np.int8),
        item_reward=np.array([[-2.0, 5.0], [1.0, -2.0], [-2.0, -2.0]]),
        propensity=np.array([[0.5, 0.25], [1.0, 0.1], [0.5, 0.5]]),
        terminated=np.array([False, True, False]),
        truncated=np.array([False, False, True]),
        last_observation=np.array([[7], [8]]),
        last_state=np.array([7, 8]),
    )


def test_episodes_follow_from_their_ends(log):
    assert len(log) == 3
    assert log.over.tolist() == [False, True, True]
    assert log.episode.tolist() == [0, 0, 1]
    assert log.first.tolist() == [0, 2, 3]


def test_the_reward_of_a_slate_is_that_of_its_products(log):
    assert log.reward.tolist() == [3.0, -1.0, -4.0]


def test_nobody_can_write_to_a_log_or_change_it_from_outside(log):
    slate = log.slate.copy()
    copy = replace(log, slate=slate)
    slate[0, 0] = 9
    assert copy.slate[0, 0] == 0
    arrays = [getattr(log, field.name) for field in fields(log) if isinstance(getattr(log, field.name), np.ndarray)]
    assert len(arrays) == 10
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("slate", np.zeros(3, dtype=int), r"slate has the shape \(V, n\), got \(3,\)"),
        ("state", np.zeros(2, dtype=int), r"state has the shape \(2,\), but with slates \(3, 2\) .* have \(3,\)"),
        ("response", np.zeros((3, 1), dtype=np.int8), r"response has the shape \(3, 1\)"),
        ("propensity", np.ones(3), r"propensity has the shape \(3,\)"),
        ("last_state", np.zeros(3, dtype=int), r"last_state has the shape \(3,\), .* in 2 episodes .* have \(2,\)"),
        ("last_observation", np.zeros(2), r"last_observation has the shape \(2,\), .* must have \(2, 1\)"),
        ("propensity", np.full((3, 2), 0.0), r"propensity\[0, 0\] is 0, .* 0 < p <= 1"),
        ("propensity", np.full((3, 2), np.nan), r"propensity\[0, 0\] is nan"),
        ("state", np.array([4, -5, 6]), "state has indexes, from 0, got int64 from -5 on"),
        ("state", np.array([4.0, np.nan, 6.0]), "state has indexes, from 0, got float64"),
        ("slate", np.array([[0, 1], [2, 3], [-1, 0]]), "slate has indexes, from 0, got int64 from -1 on"),
        ("item_reward", np.full((3, 2), np.nan), "item_reward must have finite numbers"),
        ("propensity", np.array([[0.5, 1.5], [0.5, 0.5], [0.5, 0.5]]), r"propensity\[0, 1\] is 1\.5"),
    ],
)
def test_what_does_not_fit_is_refused(name, value, message, log):
    with pytest.raises(ValueError, match=message):
        replace(log, **{name: value})


def test_an_episode_that_does_not_end_is_refused(log):
    with pytest.raises(ValueError, match="its last visit must be terminated or truncated"):
        replace(log, truncated=np.zeros(3, dtype=bool), last_state=np.zeros(1), last_observation=np.zeros((1, 1)))


def test_unknown_propensities_are_none(log):
    assert replace(log, propensity=None).propensity is None
