"""A world that drifts: its customers and its simulator follow the time, exactly."""

import copy
import gc
import weakref
from math import sqrt

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env import Drift
from tests.envs.drifting import (
    DRIFT,
    PREFERRING,
    RETAIL,
    STATES,
    N,
    P,
    check_against_every_slate,
    loop_factor,
    single_of,
    vector_of,
    visits_of,
    wishes,
)
from tests.envs.plain_lists import flat

EXTREMES = ([0, 1e-3, 0.5, 1, 2, 30, 1e3, 1e6], [1e9] * 4 + [0] * 4)


def drifted(simulator, factor):
    other = copy.copy(simulator)
    other.customers = simulator.customers.drifted(np.array(factor, dtype=np.float64))
    return other


@pytest.mark.parametrize("name", PREFERRING)
def test_drifted_customers_are_the_rule_of_their_model(tiny_shop, name):
    """Also where a factor is 0, or so great that a probability ends at 1."""
    simulator = single_of(tiny_shop, customer=name).simulator
    appeal = simulator.customers.appeal
    simulator.optimal_slate(STATES)  # a cache that must not outlive the change
    simulator.random_reward(STATES)
    for factor in ([0, 1e-3, 0.5, 1, 2, 5, 10, 30], [0] * P, [0, 0, 3, 0, 0, 0, 0, 0.1], *EXTREMES):
        for state in (0, 100, 671):
            check_against_every_slate(
                name, appeal, factor, drifted(simulator, factor), state, random=factor not in EXTREMES
            )
    for state in (0, 100):  # the customers themselves are as they were
        check_against_every_slate(name, appeal, [1.0] * P, simulator, state)


@pytest.mark.parametrize("name", PREFERRING)
@pytest.mark.parametrize("factor", [[300.0] + [1.0] * 7, EXTREMES[0]], ids=["one", "all"])
def test_the_random_reward_is_exact_however_far_the_interest_drifts(tiny_shop, name, factor):
    """A factor of 300 is rare: with a spread of 2 one product in 17,000 has it, and a catalogue has thousands."""
    simulator = single_of(tiny_shop, customer=name).simulator
    check_against_every_slate(name, simulator.customers.appeal, factor, drifted(simulator, factor), 0)


@pytest.mark.parametrize("name", PREFERRING)
@given(number=st.integers(0, 1000))
def test_responses_of_drifted_customers_keep_what_customers_promise(tiny_shop, name, number):
    rng = np.random.default_rng(number)
    customers = single_of(tiny_shop, customer=name).simulator.customers
    customers = customers.drifted(np.exp(rng.normal(0, 4, size=P)) * (rng.random(P) < 0.8))
    states, slates = rng.integers(672, size=6), rng.permuted(np.tile(np.arange(P), (6, 1)), axis=1)[:, :N]
    probability = customers.response_probability(states, slates, None)
    assert ((probability >= 0) & (probability <= 1)).all()
    np.testing.assert_allclose(probability.sum(axis=-1), 1.0, rtol=1e-12)
    response = customers.respond(states, slates, None, rng.random((6, customers.uniforms)))
    chance = np.take_along_axis(probability, response[..., None].astype(np.int64), axis=-1)
    assert (chance > 0).all()  # nothing happens that cannot happen


@pytest.mark.parametrize("name", PREFERRING)
def test_the_simulator_follows_the_time(tiny_shop, name):
    """At some moments between moves and events, against the loop from the seed on."""
    env = single_of(tiny_shop, customer=name, drift=DRIFT)
    appeal = env.simulator.customers.appeal
    served = 0
    for moment in (0, 6, 7, 25, 29, 30, 41, 70):
        visits_of(env, moment - served, seed=None if served else 17)
        if moment == 0:
            env.reset(seed=17)
        served = moment
        factor = loop_factor(DRIFT, 17, moment)
        may = [each > 0 for each in factor]  # what is not there yet, or gone, may not be shown
        check_against_every_slate(name, appeal, factor, env.simulator, 100 + moment, may=may)


@pytest.mark.parametrize("name", PREFERRING)
def test_the_simulator_of_each_moment_is_met_by_what_happens(tiny_shop, name):
    rows = 20_000
    drift = Drift(spread=1.0, half_life=5 * rows, every=1, vanish={1: 2 * rows})
    envs = vector_of(tiny_shop, rows, customer=name, drift=drift)
    rng = np.random.default_rng(3)
    _, infos = envs.reset(seed=3)
    moments = []
    for _ in range(4):
        states, simulator = infos["state"], envs.simulator
        slates = rng.permuted(np.tile(np.arange(P), (rows, 1)), axis=1)[:, :N]
        slates[::5, 1] = slates[::5, 0]  # some repeat
        moments.append(simulator.expected_reward(states, slates))
        _, rewards, _, _, infos = envs.step(slates)
        surprise = rewards - moments[-1]
        assert abs(surprise.mean()) <= 4 * surprise.std(ddof=1) / sqrt(rows)
        exact = simulator.response_probability(states, slates)
        for product in range(P):
            shown = slates == product
            for kind in (1, 2):
                chance = exact[shown][:, kind]
                found = (infos["response"][shown] == kind).sum()
                assert abs(found - chance.sum()) <= 4.5 * sqrt((chance * (1 - chance)).sum()) + 1e-9
    assert len({round(expected.mean(), 6) for expected in moments}) == 4  # the moments do differ


def test_the_retail_world_drifts_as_its_simulator_says(retail_shop):
    rows = 4000
    drift = Drift(spread=1.0, half_life=4 * rows, every=rows, vanish={1: 3 * rows})
    envs = gym.make_vec(RETAIL, rows, vectorization_mode="vector_entry_point", drift=drift).unwrapped
    still = gym.make_vec(RETAIL, rows, vectorization_mode="vector_entry_point").unwrapped
    _, infos = envs.reset(seed=8)
    still.reset(seed=8)
    surprise, kept = [], []
    for _ in range(8):
        states, simulator = infos["state"], envs.simulator
        slates = simulator.optimal_slate(states)
        surprise.append(-simulator.expected_reward(states, slates))
        kept.append(simulator.expected_reward(states, still.simulator.optimal_slate(states)) + surprise[-1])
        _, rewards, _, _, infos = envs.step(slates)
        surprise[-1] += rewards
    assert not kept[0].any()  # before the first move the best slates are the same
    assert all(loss.max() <= 1e-9 and loss.mean() < -0.1 for loss in kept[1:])
    surprise = np.concatenate(surprise)
    assert abs(surprise.mean()) <= 4 * surprise.std(ddof=1) / sqrt(surprise.size)
    assert not (simulator.optimal_slate(STATES) == 1).any()  # it has vanished


def test_a_simulator_taken_earlier_keeps_describing_its_moment(tiny_shop):
    env, twin = (single_of(tiny_shop, drift=DRIFT) for _ in range(2))
    before = env.simulator
    first = wishes(env)
    taken = []
    for moment in range(12):
        visits_of(env, 5, seed=None if moment else 4, number=moment)
        visits_of(twin, 5, seed=None if moment else 4, number=moment)
        now = twin.simulator
        taken.append((env.simulator, wishes(twin), now.optimal_slate(STATES), now.random_reward(STATES)))
    slates = np.tile(np.arange(P).reshape(-1, 1), N)
    for simulator, expected, best, random in taken:  # only now, after the time has moved on
        found = [simulator.expected_reward(STATES, np.tile(slate, (672, 1))) for slate in slates]
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(simulator.optimal_slate(STATES), best)
        np.testing.assert_array_equal(simulator.random_reward(STATES), random)
    np.testing.assert_array_equal(
        [before.expected_reward(STATES, np.tile(slate, (672, 1))) for slate in slates],
        first,
    )
    assert len({expected.tobytes() for _, expected, *_ in taken}) > 8


def test_the_customers_are_one_object_until_the_world_changes(tiny_shop):
    """What keeps its tables of best slates, and an evaluation its visits together."""
    env = single_of(tiny_shop, drift=Drift(every=10, vanish={0: 4}))
    taken = []
    env.reset(seed=1)
    for _ in range(25):
        taken.append(env.simulator.customers)
        assert env.simulator.customers is taken[-1]
        env.step([0, 1, 2])
        env.reset()
    changed = [slate for slate in range(1, 25) if taken[slate] is not taken[slate - 1]]
    assert changed == [4, 10, 20]


def test_past_simulators_are_not_kept(tiny_shop):
    env = single_of(tiny_shop, drift=Drift(every=1))
    env.reset(seed=1)
    past = []
    for _ in range(20):
        past.append(weakref.ref(env.simulator))
        env.step([0, 1, 2])
        env.reset()
    gc.collect()
    assert sum(each() is not None for each in past) <= 1


def test_drift_shares_the_tables_and_leaves_other_environments_alone(tiny_shop):
    plain = single_of(tiny_shop)
    expected, before = flat(visits_of(plain, 30, seed=6)), wishes(plain)
    one, other = (single_of(tiny_shop, drift=DRIFT) for _ in range(2))
    assert one.simulator.customers is plain.simulator.customers
    visits_of(one, 50, seed=1)
    visits_of(other, 50, seed=2)
    assert one.simulator.customers.appeal is plain.simulator.customers.appeal
    assert (wishes(one) != wishes(other)).any()
    assert flat(visits_of(plain, 30, seed=6)) == expected
    np.testing.assert_array_equal(wishes(plain), before)
