"""Agents that learn which products to show, and their evaluation."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # `python -m` begins with this file, and would take a `typing.py` of the working folder
if TYPE_CHECKING:
    from typing import Any

    from selflearn_agents.agent import Agent
    from selflearn_agents.making import load_agent, make_agent
    from selflearn_agents.registry import AGENTS
    from selflearn_agents.specification import AgentSpec

__all__ = ["AGENTS", "Agent", "AgentSpec", "load_agent", "make_agent"]

# Public names are imported when they are first used: a command says at once what is wrong with its name, and begins to
# import libraries only when it has seen to what they find.
_HOMES = {
    "AGENTS": "registry",
    "Agent": "agent",
    "AgentSpec": "specification",
    "load_agent": "making",
    "make_agent": "making",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
