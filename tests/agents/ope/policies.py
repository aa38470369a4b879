"""Policies whose every probability is found by enumeration, and logs in which everything happens as often as it should.

Slates are two of eight products, of which there are 56.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from selflearn_agents.agent import Agent
from selflearn_agents.logs import VisitLog

N, P = 2, 8
SLATES = np.array(list(permutations(range(P), N)))


class Enumerated(Agent):
    """Does as another agent does, never learns, and knows its marginals."""

    def __init__(self, agent, history):
        super().__init__(history, N, np.random.default_rng(0))
        self.agent = agent

    def _act(self, states, eligible=None):
        return self.agent.act(states)

    def _values(self, states):
        return self.agent.values(states)

    def _propensity(self, states, slates, eligible=None):
        return self.agent.propensity(states, slates)

    def marginals(self, visits, eligible=None):
        return marginals_of(probability_of_slates(self, visits))


def probability_of_slates(agent, states):
    """(B, 56) how likely an agent shows each slate."""
    repeated, slates = np.repeat(states, len(SLATES)), np.tile(SLATES, (len(states), 1))
    return agent.propensity(repeated, slates).prod(axis=1).reshape(len(states), -1)


def marginals_of(probability):
    """(B, n, P) from the probabilities of slates."""
    marginals = np.zeros((len(probability), N, P))
    for (first, second), each in zip(SLATES, probability.T, strict=True):
        marginals[:, 0, first] += each
        marginals[:, 1, second] += each
    return marginals


def log_of(states, slates, item_reward, propensity=None, **columns):
    """A log of visits that are episodes each; the responses are not read by estimators."""
    visits = len(states)
    return VisitLog(
        agent="somebody",
        env_id="selflearn/Retail-v0",
        seed=0,
        observation=np.zeros((visits, 1)),
        state=states,
        slate=slates,
        response=np.zeros(slates.shape, dtype=np.int8),
        item_reward=np.asarray(item_reward, dtype=np.float64),
        propensity=propensity,
        **{
            "terminated": np.ones(visits, dtype=bool),
            "truncated": np.zeros(visits, dtype=bool),
            "last_observation": np.zeros((visits, 1)),
            "last_state": states,
            **columns,
        },
    )
