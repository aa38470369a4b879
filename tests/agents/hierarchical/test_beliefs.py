"""Beliefs about many vectors against regression on every single observation."""

import numpy as np
import pytest
from selflearn_agents.hierarchical.beliefs import PENDING, Beliefs

ROWS = 5


def prior(rng, places):
    mean = rng.normal(size=(ROWS, places)).astype(np.float32)
    root = rng.normal(size=(ROWS, places, places)) / np.sqrt(places)
    return mean, (root @ root.transpose(0, 2, 1) + 0.1 * np.eye(places)).astype(np.float32)


def regression(mean, covariance, places, values, information):
    """Mean and covariance of one vector after noisy observations of some of its places."""
    across = covariance[:, places]
    weight = np.linalg.solve(covariance[np.ix_(places, places)] + np.diag(1 / information), across.T)
    return mean + (values - mean[places]) @ weight, covariance - across @ weight


def covariance_of(beliefs, row):
    pending = beliefs.pending[row]
    return beliefs.covariance[row] - pending.T @ pending


@pytest.mark.parametrize("places", [1, 3, 8, 13, 56])
@pytest.mark.parametrize("together", [False, True])
def test_what_is_told_is_believed_as_regression_has_it(places, together):
    rng = np.random.default_rng(places)
    mean, covariance = prior(rng, places)
    beliefs = Beliefs(places)
    beliefs.append(mean[:2], covariance[:2])
    beliefs.append(mean[2:], covariance[2:])
    rows = np.array([4, 0, 3])
    seen = [[], [], []]
    for _ in range(2 * PENDING + 3):  # what waits has been subtracted twice, and some waits
        place = int(rng.integers(places))
        values, information = rng.normal(size=3), rng.uniform(0.1, 2.0, size=3)
        for row in range(3):
            seen[row].append((place, values[row], information[row]))
        score = information * (values - beliefs.mean[rows, place])
        beliefs.tell_one(rows, place, beliefs.cells(rows, place), information.tolist(), score.tolist())
    if together:
        information = rng.uniform(0.1, 2.0, size=(3, places)) * (rng.random((3, places)) < [[0.9], [0.3], [0.0]])
        values = rng.normal(size=(3, places))
        for row in range(3):
            seen[row] += [(p, values[row, p], information[row, p]) for p in np.flatnonzero(information[row])]
        beliefs.tell(rows, information.astype(np.float32), (information * values).astype(np.float32))
    for row, own in zip(rows, seen, strict=True):
        told, values, information = (np.array(each) for each in zip(*own, strict=True))
        expected = regression(mean[row].astype(float), covariance[row].astype(float), told, values, information)
        np.testing.assert_allclose(beliefs.mean[row], expected[0], atol=2e-4)
        np.testing.assert_allclose(covariance_of(beliefs, row), expected[1], atol=2e-4)
        np.testing.assert_allclose(beliefs.variance[row], np.diag(expected[1]), atol=2e-4)
    np.testing.assert_array_equal(beliefs.mean[[1, 2]], mean[[1, 2]])  # the others were told nothing
    np.testing.assert_array_equal(beliefs.covariance[[1, 2]], covariance[[1, 2]])


def test_more_rows_than_are_worked_on_at_once_are_told_alike():
    rng = np.random.default_rng(1)
    mean, covariance = (np.repeat(each[:1], 200, axis=0) for each in prior(rng, 20))
    beliefs, rows = Beliefs(20), np.arange(200)
    beliefs.append(mean, covariance)
    information = np.tile(np.where(np.arange(20) % 3, 0.5, 0.0).astype(np.float32), (200, 1))
    beliefs.tell(rows, information, information)
    assert (beliefs.mean[0] != mean[0]).all()
    np.testing.assert_allclose(beliefs.mean, np.repeat(beliefs.mean[:1], 200, axis=0), rtol=1e-5)
