"""Agents named in text, as the command lines and the tables have them: a name, and maybe hyperparameters."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from selflearn_agents.agent import Agent
from selflearn_agents.registry import agent_rng, check_hyperparameters, find_agent, implied_hyperparameters
from selflearn_env.core.simulator import Simulator
from selflearn_env.plugins import import_named, own_modules
from selflearn_env.shop.history import History

LONGEST = 200  # characters of a text in a message
UNREADABLE = (SyntaxError, TypeError, ValueError, RecursionError, MemoryError)  # the last two where it nests deeply


@dataclass(frozen=True)
class AgentSpec:
    """Which agent, and how it is made.

    Attributes:
        text: the agent as it was asked for, which is its label in tables and plots.
        agent_class: its class.
        hyperparameters: the values given, by name.
    """

    text: str
    agent_class: type[Agent]
    hyperparameters: dict[str, Any]

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process looks for a module of the user's own where this one has found it."""
        kind = self.agent_class
        if own_modules.has(kind.__module__):
            return _named, (self.text, f"{kind.__module__}:{kind.__qualname__}", self.hyperparameters)
        return AgentSpec, (self.text, kind, self.hyperparameters)

    @classmethod
    def parse(cls, text: str, find: Callable[[str], type[Agent]] = find_agent) -> Self:
        """Reads NAME, NAME(option=value, ...), and the same with module:Class or sb3:FILE in the place of NAME.

        Args:
            text: NAME is a key of `selflearn_agents.AGENTS`; a value is a Python literal, such as 0.2, 'ucb1' or None.
            find: gives the class of a name.

        Raises:
            TypeError: the class is no agent, or has no such hyperparameter.
            ValueError: the text cannot be read, or names an agent that does not exist.
        """
        name, bracket, rest = text.strip().partition("(")
        agent_class = find(name)
        given = _arguments(text, rest) if bracket else {}
        given |= implied_hyperparameters(name)
        known = [option for option in agent_class.hyperparameters() if option != "simulator"]  # it comes by itself
        check_hyperparameters(name, given, known)
        return cls(text.strip(), agent_class, given)

    def make(self, history: History, slate_size: int, seed: int, simulator: Simulator) -> Agent:
        """The agent.

        Args:
            history: what it may read before it starts.
            slate_size: products per slate.
            seed: of all that it draws.
            simulator: of the environment in which it will serve; only privileged agents get it.

        Raises:
            ValueError: a hyperparameter or the slate size cannot be used.
        """
        privileged = {"simulator": simulator} if self.agent_class.privileged else {}
        return self.agent_class(history, slate_size, agent_rng(seed), **privileged, **self.hyperparameters)


def _named(text: str, name: str, hyperparameters: dict[str, Any]) -> AgentSpec:
    return AgentSpec(text, import_named("agent", name), hyperparameters)


def _arguments(text: str, rest: str) -> dict[str, Any]:
    """The values of "option=value, ...)"."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    wrong = ValueError(f"agent {shown!r} cannot be read; write NAME(option=value, ...), text in quotes")
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
    except UNREADABLE:
        raise wrong from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise wrong
    values: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in values:  # **{...}, or given twice
            raise wrong
        try:
            values[keyword.arg] = ast.literal_eval(keyword.value)
        except UNREADABLE:
            raise wrong from None
    return values
