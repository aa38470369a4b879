"""Agents that need what may not be installed, or much time."""

from __future__ import annotations

import pytest
from selflearn_agents import AGENTS

LIBRARY = {"mabwiser": "mabwiser", "sb3": "torch"}  # that an agent of the extra needs
CHEAPER = {"sequence": {"epochs": 1}}  # hyperparameters where a rule of every agent is tested, not what it has learned


def skip_without_extra(name):
    """Skips the test if what the agent needs is not installed."""
    if AGENTS[name].extra is not None:
        pytest.importorskip(LIBRARY[AGENTS[name].extra])
