"""Customers come in turn, so that few live two lives at a time, in batches of any size."""

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation.serving import serve_lives

IDS = ["selflearn/RetailJourney-v0", "selflearn/RetailPeople-v0"]


@pytest.mark.parametrize("env_id", IDS)
def test_nobody_comes_again_before_all_have_come(env_id, regulars_shop):
    simulator = gym.make(env_id, shop=regulars_shop).unwrapped.simulator
    count = simulator.arrivals.positions
    runs = [simulator.begin(np.random.default_rng(0)) for _ in range(2)]
    at_once = simulator.start(3 * count, runs[0]).customer
    by_and_by = [simulator.start(size, runs[1]).customer for size in (1, 7, count, 2 * count - 8)]
    np.testing.assert_array_equal(np.concatenate(by_and_by), at_once)
    rounds = at_once.reshape(3, count)
    assert all(np.unique(each).size == count for each in rounds)
    assert (rounds[0] != rounds[1]).any()


def test_nobody_is_served_twice_side_by_side(regulars_shop):
    simulator = gym.make(IDS[0], shop=regulars_shop).unwrapped.simulator
    count = simulator.arrivals.positions
    agent = make_agent("popular", history=regulars_shop.history, seed=0)
    served = np.zeros(2 * count + 5, dtype=int)
    for now in serve_lives(simulator, agent, 2 * count + 5, 60, seed=0):
        assert np.unique(now.visits.customer).size == len(now.rows)
        served[now.rows] += 1
    assert (served > 0).all()
