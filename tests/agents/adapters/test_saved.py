"""A saved agent where agents are named in text."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.offline import make_learner
from selflearn_agents.specification import AgentSpec

N = 3


@pytest.fixture
def saved(tiny_shop, tmp_path):
    agent = make_agent("thompson", history=tiny_shop.history, slate_size=N, seed=4)
    response = np.zeros((50, N), dtype=np.int8)
    states = np.arange(50)
    agent.update(states, agent.act(states), response, response - 2.0)
    agent.save(tmp_path / "agent.npz")
    return agent, tmp_path / "agent.npz"


def test_it_goes_on_where_it_was(saved, tiny_shop):
    agent, path = saved
    spec = AgentSpec.parse(str(path))
    again = spec.make(tiny_shop.history, N, 0, None)
    assert type(again) is type(agent)
    assert (again.act(np.arange(50)) == agent.act(np.arange(50))).all()


def test_a_learner_serves_what_it_learned(tiny_shop, tmp_path):
    make_learner("reward_model", history=tiny_shop.history, slate_size=N).save(tmp_path / "agent.npz")
    served = make_agent(str(tmp_path / "agent.npz"), history=tiny_shop.history, slate_size=N)
    assert type(served).__name__ == "RewardModelLearner"


def test_files_that_do_not_fit(saved, tiny_shop, seed_shop, tmp_path):
    path = str(saved[1])
    with pytest.raises(ValueError, match="does not fit the shop or slate size, slates of 3 and 2"):
        make_agent(path, history=tiny_shop.history, slate_size=2)
    with pytest.raises(ValueError, match=r"does not fit the shop or slate size, products: 8 and \d+"):
        make_agent(path, history=seed_shop.history, slate_size=N)
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        make_agent(str(tmp_path / "nothing.npz"), history=tiny_shop.history)
    with pytest.raises(TypeError, match="has no hyperparameter 'scale'; it has: path"):
        AgentSpec.parse(f"{path}(scale=1)")


def test_an_agent_that_knows_the_customers_serves_no_others(tiny_shop, tmp_path, monkeypatch):
    monkeypatch.setattr(RandomAgent, "privileged", True)
    RandomAgent(tiny_shop.history, N, np.random.default_rng(0)).save(tmp_path / "agent.npz")
    with pytest.raises(ValueError, match="knows the simulated customers of its own world"):
        make_agent(str(tmp_path / "agent.npz"), history=tiny_shop.history, slate_size=N)
