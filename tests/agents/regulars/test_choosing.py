"""Slates of what may be shown, where much of what sells best may not."""

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent

from tests.agents.masks import few_eligible
from tests.agents.regulars.plain import best, seen_visits

N = 4


@pytest.mark.parametrize("name", ["again", "item_neighbours"])
def test_slates_are_the_best_of_what_may_be_shown(name, regulars_shop, tmp_path):
    """By the agent's own values and its own order of ties; customers with a record, and without."""
    history, rng = regulars_shop.history, np.random.default_rng(3)
    agent = make_agent(name, history=history, slate_size=N, seed=2)
    agent._incidence = agent._incidence.round(2)  # so that many tie
    agent._best = np.stack([best(row, np.argsort(agent._rank), N) for row in agent._incidence])
    seen = seen_visits(rng, history.states.size, history.products, 120, most=8)
    values, order, few = agent.values(seen), np.argsort(agent._rank), few_eligible(rng, 120, 60, N)
    for eligible in (few, ~few, few | (np.arange(60) % 2 == 0)):
        chosen = np.where(eligible, values, -np.inf)
        slates = agent.act(seen, eligible)
        np.testing.assert_array_equal(slates, [best(row, order, N) for row in chosen])
        assert (agent.propensity(seen, slates[:, :2], eligible) == 1).all()
    np.testing.assert_array_equal(agent.act(seen, np.ones(60, dtype=bool)), agent.act(seen))
    alone = [agent.act(seen.rows(np.array([visit])), eligible[[visit]])[0] for visit in range(20)]
    np.testing.assert_array_equal(alone, slates[:20])
    agent.update(seen, slates[:, :1], np.zeros((120, 1)), np.zeros((120, 1)))
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(load_agent(tmp_path / "agent.npz").act(seen, eligible), slates)
