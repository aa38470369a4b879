"""The rule of `ucb`, in dictionaries and one visit at a time, against the agent; its bounds; what it learns."""

from __future__ import annotations

import copy
import math

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from selflearn_agents import load_agent, make_agent
from selflearn_agents.bandits.ucb import EDGE, kl_bound
from selflearn_agents.evaluation import evaluate

from selflearn_env import Shop

ENV = "selflearn/Retail-v0"
N = 3


def agent_of(shop, slate_size=N, seed=0, **hyperparameters):
    return make_agent("ucb", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


def divergence(p, q):
    return (p * math.log(p / q) if p > 0 else 0.0) + ((1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0)


def greatest(p, bound):
    """The greatest q with d(p, q) <= bound, by bisection."""
    low, high = p, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle < 1 and divergence(p, middle) <= bound:
            low = middle
        else:
            high = middle
    return low


class Loop:
    """The documented rule: one product, one visit at a time."""

    def __init__(self, history, kind="kl", scale=1.0, prior="rate", prior_weight=10.0):
        self.kind, self.scale, self.weight = kind, scale, prior_weight
        self.rate = history.incidence() if prior == "rate" else None
        self.sum, self.shown, self.visits = {}, {}, {}

    def prior(self, cell):
        return 2 / 7 if self.rate is None else min(1.0, float(self.rate[cell]))

    def mean(self, cell):
        weight = self.weight + self.shown.get(cell, 0)
        return (self.weight * self.prior(cell) + self.sum.get(cell, 0.0)) / weight if weight else self.prior(cell)

    def index(self, state, product):
        cell = state, product
        weight, time = self.weight + self.shown.get(cell, 0), 1 + self.visits.get(state, 0)
        if not weight:
            return math.inf
        if self.kind == "kl":
            return greatest(self.mean(cell), self.scale * math.log(time) / weight)
        return self.mean(cell) + self.scale * math.sqrt(2 * math.log(time) / weight)

    def learn(self, states, slates, rewards):
        for state, slate, earned in zip(states.tolist(), slates.tolist(), rewards.tolist(), strict=True):
            self.visits[state] = self.visits.get(state, 0) + 1
            for product, reward in zip(slate, earned, strict=True):
                cell = state, product
                self.sum[cell] = self.sum.get(cell, 0.0) + min(1.0, max(0.0, (reward + 2) / 7))
                self.shown[cell] = self.shown.get(cell, 0) + 1

    def check(self, state, slate, products):
        index = {product: self.index(state, product) for product in range(products)}
        expected = sorted(index.values(), reverse=True)[: len(slate)]
        assert [index[product] for product in slate] == pytest.approx(expected, abs=1e-8)
        new = [self.prior((state, product)) for product in slate if index[product] == math.inf]
        left = [self.prior((state, product)) for product in range(products) if index[product] == math.inf]
        assert new == sorted(left, reverse=True)[: len(new)]


def rewards_for(slates, rng):
    """Some of them outside of what the default rewards can be."""
    rewards = rng.choice([-2.0, 1.0, 5.0, -4.5, 6.25, 0.3], p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1], size=slates.shape)
    return np.zeros(slates.shape, dtype=np.int8), rewards


@pytest.mark.parametrize("kind", ["kl", "ucb1"])
@pytest.mark.parametrize("prior", ["rate", "zero"])
@pytest.mark.parametrize(("scale", "weight"), [(1.0, 10.0), (0.3, 2.5), (1.0, 0.0), (0.0, 4.0)])
@pytest.mark.parametrize("batch", [1, 12])
def test_slates_and_values_are_those_of_the_loop(kind, prior, scale, weight, batch, tiny_shop):
    options = {"kind": kind, "prior": prior, "scale": scale, "prior_weight": weight}
    agent, loop = agent_of(tiny_shop, **options), Loop(tiny_shop.history, **options)
    rng = np.random.default_rng(3)
    for turn in range(240 // batch):
        states = rng.integers(4, size=batch)
        slates = agent.act(states)
        for state, slate in zip(states.tolist(), slates.tolist(), strict=True):
            loop.check(state, slate, tiny_shop.products)
        if turn % 5 == 0:  # what another agent showed is learned from as well
            slates = rng.permuted(np.tile(np.arange(8), (batch, 1)), axis=1)[:, :N]
        responses, rewards = rewards_for(slates, rng)
        agent.update(states, slates, responses, rewards)
        loop.learn(states, slates, rewards)
    values = agent.values(np.arange(5))
    for state, product in np.ndindex(values.shape):
        assert values[state, product] == pytest.approx(-2 + 7 * loop.mean((state, product)), abs=1e-9)


@pytest.mark.parametrize("kind", ["kl", "ucb1"])
def test_in_a_catalogue_of_thousands_no_better_product_is_left_out(kind, retail_shop):
    """Only those shown, and the best of the others, are looked at: against the indexes of all."""
    agent = agent_of(retail_shop, 10, kind=kind, scale=0.3, prior_weight=5.0)
    states = np.argsort(-retail_shop.history.visits)[:3]
    loop = Loop(retail_shop.history, kind, 0.3, "rate", 5.0)
    rng = np.random.default_rng(5)
    for _ in range(60):
        some = states[rng.integers(3, size=4)]
        slates = agent.act(some)
        slates[0] = rng.choice(retail_shop.products, 10, replace=False)
        responses, rewards = rewards_for(slates, rng)
        agent.update(some, slates, responses, rewards)
        loop.learn(some, slates, rewards)
    for state, slate in zip(states.tolist(), agent.act(states).tolist(), strict=True):
        loop.check(state, slate, retail_shop.products)


def test_the_kl_bound_is_the_root():
    rng = np.random.default_rng(1)
    means = np.concatenate([rng.random(300), 10 ** rng.uniform(-6, -1, 300), 1 - 10 ** rng.uniform(-6, -1, 300)])
    bounds = 10 ** rng.uniform(-7, 1, means.size)
    for mean, bound in zip(means.tolist(), bounds.tolist(), strict=True):
        q = kl_bound(mean, bound, 0.0)
        edge = 1 - EDGE
        root = edge
        if divergence(mean, edge) > bound:
            root = brentq(lambda x, mean=mean, bound=bound: divergence(mean, x) - bound, mean, edge, xtol=1e-14)
        assert q == pytest.approx(root, abs=1e-9)
        least = rng.random()
        found = kl_bound(mean, bound, least)
        assert found == (q if q > least + 1e-9 else pytest.approx(min(q, found), abs=1e-9))
        assert found == q or found <= least


def test_the_kl_bound_at_its_edges():
    for mean in (0.0, 0.3, 0.5, 1.0):
        assert kl_bound(mean, 0.0, 0.0) == pytest.approx(mean, abs=1e-9)
        assert kl_bound(mean, 1e3, 0.0) == pytest.approx(1.0)
    for bound in (0.5, 3.0):
        assert kl_bound(0.0, bound, 0.0) == pytest.approx(1 - math.exp(-bound), abs=1e-9)


@pytest.mark.parametrize("kind", ["kl", "ucb1"])
@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_batches_are_single_visits(kind, weight, retail_shop):
    """Exactly: the slates of a batch, and what is learned from it."""
    together = agent_of(retail_shop, 10, kind=kind, prior_weight=weight)
    alone = copy.deepcopy(together)
    rng = np.random.default_rng(6)
    for _ in range(10):
        states = rng.integers(60, size=100)
        slates = together.act(states)
        singles = [alone.act(states[visit : visit + 1])[0] for visit in range(100)]
        np.testing.assert_array_equal(slates, singles)
        responses, rewards = rewards_for(slates, rng)
        together.update(states, slates, responses, rewards)
        for visit in range(100):
            one = slice(visit, visit + 1)
            alone.update(states[one], slates[one], responses[one], rewards[one])
    np.testing.assert_array_equal(together.values(np.arange(60)), alone.values(np.arange(60)))


def test_it_starts_as_popular_and_without_a_prior_shows_everything_once(tiny_shop):
    states = np.arange(tiny_shop.states.size)
    incidence = tiny_shop.history.incidence()
    popular = make_agent("popular", history=tiny_shop.history, slate_size=N)
    shown = [np.take_along_axis(incidence, agent.act(states), axis=1) for agent in (agent_of(tiny_shop), popular)]
    np.testing.assert_array_equal(*shown)
    agent = agent_of(tiny_shop, 4, prior_weight=0)
    seen = []
    for _ in range(2):
        slates = agent.act([3])
        seen += slates[0].tolist()
        agent.update([3], slates, np.zeros((1, 4)), np.full((1, 4), 5.0))
    assert sorted(seen) == list(range(8))


def test_ties_do_not_break_by_the_order_of_the_catalogue(tiny_shop):
    first = {int(agent_of(tiny_shop, 1, seed, prior="zero").act([0])[0, 0]) for seed in range(80)}
    assert first == set(range(8))


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"kind": "kl2"}, "unknown kind 'kl2'; known: kl, ucb1"),
        ({"prior": "quantity"}, "unknown prior 'quantity'; known: rate, zero"),
        ({"scale": -0.5}, "scale multiplies the bonus and must be >= 0, got -0.5"),
        ({"scale": np.nan}, "scale multiplies the bonus and must be >= 0, got nan"),
        ({"scale": True}, "scale multiplies the bonus"),
        ({"scale": "1"}, "scale multiplies the bonus and must be >= 0, got '1'"),
        ({"prior_weight": -1}, "prior_weight counts showings and must be >= 0, got -1"),
        ({"prior_weight": np.inf}, "prior_weight counts showings and must be >= 0, got inf"),
        ({"prior_weight": None}, "prior_weight counts showings"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)


def test_numpy_hyperparameters_can_be_saved(tiny_shop, tmp_path):
    agent = agent_of(tiny_shop, scale=np.float32(0.5), prior_weight=np.int64(3))
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    np.testing.assert_array_equal(agent.values([0]), loaded.values([0]))


@pytest.fixture(scope="module")
def four_states(tiny_log):
    """The tiny log with all visits at one time: four states come again and again."""
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    return Shop.from_transactions(tiny_log.assign(time=pd.Timestamp("2023-05-02 10:00")), segments=segments)


@pytest.mark.parametrize("kind", ["kl", "ucb1"])
def test_it_learns(kind, four_states):
    agent = agent_of(four_states, 2, kind=kind, prior="zero", scale=0.1, prior_weight=1.0)
    result = evaluate(agent, ENV, 10_000, 10, seed=1, progress=False, shop=four_states)
    assert result.gap[-5:].mean() > 0.9
    assert result.mean("regret", 0.9) < 0.5 * result.mean("regret", 0.0, 0.02)


def test_it_leaves_a_prior_that_is_wrong(tiny_shop):
    """The two products that the history sells best are never bought, the third always: the agent finds out."""
    agent = agent_of(tiny_shop, 1, prior_weight=10.0)
    order = np.argsort(-tiny_shop.history.incidence()[5])
    for _ in range(400):
        slates = agent.act([5])
        bought = slates == order[2]
        agent.update([5], slates, 2 * bought, np.where(bought, 5.0, -2.0))
    last = [int(agent.act([5])[0, 0])]
    assert last == [order[2]]


def test_the_environment_gives_what_it_reads(tiny_shop):
    envs = gym.make_vec(ENV, 20, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=N)
    states = envs.reset(seed=1)[1]["state"]
    agent, loop = agent_of(tiny_shop), Loop(tiny_shop.history, prior_weight=agent_of(tiny_shop)._prior_weight)
    slates = agent.act(states)
    info = envs.step(slates)[-1]
    agent.update(states, slates, info["response"], info["item_reward"])
    loop.learn(states, slates, info["item_reward"])
    for state in states.tolist():
        expected = [-2 + 7 * loop.mean((state, product)) for product in range(8)]
        np.testing.assert_allclose(agent.values([state])[0], expected)
