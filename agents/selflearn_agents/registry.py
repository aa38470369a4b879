"""The agents by name, and those of the user's own by "module:Class"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from inspect import isabstract
from pathlib import Path
from typing import Any

import numpy as np

from selflearn_agents.adapters.mabwiser import MABWiserAgent
from selflearn_agents.agent import Agent
from selflearn_agents.bandits.cascade_ucb import CascadeUCBAgent
from selflearn_agents.bandits.epsilon_greedy import EpsilonGreedyAgent
from selflearn_agents.bandits.gradient import GradientAgent
from selflearn_agents.bandits.linear import LinearThompsonAgent, LinearUCBAgent
from selflearn_agents.bandits.thompson import ThompsonAgent
from selflearn_agents.bandits.ucb import UCBAgent
from selflearn_agents.baselines.popular import (
    BestsellersAgent,
    PopularAgent,
    PopularBySegmentAgent,
    PopularByStateAgent,
    QuantityAgent,
)
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.contextual.agent import LinearContextAgent
from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_agents.oracles.myopic_oracle import MyopicOracleAgent
from selflearn_agents.oracles.oracle import OracleAgent
from selflearn_agents.personal.agent import PersonalAgent
from selflearn_agents.personal.patient import PatientAgent
from selflearn_agents.regulars.again import AgainAgent
from selflearn_agents.regulars.item_neighbours import ItemNeighboursAgent
from selflearn_agents.sequence.agent import SequenceAgent
from selflearn_env.plugins import import_named

AGENT_KEY = 2**31  # no environment spawns that many children

MODEL = "sb3:"  # before the file of a model of Stable-Baselines3
SAVED = ".npz"  # behind the name of the file of an agent

AGENTS: dict[str, type[Agent]] = {
    "random": RandomAgent,
    "bestsellers": BestsellersAgent,
    "popular": PopularAgent,
    "popular_by_segment": PopularBySegmentAgent,
    "popular_by_state": PopularByStateAgent,
    "quantity": QuantityAgent,
    "again": AgainAgent,
    "item_neighbours": ItemNeighboursAgent,
    "sequence": SequenceAgent,
    "epsilon_greedy": EpsilonGreedyAgent,
    "ucb": UCBAgent,
    "thompson": ThompsonAgent,
    "linear_ucb": LinearUCBAgent,
    "linear_thompson": LinearThompsonAgent,
    "hierarchical": HierarchicalAgent,
    "personal": PersonalAgent,
    "patient": PatientAgent,
    "linear_context": LinearContextAgent,
    "gradient": GradientAgent,
    "cascade_ucb": CascadeUCBAgent,
    "mabwiser": MABWiserAgent,
    "oracle": OracleAgent,
    "myopic_oracle": MyopicOracleAgent,
}


def find_agent(name: str) -> type[Agent]:
    """The class of an agent: a key of `selflearn_agents.AGENTS`, "module:Class", or one that reads a file.

    "sb3:FILE" is a trained model of Stable-Baselines3, and a name that ends in ".npz" the file of a saved agent.

    Raises:
        TypeError: it is no agent.
        ValueError: there is none of this name.
    """
    if name in AGENTS:
        return AGENTS[name]
    if str(name).startswith(MODEL):
        return import_named("agent", "selflearn_agents.adapters.sb3:SB3Agent")
    if str(name).endswith(SAVED):
        return import_named("agent", "selflearn_agents.adapters.saved:SavedAgent")
    if ":" not in str(name):
        close = difflib.get_close_matches(str(name), AGENTS, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown agent {name!r}{meant}; known: {', '.join(AGENTS)}, module:Class, sb3:FILE, FILE.npz")
    found = import_named("agent", name)
    if not (isinstance(found, type) and issubclass(found, Agent)):
        raise TypeError(f"agent {name!r} is no subclass of selflearn_agents.Agent")
    if isabstract(found):
        raise TypeError(f"agent {name!r} is abstract; it must define {', '.join(sorted(found.__abstractmethods__))}")
    return found


def implied_hyperparameters(name: str) -> dict[str, Any]:
    """What the name says itself: the path of a file; for "sb3:FILE" its ending may be left out as in `model.save`."""
    if str(name).endswith(SAVED):
        return {"path": Path(name)}
    if not str(name).startswith(MODEL):
        return {}
    path = Path(name.removeprefix(MODEL))
    return {"path": path if path.suffix else path.with_suffix(".zip")}


def agent_rng(seed: int) -> np.random.Generator:
    """The generator of an agent, which shares nothing with that of an environment of the same seed.

    An environment draws from the first children of `SeedSequence(seed)`; an agent that spawned children of its own from
    that sequence would draw the customers' numbers.

    Raises:
        ValueError: the seed is no whole number, or negative.
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed is a whole number >= 0, got {seed!r}")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(AGENT_KEY,)))


def check_hyperparameters(name: str, given: Iterable[str], known: list[str]) -> None:
    """Sees that an agent has the hyperparameters given.

    Raises:
        TypeError: it has not; the message says which it has.
    """
    for option in given:
        if option not in known:
            raise TypeError(f"agent {name!r} has no hyperparameter {option!r}; it has: {', '.join(known) or 'none'}")
