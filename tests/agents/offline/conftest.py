"""Logs of the tiny shop, in which it is known what the best slates are."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents.baselines.exploring import ExploringAgent
from selflearn_agents.logs import VisitLog

N = 3
SECRET = [6, 2, 7]  # what everybody wants, whatever the history says


def log_of(state, slate, response, item_reward, propensity=None):
    over = np.ones(len(state), dtype=bool)
    given = state, slate, response, np.asarray(item_reward, dtype=np.float64), propensity
    return VisitLog("somebody", "", 0, state, *given, over, ~over, state, state)


def shown(agent, visits, seed, buys, examined=(1.0, 0.9, 0.8)):
    """A log of an agent's slates, whose products are bought with these chances (P,) where they are looked at."""
    rng = np.random.default_rng(seed)
    state = rng.integers(agent.states, size=visits)
    slate = agent.act(state)
    response = 2 * (rng.random(slate.shape) < np.array(buys)[slate] * np.array(examined)).astype(np.int8)
    return log_of(state, slate, response, np.where(response == 2, 5.0, -2.0), agent.propensity(state, slate))


@pytest.fixture(scope="session")
def explored(tiny_shop):
    """5,000 visits of popular slates, half of the slots explored; SECRET is what people buy."""
    buys = np.full(8, 0.05)
    buys[SECRET] = 0.9, 0.6, 0.4
    agent = ExploringAgent(tiny_shop.history, N, np.random.default_rng(5), epsilon=0.5)
    return shown(agent, 5_000, 6, buys)
