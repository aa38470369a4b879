"""Statistics of few runs against scipy, against figures of rliable, and against the rules they are named after."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation.statistics import (
    bootstrap,
    holm,
    interquartile_mean,
    p_value,
    p_value_of_mean,
    paired_difference,
    probability_of_improvement,
)

A = np.array([[0.91, 0.40, 0.75], [0.88, 0.52, 0.75], [0.95, 0.47, 0.61], [0.90, 0.35, 0.80], [0.70, 0.44, 0.77]])
B = np.array([[0.89, 0.41, 0.70], [0.88, 0.30, 0.75], [0.93, 0.38, 0.66], [0.85, 0.43, 0.58], [0.87, 0.36, 0.74]])

# Of A and B by rliable 1.2.0: values by metrics.aggregate_iqm, aggregate_mean and probability_of_improvement, bounds by
# library.get_interval_estimates after numpy.random.seed(0) (it draws from numpy's global generator), reps=20000, of the
# probability 5000. Not live: it needs arch<8, and arch 7.2.0 cannot be imported beside pandas 3 (made with arch 7.2.0,
# pandas 2.3.3, numpy 2.4.6).
RLIABLE_IQM = 0.6944444444444443, 0.6444444444444444, 0.7377777777777779
RLIABLE_MEAN = 0.68, 0.642, 0.7133333333333333
RLIABLE_IMPROVEMENT = 0.7266666666666666, 0.52, 0.9066666666666666


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(("statistic", "expected"), [(interquartile_mean, RLIABLE_IQM), (np.mean, RLIABLE_MEAN)])
def test_bootstrap_is_that_of_rliable(statistic, expected):
    interval = bootstrap(A, statistic, np.random.default_rng(1), resamples=10_000)
    assert interval.value == pytest.approx(expected[0])
    assert interval[1:] == pytest.approx(expected[1:], abs=0.003)  # seeds of either move a bound by that


def test_probability_of_improvement_is_that_of_rliable():
    interval = probability_of_improvement(A, B, np.random.default_rng(1), resamples=10_000)
    assert interval.value == pytest.approx(RLIABLE_IMPROVEMENT[0])
    assert interval[1:] == pytest.approx(RLIABLE_IMPROVEMENT[1:], abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (5, 1), (4, 3), (7, 2)])
def test_interquartile_mean_is_the_mean_trimmed_by_quarters(shape):
    scores = normal(*shape)
    assert interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))


def test_interquartile_mean_forgets_outliers():
    assert interquartile_mean([[-1e9, 1], [2, 3], [4, 5], [6, 1e9]]) == 3.5


def test_one_stratum_is_the_bootstrap_of_scipy():
    scores = normal(12, 1)
    interval = bootstrap(scores, np.mean, np.random.default_rng(1), 10_000, level=0.9)
    known = stats.bootstrap(
        (scores[:, 0],), np.mean, n_resamples=10_000, confidence_level=0.9, method="percentile", random_state=2
    ).confidence_interval
    assert interval.value == pytest.approx(scores.mean())
    assert interval[1:] == pytest.approx(tuple(known), abs=0.03)


def test_strata_are_drawn_apart_and_never_mixed():
    levels = np.array([[0.0, 10.0, 20.0]]) * np.ones((5, 1))
    assert bootstrap(levels, np.mean, np.random.default_rng(0), 200) == (10, 10, 10)

    scores = np.tile(normal(30, 1), 2)  # two strata alike: drawn together, their difference would be 0
    low, high = bootstrap(scores, lambda s: float(s[:, 0].mean() - s[:, 1].mean()), np.random.default_rng(0))[1:]
    error = np.sqrt(2 / 30) * scores[:, 0].std()
    assert (low, high) == pytest.approx((-1.96 * error, 1.96 * error), rel=0.15)


def test_equal_generators_give_equal_intervals():
    for draw in (lambda rng: bootstrap(A, np.median, rng, 100), lambda rng: probability_of_improvement(A, B, rng, 100)):
        assert draw(np.random.default_rng(3)) == draw(np.random.default_rng(3))
        assert draw(np.random.default_rng(3)) != draw(np.random.default_rng(4))


def test_probability_of_improvement_is_the_u_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=(2, 6, 4)).astype(float)  # with ties
    known = [stats.mannwhitneyu(a[:, t], b[:, t], method="asymptotic").statistic / 36 for t in range(4)]
    pairs = np.mean([(x > y) + 0.5 * (x == y) for t in range(4) for x in a[:, t] for y in b[:, t]])
    there = probability_of_improvement(a, b, rng, 1).value
    assert there == pytest.approx(np.mean(known))
    assert there == pytest.approx(pairs)
    assert probability_of_improvement(b, a, rng, 1).value == pytest.approx(1 - there)


def test_probability_of_improvement_at_its_ends():
    rng = np.random.default_rng(0)
    assert probability_of_improvement(A + 1, A, rng, 100) == (1, 1, 1)
    assert probability_of_improvement(A, A + 1, rng, 100) == (0, 0, 0)
    same = probability_of_improvement(A, A, rng, 500)
    assert same.value == 0.5
    assert same.low < 0.5 < same.high


@pytest.mark.parametrize("runs", [2, 5, 30])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_paired_t_is_that_of_scipy(runs, level):
    a, b = normal(2, runs) + np.array([[0.3], [0]])
    known = stats.ttest_rel(a, b)
    assert paired_difference(a, b, level) == pytest.approx((np.mean(a - b), *known.confidence_interval(level)))
    assert p_value(a, b) == pytest.approx(known.pvalue)
    assert p_value(b, a) == p_value(a, b)


def test_identical_agents_differ_by_nothing():
    scores = normal(5)
    assert paired_difference(scores, scores) == (0, 0, 0)
    assert p_value(scores, scores) == 1


def test_the_same_difference_in_every_run():
    assert paired_difference([1.0, 2, 3], [0.5, 1.5, 2.5]) == (0.5, 0.5, 0.5)
    assert p_value([1.0, 2, 3], [0.5, 1.5, 2.5]) == 0


def test_one_run_has_no_bounds():
    rng = np.random.default_rng(0)
    np.testing.assert_equal(paired_difference([2.0], [0.5]), (1.5, np.nan, np.nan))
    np.testing.assert_equal(bootstrap([[2.0, 4.0]], np.mean, rng), (3, np.nan, np.nan))
    np.testing.assert_equal(probability_of_improvement([[2.0]], [[1.0]], rng), (1, np.nan, np.nan))
    assert np.isnan(p_value([2.0], [0.5]))
    assert np.isnan(p_value([2.0], [2.0]))


def test_nan_in_nan_out():
    rng = np.random.default_rng(0)
    scores = A.copy()
    scores[2, 1] = np.nan
    assert np.isnan(interquartile_mean(scores))
    assert np.isnan(bootstrap(scores, interquartile_mean, rng, 100)).all()
    assert np.isnan(probability_of_improvement(scores, B, rng, 100)).all()
    assert np.isnan(paired_difference(scores[:, 1], B[:, 1])).all()
    assert np.isnan(p_value(scores[:, 1], B[:, 1]))


def test_student_covers_what_it_says_and_p_values_are_uniform():
    a, b = normal(2, 2000, 5) + normal(2000, 5, seed=1)  # the seed's part, common to both agents
    intervals = np.array([paired_difference(*pair, level=0.9) for pair in zip(a, b, strict=True)])
    covered = (intervals[:, 1] <= 0) & (intervals[:, 2] >= 0)
    assert covered.mean() == pytest.approx(0.9, abs=0.025)  # 3.7 standard errors
    p = [p_value(*pair) for pair in zip(a, b, strict=True)]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_of_five_runs_the_bootstrap_is_too_narrow():
    rng = np.random.default_rng(0)
    scores = normal(300, 5)
    student = np.array([paired_difference(row, np.zeros(5)) for row in scores])
    drawn = np.array([bootstrap(row[:, None], np.mean, rng, 200) for row in scores])
    width = (drawn[:, 2] - drawn[:, 1]) / (student[:, 2] - student[:, 1])
    assert width.mean() == pytest.approx(np.sqrt(4 / 5) * stats.norm.ppf(0.975) / stats.t.ppf(0.975, 4), abs=0.03)
    covered = (drawn[:, 1] <= 0) & (drawn[:, 2] >= 0)
    assert 0.76 < covered.mean() < 0.89


def test_mean_against_its_closed_form():
    assert p_value_of_mean(1.96, 1, 0) == pytest.approx(0.05, abs=1e-4)
    assert p_value_of_mean(5.2, 0.1, 5) == pytest.approx(2 * stats.norm.sf(2))
    assert p_value_of_mean(4.8, 0.1, 5) == pytest.approx(2 * stats.norm.sf(2))
    assert p_value_of_mean(5, 0, 5) == 1
    assert p_value_of_mean(5.1, 0, 5) == 0
    assert np.isnan(p_value_of_mean(5.1, np.nan, 5))


def test_holm_by_hand():
    # ordered: 4 * 0.005, 3 * 0.01, 2 * 0.03, and 1 * 0.04, which may not fall below the one before
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1, 1])
    np.testing.assert_allclose(holm([0.02, np.nan]), [0.04, np.nan])
    assert holm([0.03]) == [0.03]
    assert holm([]).shape == (0,)


def test_holm_rejects_step_by_step():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = np.round(rng.random(8) ** 4, 3)  # with ties
        for alpha in (0.0101, 0.0501, 0.2001):
            rejected = np.zeros(8, dtype=bool)
            for step, test in enumerate(np.argsort(p)):  # from the smallest on, until one is too large
                if p[test] > alpha / (8 - step):
                    break
                rejected[test] = True
            np.testing.assert_array_equal(holm(p) <= alpha, rejected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: bootstrap(A[:, 0], np.mean, rng), r"scores must be runs x strata, \(R, 1\).* got shape \(5,\)"),
        (lambda rng: bootstrap(A[:0], np.mean, rng), r"got shape \(0, 3\)"),
        (lambda rng: bootstrap(A, np.mean, rng, 0), "resamples must be at least 1, got 0"),
        (lambda rng: bootstrap(A, np.mean, rng, level=95), "level must be between 0 and 1, got 95"),
        (lambda rng: probability_of_improvement(A, B[:, :2], rng), r"of one shape, got \(5, 3\) and \(5, 2\)"),
        (lambda rng: probability_of_improvement(A[0], B[0], rng), r"must be runs x strata"),
        (lambda _: paired_difference(A[:, 0], A[:1, 0]), r"of the same seeds, got shapes \(5,\) and \(1,\)"),
        (lambda _: paired_difference([], []), r"got shapes \(0,\) and \(0,\)"),
        (lambda _: paired_difference(A[:, 0], B[:, 0], level=1), "level must be between 0 and 1, got 1"),
        (lambda _: p_value(A, B), r"got shapes \(5, 3\) and \(5, 3\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
