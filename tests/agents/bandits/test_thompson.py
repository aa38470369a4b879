"""The belief of `thompson` in dictionaries, its draws against exact ones from the Dirichlet; what it learns."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import evaluate

from selflearn_env import Shop

ENV = "selflearn/Retail-v0"
N = 3
REWARD = np.array([-2.0, 1.0, 5.0])


def agent_of(shop, slate_size=N, seed=0, **hyperparameters):
    return make_agent("thompson", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


def prior_of(history, weight):
    """The documented pseudo-showings (ignored, clicked, bought) of each state and product."""
    belief = {}
    for cell, rate in np.ndenumerate(history.incidence()):
        bought = min(1.0, float(rate))
        clicked = min(bought, 1.0 - bought)
        belief[cell] = [weight * (1 - bought - clicked), weight * clicked, weight * bought]
    return belief


def serve(agent, visits, states=4, seed=1, batch=20):
    """Visits to few states with made-up responses."""
    rng = np.random.default_rng(seed)
    for _ in range(visits // batch):
        some = rng.integers(states, size=batch)
        slates = agent.act(some)
        responses = rng.choice(3, p=[0.7, 0.2, 0.1], size=slates.shape)
        agent.update(some, slates, responses, REWARD[responses])
        yield some, slates, responses


@pytest.mark.parametrize("sample", ["normal", "dirichlet"])
@pytest.mark.parametrize("weight", [0.5, 10.0])
def test_values_are_the_means_of_the_belief(sample, weight, tiny_shop):
    agent, belief = agent_of(tiny_shop, sample=sample, prior_weight=weight), prior_of(tiny_shop.history, weight)
    for states, slates, responses in serve(agent, 400):
        for state, slate, answer in zip(states.tolist(), slates.tolist(), responses.tolist(), strict=True):
            for product, response in zip(slate, answer, strict=True):
                belief[state, product][response] += 1
    values = agent.values(np.arange(6))
    for cell in np.ndindex(values.shape):
        assert values[cell] == pytest.approx(np.dot(belief[cell], REWARD) / sum(belief[cell]))


def test_mean_and_deviation_of_the_normal_draws_are_those_of_the_dirichlet(tiny_shop):
    """The formula of the class against many exact draws."""
    agent = agent_of(tiny_shop, prior_weight=3.0)
    list(serve(agent, 200))
    rng = np.random.default_rng(8)
    for state, product in np.ndindex(3, 8):
        theta = rng.dirichlet(agent._belief[state, product], size=40_000)
        mean, spread = agent._mean[state, product], agent._spread[state, product]
        assert (theta @ REWARD).mean() == pytest.approx(mean, abs=5 * spread / 200)
        assert (theta @ REWARD).std() == pytest.approx(spread, rel=0.05)


def draws_of(agent, state, count):
    """(count, P) mean rewards as the agent draws them, the normal ones from the moments that it uses."""
    if agent._sample == "normal":
        return np.random.default_rng(7).normal(agent._mean[state], agent._spread[state], (count, agent.products))
    return np.concatenate([agent._draw(np.full(100, state)) for _ in range(count // 100)])


def test_dirichlet_draws_are_exact(tiny_shop):
    agent = agent_of(tiny_shop, sample="dirichlet", prior_weight=2.0)
    list(serve(agent, 60))
    drawn, rng = draws_of(agent, 1, 5000), np.random.default_rng(3)
    for product in range(8):
        exact = rng.dirichlet(agent._belief[1, product], size=5000) @ REWARD
        assert stats.ks_2samp(drawn[:, product], exact).pvalue > 1e-4


def test_normal_draws_approach_the_dirichlet_with_many_showings_and_are_skewed_before(tiny_shop):
    """The distance of the two distributions, at 2,000 showings and at the prior's 10, for the best seller."""
    distance = {}
    for showings in (10, 2000):
        pair = []
        for sample in ("normal", "dirichlet"):
            agent = agent_of(tiny_shop, 1, sample=sample, prior_weight=10.0)
            counts = (np.array([0.7, 0.2, 0.1]) * (showings - 10)).round().astype(int)
            responses = np.repeat([0, 1, 2], counts)[:, None]
            agent.update(
                np.full(counts.sum(), 2), np.zeros(responses.shape, dtype=np.int64), responses, responses * 1.0
            )
            pair.append(draws_of(agent, 2, 20_000)[:, 0])
        distance[showings] = stats.ks_2samp(*pair).statistic
    assert distance[2000] < 0.03
    assert 0.03 < distance[10] < 0.2


def test_with_many_showings_both_show_the_same_slates_equally_often(tiny_shop):
    counts = []
    for sample in ("normal", "dirichlet"):
        agent = agent_of(tiny_shop, 2, sample=sample, prior_weight=10.0)
        rng = np.random.default_rng(4)
        slates = np.stack([rng.permutation(8)[:2] for _ in range(1600)])
        responses = rng.choice(3, p=[0.75, 0.15, 0.1], size=slates.shape)
        agent.update(np.full(1600, 2), slates, responses, REWARD[responses])
        counts.append(np.bincount(agent.act(np.full(20_000, 2)).ravel(), minlength=8) / 20_000)
    np.testing.assert_allclose(*counts, atol=0.03)


@pytest.mark.parametrize("sample", ["normal", "dirichlet"])
def test_a_slate_is_the_best_of_one_draw(sample, retail_shop):
    agent = agent_of(retail_shop, 10, sample=sample)
    twin = copy.deepcopy(agent)
    states = np.array([3, 500, 3])
    if sample == "normal":
        uniform = twin.rng.random((3, agent.products))
        drawn = agent._mean[states] + agent._spread[states] * stats.norm.isf(uniform)
    else:
        drawn = twin._draw(states)
    np.testing.assert_array_equal(agent.act(states), np.argsort(-drawn, axis=1)[:, :10])


@pytest.mark.parametrize("sample", ["normal", "dirichlet"])
def test_batches_are_single_visits(sample, tiny_shop):
    """Exactly: one batch draws what the same visits draw one after the other."""
    together = agent_of(tiny_shop, sample=sample, prior_weight=10.0)
    alone = copy.deepcopy(together)
    rng = np.random.default_rng(6)
    for _ in range(10):
        states = rng.integers(5, size=50)
        slates = together.act(states)
        np.testing.assert_array_equal(slates, [alone.act([state])[0] for state in states])
        responses = rng.integers(3, size=slates.shape)
        together.update(states, slates, responses, REWARD[responses])
        for visit in range(50):
            one = slice(visit, visit + 1)
            alone.update(states[one], slates[one], responses[one], REWARD[responses[one]])
    np.testing.assert_array_equal(together.values(np.arange(5)), alone.values(np.arange(5)))


def test_tiny_priors_and_products_that_everyone_buys_are_drawn_without_warnings(tiny_shop):
    agent = agent_of(tiny_shop, sample="dirichlet", prior_weight=1e-6)
    agent._belief[0] = [0.0, 0.0, 5.0]
    drawn = agent._draw(np.arange(200))
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn[0], 5.0)
    normal = agent_of(tiny_shop, prior_weight=1e-6)
    normal._spread[0], normal._mean[0, 5] = 0.0, 9.0
    assert (normal.act(np.zeros(50, dtype=np.int64))[:, 0] == 5).all()


def test_responses_that_do_not_exist_are_refused(tiny_shop):
    agent = agent_of(tiny_shop)
    before = agent.values([0])
    for response in (3, -1):
        with pytest.raises(ValueError, match="responses are 0 ignored, 1 clicked, 2 bought, got"):
            agent.update([0], [[0, 1, 2]], [[0, 1, response]], np.zeros((1, 3)))
    np.testing.assert_array_equal(agent.values([0]), before)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"prior_weight": 0}, "prior_weight counts showings and must be > 0, got 0"),
        ({"prior_weight": -1.0}, "prior_weight counts showings and must be > 0, got -1.0"),
        ({"prior_weight": np.nan}, "prior_weight counts showings and must be > 0, got nan"),
        ({"prior_weight": True}, "prior_weight counts showings"),
        ({"prior_weight": "10"}, "prior_weight counts showings and must be > 0, got '10'"),
        ({"sample": "beta"}, "unknown sample 'beta'; known: normal, dirichlet"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)


def test_numpy_hyperparameters_can_be_saved(tiny_shop, tmp_path):
    agent = agent_of(tiny_shop, prior_weight=np.float32(3))
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(agent.values([0]), load_agent(tmp_path / "agent.npz").values([0]))


def test_its_propensities_are_not_known(tiny_shop):
    agent = agent_of(tiny_shop)
    with pytest.raises(NotImplementedError, match="ThompsonAgent does not know the probabilities of its slates"):
        agent.propensity([0], [[0, 1, 2]])


@pytest.mark.parametrize("sample", ["normal", "dirichlet"])
def test_it_learns(sample, tiny_log):
    """In four states that come again and again."""
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    shop = Shop.from_transactions(tiny_log.assign(time=pd.Timestamp("2023-05-02 10:00")), segments=segments)
    agent = agent_of(shop, 2, sample=sample, prior_weight=1.0)
    result = evaluate(agent, ENV, 10_000, 10, seed=1, progress=False, shop=shop)
    assert result.gap[-5:].mean() > 0.85
    assert result.gap[-5:].mean() > result.gap[0]
