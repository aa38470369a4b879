"""What an evaluation writes down: every visit, in its chunk, judged by the customers as they were at that moment."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selflearn_agents import make_agent
from selflearn_agents.agent import Agent
from selflearn_agents.baselines.popular import PopularAgent
from selflearn_agents.evaluation import compare, evaluate
from selflearn_agents.evaluation.recorder import BLOCK, CHUNKS, Recorder
from selflearn_agents.evaluation.references import References
from selflearn_agents.evaluation.result import MEANS
from selflearn_agents.specification import AgentSpec

from selflearn_env import Drift, Rewards
from selflearn_env.core.visits import Visits
from tests.agents.evaluation.hand_made import HISTORY, PRODUCTS, SEGMENTS, STATES, Moment, bare, same

ENV = "selflearn/Retail-v0"
N = 3
DRIFT = Drift(spread=1.5, half_life=150, every=37, appear={3: 300}, vanish={0: 410})
FACTORS = {"every visit": 1, "in batches": 37, "seldom": 500}
BITS = [  # of each product: how rare its purchases are, one more each
    -np.log2((HISTORY.purchases[:, product].sum() + 1) / (HISTORY.purchases.sum() + PRODUCTS))
    for product in range(PRODUCTS)
]


def agent_of(shop, name="epsilon_greedy", seed=1, **known):
    return make_agent(name, history=shop.history, slate_size=N, seed=seed, **known)


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
        "novelty": (BITS[slate[0]] + BITS[slate[1]]) / 2,
    }


def loop_gini(counts):
    """Mean difference of all pairs, as a share of twice the mean (Gini's own definition)."""
    return sum(abs(a - b) for a in counts for b in counts) / (2 * len(counts) * sum(counts))


def counted(rows):
    """How often each product is in some slates."""
    shown = [0] * PRODUCTS
    for _, slate in rows:
        for product in slate:
            shown[product] += 1
    return shown


@given(
    chunk=st.integers(1, 7),
    pieces=st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=25),
    seed=st.integers(0, 1000),
)
def test_each_visit_is_summed_in_its_chunk_by_the_simulator_it_came_with(chunk, pieces, seed):
    """Whatever the batches, and whenever the simulator changes."""
    rng = np.random.default_rng(seed)
    visits, rows_shown, number, asked = [], [], 0, []
    moment = Moment(number, asked)
    recorder = Recorder(CHUNKS * chunk, HISTORY, References(moment))
    assert recorder.chunk == chunk
    for batch, changes in pieces:
        batch = min(batch, CHUNKS * chunk - len(visits))
        if not batch:
            break
        if changes:
            number += 1
            moment = Moment(number, asked)
        states, slates = rng.integers(STATES, size=batch), rng.integers(PRODUCTS, size=(batch, 2))
        responses, rewards = rng.integers(3, size=(batch, 2)).astype(np.int8), rng.normal(size=(batch, 2))
        recorder.add(moment, Visits(states), slates, responses, rewards)
        rows = zip(states.tolist(), slates.tolist(), responses.tolist(), rewards.tolist(), strict=True)
        visits.extend(loop_figures(number, *row) for row in rows)
        rows_shown.extend(zip(states.tolist(), slates.tolist(), strict=True))
    found = recorder.result()
    begins = range(0, len(visits), chunk)
    ends = [min(begin + chunk, len(visits)) for begin in begins]
    assert found["visits"].tolist() == ends
    for name in MEANS:
        means = [np.mean([visit[name] for visit in visits[begin : begin + chunk]]) for begin in begins]
        np.testing.assert_allclose(found[name], means, rtol=1e-9, atol=1e-8, err_msg=name)
    shown = [counted(rows_shown[begin : begin + chunk]) for begin in begins]
    assert found["coverage"].tolist() == [sum(times > 0 for times in counts) / PRODUCTS for counts in shown]
    np.testing.assert_allclose(found["gini"], [loop_gini(counts) for counts in shown], rtol=1e-9, atol=1e-12)
    assert found["shown"].tolist() == [
        counted([(state, slate) for state, slate in rows_shown if state % SEGMENTS == segment])
        for segment in range(SEGMENTS)
    ]
    for state in range(STATES):
        own = [visit["expected_reward"] for visit, (at, _) in zip(visits, rows_shown, strict=True) if at == state]
        assert found["state_visits"][state] == len(own)
        mean = np.mean(own) if own else np.nan
        np.testing.assert_allclose(found["state_expected_reward"][state], mean, rtol=1e-9, atol=1e-8)
    assert np.isnan(found["exploration"]).all()  # nobody looked at an agent
    assert sum(asked) == 2 * len(visits)  # each once for its slate, and once for the best one
    again = recorder.result()  # reading twice adds nothing
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_visits_of_one_simulator_are_worked_out_together_and_do_not_pile_up():
    asked = []
    moment = Moment(0, asked)
    recorder = Recorder(CHUNKS * 1000, HISTORY, References(moment))
    for _ in range(3 * BLOCK):
        row = np.zeros((1, 2))
        recorder.add(moment, Visits(np.zeros(1, int)), row.astype(int), row.astype(np.int8), row)
        assert recorder._count <= BLOCK
    assert asked == [BLOCK] * 4  # once for the slates and once for the best ones; the last block waits


def loop_of(shop, agent, customers, batch, seed, **options):
    """The figures of each visit, worked out as it happens, one at a time."""
    envs = gym.make_vec(ENV, batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=N, **options)
    states = envs.reset(seed=seed)[1]["state"]
    visits = []
    bought = shop.history.purchases.sum(axis=0) + 1
    bits = [-np.log2(times / bought.sum()) for times in bought]
    while len(visits) < customers:
        simulator = envs.unwrapped.simulator
        slates = agent.act(states, simulator.eligible)
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
                    "novelty": np.mean([bits[product] for product in slates[row]]),
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
    for name in MEANS:
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
    for name in MEANS:
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
    for name in MEANS:
        np.testing.assert_allclose(getattr(runs[0], name), getattr(runs[1], name), rtol=1e-12, atol=1e-12)


def test_a_drift_out_of_json_is_evaluated_alike(tiny_shop):
    given = {"spread": 1.5, "half_life": 150, "every": 37, "appear": {"3": 300}, "vanish": {"0": 410}}
    runs = [
        evaluate(agent_of(tiny_shop), ENV, 600, 10, 3, progress=False, shop=tiny_shop, slate_size=N, drift=drift)
        for drift in (DRIFT, given)
    ]
    for name in MEANS:
        np.testing.assert_array_equal(getattr(runs[0], name), getattr(runs[1], name))


class ThriftyAgent(Agent):
    """Writes its slates into the same array each time, and its slates change."""

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.slates = np.zeros((1, slate_size), dtype=np.int64)

    def _act(self, states):
        if len(states) != len(self.slates):
            self.slates = np.zeros((len(states), self.slate_size), dtype=np.int64)
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


class RecklessAgent(PopularAgent):
    """Writes to all that it is given."""

    def _act(self, states):
        slates = super()._act(states)
        states[:] = 5
        return slates

    def _update(self, states, *others):
        states[:] = 5
        for other in others:
            other[:] = 1


@pytest.mark.filterwarnings("ignore:RecklessAgent changes the states")
@pytest.mark.parametrize("batch", [1, 10])
def test_what_is_written_down_is_out_of_an_agents_reach(tiny_shop, batch):
    specs = ["popular", AgentSpec("reckless", RecklessAgent, {})]
    popular, reckless = compare(specs, ENV, 300, 1, batch, progress=False, shop=tiny_shop, slate_size=N).runs
    assert same(*bare([popular, replace(reckless, agent="popular")]))
