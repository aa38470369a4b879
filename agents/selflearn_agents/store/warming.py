"""Compiling before the first customer comes."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

import numpy as np

from selflearn_agents.agent import Agent
from selflearn_env.core.rewards import Rewards


def warm_up(agent: Agent) -> None:
    """Lets a copy of an agent decide and learn once, so that its loops are compiled."""
    twin = deepcopy(agent)
    state = np.zeros(1, dtype=np.int64)
    slates = twin.act(state)
    with suppress(NotImplementedError):
        twin.act(state, np.ones(twin.products, dtype=bool))
        twin.propensity(state, slates)
        twin.values(state)
    response = np.zeros(slates.shape, dtype=np.int8)
    twin.update(state, slates, response, Rewards().by_response.take(response))
