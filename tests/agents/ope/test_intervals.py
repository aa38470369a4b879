"""Intervals by hand, and as often right as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from selflearn_agents.ope.intervals import (
    bootstrap_intervals,
    degrees_of_freedom,
    empirical_bernstein,
    standard_error,
    t_interval,
)
from selflearn_agents.ope.terms import Terms

V = 400


@pytest.fixture
def normalised():
    """Weighted means of three slots, of visits that are episodes each."""
    rng = np.random.default_rng(4)
    weight = rng.exponential(size=(V, 3))
    return Terms(weight * rng.normal(2.0, 1.0, size=(V, 3)), weight, weight)


@pytest.fixture
def mean():
    rng = np.random.default_rng(5)
    return Terms.mean(rng.exponential(size=V), np.empty((V, 0)))


def test_empirical_bernstein_by_hand():
    """(0, 1, 2, 5): variance 14 / 3, and log(4 / 0.1) of two tails of 0.05 each."""
    found = empirical_bernstein(np.array([0.0, 1.0, 2.0, 5.0]), span=8.0, level=0.9)
    width = math.sqrt(2 * 14 / 3 * math.log(40) / 4) + 7 * 8 * math.log(40) / (3 * 3)
    assert found == pytest.approx((2.0, 2.0 - width, 2.0 + width))


def test_empirical_bernstein_takes_the_span_of_the_values_for_want_of_another():
    values = np.array([0.0, 1.0, 2.0, 5.0])
    assert empirical_bernstein(values) == empirical_bernstein(values, span=5.0)
    with pytest.raises(ValueError, match="span is 4, but these values span 5"):
        empirical_bernstein(values, span=4.0)


def test_one_visit_has_no_interval():
    assert np.isnan(empirical_bernstein(np.ones(1))[1:]).all()
    assert math.isnan(standard_error(Terms.mean(np.ones(1), np.ones((1, 1))), np.zeros(1, dtype=int)))


def test_the_standard_error_of_a_mean_is_the_known_one(mean):
    expected = mean.top.std(ddof=1) / math.sqrt(V)
    assert standard_error(mean, np.arange(V)) == pytest.approx(expected, rel=1e-12)


def test_visits_that_are_the_same_four_times_tell_as_much_as_one(normalised):
    again = Terms(*(np.repeat(part, 4, axis=0) for part in normalised))
    assert again.value == pytest.approx(normalised.value)
    error = standard_error(normalised, np.arange(V))
    assert standard_error(again, np.repeat(np.arange(V), 4)) == pytest.approx(error, rel=1e-12)
    assert standard_error(again, np.arange(4 * V)) == pytest.approx(error / 2, rel=1e-2)
    one, four = (
        bootstrap_intervals([terms], episode, np.random.default_rng(1), 50)[0]
        for terms, episode in ((normalised, np.arange(V)), (again, np.repeat(np.arange(V), 4)))
    )
    assert four == pytest.approx(one, rel=1e-12)


def test_the_bootstrap_agrees_with_the_standard_error(mean, normalised):
    """Two standard errors to each side, in all of which the resamples make about 3 % noise."""
    found = bootstrap_intervals([mean, normalised], np.arange(V), np.random.default_rng(1), 2000)
    for terms, (low, high) in zip((mean, normalised), found, strict=True):
        error = standard_error(terms, np.arange(V))
        assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)
        assert (high + low) / 2 == pytest.approx(terms.value, abs=error / 4)


def test_the_t_interval_by_hand():
    """(0, 1, 2, 5): mean 2, variance 14 / 3, kurtosis 2, so 8 degrees of freedom, of which 1.8595 leave 5 % a tail."""
    terms = Terms.mean(np.array([0.0, 1.0, 2.0, 5.0]), np.empty((4, 0)))
    width = 1.8595480375 * math.sqrt(14 / 3 / 4)
    assert t_interval(terms, np.arange(4), 0.9) == pytest.approx((2.0, 2.0 - width, 2.0 + width))


def test_the_jackknife_against_a_plain_loop(normalised):
    """Estimates from all episodes of three visits but one."""
    episode = np.arange(V) // 3
    without = []
    for each in range(episode[-1] + 1):
        rest = episode != each
        without.append(sum(normalised.top[rest].sum(axis=0) / normalised.bottom[rest].sum(axis=0)))
    size = len(without)
    expected = math.sqrt((size - 1) / size * sum((value - np.mean(without)) ** 2 for value in without))
    assert standard_error(normalised, episode) == pytest.approx(expected, rel=1e-10)


def test_a_variance_of_normal_values_is_as_sure_as_it_should_be():
    values = np.random.default_rng(2).normal(size=100_000)
    assert degrees_of_freedom(values) == pytest.approx(100_000, rel=0.03)
    assert degrees_of_freedom(np.array([-1.0, 1.0])) == math.inf  # all as far away
    assert degrees_of_freedom(np.append(np.zeros(99), 10.0)) == pytest.approx(2 * 100 / 99)


def test_no_interval_where_one_visit_has_all_the_weight():
    weight = np.array([[0.0], [2.0], [0.0]])
    assert np.isnan(t_interval(Terms(3 * weight, weight, weight), np.arange(3))[1:]).all()


def test_the_bootstrap_draws_with_replacement_by_hand():
    """Of two visits 0 and 1, their mean is 0, 1/2 or 1 with the chances 1/4, 1/2 and 1/4."""
    terms = Terms.mean(np.array([0.0, 1.0]), np.empty((2, 0)))
    for level, expected in ((0.95, (0.0, 1.0)), (0.4, (0.5, 0.5))):
        assert bootstrap_intervals([terms], np.arange(2), np.random.default_rng(0), 500, level) == [expected]


def test_equal_seeds_give_equal_intervals(normalised):
    one, other, third = (
        bootstrap_intervals([normalised], np.arange(V), np.random.default_rng(seed), 20) for seed in (1, 1, 2)
    )
    assert one == other != third


@pytest.mark.parametrize(
    ("resamples", "level", "message"), [(0, 0.95, "resamples must be at least 1"), (9, 1.0, "level must be between")]
)
def test_what_makes_no_interval(mean, resamples, level, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_intervals([mean], np.arange(V), np.random.default_rng(0), resamples, level)
