from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from selflearn_agents import make_agent

from selflearn_env import Shop


def agent_of(shop, slate_size=3, seed=0, **hyperparameters):
    return make_agent("epsilon_greedy", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


def all_states(shop):
    return np.arange(shop.states.size)


def test_quantity_prior_is_normal_around_the_net_units_of_the_seen(seed_shop):
    history = seed_shop.history
    values = agent_of(seed_shop, 10).values(all_states(seed_shop))
    np.testing.assert_array_equal(values > -np.inf, history.seen)
    noise = (values - history.quantity)[history.seen]
    np.testing.assert_allclose(noise, noise.round(2), atol=1e-8)
    assert stats.kstest(noise[:5000], "norm").pvalue > 1e-3  # rounding to 2 decimals is far below what 5000 can show


@pytest.mark.parametrize(("prior", "value"), [("zero", lambda rate: 0 * rate), ("rate", lambda rate: -2 + 7 * rate)])
def test_other_priors(prior, value, tiny_shop):
    history = tiny_shop.history
    values = agent_of(tiny_shop, prior=prior).values(all_states(tiny_shop))
    expected = np.where(history.seen, value(np.minimum(1, history.incidence())), -np.inf)
    np.testing.assert_allclose(values, expected)


def test_an_optimistic_start_tries_every_product_before_any_comes_again(tiny_shop):
    """Without a coin: 8 products start at 9, more than any earns, and three are shown at a time."""
    agent = agent_of(tiny_shop, epsilon=0.0, prior=9)
    np.testing.assert_array_equal(agent.values(all_states(tiny_shop)), 9.0)
    shown = []
    for _ in range(3):
        slates = agent.act([5])
        shown.extend(slates[0].tolist())
        agent.update([5], slates, np.zeros((1, 3), dtype=np.int8), np.array([[1.0, -2.0, -2.0]]))
    assert sorted(shown[:8]) == list(range(8))
    assert shown[8] in (shown[0], shown[3])  # then what earned most


@pytest.mark.parametrize("weight", [0.0, 2.5])
@pytest.mark.parametrize("batch", [1, 40])
def test_values_are_running_averages_from_the_prior_on(weight, batch, tiny_shop):
    """Against a plain loop, also where a batch shows the same product of a state several times."""
    agent = agent_of(tiny_shop, prior_weight=weight, epsilon=0.5)
    values, counts = agent.values(all_states(tiny_shop)), {}
    values = np.where(values == -np.inf, 0.0, values)
    rng = np.random.default_rng(4)
    for _ in range(400 // batch):
        states = rng.integers(20, size=batch)
        slates = agent.act(states)
        rewards = rng.normal(size=slates.shape)
        agent.update(states, slates, np.zeros(slates.shape, dtype=np.int8), rewards)
        for state, slate, earned in zip(states, slates, rewards, strict=True):
            for product, reward in zip(slate, earned, strict=True):
                counts[state, product] = counts.get((state, product), 0) + 1
                values[state, product] += (reward - values[state, product]) / (weight + counts[state, product])
    learned = agent.values(all_states(tiny_shop))
    known = learned > -np.inf
    np.testing.assert_allclose(learned[known], values[known], atol=1e-9)
    assert all(known[cell] for cell in counts)


def test_without_exploration_the_best_products_are_shown_in_order(seed_shop):
    agent = agent_of(seed_shop, 10, epsilon=0.0)
    states = np.flatnonzero(seed_shop.history.seen.sum(axis=1) >= 10)
    values, slates = agent.values(states), agent.act(states)
    shown = np.take_along_axis(values, slates, axis=1)
    np.testing.assert_array_equal(shown, -np.sort(-values, axis=1)[:, :10])


@given(
    epsilon=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
    slate_size=st.integers(1, 8),
    states=st.lists(st.integers(0, 671), min_size=1, max_size=30),
)
def test_slates_are_distinct_products_of_the_catalogue(tiny_shop, epsilon, seed, slate_size, states):
    agent = agent_of(tiny_shop, slate_size, seed, epsilon=epsilon)
    for _ in range(3):
        slates = agent.act(states)
        assert slates.shape == (len(states), slate_size)
        assert all(len(set(row)) == slate_size and set(row) <= set(range(8)) for row in slates.tolist())
        agent.update(states, slates, np.zeros(slates.shape, dtype=np.int8), np.full(slates.shape, -2.0))


def test_exploration_stays_in_the_segment(seed_shop):
    history = seed_shop.history
    agent = agent_of(seed_shop, 10, epsilon=1.0)
    states = all_states(seed_shop)
    slates = agent.act(states)
    assert history.segment_products[history.segment[states][:, None], slates].all()


def test_a_state_without_data_shows_products_of_its_segment(seed_shop):
    history = seed_shop.history
    empty = np.flatnonzero(~history.seen.any(axis=1))
    agent = agent_of(seed_shop, 10, epsilon=0.0)
    draws = np.concatenate([agent.act(empty[:1]) for _ in range(300)])
    pool = np.flatnonzero(history.segment_products[history.segment[empty[0]]])
    assert np.isin(draws, pool).all()
    counts = np.bincount(np.searchsorted(pool, draws.ravel()) * 20 // len(pool), minlength=20)
    width = np.bincount(np.arange(len(pool)) * 20 // len(pool))
    assert stats.chisquare(counts, counts.sum() * width / width.sum()).pvalue > 1e-4


def test_ties_do_not_break_by_the_order_of_the_catalogue(tiny_shop):
    state = tiny_shop.history.visits.argmax()
    assert tiny_shop.history.seen[state].sum() >= 3
    first = [
        int(agent_of(tiny_shop, 1, seed, epsilon=0.0, prior="zero").act(np.array([state]))[0, 0]) for seed in range(60)
    ]
    seen = np.flatnonzero(tiny_shop.history.seen[state])
    assert set(first) == set(seen.tolist())


def test_epsilon_moves_in_a_straight_line(tiny_shop):
    agent = agent_of(tiny_shop, epsilon=0.5, epsilon_end=0.1, epsilon_visits=100)
    seen = []
    for _ in range(5):
        seen.append(agent.epsilon)
        states = np.zeros(40, dtype=np.int64)
        slates = agent.act(states)
        agent.update(states, slates, np.zeros(slates.shape, dtype=np.int8), np.zeros(slates.shape))
    np.testing.assert_allclose(seen, [0.5, 0.34, 0.18, 0.1, 0.1])


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"epsilon": 1.5}, "epsilon is a probability, 0..1, got 1.5"),
        ({"epsilon": float("nan")}, "epsilon is a probability"),
        ({"epsilon_end": -0.1, "epsilon_visits": 5}, "epsilon_end is a probability"),
        ({"epsilon_end": 0.1}, "epsilon_visits counts visits, and must be positive"),
        ({"epsilon": None}, "epsilon is a probability, 0..1, got None"),
        ({"epsilon": True}, "epsilon is a probability"),
        ({"epsilon": "abc"}, "epsilon is a probability, 0..1, got 'abc'"),
        ({"epsilon_end": 0.1, "epsilon_visits": 2.5}, "epsilon_visits counts visits"),
        ({"prior": "units"}, "unknown prior 'units'; known: quantity, zero, rate, or a reward"),
        ({"prior": np.inf}, "unknown prior inf; known: quantity, zero, rate, or a reward"),
        ({"prior_weight": -1.0}, "prior_weight counts showings"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)


def shop_of_two_segments(products_of_b):
    """Segment A buys 6 products, B the given number of them; customers 0..3 are A, 4..7 B."""
    rows = [
        (f"{customer}{day}", f"P{product}", 1, f"2024-0{1 + day}-0{1 + customer}", 1.0, customer)
        for customer in range(8)
        for day in range(3)
        for product in range(6 if customer < 4 else products_of_b)
    ]
    frame = pd.DataFrame(rows, columns=["invoice", "product", "quantity", "time", "price", "customer"])
    segments = {customer: "A" if customer < 4 else "B" for customer in range(8)}
    return Shop.from_transactions(frame, segments=segments, history_share=1.0)


def test_a_segment_with_too_few_products_explores_the_whole_catalogue():
    history = (shop := shop_of_two_segments(products_of_b=2)).history
    state = np.flatnonzero((history.segment == 1) & (history.visits > 0))[:1].repeat(500)
    exploring = make_agent("epsilon_greedy", history=history, slate_size=3, seed=1, epsilon=1.0)
    assert np.unique(exploring.act(state)).tolist() == list(range(shop.products))
    np.testing.assert_allclose(exploring.propensity(state[:1], [[5, 0, 3]]), [[1 / 6, 1 / 5, 1 / 4]])
    enough = make_agent("epsilon_greedy", history=history, slate_size=2, seed=1, epsilon=1.0)
    assert np.unique(enough.act(state)).tolist() == [0, 1]


@pytest.mark.parametrize("prior", ["quantity", "zero", "rate"])
def test_every_prior_gives_way_to_what_is_learned(tiny_shop, prior):
    agent = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=3, seed=1, prior=prior)
    before = agent.values([5])[0]
    agent.update([5], [[2, 7, 4]], [[2, 0, 1]], [[5.0, -2.0, 1.0]])
    after = agent.values([5])[0]
    assert after[[2, 7, 4]].tolist() == [5.0, -2.0, 1.0]
    others = [0, 1, 3, 5, 6]
    assert after[others].tolist() == before[others].tolist()
