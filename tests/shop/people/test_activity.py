"""How much persons buy, against loops and known persons."""

from dataclasses import replace
from math import exp, lgamma, log

import numpy as np
import pytest
from scipy.stats import gamma

from selflearn_env.shop.people.activity import SPAN, TAIL, Activity, fit_activity

MODEL = Activity(2.0, 3.0, 1.5, np.linspace(0.8, 1.3, 12))


def loop_log_size(size, month, activity):
    """Log-probability of 1 + NB(mean a_m A - 1, dispersion) at a size."""
    others, r = max(MODEL.level[month] * activity - 1, 1e-3), MODEL.dispersion
    n = size - 1
    return lgamma(n + r) - lgamma(r) - lgamma(n + 1) + n * log(others / (others + r)) + r * log(r / (others + r))


def loop_posterior(journal, visits):
    """Probability of each point of the grid given these visits, from the prior on."""
    value = [exp(p) for p in MODEL.log_prior]
    for point, activity in enumerate(MODEL.grid):
        for visit in visits:
            value[point] *= exp(loop_log_size(int(journal.size[visit]), int(journal.month[visit]), activity))
    return np.array(value) / sum(value)


def test_the_prior_is_the_gamma():
    mean = np.exp(MODEL.log_prior) @ MODEL.grid
    sd = np.sqrt(np.exp(MODEL.log_prior) @ (MODEL.grid - mean) ** 2)
    assert mean == pytest.approx(3.0, rel=0.01)
    assert sd == pytest.approx(3.0 / np.sqrt(2.0), rel=0.02)


def test_the_grid_ends_where_hardly_anybody_buys_more_and_spans_so_much_at_most():
    assert gamma(2.0, scale=3.0 / 2.0).sf(MODEL.grid[-1]) == pytest.approx(TAIL)
    assert MODEL.grid[-1] / MODEL.grid[0] == pytest.approx(SPAN)
    alike = Activity(400.0, 3.0, 1.5, MODEL.level)
    assert gamma(400.0, scale=3.0 / 400.0).cdf(alike.grid[0]) == pytest.approx(TAIL)


def test_posterior_and_foreseen_are_the_loop(journal, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.people.activity.VISITS", 7)  # in parts
    posterior, foreseen = MODEL.posterior(journal), MODEL.foreseen(journal)
    for customer in range(12):
        own = np.flatnonzero(journal.customer == customer)
        np.testing.assert_allclose(posterior[customer], loop_posterior(journal, own), rtol=1e-8, atol=1e-12)
        for at, visit in enumerate(own):
            assert foreseen[visit] == pytest.approx(loop_posterior(journal, own[:at]) @ MODEL.grid)


def test_known_persons_are_recovered(schedule):
    rng = np.random.default_rng(4)
    activity = rng.gamma(2.0, 20.0 / 2.0, size=schedule.customers)
    true = Activity(2.0, 20.0, 2.5, np.ones(12))
    size = true.draw_sizes(activity[schedule.customer], rng)
    drawn = replace(schedule, start=np.concatenate([[0], np.cumsum(size)]), product=np.zeros(size.sum(), np.int32))
    fitted = fit_activity(drawn)
    assert fitted.mean == pytest.approx(20.0, rel=0.1)
    assert fitted.shape == pytest.approx(2.0, rel=0.2)
    assert fitted.dispersion == pytest.approx(2.5, rel=0.15)
    np.testing.assert_allclose(fitted.level[2:6], 1, atol=0.1)
    drawn_again = fitted.draw(fitted.posterior(drawn), rng)
    assert np.corrcoef(np.log(drawn_again), np.log(activity))[0, 1] > 0.7


def test_sizes_have_their_mean_and_variance():
    size = MODEL.draw_sizes(np.full(200_000, 11.0), np.random.default_rng(1))
    assert size.min() == 1
    assert size.mean() == pytest.approx(11.0, rel=0.01)
    assert size.var() == pytest.approx(10 + 10**2 / 1.5, rel=0.03)
