"""Agents of the tiny shop, and logs of what they showed."""

from __future__ import annotations

import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import record

N = 2


@pytest.fixture(scope="session")
def shop_file(tiny_shop, tmp_path_factory):
    """The path of the tiny shop, as text."""
    path = tmp_path_factory.mktemp("shop") / "tiny.npz"
    tiny_shop.save(path)
    return str(path)


@pytest.fixture(scope="session")
def recorded(tiny_shop, shop_file):
    """Makes the log of a new agent."""

    def build(name, env_id="selflearn/Retail-v0", customers=50, seed=0, hyperparameters=None, **options):
        agent = make_agent(name, history=tiny_shop.history, slate_size=N, seed=1, **(hyperparameters or {}))
        return record(agent, env_id, customers, seed, shop=shop_file, **options)

    return build


@pytest.fixture(scope="session")
def random_log(recorded):
    """20,000 visits of random slates."""
    return recorded("random", customers=20_000)


@pytest.fixture(scope="session")
def greedy_log(recorded):
    """20,000 visits of an agent that learns meanwhile, with slates more and less probable."""
    return recorded("epsilon_greedy", customers=20_000, hyperparameters={"epsilon": 0.6})
