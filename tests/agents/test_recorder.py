"""What an evaluation writes down: every visit, in its chunk, judged by the customers as they were at that moment."""

from __future__ import annotations

from importlib import import_module

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import make_agent
from agents.agent import Agent
from agents.evaluation import compare, evaluate
from agents.evaluation.evaluate import CHUNKS, FIGURES, _Recorder
from selflearn_env import Drift, Rewards

ENV = "selflearn/Retail-v0"
N = 3
DRIFT = Drift(spread=1.5, half_life=150, every=37, appear={3: 300}, vanish={0: 410})
FACTORS = {"every visit": 1, "in batches": 37, "seldom": 500}


def agent_of(shop, name="epsilon_greedy", seed=1, **known):
    return make_agent(name, history=shop.history, slate_size=N, seed=seed, **known)


class Moment:
    """A simulator with numbers that tell the moment, the state and the slate apart; it counts what it is asked."""

    def __init__(self, number, asked):
        self.number, self.asked = number, asked

    def expected_reward(self, states, slates):
        self.asked.append(len(states))
        return 1000.0 * self.number + 10.0 * states + slates @ np.array([0.1, 0.01])

    def optimal_slate(self, states):
        return np.stack([states % 7 + self.number, states % 5], axis=1)

    def random_reward(self, states):
        return -1000.0 * self.number - 3.0 * states


def loop_figures(number, state, slate, response, item_reward):
    expected = 1000.0 * number + 10.0 * state + 0.1 * slate[0] + 0.01 * slate[1]
    optimal = 1000.0 * number + 10.0 * state + 0.1 * (state % 7 + number) + 0.01 * (state % 5)
    return {
        "reward": item_reward[0] + item_reward[1],
        "expected_reward": expected,
        "regret": optimal - expected,
        "random": -1000.0 * number - 3.0 * state,
        "optimal": optimal,
        "purchases": [*response].count(2),
        "clicks": [*response].count(1),
    }


@given(
    chunk=st.integers(1, 7),
    pieces=st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=25),
    seed=st.integers(0, 1000),
)
def test_each_visit_is_summed_in_its_chunk_by_the_simulator_it_came_with(chunk, pieces, seed):
    """Whatever the batches, empty ones too, and whenever the simulator changes."""
    rng = np.random.default_rng(seed)
    recorder, visits, number, asked = _Recorder(chunk), [], 0, []
    moment = Moment(number, asked)
    for batch, changes in pieces:
        batch = min(batch, CHUNKS * chunk - len(visits))
        if changes:
            number += 1
            moment = Moment(number, asked)
        states, slates = rng.integers(30, size=batch), rng.integers(9, size=(batch, 2))
        responses, rewards = rng.integers(3, size=(batch, 2)).astype(np.int8), rng.normal(size=(batch, 2))
        recorder.add(moment, states, slates, responses, rewards)
        rows = zip(states.tolist(), slates.tolist(), responses.tolist(), rewards.tolist(), strict=True)
        visits.extend(loop_figures(number, *row) for row in rows)
    table = recorder.table()
    ends = [min(begin + chunk, len(visits)) for begin in range(0, len(visits), chunk)]
    assert table["visits"].tolist() == ends
    for name in FIGURES:
        means = [
            np.mean([visit[name] for visit in visits[begin : begin + chunk]]) for begin in range(0, len(visits), chunk)
        ]
        np.testing.assert_allclose(table[name], means, rtol=1e-9, atol=1e-8, err_msg=name)
    assert sum(asked) == 2 * len(visits)  # each once for its slate, and once for the best one
    assert recorder.table()["visits"].tolist() == ends  # reading the table twice adds nothing
    np.testing.assert_array_equal(recorder.table()["reward"], table["reward"])


def test_visits_of_one_simulator_are_worked_out_together_and_do_not_pile_up():
    asked = []
    recorder, moment = _Recorder(chunk=100), Moment(0, asked)
    for _ in range(2000):
        row = np.zeros((1, 2))
        recorder.add(moment, np.zeros(1, int), row.astype(int), row.astype(np.int8), row)
        assert recorder._count <= 100
        assert len(recorder._waiting) <= 100
    assert len(asked) == 2 * 19


def loop_of(shop, agent, customers, batch, seed, **options):
    """The figures of each visit, worked out as it happens, one at a time."""
    envs = gym.make_vec(ENV, batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=N, **options)
    states = envs.reset(seed=seed)[1]["state"]
    visits = []
    while len(visits) < customers:
        simulator = envs.unwrapped.simulator
        slates = agent.act(states)
        info = envs.step(slates)[-1]
        served = min(batch, customers - len(visits))
        agent.update(*(part[:served] for part in (states, slates, info["response"], info["item_reward"])))
        for row in range(served):
            one = slice(row, row + 1)
            expected = simulator.expected_reward(states[one], slates[one])[0]
            best = simulator.expected_reward(states[one], simulator.optimal_slate(states[one]))[0]
            visits.append(
                {
                    "reward": sum(info["item_reward"][row].tolist()),
                    "expected_reward": expected,
                    "regret": best - expected,
                    "random": simulator.random_reward(states[one])[0],
                    "optimal": best,
                    "purchases": info["response"][row].tolist().count(2),
                    "clicks": info["response"][row].tolist().count(1),
                }
            )
        states = info["state"]
    return visits


@pytest.mark.parametrize("customer", ["independent", "cascade"])
@pytest.mark.parametrize(("customers", "batch"), [(700, 1), (700, 7), (701, 64), (330, 1000), (49, 5), (1, 1)])
def test_an_evaluation_under_drift_is_a_plain_loop(tiny_shop, customer, customers, batch):
    options = {"drift": DRIFT, "customer": customer, "rewards": Rewards(noise=0.5)}
    result = evaluate(
        agent_of(tiny_shop), ENV, customers, batch, seed=7, progress=False, shop=tiny_shop, slate_size=N, **options
    )
    visits = loop_of(tiny_shop, agent_of(tiny_shop), customers, batch, 7, **options)
    chunk = -(-customers // 50)
    begins = range(0, customers, chunk)
    assert result.visits.tolist() == [min(begin + chunk, customers) for begin in begins]
    for name in FIGURES:
        means = [np.mean([visit[name] for visit in visits[begin : begin + chunk]]) for begin in begins]
        np.testing.assert_allclose(getattr(result, name), means, rtol=1e-9, atol=1e-9, err_msg=name)
        assert result.mean(name) == pytest.approx(np.mean([visit[name] for visit in visits]))
    assert (result.regret >= -1e-9).all()


@pytest.mark.parametrize("every", [1, 10])
def test_the_references_are_those_of_each_moment(tiny_shop, every):
    """Of a world that changes at each slate, or in mid-batch, against a loop and against the world at its start."""
    drift = Drift(spread=2.0, half_life=60, every=every)
    result = evaluate(
        agent_of(tiny_shop, "popular"), ENV, 300, 1, 5, progress=False, shop=tiny_shop, slate_size=N, drift=drift
    )
    visits = loop_of(tiny_shop, agent_of(tiny_shop, "popular"), 300, 1, 5, drift=drift)
    for name in ("expected_reward", "random", "optimal"):
        found = [visit[name] for visit in visits]
        np.testing.assert_allclose(getattr(result, name), np.mean(np.reshape(found, (50, 6)), axis=1), rtol=1e-9)
    still = evaluate(agent_of(tiny_shop, "popular"), ENV, 300, 1, 5, progress=False, shop=tiny_shop, slate_size=N)
    assert abs(result.random - still.random).max() > 0.2


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
@pytest.mark.parametrize(("customers", "drift"), [(500, None), (500, DRIFT), (1000, DRIFT)])
def test_tenths_are_exact_whatever_the_batch(tiny_shop, customers, drift, batch):
    options = {"shop": tiny_shop, "slate_size": N, "drift": drift}
    result = evaluate(agent_of(tiny_shop), ENV, customers, batch, 3, progress=False, **options)
    visits = loop_of(tiny_shop, agent_of(tiny_shop), customers, batch, 3, drift=drift)
    np.testing.assert_array_equal(result.visits, np.arange(1, 51) * customers // 50)
    tenth = customers // 10
    for name in FIGURES:
        found = [visit[name] for visit in visits]
        assert result.mean(name, 0, 0.1) == pytest.approx(np.mean(found[:tenth]), abs=1e-9)
        assert result.mean(name, 0.9) == pytest.approx(np.mean(found[-tenth:]), abs=1e-9)
        for first in range(10):
            part = np.mean(found[first * tenth : (first + 1) * tenth])
            assert result.mean(name, first / 10, (first + 1) / 10) == pytest.approx(part, abs=1e-9)


@pytest.mark.parametrize("every", FACTORS.values(), ids=FACTORS)
def test_batches_within_a_move_meet_the_same_references(tiny_shop, every):
    """Where the batches fit the moves, the references of the visits do not depend on the batch."""
    drift = Drift(spread=1.0, half_life=100, every=every)
    optimal = []
    for batch in (1, every):
        options = {"shop": tiny_shop, "slate_size": N, "drift": drift}
        result = evaluate(agent_of(tiny_shop, "random"), ENV, 3 * 250, batch, 3, progress=False, **options)
        optimal.append(result.optimal)
        np.testing.assert_array_equal(result.visits, np.arange(15, 751, 15))
    np.testing.assert_allclose(*optimal, rtol=1e-12)


def test_agents_with_one_seed_meet_the_same_drift(tiny_shop):
    options = {"shop": tiny_shop, "slate_size": N, "drift": DRIFT}
    result = compare(["random", "popular", "epsilon_greedy"], ENV, 500, [3, 4], 5, progress=False, **options)
    by_seed = {seed: [run for run in result.runs if run.seed == seed] for seed in (3, 4)}
    for runs in by_seed.values():
        for run in runs[1:]:
            np.testing.assert_allclose(run.optimal, runs[0].optimal, rtol=1e-12)
            np.testing.assert_allclose(run.random, runs[0].random, rtol=1e-12)
    assert (by_seed[3][0].optimal != by_seed[4][0].optimal).any()


@pytest.mark.parametrize("batch", [1, 40])
def test_a_drift_without_spread_changes_no_figure(tiny_shop, batch):
    runs = [
        evaluate(agent_of(tiny_shop), ENV, 600, batch, 3, progress=False, shop=tiny_shop, slate_size=N, drift=drift)
        for drift in (None, Drift(spread=0, every=11))
    ]
    np.testing.assert_array_equal(runs[0].reward, runs[1].reward)
    for name in FIGURES:
        np.testing.assert_allclose(getattr(runs[0], name), getattr(runs[1], name), rtol=1e-12, atol=1e-12)


def test_a_drift_out_of_json_is_evaluated_alike(tiny_shop):
    given = {"spread": 1.5, "half_life": 150, "every": 37, "appear": {"3": 300}, "vanish": {"0": 410}}
    runs = [
        evaluate(agent_of(tiny_shop), ENV, 600, 10, 3, progress=False, shop=tiny_shop, slate_size=N, drift=drift)
        for drift in (DRIFT, given)
    ]
    for name in FIGURES:
        np.testing.assert_array_equal(getattr(runs[0], name), getattr(runs[1], name))


class ThriftyAgent(Agent):
    """Writes its slates into the same array each time, and its slates change."""

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.slates = np.zeros((1, slate_size), dtype=np.int64)

    def _act(self, states):
        self.slates[:] = self.rng.permutation(self.products)[: self.slate_size]
        return self.slates

    def _values(self, states):
        raise NotImplementedError


def test_an_agent_may_use_its_array_of_slates_again(tiny_shop):
    agents = [ThriftyAgent(tiny_shop.history, N, np.random.default_rng(1)) for _ in range(2)]
    result = evaluate(agents[0], ENV, 500, progress=False, shop=tiny_shop, slate_size=N)
    visits = loop_of(tiny_shop, agents[1], 500, 1, 0)
    assert result.mean("reward") == pytest.approx(np.mean([visit["reward"] for visit in visits]))
    expected = [visit["expected_reward"] for visit in visits]
    assert result.mean("expected_reward") == pytest.approx(np.mean(expected))


def drifting(shop):
    return gym.make(ENV, shop=shop, slate_size=N, drift=DRIFT).unwrapped


ORACLE = r"an oracle keeps one slate per state, and with drift the best ones change; .* exact optimum of each moment"


def test_an_oracle_is_refused_where_interest_drifts(tiny_shop):
    with pytest.raises(ValueError, match=ORACLE):
        agent_of(tiny_shop, "oracle", simulator=drifting(tiny_shop).simulator)
    options = {"shop": tiny_shop, "slate_size": N, "drift": DRIFT}
    with pytest.raises(ValueError, match=ORACLE):
        compare(["oracle"], ENV, 100, 1, 10, progress=False, **options)


def test_an_oracle_is_refused_once_the_environment_has_begun(tiny_shop):
    env = drifting(tiny_shop)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=ORACLE):
        agent_of(tiny_shop, "oracle", simulator=env.simulator)


def test_a_comparison_refuses_an_oracle_before_anybody_serves(tiny_shop, monkeypatch):
    served = []
    module = import_module("agents.evaluation.compare")  # the package has the function under this name
    monkeypatch.setattr(module, "evaluate", lambda *given, **_: served.append(given))
    with pytest.raises(ValueError, match=ORACLE):
        compare(["random", "oracle"], ENV, 100, 1, 10, progress=False, shop=tiny_shop, slate_size=N, drift=DRIFT)
    assert not served
