"""The reward model against plain loops, and what it finds where it is known."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.offline.foreknowledge import Foreknowledge
from selflearn_agents.offline.item_rewards import fit_exponent, fit_misfit, learn_rewards, order_of_slots

from tests.agents.offline.conftest import N, log_of, shown

P = 8


@pytest.fixture(scope="module")
def known(tiny_shop):
    return Foreknowledge(tiny_shop.history)


@pytest.fixture(scope="module")
def random_log(tiny_shop):
    """2,000 visits of random slates."""
    agent = RandomAgent(tiny_shop.history, N, np.random.default_rng(3))
    return shown(agent, 2_000, 4, np.linspace(0.1, 0.8, P), (1.0, 0.5, 0.25))


class Plain:
    """The documented model, in dictionaries."""

    def __init__(self, log, history, exponent, misfit, examined):
        self.labels, self.history = history.states.table.tolist(), history
        self.incidence = np.float32(history.incidence()).astype(float)
        self.exponent, self.misfit, self.factor, self.evidence = exponent, misfit, {}, {}
        rewards = log.item_reward
        self.least = rewards[log.response == 0].mean()
        gains = rewards - self.least
        self.unit = (gains**2).sum() / gains.sum()
        self.gains = gains / self.unit
        self.examined = examined
        for level in range(len(history.pooling.levels)):
            self.learn(log, level)

    def group(self, level, state):
        return level, tuple(self.labels[state][tier] for tier in self.history.pooling.levels[level].tiers)

    def shape(self, level, state, product):
        bought = sum(
            int(self.history.purchases[other][product])
            for other in range(len(self.labels))
            if self.group(level, other) == self.group(level, state)
        )
        worth = self.history.pooling.levels[level].weight + bought
        return 1.0 / (self.exponent**2 / worth + self.misfit[level])

    def appeal(self, state, product):
        known = [(*self.group(level, state), product) for level in range(len(self.history.pooling.levels))]
        factors = [log(self.factor.get(key, 1.0)) for key in known]
        return self.exponent * log(self.incidence[state, product]) + sum(factors)

    def learn(self, log_, level):
        seen, expected, where = {}, {}, {}
        for visit, state in enumerate(log_.state.tolist()):
            for slot, product in enumerate(log_.slate[visit].tolist()):
                key = (*self.group(level, state), product)
                where[key] = state, product
                seen[key] = seen.get(key, 0.0) + self.gains[visit, slot]
                expected[key] = expected.get(key, 0.0) + self.examined[slot] * exp(self.appeal(state, product))
        for key, (state, product) in where.items():
            shape = self.shape(level, state, product)
            self.factor[key] = (seen[key] + shape) / (expected[key] + shape)
            self.evidence[key] = seen[key] + shape


def test_what_was_never_bought_is_worth_the_weight_of_its_level_alone(tiny_shop, known):
    purchases = np.stack(list(tiny_shop.history.purchases))
    for row in (0, *range(1, len(known.level), 20)):
        bought = purchases[(known.rows == row).any(axis=1)].sum(axis=0)
        assert known.shape(row * P + np.arange(P)) == pytest.approx(known.weight[row] + bought)
    assert (bought == 0).any()


def test_factors_and_spread_are_those_of_the_rule(tiny_shop, random_log, known, monkeypatch):
    some = log_of(*(each[:60] for each in (random_log.state, random_log.slate, random_log.response)),
                  random_log.item_reward[:60])  # fmt: skip
    monkeypatch.setattr("selflearn_agents.offline.item_rewards.ROUNDS", 2)
    before = learn_rewards(some, known)  # whose last round is made with the slots of the first
    monkeypatch.setattr("selflearn_agents.offline.item_rewards.ROUNDS", 1)
    examined = learn_rewards(some, known).examined
    plain = Plain(some, tiny_shop.history, before.exponent, before.misfit, examined)
    assert before.least == pytest.approx(plain.least)
    assert before.unit == pytest.approx(plain.unit)
    spread = before.spread(known)
    for state in [*some.state[:4].tolist(), 0]:
        for product in range(P):
            assert before.appeal[state, product] == pytest.approx(plain.appeal(state, product), abs=2e-5)
            variance = 0.0
            for level in range(len(tiny_shop.history.pooling.levels)):
                shape = plain.shape(level, state, product)
                variance += 1.0 / plain.evidence.get((*plain.group(level, state), product), shape)
            assert spread[state, product] == pytest.approx(variance**0.5, rel=1e-4)


def test_the_slots_gain_as_the_customers_look(random_log, known):
    found = learn_rewards(random_log, known)
    assert found.examined / found.examined[0] == pytest.approx([1.0, 0.5, 0.25], abs=0.06)
    assert found.least == -2.0
    value = found.unit * found.examined[0] * np.exp(found.appeal.mean(axis=0))
    assert value == pytest.approx(7.0 * np.linspace(0.1, 0.8, P), rel=0.15)  # 7 is what a purchase gains


def test_the_exponent_is_the_best_of_all():
    rng = np.random.default_rng(2)
    x, slot = rng.normal(-2.0, 1.0, size=4_000), np.arange(4_000) % 2
    gain = rng.poisson(np.array([2.0, 1.0])[slot] * np.exp(0.6 * x)).astype(float)
    of_slot = np.bincount(slot, gain)

    def likelihood(exponent):
        mean = np.exp(exponent * x)
        mean *= (of_slot / np.bincount(slot, mean))[slot]
        return gain @ np.log(mean) - mean.sum() - 10.0 * (exponent - 1.0) ** 2 / 2

    found = fit_exponent(x, slot, gain, of_slot)
    assert found == pytest.approx(0.6, abs=0.06)
    assert likelihood(found) > max(likelihood(found - 1e-3), likelihood(found + 1e-3))


def test_a_log_that_gained_nothing_leaves_the_history_standing(random_log, known):
    response = np.zeros_like(random_log.response)
    nothing = log_of(random_log.state, random_log.slate, response, np.full(response.shape, -2.0))
    assert (learn_rewards(nothing, known).appeal == np.log(known.incidence)).all()


def test_slots_change_places_where_it_is_sure():
    examined, many, few = np.array([1.0, 1.2, 0.5, 2.0]), np.full(4, 4_000.0), np.full(4, 20.0)
    assert order_of_slots(examined, many).tolist() == [3, 1, 0, 2]
    assert order_of_slots(examined, few).tolist() == [0, 1, 3, 2]
    assert order_of_slots(examined, np.zeros(4)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("true", [1e-6, 0.25, 4.0])
def test_the_misfit_is_found(true):
    rng = np.random.default_rng(8)
    shape = 1.0 / (0.05 + true)
    expected = np.full(3_000, 20.0)
    found = rng.poisson(expected * rng.gamma(shape, 1.0 / shape, size=3_000)).astype(float)
    assert fit_misfit(found, expected, np.full(3_000, 0.05)) == pytest.approx(true, abs=0.01)
