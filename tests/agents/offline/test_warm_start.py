"""An agent that begins with a log is as if it had served it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.offline import warm_start

from tests.agents.offline.conftest import SECRET, N


def agent_of(shop, name, slate_size=N):
    return make_agent(name, history=shop.history, slate_size=slate_size, seed=1)


def test_the_visits_are_learned_in_order_and_in_batches(tiny_shop, explored):
    told = []

    class Listener:
        slate_size, products, states = N, tiny_shop.products, tiny_shop.states.size

        def update(self, *columns):
            told.append(columns)

    warm_start(Listener(), explored, batch=1_500)
    assert [len(columns[0]) for columns in told] == [1_500, 1_500, 1_500, 500]
    logged = explored.state, explored.slate, explored.response, explored.item_reward
    for own, column in zip(zip(*told, strict=True), logged, strict=True):
        assert (np.concatenate(own) == column).all()


@pytest.mark.parametrize("name", ["hierarchical", "thompson"])
def test_it_learns_what_everybody_wants_and_goes_on(name, tiny_shop, explored):
    agent, states = agent_of(tiny_shop, name), np.arange(200)
    assert warm_start(agent, explored) is agent
    before, cold = agent.values(states), agent_of(tiny_shop, name).values(states)
    assert before[:, SECRET[0]].mean() > cold[:, SECRET[0]].mean()
    response = np.zeros((200, N), dtype=np.int8)
    agent.update(states, np.tile(SECRET, (200, 1)), response, response - 2.0)
    assert (agent.values(states) != before).any()


def test_a_warm_hierarchical_beats_a_cold_one(tiny_shop, explored):
    shown = []
    for agent in (agent_of(tiny_shop, "hierarchical"), warm_start(agent_of(tiny_shop, "hierarchical"), explored)):
        shown.append(np.isin(agent.act(np.arange(tiny_shop.states.size)), SECRET).mean())
    assert shown[1] > shown[0] + 0.3


def test_logs_that_do_not_fit(tiny_shop, explored):
    with pytest.raises(ValueError, match="the log tells rewards only"):
        warm_start(agent_of(tiny_shop, "thompson"), replace(explored, response=np.full_like(explored.response, -1)))
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        warm_start(agent_of(tiny_shop, "thompson"), explored, batch=0)
    with pytest.raises(ValueError, match="the log has slates of 3, but the agent shows slates of 2"):
        warm_start(agent_of(tiny_shop, "thompson", slate_size=2), explored)
    with pytest.raises(ValueError, match="it is the log of another shop"):
        warm_start(agent_of(tiny_shop, "thompson"), replace(explored, slate=explored.slate + 8))
    assert warm_start(agent_of(tiny_shop, "thompson", slate_size=4), explored).slate_size == 4
