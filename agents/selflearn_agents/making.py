"""Agents made by their name, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selflearn_agents.agent import Agent
from selflearn_agents.offline import LEARNERS
from selflearn_agents.registry import AGENTS, agent_rng, check_hyperparameters, find_agent, implied_hyperparameters
from selflearn_agents.storage import read_agent
from selflearn_env.shop.history import History


def make_agent(name: str, *, history: History, slate_size: int = 10, seed: int = 0, **hyperparameters: Any) -> Agent:
    """An agent by its name.

    Args:
        name: a key of `AGENTS`, "module:Class", or "sb3:FILE" for a model of Stable-Baselines3.
        history: what the agent may read before it starts, `shop.history`.
        slate_size: products per slate.
        seed: of all that the agent draws.
        **hyperparameters: as the agent's class describes them.

    Raises:
        TypeError: the agent has no such hyperparameter, and the message says which it has; or the class is no agent.
        ValueError: the name is unknown, or a hyperparameter or the slate size cannot be used.
    """
    agent_class = find_agent(name)
    hyperparameters |= implied_hyperparameters(name)
    check_hyperparameters(name, hyperparameters, agent_class.hyperparameters())
    return agent_class(history, slate_size, agent_rng(seed), **hyperparameters)


def load_agent(path: str | Path, own: Sequence[type[Agent]] = ()) -> Agent:
    """Reads an agent that `Agent.save` wrote; it continues bit for bit.

    Args:
        path: the file.
        own: classes of agents of the user's own that it may hold, beside those of `AGENTS` and
            `selflearn_agents.offline.LEARNERS`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no agent, is broken, or was written by a newer version of this package.
    """
    return read_agent(Path(path), [*AGENTS.values(), *LEARNERS.values(), *own])
