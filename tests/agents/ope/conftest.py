"""A tiny shop, its policies, and a log of each that logged."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent

from tests.agents.ope.policies import SLATES, Enumerated, N, log_of, probability_of_slates


@pytest.fixture(scope="session")
def simulator_of(tiny_shop):
    """The simulator of the tiny shop with these customers."""

    @cache
    def build(customer):
        return gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=N, customer=customer).unwrapped.simulator

    return build


@pytest.fixture(scope="session")
def policy(tiny_shop):
    """A policy that does not learn, by the name of its agent."""

    def build(name, seed=1, **hyperparameters):
        agent = make_agent(name, history=tiny_shop.history, slate_size=N, seed=seed, **hyperparameters)
        return Enumerated(agent, tiny_shop.history)

    return build


@pytest.fixture(scope="session")
def logger(policy):
    """The policies that log, by name: some of their slates are a hundred times as likely as others, or none."""
    return {"random": policy("random"), "epsilon_greedy": policy("epsilon_greedy", epsilon=0.5)}


@pytest.fixture(scope="session")
def target(policy):
    """The policy to be judged."""
    return policy("epsilon_greedy", seed=3, epsilon=0.3, prior="rate")


@pytest.fixture(scope="session")
def sampled(simulator_of):
    """A log of visits that customers paid to a policy."""

    def build(agent, visits, seed, customer="position"):
        simulator = simulator_of(customer)
        run = simulator.begin(np.random.default_rng(seed))
        met = simulator.start(visits, run)
        drawing = deepcopy(agent)
        drawing.agent.rng = np.random.default_rng([seed, 1])  # the same, whatever was drawn before
        slates = drawing.act(met.state)
        outcome = simulator.respond(met, slates, run)
        return log_of(met.state, slates, outcome.item_reward, agent.propensity(met.state, slates))

    return build


@pytest.fixture(scope="session")
def truth(simulator_of):
    """The exact value of a policy: every slate in every state."""

    def build(agent, customer="position"):
        simulator = simulator_of(customer)
        states = np.arange(simulator.states.size)
        repeated, slates = np.repeat(states, len(SLATES)), np.tile(SLATES, (len(states), 1))
        earned = simulator.expected_reward(repeated, slates).reshape(len(states), -1)
        return float(simulator.state_probability @ (probability_of_slates(agent, states) * earned).sum(axis=1))

    return build
