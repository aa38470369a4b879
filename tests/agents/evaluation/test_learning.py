"""The study of learners, on the tiny shop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import World, standing
from selflearn_agents.evaluation.learning import LOGGERS, compared, rounds, runs_of, worth_of
from selflearn_agents.offline import LEARNERS
from selflearn_agents.specification import AgentSpec

N = 3


@pytest.fixture(scope="module")
def world(tiny_shop):
    options = {"shop": tiny_shop, "slate_size": N, "customer": "position"}
    return World("position", "selflearn/Retail-v0", 1, options)


@pytest.mark.parametrize("logger", LOGGERS)
def test_a_row_for_each_policy_and_seed(logger, world):
    warm = AgentSpec.parse("thompson")
    frame = pd.DataFrame(runs_of(world, logger, 250, 2, warm, 130))
    policies = ["logging policy", "at its end", "popular", "best slates", *LEARNERS, "thompson, cold", "thompson, warm"]
    assert frame["policy"].tolist() == policies * 2
    assert (frame["seed"] == np.repeat([0, 1], len(policies))).all()
    by_policy = frame.groupby("policy")["value"]
    assert (by_policy.max()["best slates"] > by_policy.max().drop("best slates")).all()
    popular = make_agent("popular", history=world.shop.history, slate_size=N)
    slates = popular.act(np.arange(world.simulator.states.size))
    assert (frame.loc[frame["policy"] == "popular", "value"] == standing(world.simulator, slates).expected).all()
    if logger != "epsilon_greedy":
        again = pd.DataFrame(runs_of(world, logger, 250, 1, warm, 130))
        pd.testing.assert_frame_equal(again, frame[frame["seed"] == 0])


def test_rounds_are_learned_from_before_the_next(world):
    agent = make_agent("thompson", history=world.shop.history, slate_size=N)
    learned, update = [], agent.update
    agent.update = lambda *feedback: (learned.append(len(feedback[0])), update(*feedback))
    seen = [(len(state), sum(learned)) for state, *_ in rounds(agent, world.simulator, 250, seed=1)]
    assert seen == [(100, 0), (100, 100), (50, 200)]
    assert learned == [100, 100, 50]


def test_a_policy_that_draws_is_worth_its_mean(world):
    uniform = make_agent("random", history=world.shop.history, slate_size=N)
    exact = world.simulator.state_probability @ world.simulator.random_reward(np.arange(world.simulator.states.size))
    assert worth_of(uniform, world.simulator) == pytest.approx(exact, rel=0.02)


def test_policies_are_compared_with_those_that_they_are_to_beat():
    policies = {"logging policy": [1.0, 2.0], "popular": [3.0, 3.0], "clever": [4.0, 5.5], "x, cold": [2.0, 2.0],
                "x, warm": [3.0, 4.0]}  # fmt: skip
    rows = [
        {"customers": "c", "log": "l", "seed": seed, "policy": policy, "value": value}
        for policy, values in policies.items()
        for seed, value in enumerate(values)
    ]
    found = compared(pd.DataFrame(rows)).set_index("policy")
    assert found.loc["clever", ["value", "over_logging", "over_popular"]].tolist() == [4.75, 3.25, 1.75]
    assert np.isnan(found.loc["clever", "over_cold"])
    assert found.loc["x, warm", "over_cold"] == 1.5
    assert np.isnan(found.loc["x, warm", "over_logging"])
    # Differences 3 and 3.5: t = 3.25 / (0.3536 / sqrt(2)) = 13 with one degree of freedom.
    assert found.loc["clever", "p_logging"] == pytest.approx(2 * (0.5 - np.arctan(13) / np.pi))
