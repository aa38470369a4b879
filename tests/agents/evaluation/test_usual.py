"""The visits in which agents are shown after a run: one of each state, in every kind of world."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import Plan, World, compare_worlds
from selflearn_agents.evaluation.usual import ALIKE, KNOWN, NEW, slates_after

from selflearn_env import Drift
from selflearn_env.core.ranking import top

N = 3


def world_of(shop, env="Retail", visits=60, **options):
    return World("this", f"selflearn/{env}-v0", visits, {"shop": shop, "slate_size": N, **options})


def test_where_customers_of_a_state_are_alike_each_state_with_visits_has_one(regulars_shop):
    world = world_of(regulars_shop)
    usual = world.usual
    assert usual.visits.state.tolist() == np.flatnonzero(world.simulator.state_probability).tolist()
    assert usual.who == ALIKE
    assert not np.diff(usual.seen.record.start).any()


def test_in_lives_the_customer_is_new_and_the_day_is_one_of_the_state(regulars_shop):
    world = world_of(regulars_shop, "RetailJourney")
    usual, simulator = world.usual, world.simulator
    assert usual.who == NEW
    assert not usual.visits.visits.any()
    states = regulars_shop.states
    days = (usual.seen.date.astype("datetime64[D]")).tolist()
    for state, day in zip(states.decode(usual.visits.state).tolist(), days, strict=True):
        assert state[1:] == [day.month - 1, int(day.day > 15), day.weekday()]
    best = simulator.optimal_slate(usual.visits)
    np.testing.assert_array_equal(best, simulator.optimal_slate(usual.visits.state))
    np.testing.assert_allclose(
        simulator.expected_reward(usual.visits, best), simulator.expected_reward(usual.visits.state, best)
    )


def test_of_persons_the_customer_is_the_one_in_the_middle_of_the_log(regulars_shop):
    world = world_of(regulars_shop, "RetailPeople")
    usual, arrivals = world.usual, world.simulator.arrivals
    assert usual.who == KNOWN
    customers = np.repeat(np.arange(len(arrivals.log.first) - 1), np.diff(arrivals.log.first))
    turns = np.arange(len(customers)) - arrivals.log.first[customers]
    logged = arrivals.logged_visits(customers, turns)
    for row, state in enumerate(usual.visits.state.tolist()):
        sorted_turns = sorted(turns[logged.state == state].tolist())
        assert usual.visits.visits[row] == sorted_turns[(len(sorted_turns) - 1) // 2]
    assert usual.visits.state.tolist() == sorted(set(logged.state.tolist()))
    assert np.diff(usual.seen.record.start).any()


def test_where_interest_changes_no_moment_is_usual(regulars_shop):
    assert world_of(regulars_shop, drift=Drift(spread=1.0, every=10)).usual is None


def test_slates_are_those_of_the_estimates_and_looking_changes_nothing(regulars_shop):
    usual = world_of(regulars_shop).usual
    agent, other = (
        make_agent("epsilon_greedy", history=regulars_shop.history, slate_size=N, seed=1, epsilon=1.0) for _ in range(2)
    )
    shown = slates_after(agent, usual)
    np.testing.assert_array_equal(shown, top(agent.values(usual.visits.state), N))
    states = np.arange(20)
    np.testing.assert_array_equal(agent.act(states), other.act(states))


@pytest.mark.parametrize("env", ["Retail", "RetailPeople"])
def test_only_runs_in_the_first_world_are_looked_at(env, regulars_shop, tmp_path):
    worlds = [world_of(regulars_shop, env), world_of(regulars_shop, customer="cascade")]
    plan = Plan(["popular", "again"], worlds, [4, 2], 10, progress=False, keep=tmp_path)
    for _ in range(2):  # also when they are read again
        found = compare_worlds(plan)
        of = worlds[0].usual
        for result in found:
            for run in result.runs:
                looked_at = result is found[0]
                assert (run.slates is not None) == looked_at
                if looked_at:
                    assert run.slates.shape == (len(of.seen), N)
