"""What the customer bought before: against the rule written from its text, and what it must not depend on."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits
from tests.agents.regulars.plain import best, bought_before, seen_visits

N = 4


@pytest.fixture
def history(regulars_shop):
    return regulars_shop.history


@pytest.fixture
def seen(history):
    return seen_visits(np.random.default_rng(5), history.states.size, history.products, 60)


def record_of(products, days):
    return Items(np.array([0, len(products)]), np.array(products, dtype=np.int32), np.array(days))


def one_visit(state, date, record):
    zero = np.zeros(1, dtype=np.int64)
    return SeenVisits(np.array([state]), zero, np.array([date]), zero, zero, zero, record)


@pytest.mark.parametrize("half_life", [200, 3.0, np.inf])
def test_values_and_slates_are_those_of_the_text(half_life, history, seen):
    agent = make_agent("again", history=history, slate_size=N, seed=3, half_life=half_life)
    values, slates = agent.values(seen), agent.act(seen)
    incidence, order = history.incidence(), np.argsort(agent._rank)
    for visit in range(len(seen)):
        expected = incidence[seen.state[visit]].copy()
        for product, amount in bought_before(seen, visit, half_life).items():
            expected[product] += amount
        np.testing.assert_allclose(values[visit], expected, rtol=1e-12)
        assert slates[visit].tolist() == best(values[visit], order, N)


def test_where_nobody_is_known_it_is_popular(history):
    states = np.arange(history.states.size)
    again, popular = (make_agent(name, history=history, slate_size=N, seed=8) for name in ("again", "popular"))
    np.testing.assert_array_equal(again.act(states), popular.act(states))
    np.testing.assert_array_equal(again.values(states), popular.values(states))
    np.testing.assert_array_equal(again.act(SeenVisits.of_states(states)), popular.act(states))


def test_what_was_bought_leads_and_fades(history):
    agent = make_agent("again", history=history, slate_size=N, half_life=10)
    rare, rarer = np.argsort(agent.values([0])[0])[:2].tolist()
    slate = agent.act(one_visit(0, 15_000, record_of([rare, rarer, rare], [14_990, 15_000, 14_970])))[0]
    assert slate[:2].tolist() == [rarer, rare]  # 1 and 1/2 + 1/8
    assert slate[2:].tolist() == agent.act([0])[0, :2].tolist()
    long_ago = one_visit(0, 15_000, record_of([rare], [5_000]))
    np.testing.assert_array_equal(agent.act(long_ago), agent.act([0]))


def test_own_products_may_be_those_that_sell_best(history):
    """Whichever of the best a customer has bought, the slate is full and without repetition."""
    agent = make_agent("again", history=history, slate_size=N)
    popular = np.argsort(-agent.values([7])[0])
    for mine in range(1, 9):
        bought = popular[:mine].tolist()
        slate = agent.act(one_visit(7, 15_000, record_of(bought, [14_999] * mine)))[0]
        assert len(set(slate.tolist())) == N
        assert set(slate[:mine].tolist()) <= set(bought)


def test_ties_do_not_follow_the_catalogue(history):
    products = [3, 9, 20, 33, 41, 50]
    orders = set()
    for seed in range(10):
        agent = make_agent("again", history=history, slate_size=N, seed=seed)
        agent._incidence = np.zeros_like(agent._incidence)
        orders.add(tuple(agent.act(one_visit(0, 15_000, record_of(products, [14_000] * 6)))[0].tolist()))
    assert len(orders) > 5


def test_visits_do_not_see_each_other(history, seen):
    agent = make_agent("again", history=history, slate_size=N)
    together = agent.act(seen)
    alone = [agent.act(seen.rows(np.array([visit])))[0] for visit in range(len(seen))]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(agent.values(seen)[::-1], agent.values(seen.rows(np.arange(len(seen))[::-1])))


def test_the_record_grows_while_a_customer_is_served(regulars_shop):
    env = gym.make("selflearn/RetailPeople-v0", shop=regulars_shop, slate_size=N, past="none").unwrapped
    agent = make_agent("again", history=regulars_shop.history, slate_size=N)
    env.reset(seed=2)
    met, differ = 0, 0
    for _ in range(300):
        seen = env.simulator.seen(env.visits)
        slates = agent.act(seen)
        met += len(seen.record.product) > 0
        differ += slates.tolist() != agent.act(seen.state).tolist()
        if any(env.step(slates[0])[2:4]):
            env.reset()
    assert 0 < differ <= met


def test_a_saved_agent_continues_bit_for_bit(history, seen, tmp_path):
    agent = make_agent("again", history=history, slate_size=N, seed=6, half_life=50)
    agent.act(seen)
    agent.save(tmp_path / "again.npz")
    loaded = load_agent(tmp_path / "again.npz")
    np.testing.assert_array_equal(loaded.act(seen), agent.act(seen))
    np.testing.assert_array_equal(loaded.values(seen), agent.values(seen))


def test_dates_count_and_not_their_origin(history, seen):
    agent = make_agent("again", history=history, slate_size=N)
    later = replace(seen, date=seen.date + 10_000, record=replace(seen.record, day=seen.record.day + 10_000))
    np.testing.assert_array_equal(agent.values(seen), agent.values(later))


@pytest.mark.parametrize("half_life", [0, -1, "long", True, float("nan")])
def test_a_half_life_is_a_number_of_days(half_life, history):
    with pytest.raises(ValueError, match="half_life counts days and must be positive, got"):
        make_agent("again", history=history, half_life=half_life)
