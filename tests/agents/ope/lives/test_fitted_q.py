"""Fitted-Q evaluation: exact where a table holds everything, with the right error; and what its features are."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents.ope import SlotMeans, evaluate_lives_offline
from selflearn_agents.ope.lives.features import RECENT, life_features
from selflearn_agents.ope.lives.fitted_q import Transitions, fitted_q
from selflearn_agents.ope.lives.study import sample_lives, true_returns

from selflearn_env.core.journey.effects import Journey
from tests.agents.ope.policies import N, P

GOES, LEAVES = 0, 1
REWARD = np.array([[1.0, 5.0], [2.0, -1.0], [0.5, 3.0]])  # of state and action
TARGET = np.array([0.7, 0.4, 0.9])  # how often it has the customer go on, by state


def chain_value(state, visits, discount):
    """What `visits` more visits are worth in a chain: who goes on is in the next state, and after the last one gone."""
    if not visits:
        return 0.0
    later = chain_value(state + 1, visits - 1, discount) if state < 2 else 0.0
    goes = REWARD[state, GOES] + discount * later
    return TARGET[state] * goes + (1 - TARGET[state]) * REWARD[state, LEAVES]


def chain_log(lives, seed):
    """Lives in the chain under a policy that goes on half of the time; a feature for each state and action."""
    rng = np.random.default_rng(seed)
    shown, expected, reward, life, follows = [], [], [], [], []
    for number in range(lives):
        state, over = int(rng.integers(3)), False
        while not over:
            action = int(rng.integers(2))
            over = action == LEAVES or state == 2
            shown.append(np.eye(6)[2 * state + action])
            expected.append(np.repeat(np.eye(3)[state], 2) * np.tile([TARGET[state], 1 - TARGET[state]], 3))
            reward.append(REWARD[state, action])
            life.append(number)
            follows.append(not over)
            state += 1
    return Transitions(*map(np.array, (shown, expected, reward, life, follows)))


@pytest.mark.parametrize("discount", [1.0, 0.8])
@pytest.mark.parametrize("visits", [1, 2, 3, 20])
def test_exact_in_a_known_chain(visits, discount):
    log = chain_log(60, 1)
    starts = [int(log.expected[np.flatnonzero(log.life == life)[0]].argmax()) // 2 for life in range(60)]
    found = fitted_q(log, visits, discount, ridge=0.0)
    assert found == pytest.approx([chain_value(state, visits, discount) for state in starts], abs=1e-10)


def test_only_some_visits_are_learned_from():
    log = chain_log(60, 1)
    first = np.diff(log.life, prepend=-1) > 0
    others = log._replace(reward=np.where(first, log.reward, 1e9))
    assert fitted_q(others, 1, ridge=0.0, learned_from=first) == pytest.approx(fitted_q(log, 1, ridge=0.0))


def test_equal_bits_however_many_threads_there_are():
    limits = pytest.importorskip("threadpoolctl").threadpool_limits
    rng = np.random.default_rng(4)
    shown, expected = rng.normal(size=(2, 20_000, 90))
    life = np.arange(20_000) // 4
    visits = Transitions(shown, expected, rng.random(20_000), life, np.diff(life, append=-1) == 0)
    found = []
    for threads in (1, 2):
        with limits(threads):
            found.append(fitted_q(visits, 4))
    np.testing.assert_array_equal(*found)


def test_the_error_is_that_of_a_jackknife():
    """With noisy rewards, and lives left out one after the other."""
    log = chain_log(150, 2)
    log = log._replace(reward=log.reward + np.random.default_rng(3).normal(size=len(log.reward)))
    error = fitted_q(log, 3, 0.9, ridge=1.0).std(ddof=1) / np.sqrt(150)
    without = []
    for life in range(150):
        kept = log.life != life
        others = Transitions(*(column[kept] for column in log))
        without.append(fitted_q(others._replace(life=others.life - (others.life > life)), 3, 0.9).mean())
    jackknife = np.sqrt(149 * np.var(without))
    assert error == pytest.approx(jackknife, rel=0.04)


@pytest.fixture(scope="module")
def simulator(tiny_shop):
    """Lives in which little depends on what was shown before, of a few visits."""
    options = {"shop": tiny_shop, "slate_size": N, "journey": Journey(fatigue=0.1, horizon=60)}
    return gym.make("selflearn/RetailJourney-v0", **options).unwrapped.simulator


@pytest.fixture(scope="module")
def log(simulator, logger):
    return sample_lives(simulator, logger["epsilon_greedy"], 3_000, seed=4)


def test_features_by_hand(log, target, tiny_shop):
    visits = int(log.first[40])
    some = {"observation", "state", "slate", "response", "item_reward", "propensity", "terminated", "truncated"}
    ends = {"last_observation": log.last_observation[:40], "last_state": log.last_state[:40]}
    few = replace(log, **{name: getattr(log, name)[:visits] for name in some}, **ends)
    visit = np.arange(visits) - few.first[few.episode]
    shown, expected = life_features(few, visit, target, tiny_shop.states, SlotMeans())
    means, tiers = SlotMeans().fit(few.state, few.slate, few.item_reward, P).mean, tiny_shop.states.onehot()
    marginals, faded = target.marginals(few.state), 0.0
    for row in range(visits):
        begin = row - visit[row]
        past = [(few.slate[i, k], few.response[i, k], i) for i in range(begin, row) for k in range(N)]
        lately = [(product, response) for product, response, i in past if i >= row - RECENT]
        empty = 0
        while empty < visit[row] and not few.response[row - 1 - empty].any():
            empty += 1
        counts = [visit[row], sum(response == 2 for _, response, _ in past), empty]
        if not visit[row]:
            faded = 0.0
        of_visit = [*(tiers[few.state[row]] * (not visit[row])), *(tiers[few.state[row]] * (visit[row] > 0))]
        of_visit += [*np.log1p(counts), faded]
        ignored, bought = (np.array([lately.count((p, response)) for p in range(P)]) for response in (0, 2))
        slots = list(enumerate(few.slate[row]))
        of_slate = [sum(means[k, p] for k, p in slots), *(sum(c[p] for _, p in slots) for c in (ignored, bought))]
        assert shown[row] == pytest.approx([*of_visit, *of_slate])
        drawn = marginals[row]
        of_slate = [(drawn * means).sum(), drawn.sum(axis=0) @ ignored, drawn.sum(axis=0) @ bought]
        assert expected[row] == pytest.approx([*of_visit, *of_slate])
        in_vain = np.mean([few.response[row, k] == 0 and ignored[p] > 0 for k, p in slots])
        faded = (faded + in_vain) / 2
    assert (shown[:, -3:] != expected[:, -3:]).any()


def test_near_the_truth(simulator, log, logger, policy, tiny_shop):
    """A near target, whose lives are not long; and the log's own policy."""
    near = policy("epsilon_greedy", epsilon=0.4)
    visits = (3, None)
    own, truth = true_returns(simulator, [logger["epsilon_greedy"], near], visits, 20_000, seed=1)
    logged = np.bincount(log.episode, log.reward)
    assert abs(own.value[1] - logged.mean()) < 3.5 * np.hypot(logged.std() / np.sqrt(len(logged)), own.error[1])
    for which, count in enumerate(visits):
        result = evaluate_lives_offline(log, near, states=tiny_shop.states, visits=count)
        for estimate in result.estimates:
            off = estimate.value - truth.value[which]
            assert abs(off) < 3.5 * np.hypot(estimate.error, truth.error[which]), estimate
            assert estimate.low < estimate.value < estimate.high
            assert 0 < estimate.error < 1
        assert result.effective[-1] > 1_000
    assert result.visits == np.bincount(log.episode).max()
