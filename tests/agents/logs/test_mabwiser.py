"""What MABWiser is given, and what it learns from it."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents.logs import mabwiser_arrays, mabwiser_slates


@pytest.fixture
def library():
    return pytest.importorskip("mabwiser.mab")


def test_every_shown_product_is_a_row(recorded, tiny_shop):
    log, states = recorded("epsilon_greedy"), tiny_shop.states
    decisions, rewards, contexts = mabwiser_arrays(log, states)
    assert decisions.shape == rewards.shape == (100,)
    assert contexts.shape == (100, 25)
    for row, (decision, reward) in enumerate(zip(decisions, rewards, strict=True)):
        visit, slot = divmod(row, 2)
        assert decision == log.slate[visit, slot]
        assert reward == {0: 0.0, 1: 3.0, 2: 7.0}[log.response[visit, slot]]
        tiers = states.decode([log.state[visit]])[0]
        begins = np.cumsum([0, *states.shape[:-1]])
        assert np.flatnonzero(contexts[row]).tolist() == (begins + tiers).tolist()
    assert set(rewards) == {0.0, 3.0, 7.0}


def test_rewards_with_noise_are_counted_from_what_ignored_products_earn(recorded, tiny_shop):
    log = recorded("random", customers=2_000, rewards={"noise": 1.0})
    rewards = mabwiser_arrays(log, tiny_shop.states)[1]
    ignored = (log.response == 0).ravel()
    assert rewards[ignored].mean() == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(np.diff(rewards), np.diff(log.item_reward.ravel()))


def test_where_nothing_was_ignored_the_least_reward_is_0(recorded, tiny_shop):
    log = recorded("random", customers=3)
    log = replace(
        log, response=np.full_like(log.response, 2), item_reward=np.array([[5.0, 4.0], [5.0, 6.0], [5.0, 5.0]])
    )
    assert mabwiser_arrays(log, tiny_shop.states)[1].tolist() == [1.0, 0.0, 1.0, 2.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("policy", "options"), [("EpsilonGreedy", {"epsilon": 0}), ("LinGreedy", {"epsilon": 0, "l2_lambda": 10})]
)
def test_slates_that_it_learns_are_near_the_best(policy, options, library, random_log, tiny_shop):
    model = library.MAB(list(range(8)), getattr(library.LearningPolicy, policy)(**options))
    model.fit(*mabwiser_arrays(random_log, tiny_shop.states)[: 3 if model.is_contextual else 2])
    slates = mabwiser_slates(model, tiny_shop.states, 2)
    simulator = gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=2).unwrapped.simulator
    every = np.arange(simulator.states.size)
    best, drawn = simulator.expected_reward(every, simulator.optimal_slate(every)), simulator.random_reward(every)
    earned = simulator.state_probability @ (simulator.expected_reward(every, slates) - drawn)
    assert earned / (simulator.state_probability @ (best - drawn)) > 0.7


def test_slates_are_those_of_the_greatest_expectations_whatever_the_order_of_the_arms(library, random_log, tiny_shop):
    model = library.MAB([5, 0, 3, 7, 1, 2, 6, 4], library.LearningPolicy.LinGreedy(epsilon=0))
    model.fit(*mabwiser_arrays(random_log, tiny_shop.states))
    slates = mabwiser_slates(model, tiny_shop.states, 3)
    for state, expectations in enumerate(model.predict_expectations(tiny_shop.states.onehot())):
        assert slates[state].tolist() == sorted(expectations, key=expectations.get, reverse=True)[:3]


def test_arms_never_shown_are_expected_to_be_ignored(library, recorded, tiny_shop):
    log = recorded("random", customers=300)
    model = library.MAB([*range(8), 8], library.LearningPolicy.EpsilonGreedy(epsilon=0))
    model.fit(*mabwiser_arrays(log, tiny_shop.states)[:2])
    expectations = model.predict_expectations()
    assert expectations[8] == 0 < min(expectations[product] for product in range(8))
