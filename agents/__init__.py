"""Agents that learn which products to show, and their evaluation."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.epsilon_greedy import EpsilonGreedyAgent
from agents.hierarchical import HierarchicalAgent
from agents.popular import PopularBySegmentAgent, PopularByStateAgent, QuantityAgent
from agents.static import OracleAgent, PopularAgent
from agents.storage import read_agent
from agents.thompson import ThompsonAgent
from agents.ucb import UCBAgent
from agents.uniform import RandomAgent
from selflearn_env.shop.history import History

AGENTS: dict[str, type[Agent]] = {
    "random": RandomAgent,
    "popular": PopularAgent,
    "popular_by_segment": PopularBySegmentAgent,
    "popular_by_state": PopularByStateAgent,
    "quantity": QuantityAgent,
    "epsilon_greedy": EpsilonGreedyAgent,
    "ucb": UCBAgent,
    "thompson": ThompsonAgent,
    "hierarchical": HierarchicalAgent,
    "oracle": OracleAgent,
}

__all__ = ["AGENTS", "Agent", "load_agent", "make_agent"]


def make_agent(name: str, *, history: History, slate_size: int = 10, seed: int = 0, **hyperparameters: Any) -> Agent:
    """An agent by its name.

    Args:
        name: a key of `AGENTS`.
        history: what the agent may read before it starts, `shop.history`.
        slate_size: products per slate.
        seed: of all that the agent draws.
        **hyperparameters: as the agent's class describes them.

    Raises:
        TypeError: the agent has no such hyperparameter; the message says which it has.
        ValueError: the name is unknown, or a hyperparameter or the slate size cannot be used.
    """
    if name not in AGENTS:
        close = difflib.get_close_matches(str(name), AGENTS, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown agent {name!r}{meant}; known: {', '.join(AGENTS)}")
    agent_class = AGENTS[name]
    known = agent_class.hyperparameters()
    for given in hyperparameters:
        if given not in known:
            raise TypeError(f"agent {name!r} has no hyperparameter {given!r}; it has: {', '.join(known) or 'none'}")
    return agent_class(history, slate_size, np.random.default_rng(seed), **hyperparameters)


def load_agent(path: str | Path) -> Agent:
    """Reads an agent that `Agent.save` wrote; it continues bit for bit.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no agent, is broken, or was written by a newer version of this package.
    """
    return read_agent(Path(path), AGENTS)
