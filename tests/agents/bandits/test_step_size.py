"""The least step of epsilon_greedy's average: the documented rule, reward by reward, and what it is good for."""

from __future__ import annotations

import copy

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import evaluate

from selflearn_env import Drift, Shop

ENV = "selflearn/Retail-v0"
N = 3


def agent_of(shop, slate_size=N, seed=0, **hyperparameters):
    return make_agent("epsilon_greedy", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


def all_values(agent):
    return agent.values(np.arange(agent.states))


def learn(agent, batches):
    for states, slates, rewards in batches:
        agent.update(states, slates, np.zeros(slates.shape, dtype=np.int8), rewards)


def random_batches(batch, count, states=6, seed=4, slate_size=N, products=8):
    """Few states, so that a batch meets the same product of the same state again and again."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        slates = rng.permuted(np.tile(np.arange(products), (batch, 1)), axis=1)[:, :slate_size]
        yield rng.integers(states, size=batch), slates, rng.normal(-1.0, 3.0, size=slates.shape)


class Loop:
    """value += max(1 / (prior_weight + N), step_size) * (reward - value), one reward after the other."""

    def __init__(self, agent, prior_weight, step_size):
        start = all_values(agent)
        self.value = {cell: start[cell] for cell in np.ndindex(start.shape) if start[cell] > -np.inf}
        self.shown = {}
        self.prior_weight, self.step_size = prior_weight, step_size

    def learn(self, batches):
        for states, slates, rewards in batches:
            for state, slate, earned in zip(states.tolist(), slates.tolist(), rewards.tolist(), strict=True):
                for product, reward in zip(slate, earned, strict=True):
                    self.add((state, product), reward)

    def add(self, cell, reward):
        self.shown[cell] = self.shown.get(cell, 0) + 1
        value = self.value.get(cell, 0.0)
        step = max(1 / (self.prior_weight + self.shown[cell]), self.step_size)
        self.value[cell] = value + step * (reward - value)

    def check(self, agent, atol=1e-9):
        found = all_values(agent)
        assert {cell for cell in np.ndindex(found.shape) if found[cell] > -np.inf} == set(self.value)
        cells = tuple(np.array(list(self.value)).T)
        np.testing.assert_allclose(found[cells], list(self.value.values()), rtol=1e-9, atol=atol)


@pytest.mark.parametrize("step_size", [0.0, 0.03, 0.3, 1 / 3, 0.5, 1.0])
@pytest.mark.parametrize("prior_weight", [0.0, 0.4, 2.5, 60.0])  # the last is more than most steps let count
@pytest.mark.parametrize("prior", ["quantity", "zero", "rate"])
def test_values_are_the_loop(tiny_shop, step_size, prior_weight, prior):
    for batch, count in ((1, 300), (40, 10)):
        agent = agent_of(tiny_shop, step_size=step_size, prior_weight=prior_weight, prior=prior)
        loop = Loop(agent, prior_weight, step_size)
        for piece in random_batches(batch, count):
            learn(agent, [piece])
            loop.learn([piece])
        assert max(loop.shown.values()) > 10
        loop.check(agent)


@given(
    step_size=st.floats(0, 1),
    prior_weight=st.floats(0, 1000),
    batches=st.lists(
        st.lists(
            st.tuples(st.integers(0, 1), st.lists(st.integers(0, 3), min_size=N, max_size=N), st.integers(-5, 5)),
            max_size=12,
        ),
        max_size=5,
    ),
)
def test_any_batches_are_learned_one_reward_after_the_other(tiny_shop, step_size, prior_weight, batches):
    """Also slates that show a product twice, and batches of nobody."""
    agent = agent_of(tiny_shop, step_size=step_size, prior_weight=prior_weight)
    loop = Loop(agent, prior_weight, step_size)
    for batch in batches:
        states = np.array([state for state, *_ in batch], dtype=np.int64)
        slates = np.array([slate for _, slate, _ in batch], dtype=np.int64).reshape(-1, N)
        rewards = np.array([[first, first + 1.5, 2.0 - first] for *_, first in batch]).reshape(-1, N)
        learn(agent, [(states, slates, rewards)])
        loop.learn([(states, slates, rewards)])
    loop.check(agent)


@pytest.mark.parametrize("step_size", [0.0, 0.1, 1.0])
def test_batches_are_single_visits_in_order(tiny_shop, step_size):
    together, alone = (agent_of(tiny_shop, step_size=step_size, prior_weight=1.5) for _ in range(2))
    for states, slates, rewards in random_batches(100, 5):
        learn(together, [(states, slates, rewards)])
        for visit in range(100):
            one = slice(visit, visit + 1)
            learn(alone, [(states[one], slates[one], rewards[one])])
    np.testing.assert_array_equal(all_values(together), all_values(alone))


@pytest.mark.parametrize("prior_weight", [0.0, 2.5])
@pytest.mark.parametrize("batch", [1, 40])
def test_without_a_step_size_all_showings_count_alike(tiny_shop, prior_weight, batch):
    """A sum, divided by a count; a step size too small to matter changes no bit of it."""
    plain = agent_of(tiny_shop, prior_weight=prior_weight)
    zero = agent_of(tiny_shop, prior_weight=prior_weight, step_size=0)
    tiny = agent_of(tiny_shop, prior_weight=prior_weight, step_size=1e-9)
    start = all_values(plain)
    total, count = {}, {}
    for states, slates, rewards in random_batches(batch, 400 // batch):
        for agent in (plain, zero, tiny):
            learn(agent, [(states, slates, rewards)])
        for state, slate, earned in zip(states, slates, rewards, strict=True):
            for cell, reward in zip(((state, product) for product in slate), earned, strict=True):
                known = prior_weight * start[cell] if prior_weight and start[cell] > -np.inf else 0.0
                total[cell] = total.get(cell, known) + reward
                count[cell] = count.get(cell, 0.0) + 1.0
    values = all_values(plain)
    expected = [total[cell] / (count[cell] + prior_weight) for cell in total]
    np.testing.assert_allclose([values[cell] for cell in total], expected, rtol=1e-12, atol=1e-12)
    for other in (zero, tiny):
        np.testing.assert_array_equal(all_values(other), values)
        states = np.arange(6)
        assert copy.deepcopy(other).act(states).tolist() == copy.deepcopy(plain).act(states).tolist()


@pytest.mark.parametrize("prior_weight", [0.0, 0.1, 50.0])
def test_a_step_of_one_keeps_the_last_reward(tiny_shop, prior_weight):
    agent = agent_of(tiny_shop, step_size=1, prior_weight=prior_weight)
    last = {}
    for states, slates, rewards in random_batches(25, 8):
        learn(agent, [(states, slates, rewards)])
        for state, slate, earned in zip(states, slates, rewards, strict=True):
            last.update({(state, product): reward for product, reward in zip(slate, earned, strict=True)})
    values = all_values(agent)
    for cell, reward in last.items():
        assert values[cell] == pytest.approx(reward, rel=1e-12)


def test_the_numbers_stay_sound_over_many_showings(tiny_shop):
    agent = agent_of(tiny_shop, slate_size=1, step_size=0.02, prior_weight=7.3)
    loop = Loop(agent, 7.3, 0.02)
    rng = np.random.default_rng(1)
    for _ in range(10):
        piece = np.zeros(2000, dtype=np.int64), np.zeros((2000, 1), dtype=np.int64), rng.normal(size=(2000, 1))
        learn(agent, [piece])
        loop.learn([piece])
    loop.check(agent)


@pytest.mark.parametrize("step_size", [0.1, 1.0])
@pytest.mark.parametrize("batch", [1, 50])
def test_a_loaded_agent_continues_bit_for_bit(tiny_shop, tmp_path, step_size, batch):
    agent = agent_of(tiny_shop, step_size=step_size, prior_weight=1.3, epsilon=0.3)
    learn(agent, random_batches(batch, 500 // batch))
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    for states, _, rewards in random_batches(batch, 500 // batch, seed=5):
        slates = agent.act(states)
        assert slates.tolist() == loaded.act(states).tolist()
        learn(agent, [(states, slates, rewards)])
        learn(loaded, [(states, slates, rewards)])
    np.testing.assert_array_equal(all_values(agent), all_values(loaded))


@pytest.mark.parametrize("step_size", [-0.1, 1.1, np.nan, np.inf, True, None, "0.1", [0.1]], ids=str)
def test_a_bad_step_size_is_named(tiny_shop, step_size):
    with pytest.raises(ValueError, match=r"step_size is a share of the new reward in the average, 0\.\.1, got "):
        agent_of(tiny_shop, step_size=step_size)


@pytest.mark.parametrize("step_size", [0, 1, np.float32(0.25), np.int64(1)])
def test_a_step_size_is_a_number_of_any_type_and_can_be_saved(tiny_shop, tmp_path, step_size):
    agent = agent_of(tiny_shop, step_size=step_size)
    agent.save(tmp_path / "agent.npz")
    pieces = list(random_batches(10, 5))
    loaded = load_agent(tmp_path / "agent.npz")
    learn(agent, pieces)
    learn(loaded, pieces)
    np.testing.assert_array_equal(all_values(agent), all_values(loaded))


def test_nothing_is_learned_from_a_batch_that_cannot_be(tiny_shop):
    agent = agent_of(tiny_shop, step_size=0.1)
    before = all_values(agent)
    rewards = np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]])
    with pytest.raises(ValueError, match="item_rewards must be finite"):
        agent.update([0, 1], [[0, 1, 2], [3, 4, 5]], np.zeros((2, 3), dtype=np.int8), rewards)
    np.testing.assert_array_equal(all_values(agent), before)


@pytest.mark.parametrize("step_size", [0.2, 1.0])
def test_the_slates_are_the_best_by_value_however_they_rise_and_fall(retail_shop, step_size):
    """In a catalogue of thousands, where only some leaders are kept."""
    agent = agent_of(retail_shop, 10, step_size=step_size, epsilon=0.0)
    states = np.argsort(-retail_shop.history.visits)[:3]
    rng = np.random.default_rng(2)
    for _ in range(150):
        some = rng.integers(3, size=20)
        slates = agent.act(states[some])
        slates[:, 5:] = rng.permuted(np.tile(np.arange(300), (20, 1)), axis=1)[:, :5]
        learn(agent, [(states[some], slates, rng.normal(0, 300, size=slates.shape))])
        values, shown = agent.values(states), agent.act(states)
        best = -np.sort(-values, axis=1)[:, :10]
        np.testing.assert_array_equal(np.take_along_axis(values, shown, axis=1), best)


def test_propensities_are_the_frequencies_of_whole_slates(tiny_shop):
    agent = agent_of(tiny_shop, step_size=0.3, epsilon=0.4)
    state = int(tiny_shop.history.visits.argmax())
    learn(agent, ((states + state, slates, rewards) for states, slates, rewards in random_batches(30, 10, states=1)))
    draws = 20_000
    slates = agent.act(np.full(draws, state))
    whole, counts = np.unique(slates, axis=0, return_counts=True)
    probability = agent.propensity(np.full(len(whole), state), whole).prod(axis=1)
    error = np.sqrt(draws * probability * (1 - probability))
    assert (np.abs(counts - probability * draws) <= 5 * error + 1).all()
    for slot in range(N):
        changed = np.tile(slates[0], (8, 1))
        changed[:, slot] = np.arange(8)
        assert agent.propensity(np.full(8, state), changed)[:, slot].sum() == pytest.approx(1.0)


@pytest.fixture(scope="module")
def four_states(tiny_log):
    """The tiny log with all visits at one time: four states, one per segment, come again and again."""
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    shop = Shop.from_transactions(tiny_log.assign(time=pd.Timestamp("2023-05-02 10:00")), segments=segments)
    assert np.count_nonzero(shop.customers.visits()) == 4
    return shop


def regret_of(shop, step_size, seed, **options):
    agent = agent_of(shop, 2, seed=seed, step_size=step_size)
    result = evaluate(
        agent, ENV, 20_000, 20, seed, progress=False, shop=shop, customer="logit", visits="log", **options
    )
    return result.mean("regret", 0.2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_constant_step_follows_customers_whose_interest_drifts(four_states, seed):
    drift = Drift(spread=1.0, half_life=2000, every=100)
    average, constant = (regret_of(four_states, step_size, seed, drift=drift) for step_size in (0.0, 0.05))
    assert constant < 0.85 * average


def test_where_nothing_drifts_the_average_is_the_better_choice(four_states):
    """So that it is the drift, and not the step, that makes the difference above."""
    average, constant = (
        np.mean([regret_of(four_states, step_size, seed) for seed in (1, 2, 3)]) for step_size in (0.0, 0.2)
    )
    assert average < constant


def test_the_step_size_reaches_the_agent_in_a_drifting_world(tiny_shop):
    """A smoke test of the whole: equal seeds, equal slates, whatever the step; the values part at once."""
    envs = gym.make_vec(ENV, 20, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=N, drift=Drift())
    values = []
    for step_size in (0.0, 0.5):
        agent = agent_of(tiny_shop, step_size=step_size)
        states = envs.reset(seed=1)[1]["state"]
        for _ in range(100):
            slates = agent.act(states)
            info = envs.step(slates)[-1]
            agent.update(states, slates, info["response"], info["item_reward"])
            states = info["state"]
        values.append(all_values(agent))
    assert (values[0] != values[1]).any()
