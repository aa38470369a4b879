"""Best-seller lists, against plain loops over the history."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent

from selflearn_env import Shop

LISTS = ["bestsellers", "popular", "popular_by_segment", "popular_by_state", "quantity"]
N = 3


def agent_of(name, shop, slate_size=N, seed=0):
    return make_agent(name, history=shop.history, slate_size=slate_size, seed=seed)


def counts(history):
    """Purchases and visits in dictionaries: of each (state, product), (segment, product), product; of each segment."""
    own, segment, everywhere, visits = {}, {}, {}, {}
    for (state, product), bought in np.ndenumerate(history.purchases):
        of = int(history.segment[state])
        own[state, product] = int(bought)
        segment[of, product] = segment.get((of, product), 0) + int(bought)
        everywhere[product] = everywhere.get(product, 0) + int(bought)
    for state, number in enumerate(history.visits.tolist()):
        of = int(history.segment[state])
        visits[of] = visits.get(of, 0) + number
    return own, segment, everywhere, visits


def check_order(slate, key, products):
    """The slate is the best by key, best first; products of equal keys in any order."""
    assert [key(product) for product in slate] == sorted(map(key, range(products)), reverse=True)[: len(slate)]
    assert len(set(slate)) == len(slate)


def test_bestsellers_is_one_list_for_everybody(tiny_shop):
    _, _, everywhere, visits = counts(tiny_shop.history)
    agent = agent_of("bestsellers", tiny_shop)
    states = np.arange(tiny_shop.states.size)
    (slate,) = {tuple(row) for row in agent.act(states).tolist()}
    check_order(slate, everywhere.get, tiny_shop.products)
    rate = [everywhere[product] / sum(visits.values()) for product in range(tiny_shop.products)]
    assert agent.values(states).tolist() == [rate] * len(states)


def test_by_segment_ranks_the_purchases_of_the_segment(tiny_shop):
    _, segment, _, visits = counts(tiny_shop.history)
    agent = agent_of("popular_by_segment", tiny_shop)
    states = np.arange(tiny_shop.states.size)
    values = agent.values(states)
    for state, slate in enumerate(agent.act(states).tolist()):
        of = int(tiny_shop.history.segment[state])
        check_order(slate, lambda product, of=of: segment[of, product], tiny_shop.products)
        assert values[state].tolist() == [segment[of, product] / visits[of] for product in range(tiny_shop.products)]


def test_by_state_ranks_the_purchases_of_the_state_then_of_the_segment_then_of_all(tiny_shop):
    own, segment, everywhere, _ = counts(tiny_shop.history)
    agent = agent_of("popular_by_state", tiny_shop)
    states = np.arange(tiny_shop.states.size)
    values = agent.values(states)
    for state, slate in enumerate(agent.act(states).tolist()):
        of = int(tiny_shop.history.segment[state])

        def key(product, state=state, of=of):
            return own[state, product], segment[of, product], everywhere[product]

        check_order(slate, key, tiny_shop.products)
        visits = max(1, int(tiny_shop.history.visits[state]))
        assert values[state].tolist() == [own[state, product] / visits for product in range(tiny_shop.products)]


def test_quantity_is_the_best_sellers_of_the_history(retail_shop):
    """Products may differ where their quantities tie, but not the quantities."""
    history = retail_shop.history
    states = np.arange(retail_shop.states.size)
    agent = agent_of("quantity", retail_shop, 10)
    slates, expected = agent.act(states), history.best_sellers(10)
    enough = history.seen.sum(axis=1) >= 10
    assert enough.any()
    for shown in (slates, expected):
        assert history.seen[states[enough, None], shown[enough]].all()
    np.testing.assert_array_equal(
        np.take_along_axis(history.quantity, slates, axis=1)[enough],
        np.take_along_axis(history.quantity, expected, axis=1)[enough],
    )
    np.testing.assert_array_equal(agent.values(states), np.where(history.seen, history.quantity, -np.inf))


def test_quantity_shows_what_epsilon_greedy_starts_with(tiny_shop):
    """Net units are whole and their noise has deviation 1, so that products far apart rank alike."""
    greedy = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=1, epsilon=0.0)
    quantity = np.where(tiny_shop.history.seen, tiny_shop.history.quantity, -1e9)
    ordered = np.sort(quantity, axis=1)
    clear = np.flatnonzero((ordered[:, -1] - ordered[:, -2] > 7) & (tiny_shop.history.seen.sum(axis=1) > 1))
    assert clear.size >= 3
    np.testing.assert_array_equal(agent_of("quantity", tiny_shop, 1).act(clear), greedy.act(clear))


@pytest.mark.parametrize("name", LISTS)
def test_ties_do_not_break_by_the_order_of_the_catalogue(name, tiny_log):
    """One invoice buys one of each of eight products: all are alike."""
    log = tiny_log.iloc[:8].assign(
        invoice="1", product=[f"P{k}" for k in range(8)], quantity=1, customer=100, time=tiny_log["time"].iloc[0]
    )
    shop = Shop.from_transactions(log, segments={100: "A"}, history_share=1.0)
    assert shop.products == 8
    state = shop.history.visits.argmax()
    first = {int(agent_of(name, shop, 1, seed).act([state])[0, 0]) for seed in range(80)}
    assert first == set(range(8))


@pytest.mark.parametrize("name", LISTS)
def test_they_learn_nothing(name, tiny_shop):
    agent = agent_of(name, tiny_shop)
    states = np.arange(tiny_shop.states.size)
    before = agent.act(states), agent.values(states)
    agent.update(states, before[0], np.full(before[0].shape, 2), np.full(before[0].shape, 5.0))
    np.testing.assert_array_equal(agent.act(states), before[0])
    np.testing.assert_array_equal(agent.values(states), before[1])


@pytest.mark.parametrize("name", LISTS)
def test_the_propensity_is_one_down_to_the_first_other_product(name, tiny_shop):
    agent = agent_of(name, tiny_shop)
    slate = agent.act([7])
    other = next(product for product in range(8) if product not in slate[0])
    changed = slate.copy()
    changed[0, 1] = other
    assert agent.propensity([7], slate).tolist() == [[1.0, 1.0, 1.0]]
    assert agent.propensity([7], changed).tolist() == [[1.0, 0.0, 0.0]]
