"""Evaluations in customers' lives, visit by visit: each is judged with what its customer remembers at that moment."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents.evaluation import compare, evaluate
from selflearn_agents.evaluation.lives import evaluate_lives
from selflearn_agents.evaluation.result import MEANS

from tests.agents.evaluation.watchers import (
    DRIFT,
    ENV,
    MILD,
    Looker,
    N,
    SeeingVandal,
    Vandal,
    Watcher,
    agent_of,
    world,
)


@pytest.fixture
def options(tiny_shop):
    return {"shop": tiny_shop, "slate_size": N, "journey": MILD}


def judged(simulator, visits, slates):
    """Expected reward of each slate, the best in its visit, and that of a random one."""
    best = simulator.expected_reward(visits, simulator.optimal_slate(visits))
    return simulator.expected_reward(visits, slates), best, simulator.random_reward(visits)


@pytest.mark.parametrize("drift", [None, DRIFT])
def test_every_visit_is_judged_with_what_its_customer_remembers(drift, tiny_shop, options):
    """One at a time with the single face, as it happens; 100 visits are 50 chunks of two."""
    options["drift"] = drift
    result = evaluate(agent_of(tiny_shop), ENV, 100, seed=7, progress=False, **options)
    env, agent, over, rows, again = gym.make(ENV, **options), agent_of(tiny_shop), True, [], 0
    for visit in range(100):
        if over:
            state = env.reset(seed=None if visit else 7)[1]["state"]
        again += not over
        simulator, slates = env.unwrapped.simulator, agent.act([state])
        expected, best, random = (values[0] for values in judged(simulator, env.unwrapped.visits, slates))
        _, reward, terminated, truncated, info = env.step(slates[0])
        agent.update([state], slates, info["response"][None], info["item_reward"][None])
        bought, clicked = ((info["response"] == kind).sum() for kind in (2, 1))
        rows.append([reward, expected, best - expected, random, best, bought, clicked])
        over, state = terminated or truncated, info["state"]
    assert again > 50  # most visits come after others
    for name, column in zip(MEANS, np.transpose(rows), strict=False):
        np.testing.assert_allclose(getattr(result, name), column.reshape(50, 2).mean(axis=1), atol=1e-9, err_msg=name)


@pytest.mark.parametrize("drift", [None, DRIFT])
def test_visits_side_by_side_are_judged_the_same(drift, tiny_shop, options):
    """Seven at a time, the last two of 100 without the other five."""
    options["drift"] = drift
    result = evaluate(agent_of(tiny_shop), ENV, 100, 7, seed=7, progress=False, **options)
    envs, agent, rows = world(options, 7), agent_of(tiny_shop), []
    states = envs.reset(seed=7)[1]["state"]
    while len(rows) < 100:
        served, slates = min(7, 100 - len(rows)), agent.act(states)
        expected, best, random = judged(envs.simulator, envs.visits, slates)
        info = envs.step(slates)[-1]
        agent.update(*(part[:served] for part in (states, slates, info["response"], info["item_reward"])))
        reward = info["item_reward"].sum(axis=1)
        rows.extend(np.stack([reward, expected, best - expected, random, best], axis=1)[:served])
        states = info["state"]
    for name, column in zip(MEANS, np.transpose(rows), strict=False):
        np.testing.assert_allclose(getattr(result, name), column.reshape(50, 2).mean(axis=1), atol=1e-9, err_msg=name)


@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit"])
def test_nothing_is_better_than_the_myopic_oracle(customer, tiny_shop, options):
    """Interest is kept in single precision, so that two products may be as good as alike."""
    options |= {"customer": customer, "progress": False}
    simulator = world({key: value for key, value in options.items() if key != "progress"}).simulator
    oracle = evaluate(agent_of(tiny_shop, "myopic_oracle", simulator=simulator), ENV, 1000, 50, **options)
    np.testing.assert_allclose(oracle.regret, 0, atol=1e-9)
    np.testing.assert_allclose(oracle.gap, 1)
    assert oracle.label == "myopic_oracle (privileged)"
    for name in ("random", "popular", "epsilon_greedy"):
        result = evaluate(agent_of(tiny_shop, name), ENV, 1000, 50, **options)
        assert (result.regret > -1e-6).all()
        assert result.mean("regret") > 0.02


def test_agents_are_compared_in_lives(tiny_shop, options):
    names = ["random", "oracle", "myopic_oracle"]
    result = compare(names, ENV, 400, [3, 4], 20, progress=False, **options)
    table = result.table()
    assert list(table.index) == ["random", "oracle (privileged)", "myopic_oracle (privileged)"]
    assert [(run.agent, run.seed) for run in result.runs] == [(name, seed) for name in names for seed in (3, 4)]
    assert table.loc["myopic_oracle (privileged)", "regret"] == pytest.approx(0, abs=1e-9)
    assert table.loc["oracle (privileged)", "regret"] > 0.01  # one slate per state is not the best in a life
    assert table.loc["random", "regret"] > table.loc["oracle (privileged)", "regret"]


@pytest.mark.filterwarnings("ignore:.* changes the states")  # it is told so, once
@pytest.mark.parametrize("batch", [1, 20])
def test_an_agent_that_writes_to_what_it_is_given_changes_no_record(batch, tiny_shop, options):
    given = (ENV, 200, batch)
    honest, vandal = (
        evaluate(kind(tiny_shop.history), *given, progress=False, **options) for kind in (Watcher, Vandal)
    )
    for name in MEANS:
        np.testing.assert_array_equal(getattr(honest, name), getattr(vandal, name), err_msg=name)
    honest, vandal = (evaluate_lives(kind(tiny_shop.history), customers=30, **options) for kind in (Watcher, Vandal))
    for name in ("reward", "expected_reward", "visits", "purchases", "left"):
        np.testing.assert_array_equal(getattr(honest, name), getattr(vandal, name), err_msg=name)


@pytest.mark.filterwarnings("ignore:.* changes the states")  # it is told so, once
@pytest.mark.parametrize("batch", [1, 20])
def test_not_even_one_that_sees_the_visits(batch, tiny_shop, options):
    given = (ENV, 200, batch)
    honest, vandal = (
        evaluate(kind(tiny_shop.history), *given, progress=False, **options) for kind in (Looker, SeeingVandal)
    )
    for name in MEANS:
        np.testing.assert_array_equal(getattr(honest, name), getattr(vandal, name), err_msg=name)
