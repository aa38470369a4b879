"""Differences between agents are paired: with one seed they meet the same customers with the same random numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import AGENTS
from selflearn_agents.agent import Agent
from selflearn_agents.baselines.static import StaticAgent
from selflearn_agents.evaluation import compare
from selflearn_agents.specification import AgentSpec

from selflearn_env import Rewards
from tests.agents.evaluation.hand_made import assert_same, bare, same

ENV = "selflearn/Retail-v0"
OPTIONS = {"slate_size": 3}


class Watcher(Agent):
    """Shows one slate, and remembers whom and what it met."""

    met: ClassVar[list[list]] = []  # of each instance, the visits that it has learned from

    def __init__(self, history, slate_size, rng, *, first=0):
        super().__init__(history, slate_size, rng)
        self.slate, self.rows = (first + np.arange(slate_size)) % self.products, []
        Watcher.met.append(self.rows)

    def _act(self, states):
        return np.tile(self.slate, (len(states), 1))

    def _update(self, states, slates, responses, item_rewards):
        self.rows.extend(zip(states.tolist(), responses.tolist(), item_rewards.tolist(), strict=True))

    def _values(self, states):
        raise NotImplementedError


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit", "seed"])
def test_agents_of_one_seed_meet_the_same_customers(customer, batch, tiny_shop):
    Watcher.met.clear()
    specs = [AgentSpec(name, Watcher, given) for name, given in (("a", {}), ("b", {}), ("c", {"first": 4}))]
    options = {"customer": customer, "rewards": Rewards(noise=0.5), "shop": tiny_shop, **OPTIONS}
    result = compare(specs, ENV, 100, [5, 6], batch, progress=False, **options)
    served = [rows for rows in Watcher.met if rows]
    assert [len(rows) for rows in served] == [100] * 6
    for seed in (0, 1):
        one, alike, other = served[seed], served[2 + seed], served[4 + seed]
        assert alike == one  # states, responses and noise
        assert [state for state, *_ in other] == [state for state, *_ in one]
        if customer != "seed":
            assert [response for _, response, _ in other] != [response for _, response, _ in one]
    assert [state for state, *_ in served[0]] != [state for state, *_ in served[1]]
    one, alike = (result.runs_by(label) for label in "ab")
    for a, b in zip(one, alike, strict=True):
        assert same(*bare([a, replace(b, agent="a")]))


def test_the_states_are_those_of_the_environment_whatever_is_shown(tiny_shop):
    Watcher.met.clear()
    compare([AgentSpec("a", Watcher, {})], ENV, 50, [5], progress=False, shop=tiny_shop, **OPTIONS)
    env = gym.make_vec(ENV, 1, vectorization_mode="vector_entry_point", shop=tiny_shop, **OPTIONS)
    states, random = [env.reset(seed=5)[1]["state"][0]], np.random.default_rng(0)
    while len(states) < 50:
        states.append(env.step(random.permutation(8)[None, :3])[-1]["state"][0])
    assert [state for state, *_ in Watcher.met[-1]] == states


@pytest.mark.parametrize("name", [name for name, kind in AGENTS.items() if issubclass(kind, StaticAgent)])
def test_the_same_agent_under_two_names_is_the_same(name, tiny_shop):
    result = compare([name, f"{name}()"], ENV, 80, 2, progress=False, shop=tiny_shop, **OPTIONS)
    one, other = (result.runs[:2], result.runs[2:])
    assert_same(one, [replace(run, agent=name) for run in other])
