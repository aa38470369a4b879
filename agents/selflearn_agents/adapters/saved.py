"""A saved agent where agents are named in text, to serve with it or to compare it with others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from selflearn_agents import load_agent
from selflearn_agents.agent import Agent
from selflearn_env.shop.history import History


class SavedAgent(Agent):
    """The agent in a file of `Agent.save`, named by the file, as in `results/agent.npz`; it goes on where it was.

    There is no object of this class: what is made is the agent of the file, whatever its class.
    """

    def __new__(  # type: ignore[misc]
        cls,
        history: History,
        slate_size: int,
        rng: np.random.Generator,  # noqa: ARG004
        *,
        path: str | Path,
    ) -> Agent:
        """Reads the agent.

        Args:
            history: of the shop that it is to serve.
            slate_size: products per slate.
            rng: is not used: the agent has its own.
            path: the file.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no agent, or one of another shop or slate size.
        """
        agent = load_agent(path)
        for what, own, other in (
            ("slates of", agent.slate_size, slate_size),
            ("products:", agent.products, history.products),
            ("states:", agent.states, history.states.size),
        ):
            if own != other:
                raise ValueError(f"{path}: this agent does not fit the shop or slate size, {what} {own} and {other}")
        if agent.privileged:
            raise ValueError(f"{path}: this agent knows the simulated customers of its own world, and serves no others")
        return agent

    @classmethod
    def hyperparameters(cls) -> list[str]:
        """The file."""
        return ["path"]
