"""Agents that watch what an evaluation in customers' lives gives them, and some that write to it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from selflearn_agents import make_agent
from selflearn_agents.agent import Agent

from selflearn_env import Drift

ENV = "selflearn/RetailJourney-v0"
N = 3
MILD = {"fatigue": 0.1, "boredom": 0.2, "leave": 0.05, "patience": 4}  # a quarter leave, the others see the horizon
DRIFT = Drift(spread=1.5, half_life=40, every=10)


def agent_of(shop, name="epsilon_greedy", seed=1, **known):
    return make_agent(name, history=shop.history, slate_size=N, seed=seed, **known)


def world(options, batch=1):
    return gym.make_vec(ENV, batch, vectorization_mode="vector_entry_point", **options).unwrapped


class Watcher(Agent):
    """Shows a slate that depends on the state, and keeps what it was shown and given."""

    def __init__(self, history, slate_size=N, first=0):
        super().__init__(history, slate_size, np.random.default_rng(0))
        self.first, self.met, self.learned = first, [], []

    def _act(self, states):
        self.met.append(states.tolist())
        return (states[:, None] + self.first + np.arange(self.slate_size)) % self.products

    def _update(self, *rows):
        self.learned.append([part.tolist() for part in rows])

    def _values(self, states):
        raise NotImplementedError


class Looker(Watcher):
    """The same, but sees the visits, and keeps them too."""

    sees_visits = True

    def __init__(self, *given, **known):
        super().__init__(*given, **known)
        self.seen = []

    def act(self, visits):
        self.seen.append(visits)
        return super().act(visits.state)


def scribble(*arrays):
    for array in arrays:
        array[...] = 0


class Vandal(Watcher):
    """Writes to all that it is given, and to the slates that it has shown."""

    def _act(self, states):
        slates = super()._act(states)
        scribble(states)
        return slates

    def _update(self, states, slates, responses, item_rewards):
        scribble(states, slates, responses, item_rewards)


class SeeingVandal(Looker):
    def act(self, visits):
        slates = super().act(visits)
        scribble(*visits.columns())
        return slates
