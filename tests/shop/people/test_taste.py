"""Topics, against loops and known ones."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import digamma

from selflearn_env.shop.people import taste as module
from selflearn_env.shop.people.present import Shares, monthly_shares
from selflearn_env.shop.people.taste import CAUTION, CONCENTRATION, INFERENCE, PRIOR, Taste, fit_taste


def loop_inferred(taste, bought):
    """Dirichlet weights of a person who bought these products, by the same number of sweeps."""
    factor = np.exp(digamma(taste.shape)) / taste.rate
    gamma = CAUTION * taste.alpha
    for _ in range(INFERENCE):
        new = CAUTION * taste.alpha
        for product in bought:
            share = np.exp(digamma(gamma)) * factor[product]
            new = new + share / share.sum()
        gamma = new
    return gamma


@pytest.fixture
def taste():
    rng = np.random.default_rng(1)
    return Taste(rng.gamma(2.0, 1.0, (6, 3)), rng.gamma(5.0, 0.4, (6, 3)), np.array([0.5, 1.5, 2.0]))


def test_posterior_and_foreseen_are_the_loop(journal, visits, taste, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 5)
    posterior, foreseen = taste.posterior(journal), taste.foreseen(journal)
    for customer in range(12):
        own = [product for who, _, bought in visits if who == customer for product in bought]
        np.testing.assert_allclose(posterior[customer], loop_inferred(taste, own))
    for visit, (customer, _, _) in enumerate(visits):
        earlier = [product for who, _, bought in visits[:visit] if who == customer for product in bought]
        gamma = loop_inferred(taste, earlier)
        np.testing.assert_allclose(foreseen[visit], gamma / gamma.sum())


def test_a_sweep_is_the_loop(journal, visits, monkeypatch):
    """One sweep from a start that is drawn: responsibilities of each purchase, and what is expected by the shares."""
    monkeypatch.setattr(module, "SWEEPS", 1)
    monkeypatch.setattr(module, "ROWS", 5)
    shares = monthly_shares(journal)
    found = fit_taste(journal, shares, 2, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    factor, theta = np.exp(digamma(rng.gamma(10.0, 0.1, (6, 2)))), np.exp(digamma(rng.gamma(10.0, 0.1, (12, 2))))
    shape, gamma = np.full((6, 2), PRIOR), np.full((12, 2), CONCENTRATION / 2)
    for customer, _, bought in visits:
        for product in bought:
            share = factor[product] * theta[customer] / (factor[product] @ theta[customer])
            shape[product] += share
            gamma[customer] += share
    mean = gamma / gamma.sum(axis=1, keepdims=True)
    rate = np.full((6, 2), PRIOR)
    for customer, day, bought in visits:
        rate += len(bought) * shares.share[shares.row_of_day[day]].astype(float)[:, None] * mean[customer]
    np.testing.assert_allclose(found.shape, shape)
    np.testing.assert_allclose(found.rate, rate, rtol=1e-5)
    np.testing.assert_allclose(found.alpha, CONCENTRATION * mean.mean(axis=0))


def test_known_topics_are_recovered(schedule):
    """Three topics, each with products of its own; most customers have one of them."""
    rng = np.random.default_rng(6)
    factors = np.where(np.arange(60)[:, None] % 3 == np.arange(3), 2.6, 0.2)
    theta = rng.dirichlet([0.3, 0.3, 0.3], size=schedule.customers)
    usual = rng.dirichlet(np.full(60, 2.0))
    size = np.full(schedule.day.size, 6)
    chance = usual * (theta[schedule.customer] @ factors.T)
    time = rng.standard_exponential(chance.shape) / chance
    product = np.argpartition(time, 6, axis=1)[:, :6].ravel().astype(np.int32)
    drawn = replace(schedule, start=np.concatenate([[0], np.cumsum(size)]), product=product)
    shares = Shares(usual[None].astype(np.float32), usual, np.zeros(120, dtype=np.int64))
    fitted = fit_taste(drawn, shares, 3, rng)
    topic = np.argmax(fitted.factors, axis=1)
    assert [len(set(topic[kind::3].tolist())) for kind in range(3)] == [1, 1, 1]
    assert len(set(topic[:3].tolist())) == 3
    gamma = fitted.posterior(drawn)[:, topic[:3]]
    found = gamma / gamma.sum(axis=1, keepdims=True)
    assert np.corrcoef(found.ravel(), theta.ravel())[0, 1] > 0.9


def test_one_topic_is_no_taste(journal):
    none = fit_taste(journal, monthly_shares(journal), 1, np.random.default_rng(0))
    assert (none.factors == 1).all()
    assert (none.draw(np.random.default_rng(0)) == 1).all()
    np.testing.assert_allclose(none.foreseen(journal), 1)


def test_draws_of_factors_have_the_posterior_s_mean_and_spread(taste):
    rng = np.random.default_rng(3)
    draws = np.array([taste.draw(rng) for _ in range(20_000)])
    np.testing.assert_allclose(draws.mean(axis=0), taste.shape / taste.rate, rtol=0.03)
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(taste.shape) / taste.rate, rtol=0.06)
