"""Small worlds of the tiny shop that drift, and the rules of drift and customers as plain loops."""

import copy
import pickle
from itertools import permutations
from math import exp, sqrt

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env import Drift
from selflearn_env.core.customers import CUSTOMERS, PreferenceCustomers

RETAIL, SEED = "selflearn/Retail-v0", "selflearn/Seed-v0"
P, N, STATES = 8, 3, np.arange(672)
PREFERRING = sorted(name for name, model in CUSTOMERS.items() if issubclass(model, PreferenceCustomers))
SLATES = np.array(list(permutations(range(P), N)))
DRIFT = Drift(spread=1.2, half_life=40, every=7, appear={3: 25, 5: 40}, vanish={0: 30})
COPIES = [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))]


def single_of(shop, env_id=RETAIL, **options):
    return gym.make(env_id, **{"shop": shop, "slate_size": N, **options}).unwrapped


def vector_of(shop, num_envs=4, env_id=RETAIL, **options):
    options = {"vectorization_mode": "vector_entry_point", "shop": shop, "slate_size": N, **options}
    return gym.make_vec(env_id, num_envs, **options).unwrapped


def visits_of(env, count, seed=None, number=0):
    """What a number of visits return, with slates (repeats among them) that `number` sets."""
    rng, seen = np.random.default_rng(number), []
    for _ in range(count):
        seen.append(env.reset(seed=seed))
        seen.append(env.step(rng.integers(P, size=N)))
        seed = None
    return seen


def steps_of(envs, count, number=0):
    rng = np.random.default_rng(number)
    return [envs.step(rng.integers(P, size=envs.action_space.shape)) for _ in range(count)]


def wishes(env):
    """What every state thinks of every product, at present."""
    slates = np.tile(np.arange(P).reshape(-1, 1), N)  # a product and its repeats, which are ignored
    return np.array([env.simulator.expected_reward(STATES, np.tile(slate, (672, 1))) for slate in slates])


def loop_factor(drift, seed, served, products=P):
    """The factors after some slates, from the seed of the environment on: the fourth of its random run."""
    rng = np.random.default_rng(seed).spawn(4)[3]
    r, walk, variance = 2 ** (-drift.every / drift.half_life), [0.0] * products, 0.0
    for _ in range(served // drift.every):
        walk = [r * z + drift.spread * sqrt(1 - r * r) * rng.standard_normal() for z in walk]
        variance = r * r * variance + drift.spread**2 * (1 - r * r)
    here = [served >= drift.appear.get(p, 0) and served < drift.vanish.get(p, served + 1) for p in range(products)]
    return [exp(z - variance / 2) * had for z, had in zip(walk, here, strict=True)]


def loop_eligible(stock, seed, served, drift=None, products=P):
    """What may be shown after some slates, from the seed of the environment on: the eighth of its random run."""
    rng = np.random.default_rng(seed).spawn(8)[7]
    back = stock.every / stock.lasts
    gone = back * stock.out / (1 - stock.out)
    out = [rng.random() < stock.out for _ in range(products)]
    for _ in range(served // stock.every):
        out = [rng.random() < (1 - back if was else gone) for was in out]
    drift = drift or Drift()
    had = [served >= drift.appear.get(p, 0) and served < drift.vanish.get(p, served + 1) for p in range(products)]
    eligible = [here and not away for here, away in zip(had, out, strict=True)]
    for product in range(products):  # a slate is always left
        if sum(eligible) < N and had[product]:
            eligible[product] = True
    return eligible


def loop_probability(name, appeal, factor, slate):
    """(click, buy) of each slot of a slate of distinct products, one product at a time, by the rule of each model."""
    pairs = []
    for product in slate:
        first, second = (float(value) for value in appeal[product])
        if name == "logit":
            pairs.append((first * factor[product], min(1.0, second * sqrt(factor[product]))))
        else:
            buy, click = min(1.0, first * factor[product]), (second - first) / (1 - first) if first < 1 else 1.0
            pairs.append((buy, buy + (1 - buy) * min(1.0, click * sqrt(factor[product]))))
    if name == "logit":
        total = 1.0 + sum(attraction for attraction, _ in pairs)
        return [(click / total, attraction / total) for attraction, click in pairs]
    looks, reached = [], 1.0
    for rank, (buy, _) in enumerate(pairs, start=1):
        looks.append({"independent": 1.0, "position": rank**-0.5, "cascade": reached}[name])
        reached *= 1.0 - 0.5 * buy
    return [((respond - buy) * look, buy * look) for (buy, respond), look in zip(pairs, looks, strict=True)]


def check_against_every_slate(name, appeal, factor, simulator, state, random=True, may=(True,) * P):
    """Expected, best and random rewards of one state against the loop over all slates of products that may be shown."""
    loop = np.array([loop_probability(name, appeal[state], factor, slate) for slate in SLATES.tolist()])
    every = simulator.response_probability(np.full(len(SLATES), state), SLATES)
    np.testing.assert_allclose(every[..., 1:], loop, rtol=1e-4, atol=1e-6)
    rewards = (5.0 * loop[..., 1] + loop[..., 0] - 2.0 * (1 - loop.sum(axis=-1))).sum(axis=1)
    best = simulator.optimal_slate([state])
    assert len(set(best[0].tolist())) == N
    assert all(may[product] for product in best[0])
    rewards = rewards[[all(may[product] for product in slate) for slate in SLATES.tolist()]]
    assert simulator.expected_reward([state], best)[0] == pytest.approx(rewards.max(), abs=1e-4)
    if random:
        assert simulator.random_reward([state])[0] == pytest.approx(rewards.mean(), abs=1e-4)
