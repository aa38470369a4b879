"""Slates of what may be shown, and slates cut short, where lists of newcomers may not suffice."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import load_agent
from selflearn_agents.hierarchical import agent as module
from selflearn_agents.hierarchical.agent import HierarchicalAgent

from tests.agents.masks import few_eligible

N, SHOWN = 10, 4


def scores_of(agent, states):
    """(B, P) of all products."""
    model, walk = agent.model, agent.model.walk
    variance = (model.common_variance + model.added_variance)[model.block]
    block, product = model.owner[: model.rows].T
    variance[model.members[block], product[:, None]] = model.variance[: model.rows]
    variance = variance[states] + walk.moved[:, 1]
    bonus = agent._optimism * np.sqrt(np.log(2 + model.visit_count[states]))
    return model.means(states) + bonus[:, None] * np.sqrt(variance)


def learn(agents, rng, batch):
    """Shows all agents what the first one would, as far down as slot SHOWN, and answers anything."""
    states = rng.integers(672, size=batch)
    slates = agents[0].act(states)[:, :SHOWN]
    responses = rng.choice(3, size=slates.shape, p=[0.8, 0.1, 0.1])
    for agent in agents:
        agent.update(states, slates, responses, np.zeros(slates.shape))


@pytest.mark.parametrize("moves", [False, True])
def test_slates_are_the_best_of_what_may_be_shown(retail_shop, moves, tmp_path):
    """Many visits of one state, each with a mask of its own; the next best are those of an agent of longer slates."""
    agent, longer = (HierarchicalAgent(retail_shop.history, n, np.random.default_rng(7)) for n in (N, 2 * N))
    rng = np.random.default_rng(8)
    for round_ in range(5):
        if moves and round_ == 2:
            for each in (agent, longer):
                each.model.walk.odds[:, 0] = 100.0
        learn([agent, longer], rng, 1 if round_ % 2 else 200)
        states = np.concatenate([np.zeros(20, dtype=np.int64), rng.integers(672, size=40)])
        best, eligible = longer.act(states), few_eligible(rng, len(states), agent.products, N)
        np.testing.assert_array_equal(agent.act(states), best[:, :N])
        rest = np.ones_like(eligible)
        np.put_along_axis(rest, best[:, :N], False, axis=1)
        np.testing.assert_array_equal(agent.act(states, rest), best[:, N:])
        np.testing.assert_array_equal(agent.act(states, np.ones_like(rest)), best[:, :N])
        slates, scores = agent.act(states, eligible), np.where(eligible, scores_of(agent, states), -np.inf)
        greatest = -np.sort(-scores, axis=1)[:, :N]
        np.testing.assert_allclose(np.take_along_axis(scores, slates, axis=1), greatest, rtol=1e-6)
        assert all(len(set(slate)) == N for slate in slates.tolist())
    assert agent.model.walk.moves == moves
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(load_agent(tmp_path / "agent.npz").act(states, eligible), slates)


def test_of_products_that_score_the_same_those_come_first_that_always_do(tiny_shop, monkeypatch):
    """The lists have six of eight products; most visits must look further."""
    monkeypatch.setattr(module, "LISTED", 1)
    history = tiny_shop.history
    none = dict.fromkeys(("visit_state", "visit_customer", "visit_day", "item_visit", "item_product"), np.zeros(0, int))
    blank = replace(history, baskets=replace(history.baskets, **none))
    agent, states = HierarchicalAgent(blank, 3, np.random.default_rng(1)), np.arange(100) % 7
    eligible = few_eligible(np.random.default_rng(2), 100, 8, 3)
    expected = [[p for p in np.argsort(agent._rank) if row[p]][:3] for row in eligible]
    np.testing.assert_array_equal(agent.act(states, eligible), expected)
    np.testing.assert_array_equal(agent.act(states), np.argsort(agent._rank)[None, :3].repeat(100, axis=0))


def test_what_may_not_be_shown_is_shown_with_probability_0(tiny_shop):
    agent = HierarchicalAgent(tiny_shop.history, 3, np.random.default_rng(1))
    states, eligible = np.arange(50), few_eligible(np.random.default_rng(3), 50, 8, 3)
    slates = agent.act(states, eligible)
    assert (agent.propensity(states, slates[:, :2], eligible) == 1).all()
    eligible[:, :] = True
    np.put_along_axis(eligible, slates[:, 1:2], False, axis=1)
    np.testing.assert_array_equal(agent.propensity(states, slates, eligible)[:, 1:], 0.0)


def test_slots_that_were_not_shown_say_nothing(tiny_shop):
    """An agent of longer slates learns from their first slots what one of short slates learns."""
    long, short = (HierarchicalAgent(tiny_shop.history, n, np.random.default_rng(1)) for n in (5, SHOWN))
    rng, everywhere = np.random.default_rng(4), np.arange(672)
    for _ in range(3):
        learn([short, long], rng, 30)
    np.testing.assert_array_equal(long.values(everywhere), short.values(everywhere))
    np.testing.assert_array_equal(long.act(everywhere)[:, :SHOWN], short.act(everywhere))
    np.testing.assert_array_equal(long.model.tally[:, 2 + SHOWN :], 100.0)
