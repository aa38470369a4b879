"""The best slate of a visit, by trying every slate, and the one that spares what was ignored, product by product."""

from __future__ import annotations

from itertools import permutations

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.agent import Agent
from selflearn_agents.specification import AgentSpec

from selflearn_env import Drift

RETAIL, JOURNEY = "selflearn/Retail-v0", "selflearn/RetailJourney-v0"
N = 3
LIVELY = {"fatigue": 0.4, "boredom": 0.5, "satiation": 0.9, "leave": 0.05}
MODELS = ["independent", "position", "cascade", "logit"]


def agent_of(shop, simulator, slate_size=N, **known):
    return make_agent("myopic_oracle", history=shop.history, slate_size=slate_size, simulator=simulator, **known)


def journey(shop, seed=0, visits=12, batch=10, **options):
    """A simulator of lives, and visits of customers who have been shown random slates."""
    options = {"journey": LIVELY, **options}
    envs = gym.make_vec(JOURNEY, batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=N, **options)
    envs.reset(seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(visits):
        envs.step(np.argsort(rng.random((batch, shop.products)), axis=1)[:, :N])
    return envs.unwrapped.simulator, envs.unwrapped.visits


def ignored_lately(visits, row):
    """The products that a customer ignored within the slates that it remembers."""
    return {product for slate in visits.ignored[row].tolist() for product in slate if product >= 0}


@pytest.mark.parametrize("customer", MODELS)
def test_where_an_episode_is_one_visit_it_is_the_oracle(customer, tiny_shop):
    env = gym.make(RETAIL, shop=tiny_shop, slate_size=N, customer=customer).unwrapped
    env.reset(seed=1)
    oracle = make_agent("oracle", history=tiny_shop.history, slate_size=N, simulator=env.simulator)
    agent, states = agent_of(tiny_shop, env.simulator), np.arange(tiny_shop.states.size)
    np.testing.assert_array_equal(agent.act(states), oracle.act(states))
    np.testing.assert_array_equal(agent.act(env.visits), oracle.act(env.visits.state))


@pytest.mark.parametrize("customer", MODELS)
def test_no_other_slate_earns_more_in_the_visit(customer, tiny_shop):
    """All 336 slates of three of eight products, for customers who remember something."""
    simulator, visits = journey(tiny_shop, customer=customer)
    assert (visits.visits > 3).sum() >= 5
    assert (visits.bought >= 0).any()
    slates = agent_of(tiny_shop, simulator).act(visits)
    assert all(len(set(slate)) == N for slate in slates.tolist())
    every = np.array(list(permutations(range(tiny_shop.products), N)))
    for row in range(len(visits)):
        same = visits.rows(np.full(len(every), row))
        best = simulator.expected_reward(same, every).max()
        earned = simulator.expected_reward(visits.rows(np.array([row])), slates[row : row + 1])[0]
        assert earned == pytest.approx(best, abs=1e-5)


def test_what_is_remembered_makes_a_difference(tiny_shop):
    simulator, visits = journey(tiny_shop)
    agent = agent_of(tiny_shop, simulator)
    with_memory, without = agent.act(visits), agent.act(visits.state)
    assert (with_memory != without).any(axis=1).sum() >= len(visits) / 2
    lost = simulator.expected_reward(visits, with_memory) - simulator.expected_reward(visits, without)
    assert (lost > -1e-6).all()
    assert lost.max() > 0.1


def test_state_indexes_are_customers_who_remember_nothing(tiny_shop):
    simulator, _ = journey(tiny_shop)
    newcomers = simulator.arrivals.first_visits(np.arange(len(simulator.arrivals.lives.first_day)))
    agent = agent_of(tiny_shop, simulator)
    np.testing.assert_array_equal(agent.act(newcomers.state), agent.act(newcomers))
    oracle = make_agent("oracle", history=tiny_shop.history, slate_size=N, simulator=simulator)
    states = np.arange(tiny_shop.states.size)
    np.testing.assert_array_equal(agent.act(states.tolist()), oracle.act(states))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_what_was_ignored_loses_its_share_of_interest_in_the_choice(share, tiny_shop):
    """A product of interest x earns x (what it would at full interest + 2) - 2 on average: ignored is -2."""
    simulator, visits = journey(tiny_shop, batch=20)
    slates = agent_of(tiny_shop, simulator, holding_back=share).act(visits)
    moved = 0
    for row in range(len(visits)):
        one, ignored = visits.rows(np.array([row])), ignored_lately(visits, row)
        earned = {}
        for product in range(tiny_shop.products):
            others = [other for other in range(tiny_shop.products) if other != product][: N - 1]
            chances = simulator.response_probability(one, [[product, *others]])[0, 0]
            kept = 1 - share if product in ignored else 1
            earned[product] = kept * (chances @ [-2, 1, 5] + 2) - 2
        # Interest is kept in single precision, so two products may be as good as alike.
        chosen = sorted((earned[product] for product in slates[row].tolist()), reverse=True)
        assert chosen == pytest.approx(sorted(earned.values(), reverse=True)[:N], abs=1e-5)
        moved += len(ignored) > 0
    assert moved >= len(visits) / 2


def test_held_back_altogether_nothing_is_shown_that_was_just_ignored(tiny_shop):
    """Where three other products are left to show."""
    simulator, visits = journey(tiny_shop, visits=2, batch=200)
    slates = agent_of(tiny_shop, simulator, holding_back=1.0).act(visits)
    myopic = agent_of(tiny_shop, simulator).act(visits)
    enough = spared = 0
    for row in range(len(visits)):
        ignored = ignored_lately(visits, row)
        if ignored and tiny_shop.products - len(ignored) >= N:
            assert not ignored & set(slates[row].tolist())
            enough += 1
            spared += bool(ignored & set(myopic[row].tolist()))
    assert enough > 100
    assert spared > 50  # which the best slate would have shown


def test_the_more_is_held_back_the_fewer_are_shown_again_and_the_less_is_earned_now(tiny_shop):
    simulator, visits = journey(tiny_shop, visits=2, batch=200)
    again, earned = [], []
    for share in (0.0, 0.3, 0.6, 1.0):
        slates = agent_of(tiny_shop, simulator, holding_back=share).act(visits)
        shown = [set(slate) & ignored_lately(visits, row) for row, slate in enumerate(slates.tolist())]
        again.append(sum(map(len, shown)))
        earned.append(simulator.expected_reward(visits, slates).mean())
    assert again == sorted(again, reverse=True)
    assert earned == sorted(earned, reverse=True)
    assert again[0] > again[-1]
    assert earned[0] > earned[-1]


def test_it_draws_nothing_and_learns_nothing(tiny_shop):
    simulator, visits = journey(tiny_shop)
    agent = agent_of(tiny_shop, simulator, holding_back=0.4)
    before, slates = agent.rng.bit_generator.state, agent.act(visits)
    agent.update(visits.state, slates, np.full(slates.shape, 2), np.full(slates.shape, 5.0))
    np.testing.assert_array_equal(agent.act(visits), slates)
    assert agent.rng.bit_generator.state == before


@pytest.mark.parametrize("given", [-0.1, 1.1, np.nan, True, "half", None])
def test_a_share_that_is_none_is_refused(given, tiny_shop):
    simulator, _ = journey(tiny_shop, visits=0)
    with pytest.raises(ValueError, match=r"holding_back is a share, 0\.\.1, got"):
        agent_of(tiny_shop, simulator, holding_back=given)


def test_holding_back_does_nothing_where_an_episode_is_one_visit(tiny_shop):
    simulator, states = gym.make(RETAIL, shop=tiny_shop, slate_size=N).unwrapped.simulator, np.arange(672)
    held, myopic = (agent_of(tiny_shop, simulator, holding_back=share) for share in (1.0, 0.0))
    np.testing.assert_array_equal(held.act(states), myopic.act(states))


@pytest.mark.parametrize("env_id", [RETAIL, JOURNEY])
def test_what_cannot_serve_is_refused(env_id, tiny_shop):
    env = gym.make(env_id, shop=tiny_shop, slate_size=N).unwrapped
    with pytest.raises(TypeError, match="simulator is the environment's Simulator, got"):
        agent_of(tiny_shop, env)
    with pytest.raises(ValueError, match="the simulator shows slates of 3, the agent of 2"):
        agent_of(tiny_shop, env.simulator, slate_size=2)
    drifting = gym.make(env_id, shop=tiny_shop, slate_size=N, drift=Drift(spread=1.0)).unwrapped
    with pytest.raises(ValueError, match="keeps the simulator that it is given, and with drift or stock it changes"):
        agent_of(tiny_shop, drifting.simulator)
    for states in ([-1], [tiny_shop.states.size]):
        with pytest.raises(ValueError, match="state"):
            agent_of(tiny_shop, env.simulator).act(states)


def test_it_has_no_estimates_no_propensities_and_no_file(tiny_shop, tmp_path):
    simulator, visits = journey(tiny_shop)
    agent = agent_of(tiny_shop, simulator)
    with pytest.raises(NotImplementedError, match="has no estimates of single products"):
        agent.values(visits.state)
    with pytest.raises(NotImplementedError, match="does not know the probabilities of its slates"):
        agent.propensity(visits.state, agent.act(visits))
    with pytest.raises(NotImplementedError, match="the myopic oracle cannot be saved: what it knows is the simulator"):
        agent.save(tmp_path / "agent.npz")
    assert not list(tmp_path.iterdir())


def test_it_says_that_it_is_privileged_and_sees_the_visits(tiny_shop):
    simulator, _ = journey(tiny_shop, visits=0)
    agent = AgentSpec.parse("myopic_oracle(holding_back=0.4)").make(tiny_shop.history, N, 0, simulator)
    assert agent.holding_back == 0.4
    assert agent.privileged
    assert agent.sees_visits
    assert not Agent.sees_visits  # the others see states


@pytest.mark.parametrize("customer", MODELS)
def test_of_what_may_be_shown_no_other_slate_earns_more(customer, tiny_shop):
    """Four of eight products may be shown to each visit; the visits share five masks."""
    simulator, visits = journey(tiny_shop, customer=customer)
    agent, rng = agent_of(tiny_shop, simulator), np.random.default_rng(6)
    eligible = (np.argsort(rng.random((5, 8)), axis=1) < 4)[np.arange(len(visits)) % 5]
    slates = agent.act(visits, eligible)
    for row in range(len(visits)):
        every = np.array(list(permutations(np.flatnonzero(eligible[row]), N)))
        best = simulator.expected_reward(visits.rows(np.full(len(every), row)), every).max()
        earned = simulator.expected_reward(visits.rows(np.array([row])), slates[[row]])[0]
        assert set(slates[row].tolist()) <= set(np.flatnonzero(eligible[row]).tolist())
        assert earned == pytest.approx(best, abs=1e-5)
    np.testing.assert_array_equal(agent.act(visits, np.ones(8, dtype=bool)), agent.act(visits))
    np.testing.assert_array_equal(agent.act(visits.state[:1], eligible[:1]), agent.act(visits.state, eligible[0])[:1])


def test_where_all_slates_earn_the_same_any_of_what_may_be_shown_is_best(tiny_shop):
    simulator = gym.make(RETAIL, shop=tiny_shop, slate_size=N, customer="seed").unwrapped.simulator
    slates = agent_of(tiny_shop, simulator).act([3, 9], np.arange(8) > 3)
    assert all(len(set(slate)) == N and min(slate) > 3 for slate in slates.tolist())


def test_a_best_slate_that_would_rather_be_shorter_is_not_known(tiny_shop):
    """A click on these products is worse than nothing."""
    rewards = {"buy": 0.0, "click": -9.0, "ignore": 0.0}
    simulator = gym.make(RETAIL, shop=tiny_shop, slate_size=N, rewards=rewards).unwrapped.simulator
    with pytest.raises(NotImplementedError, match="would rather see an empty slot than some of the eligible"):
        agent_of(tiny_shop, simulator).act([3], np.arange(8) < 4)


def test_the_oracle_knows_one_slate_per_state(tiny_shop):
    simulator = gym.make(RETAIL, shop=tiny_shop, slate_size=N).unwrapped.simulator
    oracle = make_agent("oracle", history=tiny_shop.history, slate_size=N, simulator=simulator)
    states = np.arange(20)
    slates = oracle.act(states)
    eligible = np.zeros((20, 8), dtype=bool)
    np.put_along_axis(eligible, slates, True, axis=1)
    np.testing.assert_array_equal(oracle.act(states, eligible), slates)
    assert (oracle.propensity(states, slates[:, :2], eligible) == 1).all()
    with pytest.raises(NotImplementedError, match="ask 'myopic_oracle' for the best of what is"):
        oracle.act(states, ~eligible)
