"""The rule of `gradient`, product by product in plain numbers, against the agent; its gradient; what it learns."""

from __future__ import annotations

from itertools import permutations
from math import exp, log

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.bandits.gradient import LEAST, _add_gradient, _logarithms
from selflearn_agents.evaluation import evaluate

P, N = 8, 3


def agent_of(shop, slate_size=N, seed=0, **hyperparameters):
    return make_agent("gradient", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


class Loop:
    """The documented rule, in dictionaries."""

    def __init__(self, history, sharpness, step_size, credit):
        self.labels = history.states.table.tolist()
        self.levels = [level.tiers for level in history.pooling.levels]
        self.start = sharpness * np.log(np.maximum(history.incidence(), LEAST))
        self.step_size, self.credit = step_size, credit
        self.theta, self.earned = {}, []

    def keys(self, state, product):
        return [(level, tuple(self.labels[state][tier] for tier in level), product) for level in self.levels]

    def preference(self, state, product):
        return self.start[state, product] + sum(self.theta.get(key, 0.0) for key in self.keys(state, product))

    def chance(self, state, product, above):
        if product in above:
            return 0.0
        weight = {other: exp(self.preference(state, other)) for other in range(P) if other not in above}
        return weight[product] / sum(weight.values())

    def learn(self, states, slates, rewards):
        baseline = np.mean(self.earned if self.earned else rewards)
        moves = []
        for state, slate, earned in zip(states.tolist(), slates.tolist(), rewards.tolist(), strict=True):
            slots = [slot for slot in range(N) if slate[slot] not in slate[:slot]]
            for slot in slots:
                counted = [slot] if self.credit == "slot" else [below for below in slots if below >= slot]
                advantage = sum(earned[below] - baseline for below in counted)
                for product in range(P):
                    surprise = (slate[slot] == product) - self.chance(state, product, slate[:slot])
                    moves += [(key, self.step_size * advantage * surprise) for key in self.keys(state, product)]
        for key, move in moves:
            self.theta[key] = self.theta.get(key, 0.0) + move
        self.earned += rewards.ravel().tolist()


@pytest.mark.parametrize("credit", ["slot", "rest"])
@pytest.mark.parametrize("batch", [1, 6])
def test_preferences_and_propensities_are_those_of_the_loop(credit, batch, tiny_shop):
    options = {"sharpness": 1.5, "step_size": 0.05, "credit": credit}
    agent, loop = agent_of(tiny_shop, **options), Loop(tiny_shop.history, **options)
    rng = np.random.default_rng(1)
    for turn in range(24 // batch):
        states = rng.integers(5, size=batch) * 7
        slates = agent.act(states) if turn % 2 else rng.integers(P, size=(batch, N))  # repeats among them
        rewards = rng.choice([-2.0, 1.0, 5.0], size=(batch, N))
        expected = [
            [loop.chance(state, slate[slot], slate[:slot]) for slot in range(N)]
            for state, slate in zip(states.tolist(), slates.tolist(), strict=True)
        ]
        np.testing.assert_allclose(agent.propensity(states, slates), expected, rtol=1e-4, atol=1e-9)
        agent.update(states, slates, np.zeros((batch, N), dtype=np.int8), rewards)
        loop.learn(states, slates, rewards)
    states = np.array([0, 7, 14, 200, 600])
    expected = [[loop.preference(state, product) for product in range(P)] for state in states.tolist()]
    np.testing.assert_allclose(agent.values(states), expected, rtol=1e-4, atol=1e-4)


def chances(preferences, slate):
    shown, left, _, _ = _logarithms(preferences, slate)
    return np.exp(shown - left)


def test_a_slate_by_hand():
    """Weights 1, 2, 3, 4: 3 of 10, then 1 of 7, then 4 of 6."""
    preferences = np.log(np.array([1, 2, 3, 4], dtype=np.float32))
    np.testing.assert_allclose(chances(preferences, np.array([2, 0, 3])), [3 / 10, 1 / 7, 4 / 6], rtol=1e-6)


def test_one_visit_by_hand(tiny_shop):
    """All alike at first, slates of one, b = -2: the product shown moves by 0.1 * 7 * 7 / 8, others by -0.1 * 7 / 8."""
    agent = agent_of(tiny_shop, 1, sharpness=0, step_size=0.1)
    agent.update([0], [[4]], [[0]], [[-2.0]])  # earns the mean of all: nothing to learn
    np.testing.assert_array_equal(agent.values([0]), np.zeros((1, P)))
    agent.update([0], [[4]], [[2]], [[5.0]])
    levels = len(tiny_shop.history.pooling.levels)
    expected = np.full((1, P), -0.1 * 7 / 8)
    expected[0, 4] = 0.1 * 7 * 7 / 8
    np.testing.assert_allclose(agent.values([0]), levels * expected, rtol=1e-6)


@pytest.mark.parametrize("slot", range(N))
def test_the_gradient_is_that_of_the_logarithm(slot):
    """Against differences."""
    preferences, slate = np.random.default_rng(2).normal(0, 1.5, 6), np.array([4, 0, 3])
    move = np.zeros(6, dtype=np.float32)
    _add_gradient(move, preferences.astype(np.float32), slate, np.eye(N)[slot])

    def logarithm(change):
        weight = np.exp(preferences + change)
        return log(weight[slate[slot]] / (weight.sum() - weight[slate[:slot]].sum()))

    expected = [(logarithm(1e-5 * one) - logarithm(-1e-5 * one)) / 2e-5 for one in np.eye(6)]
    np.testing.assert_allclose(move, expected, atol=1e-5)


@pytest.mark.parametrize("baseline", [0.0, -1.7])
def test_with_the_rest_of_the_slate_it_is_the_gradient_of_the_reward(baseline):
    """Over all slates of 2 of 5, the second slot earning by what stands above: the mean move, against differences."""
    rng = np.random.default_rng(3)
    preferences = rng.normal(size=5)
    slates = list(permutations(range(5), 2))
    first, second = rng.normal(size=5), rng.normal(size=len(slates))
    rewards = np.array([[first[slate[0]], earned] for slate, earned in zip(slates, second, strict=True)])

    def chance(slate, weight):
        return weight[slate[0]] / weight.sum() * weight[slate[1]] / (weight.sum() - weight[slate[0]])

    def expected(change):
        weight = np.exp(preferences + change)
        return sum(chance(slate, weight) * earned.sum() for slate, earned in zip(slates, rewards, strict=True))

    total = np.zeros(5)
    for slate, earned in zip(slates, rewards, strict=True):
        move = np.zeros(5, dtype=np.float32)
        advantage = (earned - baseline)[::-1].cumsum()[::-1]
        _add_gradient(move, preferences.astype(np.float32), np.array(slate), advantage)
        total += chance(slate, np.exp(preferences)) * move
    differences = [(expected(1e-5 * one) - expected(-1e-5 * one)) / 2e-5 for one in np.eye(5)]
    np.testing.assert_allclose(total, differences, atol=1e-5)


@pytest.mark.parametrize("slate", [[0, 1, 2], [2, 1, 0], [1, 3, 2]])
def test_preferences_far_apart_stay_finite(slate):
    """Also for slates that are never drawn, as another agent may have shown them."""
    preferences = np.array([900, 0, -800, -801], dtype=np.float32)
    move = np.zeros(4, dtype=np.float32)
    _add_gradient(move, preferences, np.array(slate), np.array([1.0, 2.0, 3.0]))
    assert np.isfinite(move).all()
    assert move.sum() == pytest.approx(0.0, abs=1e-5)
    probability = chances(preferences, np.array(slate))
    likely = {0: [1, 1, 1 / (1 + exp(-1))], 2: [0, 0, 1], 1: [0, 0, 0]}[slate[0]]
    np.testing.assert_allclose(probability, likely, rtol=1e-5, atol=1e-30)


def test_a_policy_that_is_almost_sure_loses_no_digits():
    """What is left when the likely products are gone is not the difference of two great numbers."""
    preferences = np.array([40, 20, 0, 0, 0], dtype=np.float32)
    np.testing.assert_allclose(chances(preferences, np.array([0, 1, 2])), [1, 1, 1 / 3], rtol=1e-6)


def test_a_slate_of_the_whole_catalogue(tiny_shop):
    agent = agent_of(tiny_shop, P)
    slates = agent.act([3, 3])
    agent.update([3, 3], slates, np.zeros((2, P)), np.full((2, P), -2.0))
    assert sorted(agent.act([3])[0].tolist()) == list(range(P))
    np.testing.assert_allclose(agent.propensity([3, 3], slates)[:, -1], 1.0)


def test_sharpness_goes_from_any_product_to_the_best_ones(tiny_shop):
    states = np.arange(100)
    first = agent_of(tiny_shop, sharpness=0).act(np.zeros(4000, dtype=np.int64))[:, 0]
    assert (np.abs(np.bincount(first, minlength=P) - 500) < 120).all()
    best = np.argsort(-tiny_shop.history.incidence()[states], axis=1)[:, :N]
    np.testing.assert_array_equal(agent_of(tiny_shop, sharpness=1e5).act(states), best)


def test_at_step_size_0_nothing_is_learned(tiny_shop):
    agent = agent_of(tiny_shop, step_size=0)
    before = agent.values([5])
    agent.update([5], [[1, 2, 3]], [[2, 0, 0]], [[5.0, -2.0, -2.0]])
    np.testing.assert_array_equal(agent.values([5]), before)


@pytest.mark.parametrize("customer", ["independent", "cascade"])
@pytest.mark.parametrize("credit", ["slot", "rest"])
def test_it_learns(customer, credit, tiny_shop):
    agent = agent_of(tiny_shop, sharpness=0, credit=credit)
    result = evaluate(
        agent, "selflearn/Retail-v0", 10_000, batch=10, progress=False, shop=tiny_shop, customer=customer, contrast=4
    )
    assert result.mean("regret", 0.9) < 0.5 * result.mean("regret", 0.0, 0.02)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"sharpness": -1}, "sharpness multiplies the logarithm of the incidence and must be >= 0, got -1"),
        ({"sharpness": np.inf}, "sharpness multiplies the logarithm"),
        ({"step_size": "a"}, "step_size is preference per reward unit and must be >= 0, got 'a'"),
        ({"step_size": np.nan}, "step_size is preference per reward unit and must be >= 0, got nan"),
        ({"credit": "slate"}, "unknown credit 'slate'; known: slot, rest"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)
