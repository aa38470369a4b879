"""Hyperparameters and worlds at their limits: each is refused in one sentence, or gives numbers and whole slates."""

from __future__ import annotations

import re

import numpy as np
import pytest
from selflearn_agents import AGENTS, AgentSpec, make_agent
from selflearn_agents.testing import Trial
from selflearn_agents.testing.learning import see_that_values_are_numbers, values_of
from selflearn_agents.testing.showing import see_that_products_are_distinct
from selflearn_agents.testing.trial import refusal

from selflearn_env.core.rewards import MOST, Rewards
from selflearn_env.envs.options import Options
from tests.agents.long_run import LEARNERS, WEIGHT, long_run

N = 3
LIMITS = {
    "epsilon_greedy": [
        {"epsilon": 0.0},
        {"epsilon": 1.0},
        {"epsilon": 5e-324},
        {"step_size": 1.0},
        {"step_size": 5e-324},
        {"prior": 1e300},
        {"prior": -1e300},
        {"prior_weight": 1e300},
        {"epsilon_end": 0.0, "epsilon_visits": 10**15},
    ],
    "ucb": [
        {"scale": 0.0},
        {"scale": 1e300},
        {"scale": 1e300, "kind": "ucb1"},
        {"prior_weight": 0.0},
        {"prior_weight": 1e300},
        {"prior_weight": 5e-324},
    ],
    "thompson": [
        {"prior_weight": 5e-324},
        {"prior_weight": 1e300},
        {"prior_weight": 1e-300, "sample": "dirichlet"},
        {"prior_weight": 1e300, "sample": "dirichlet"},
    ],
    "cascade_ucb": [{"scale": 0.0}, {"scale": 1e300}, {"prior_weight": 0.0}, {"prior_weight": 1e300}],
    "linear_ucb": [{"optimism": 0.0}, {"optimism": 1e300}],
    "linear_thompson": [{"spread": 0.0}, {"spread": 1e300}],
    "hierarchical": [{"optimism": 0.0}, {"optimism": 1e300}],
    "gradient": [
        {"sharpness": 0.0},
        {"sharpness": 1e300},
        {"step_size": 0.0},
        {"step_size": 1e300},
        {"credit": "rest", "step_size": 1e12},
    ],
}
EACH = [(name, options) for name, all_of in LIMITS.items() for options in all_of]


@pytest.fixture(scope="module")
def simulator(tiny_shop):
    return Options(slate_size=N).simulator(tiny_shop)


@pytest.mark.parametrize(("name", "options"), EACH, ids=str)
def test_limits_of_hyperparameters(name, options, tiny_shop, simulator):
    trial = Trial(AgentSpec(name, AGENTS[name], options), tiny_shop, Options(slate_size=N), simulator)
    if (refused := refusal(trial.make)) != "":
        assert re.search(rf"^{next(iter(options))} .*, got .*; it may be ", refused)
        return
    agent = trial.make()
    see_that_products_are_distinct(trial, trial.serve(agent, 400, 20, seed=1))
    values = values_of(agent, np.arange(0, 672, 5))
    if values is not None and "prior" not in options:
        see_that_values_are_numbers(trial, values, 135)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, True, "much", None])
def test_what_is_beyond_them_is_named(name, value, tiny_shop):
    for option in {option for options in LIMITS[name] for option in options} - {"kind", "sample", "credit"}:
        if (option == "epsilon_end" and value is None) or (option == "prior" and value == -1.0):
            continue  # no end; a reward
        with pytest.raises((TypeError, ValueError), match=option):
            make_agent(name, history=tiny_shop.history, slate_size=N, **{option: value})


@pytest.mark.parametrize("amount", [1.01 * MOST, -1e300])
def test_rewards_beyond_counting_are_refused_wherever_they_come_from(amount, tiny_shop):
    with pytest.raises(ValueError, match=r"Rewards\.click must be a finite number, at most 1e\+12 in size, got "):
        Rewards(click=amount)
    agent = make_agent("random", history=tiny_shop.history, slate_size=N)
    with pytest.raises(ValueError, match=r"item_rewards must be finite numbers, at most 1e\+12 in size"):
        agent.update([3], [[0, 1, 2]], np.zeros((1, N), dtype=np.int8), [[0.0, amount, 0.0]])


@pytest.mark.parametrize("contrast", [1e-6, 1e6])
def test_worlds_of_hardly_any_and_of_enormous_contrast(contrast, tiny_shop):
    simulator, states = Options(slate_size=N, contrast=contrast).simulator(tiny_shop), np.arange(672)
    best = simulator.expected_reward(states, simulator.optimal_slate(states))
    assert np.isfinite(best).all()
    assert (best >= simulator.random_reward(states) - 1e-9).all()


@pytest.mark.parametrize("contrast", [1e-9, 1e9])
def test_contrasts_beyond_are_refused(contrast):
    with pytest.raises(ValueError, match=r"contrast is a factor > 0, .*, got .*; it may be 1e-6\.\.1e6"):
        Options(contrast=contrast)


@pytest.mark.parametrize("name", WEIGHT)
def test_averages_are_those_of_exact_sums(name, tiny_shop):
    run = long_run(name, tiny_shop, 40_000, 2_000, minutes=1)
    assert (run.visits, run.nan) == (40_000, 0)
    assert run.deviation < 1e-12
    assert name in LEARNERS


@pytest.mark.parametrize("name", ["epsilon_greedy", "ucb", "thompson", "linear_ucb"])
def test_how_many_visits_are_learned_from_at_once_changes_nothing(name, tiny_shop):
    """Visits of one update, in their order, are visits learned from one after the other."""
    rng, agents = np.random.default_rng(3), [make_agent(name, history=tiny_shop.history, slate_size=N) for _ in "ab"]
    states = rng.integers(672, size=60)
    slates = rng.permuted(np.tile(np.arange(8), (60, 1)), axis=1)[:, :N]
    responses = rng.integers(3, size=slates.shape).astype(np.int8)
    rewards = np.array([-2.0, 1.0, 5.0])[responses]
    agents[0].update(states, slates, responses, rewards)
    for at in range(0, 60, 7):
        some = slice(at, at + 7)
        agents[1].update(states[some], slates[some], responses[some], rewards[some])
    np.testing.assert_array_equal(*(agent.values(np.arange(672)) for agent in agents))
    np.testing.assert_array_equal(*(agent.act(np.arange(672)) for agent in agents))
