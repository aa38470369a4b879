"""Logged propensities are those by which the slates were drawn: by hand, as frequencies, and in an estimate."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import record

ENV = "selflearn/Retail-v0"
N, P = 2, 8
FAR = 3  # standard errors


@pytest.fixture(params=["random_log", "greedy_log"])
def log(request):
    return request.getfixturevalue(request.param)


def test_of_random_slates_by_hand(random_log):
    np.testing.assert_allclose(random_log.propensity, np.tile([1 / P, 1 / (P - 1)], (len(random_log), 1)))


def test_of_the_seeds_agent_by_hand(retail_shop):
    """1 - epsilon for the best product left, and an even share of epsilon for each of the segment's products left."""
    history, epsilon = retail_shop.history, 0.3
    agent, twin = (make_agent("epsilon_greedy", history=history, seed=1, epsilon=epsilon) for _ in range(2))
    log = record(agent, ENV, 100, rewards={"noise": 1.0})  # few ties, of which the agent has one as the best
    found = np.zeros_like(log.propensity)
    for visit, (state, slate) in enumerate(zip(log.state.tolist(), log.slate.tolist(), strict=True)):
        values = twin.values([state])[0]
        left = set(np.flatnonzero(history.segment_products[history.segment[state]]).tolist())
        ranked = [product for product in np.argsort(-values).tolist() if values[product] > -np.inf]
        for slot, product in enumerate(slate):
            greed, best = (1 - epsilon, values[ranked[0]]) if ranked else (0.0, np.nan)
            found[visit, slot] = greed * (values[product] == best) + (1 - greed) * (product in left) / len(left)
            left.discard(product)
            ranked = [each for each in ranked if each != product]
        twin.update([state], [slate], [log.response[visit]], [log.item_reward[visit]])
    np.testing.assert_allclose(log.propensity, found)
    explored = (log.propensity < 0.001).mean()
    assert abs(explored - epsilon) < FAR * np.sqrt(epsilon * (1 - epsilon) / found.size)


def test_one_over_the_propensity_counts_the_slates_that_can_be_shown(log):
    """Its expectation is the number of slates of positive probability, here all P * (P - 1), also while it learns."""
    counts = 1 / log.propensity.prod(axis=1)
    error = counts.std(ddof=1) / np.sqrt(len(log))
    assert abs(counts.mean() - P * (P - 1)) <= FAR * error + 1e-9
    assert error < 1


def test_another_policy_is_foreseen_within_the_standard_error(log, shop_file):
    """Inverse propensity weighting (Horvitz and Thompson 1952) against the simulator's exact expectation."""
    simulator = gym.make(ENV, shop=shop_file, slate_size=N).unwrapped.simulator
    every = np.arange(simulator.states.size)
    best = simulator.optimal_slate(every)
    others = {"best": best, "best, reversed": best[:, ::-1], "constant": np.tile([6, 1], (len(every), 1))}
    exact, errors = {}, {}
    for policy, slates in others.items():
        agrees = (log.slate == slates[log.state]).all(axis=1)
        estimates = agrees * log.reward / log.propensity.prod(axis=1)
        exact[policy] = simulator.state_probability @ simulator.expected_reward(every, slates)
        errors[policy] = estimates.std(ddof=1) / np.sqrt(len(log))
        assert abs(estimates.mean() - exact[policy]) < FAR * errors[policy], policy
    assert exact["best"] - exact["constant"] > FAR * max(errors.values())  # a small error could not be told otherwise
