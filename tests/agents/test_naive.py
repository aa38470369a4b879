"""The vectorised agent and environment against the article's loop."""

from __future__ import annotations

import copy
from collections import Counter
from random import Random

import gymnasium as gym
import numpy as np
import pytest
from scipy import stats
from selflearn_agents import make_agent

from tests.agents.naive import NaiveRecommender, customer, rewards_of

SEED = "selflearn/Seed-v0"


def naive_of(agent, shop, epsilon):
    """The naive recommender in the state of a fresh agent, with the segments' products in the agent's order."""
    ids = shop.catalogue.ids
    values = {}
    for state in range(shop.states.size):
        row = agent.values(np.array([state]))[0]
        known = np.flatnonzero(row > -np.inf)
        values[shop.states.label(state)] = {str(ids[product]): float(row[product]) for product in known}
    pools = [agent._order[pool[:size]] for pool, size in zip(agent._pool, agent._pool_size, strict=True)]
    labels = shop.states.tiers[0].labels
    segments = {label: ids[pool].tolist() for label, pool in zip(labels, pools, strict=True)}
    return NaiveRecommender(values, segments, epsilon, agent.slate_size)


@pytest.mark.parametrize(("epsilon", "customers"), [(0.1, 1000), (0.9, 300)])
def test_same_draws_give_the_same_slates_and_values(seed_shop, epsilon, customers):
    agent = make_agent("epsilon_greedy", history=seed_shop.history, seed=3, epsilon=epsilon)
    naive = naive_of(agent, seed_shop, epsilon)
    env = gym.make(SEED)
    ids = seed_shop.catalogue.ids
    _, info = env.reset(seed=5)
    for _ in range(customers):
        state = np.array([info["state"]])
        label = seed_shop.states.label(int(state[0]))
        draws = copy.deepcopy(agent.rng)
        slates = agent.act(state)
        shown = ids[slates[0]].tolist()

        coins, shares = draws.random((2, 10)).tolist()
        naive.choose = lambda slot, _, shown=shown: shown[slot]
        allowed = naive.recommend(label, coins, shares)
        assert all(product in products for product, products in zip(shown, allowed, strict=True))

        info = env.step(slates[0])[-1]
        agent.update(state, slates, info["response"][None], info["item_reward"][None])
        naive.learn(label, shown, info["item_reward"].tolist())
        _, info = env.reset()

    index = {product: position for position, product in enumerate(ids.tolist())}
    for label in naive.counts:
        row = agent.values(np.array([seed_shop.states.parse(label)]))[0]
        known = {index[product]: value for product, value in naive.values[label].items()}
        assert set(np.flatnonzero(row > -np.inf)) == set(known)
        np.testing.assert_allclose(row[list(known)], list(known.values()), rtol=0, atol=1e-9)


def test_batches_are_single_visits(seed_shop):
    """The same draws, decided one by one and all at once."""
    states = np.random.default_rng(8).integers(seed_shop.states.size, size=400)
    together = make_agent("epsilon_greedy", history=seed_shop.history, seed=3, epsilon=0.5)
    alone = copy.deepcopy(together)
    for _ in range(3):
        slates = together.act(states)
        np.testing.assert_array_equal([alone.act([state])[0] for state in states], slates)
        responses, rewards = np.zeros(slates.shape, dtype=np.int8), np.sin(slates)
        together.update(states, slates, responses, rewards)
        for one in map(slice, range(400), range(1, 401)):
            alone.update(states[one], slates[one], responses[one], rewards[one])
    np.testing.assert_array_equal(*(agent.values(np.arange(agent.states)) for agent in (together, alone)))


@pytest.mark.slow
def test_same_distributions_as_the_naive_world(seed_shop):
    """Counts of bought and clicked products per slate, and the mean reward, from two independent simulations."""
    slate = [str(number) for number in range(10)]
    rng = Random(11)
    naive_counts, naive_rewards = Counter(), []
    for _ in range(40_000):
        clicked, bought = customer(slate, rng)
        naive_counts[len(clicked), len(bought)] += 1
        naive_rewards.append(sum(rewards_of(slate, clicked, bought, rng)))
    envs = gym.make_vec(SEED, num_envs=4000, vectorization_mode="vector_entry_point")
    envs.reset(seed=1)
    counts, rewards = Counter(), []
    for _ in range(10):
        _, reward, _, _, info = envs.step(np.tile(np.arange(10), (4000, 1)))
        rewards.extend(reward)
        clicked, bought = ((info["response"] == kind).sum(axis=1).tolist() for kind in (1, 2))
        counts.update(zip(clicked, bought, strict=True))
    common = [cell for cell in naive_counts if naive_counts[cell] + counts[cell] >= 40]
    table = [[world[cell] for cell in common] for world in (naive_counts, counts)]
    assert stats.chi2_contingency(table).pvalue > 1e-4
    assert stats.ttest_ind(naive_rewards, rewards).pvalue > 1e-4
    assert stats.levene(naive_rewards, rewards).pvalue > 1e-4
