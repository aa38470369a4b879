"""Faults of a user's own agent that make its figures worse or wrong: noticed while it serves, and warned of once."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

import selflearn_agents
from selflearn_agents.agent import Agent
from selflearn_env.core.slates import repeats


def is_own(kind: type[Agent]) -> bool:
    """Whether an agent's class is the user's own, and not one of this package, whose tests have looked for faults."""
    return kind.__module__.partition(".")[0] != selflearn_agents.__name__


def repeated_slate(slates: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """(n,) the first of the slates (B, n) that shows a product twice, or None where none does."""
    repeated = repeats(slates)
    return None if repeated is None else slates[repeated.any(axis=1).argmax()]


def warn_of_faults(agent: Agent, slates: NDArray[np.int64], states: NDArray[np.int64], told: NDArray[np.int64]) -> None:
    """Warns, once for each class and fault, of an agent that repeats products, or writes to what it is given.

    Args:
        agent: the agent.
        slates: (B, n) product indexes that it shows.
        states: (B,) state indexes of the visits.
        told: (B,) the copy of `states` that `act` was given, as the agent left it.
    """
    twice = repeated_slate(slates)
    if twice is not None:
        _warn(
            type(agent), "shows a product twice in one slate; customers always ignore a repeat, which lowers its reward"
        )
    if not np.array_equal(states, told):
        _warn(type(agent), "changes the states that `act` is given; work on a copy (`update` gets the unchanged ones)")


@cache
def _warn(kind: type[Agent], fault: str) -> None:
    """Says what is wrong, once for each class."""
    warnings.warn(f"{kind.__name__} {fault}; see selflearn_agents.testing.check_agent", stacklevel=5)
