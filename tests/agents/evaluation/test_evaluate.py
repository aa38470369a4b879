from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation import compare, evaluate, runs

from selflearn_env import Drift, Shop

ENV = "selflearn/Retail-v0"
N = 3


@pytest.fixture
def options(tiny_shop):
    return {"shop": tiny_shop, "slate_size": N, "progress": False}


def agent_of(shop, name="epsilon_greedy", **known):
    return make_agent(name, history=shop.history, slate_size=N, seed=1, **known)


@pytest.mark.parametrize("batch", [1, 64])
def test_figures_are_those_of_a_plain_loop(batch, tiny_shop, options):
    customers = 1000  # no multiple of 64: the last batch is served in part
    result = evaluate(agent_of(tiny_shop), ENV, customers, batch, seed=7, **options)

    envs = gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=N)
    simulator, agent = envs.unwrapped.simulator, agent_of(tiny_shop)
    states = envs.reset(seed=7)[1]["state"]
    rewards, expected, best, bought = [], [], [], []
    while len(rewards) < customers:
        slates = agent.act(states)
        _, reward, _, _, info = envs.step(slates)
        served = min(batch, customers - len(rewards))
        agent.update(*(part[:served] for part in (states, slates, info["response"], info["item_reward"])))
        rewards.extend(reward[:served])
        expected.extend(simulator.expected_reward(states, slates)[:served])
        best.extend(simulator.expected_reward(states, simulator.optimal_slate(states))[:served])
        bought.extend((info["response"] == 2).sum(axis=1)[:served])
        states = info["state"]
    assert result.visits[-1] == customers
    assert result.mean("reward") == pytest.approx(np.mean(rewards))
    assert result.mean("expected_reward") == pytest.approx(np.mean(expected))
    assert result.mean("regret") == pytest.approx(np.mean(best) - np.mean(expected))
    assert result.mean("purchases") == pytest.approx(np.mean(bought))
    np.testing.assert_array_equal(result.visits, np.arange(20, 1001, 20))  # whatever the batch
    assert result.mean("reward", 0, 0.1) == pytest.approx(np.mean(rewards[:100]))
    assert result.mean("reward", 0.9) == pytest.approx(np.mean(rewards[900:]))


@pytest.mark.parametrize(
    "name", [name for name, kind in AGENTS.items() if not kind.privileged and getattr(kind, "extra", None) is None]
)
def test_to_look_at_an_agent_does_not_change_what_it_shows(name, tiny_shop, options):
    """Its values are read, and its propensities are not: nothing of that is drawn from its generator."""
    result = evaluate(agent_of(tiny_shop, name), ENV, 200, seed=7, **options)
    envs = gym.make_vec(ENV, num_envs=1, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=N)
    agent, shown = agent_of(tiny_shop, name), np.zeros((4, tiny_shop.products), dtype=int)
    states = envs.reset(seed=7)[1]["state"]
    for _ in range(200):
        slates = agent.act(states)
        np.add.at(shown, (tiny_shop.history.segment[states], slates[0]), 1)
        info = envs.step(slates)[-1]
        agent.update(states, slates, info["response"], info["item_reward"])
        states = info["state"]
    np.testing.assert_array_equal(result.shown, shown)


def test_progress_counts_every_visit(tiny_shop, options):
    for batch in (1, 64, 300):
        counted = []
        evaluate(agent_of(tiny_shop), ENV, 200, batch, **{**options, "progress": counted.append})
        assert sum(counted) == 200
        assert all(visits > 0 for visits in counted)


def test_references_bound_the_agents(tiny_shop, options):
    simulator = gym.make(ENV, shop=tiny_shop, slate_size=N).unwrapped.simulator
    oracle = evaluate(agent_of(tiny_shop, "oracle", simulator=simulator), ENV, 2000, 100, **options)
    np.testing.assert_allclose(oracle.regret, 0, atol=1e-9)
    np.testing.assert_allclose(oracle.gap, 1)
    assert oracle.figures()["agent"] == "oracle (privileged)"
    shown = evaluate(agent_of(tiny_shop, "random"), ENV, 50_000, 1000, **options)
    error = shown.expected_reward.std() / np.sqrt(len(shown.expected_reward))
    assert abs(shown.mean("expected_reward") - shown.mean("random")) < 5 * error
    assert (shown.regret > 0).all()


def test_seeds_meet_the_same_customers(tiny_shop, options):
    result = compare(["random", "popular"], ENV, 500, seeds=[3, 4], batch=10, **options)
    assert [(run.agent, run.seed) for run in result.runs] == [
        ("random", 3),
        ("random", 4),
        ("popular", 3),
        ("popular", 4),
    ]
    first, other, same, _ = result.runs
    np.testing.assert_array_equal(first.optimal, same.optimal)
    assert (first.optimal != other.optimal).any()
    table = result.table()
    assert list(table.index) == ["random", "popular"]
    assert table.loc["popular", "reward"] == pytest.approx(np.mean([run.mean("reward") for run in result.runs[2:]]))
    assert len(result.frame()) == sum(len(run.visits) for run in result.runs)


def test_epsilon_greedy_learns(tiny_shop, options):
    result = evaluate(agent_of(tiny_shop), ENV, 20_000, 20, **options)
    late, early = result.mean("regret", 0.9), result.mean("regret", 0, 0.1)
    assert late < 0.6 * early


def test_nobody_wins_in_the_null_world(seed_shop):
    result = compare(["random", "popular", "epsilon_greedy"], "selflearn/Seed-v0", 5000, 1, 500, progress=False)
    for run in result.runs:
        assert np.isnan(run.gap).all()
        np.testing.assert_allclose(run.expected_reward, run.optimal)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customers": 0}, "customers and batch must be at least 1"),
        ({"batch": 0}, "customers and batch must be at least 1"),
    ],
)
def test_bad_numbers(change, message, tiny_shop, options):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match=message):
        evaluate(agent, ENV, **{"customers": 10, **change}, **options)


def test_agent_and_environment_must_fit(tiny_shop, options):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match="agent and environment do not fit, slates of 3 and 2"):
        evaluate(agent, ENV, 10, **{**options, "slate_size": 2})


def test_an_agent_of_other_states_is_refused(tiny_log, tiny_shop, options):
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    agent = agent_of(Shop.from_transactions(tiny_log, segments=segments, period="week"))
    with pytest.raises(ValueError, match="agent and environment do not fit, states: 1680 and 672"):
        evaluate(agent, ENV, 10, **options)


@pytest.mark.parametrize("name", ["autoreset_mode", "num_envs"])
def test_what_the_loop_decides_cannot_be_given(name, tiny_shop, options):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match=f"{name} is decided by the evaluation itself"):
        evaluate(agent, ENV, 10, **{name: "NextStep"}, **options)


def test_privileged_agents_are_marked_everywhere(tiny_shop, options):
    result = compare(["oracle"], ENV, 100, 1, 10, **options)
    assert set(result.frame()["agent"]) == {"oracle (privileged)"}
    assert list(result.table().index) == ["oracle (privileged)"]


def test_a_comparison_needs_agents(options):
    with pytest.raises(ValueError, match="needs agents and seeds"):
        compare([], ENV, 10, **options)


def drifting(shop):
    return gym.make(ENV, shop=shop, slate_size=N, drift=Drift(spread=1.5)).unwrapped


ORACLE = r"an oracle keeps one slate per state, and with drift or stock the best ones change; .* optimum of each moment"


def test_an_oracle_is_refused_where_interest_drifts(tiny_shop):
    with pytest.raises(ValueError, match=ORACLE):
        agent_of(tiny_shop, "oracle", simulator=drifting(tiny_shop).simulator)
    options = {"shop": tiny_shop, "slate_size": N, "drift": Drift(spread=1.5)}
    with pytest.raises(ValueError, match=ORACLE):
        compare(["oracle"], ENV, 100, 1, 10, progress=False, **options)


def test_an_oracle_is_refused_once_the_environment_has_begun(tiny_shop):
    env = drifting(tiny_shop)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=ORACLE):
        agent_of(tiny_shop, "oracle", simulator=env.simulator)


def test_a_comparison_refuses_an_oracle_before_anybody_serves(tiny_shop, monkeypatch):
    served = []
    monkeypatch.setattr(runs, "serve_world", lambda *given: served.append(given))
    with pytest.raises(ValueError, match=ORACLE):
        compare(
            ["random", "oracle"], ENV, 100, 1, 10, progress=False, shop=tiny_shop, slate_size=N, drift=Drift(spread=1.5)
        )
    assert not served
