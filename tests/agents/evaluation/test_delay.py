"""Feedback that arrives later: what is learned when, that nothing else changes, and what is said of its cost."""

from __future__ import annotations

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation import Delay, Plan, World, compare, evaluate
from selflearn_agents.evaluation.delay import DELAY_KEY
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.study import run_study
from selflearn_agents.evaluation.tables import cost_of_delay

from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.people_options import PeopleOptions
from tests.agents.evaluation.hand_made import assert_same, bare, column, compared, same
from tests.agents.evaluation.watchers import N, Vandal, Watcher, agent_of

ENV, PEOPLE = "selflearn/Retail-v0", "selflearn/RetailPeople-v0"
# `sequence` keeps nothing of a customer, and takes long to make.
KNOWING = [name for name, agent in AGENTS.items() if agent.knows_customers and name != "sequence"]


@pytest.fixture
def options(tiny_shop):
    return {"shop": tiny_shop, "slate_size": N, "progress": False}


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("mean", [0.0, 3.0, 40.0])
def test_what_is_learned_when_is_that_of_a_plain_loop(batch, mean, tiny_shop, options):
    visits, watcher = 200, Watcher(tiny_shop.history)  # of batches of 7, the last one is served in part
    evaluate(watcher, ENV, visits, batch, seed=5, delay=Delay(mean), **options)

    rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(DELAY_KEY,)))
    envs = gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=N)
    states, underway, expected, order = envs.reset(seed=5)[1]["state"], [], [], []
    for first in range(0, visits, batch):
        slates = (states[:, None] + np.arange(N)) % tiny_shop.products
        info = envs.step(slates)[-1]
        for row in range(min(batch, visits - first)):
            due = first + row + int(rng.geometric(1 / (1 + mean))) - 1
            told = (states[row], slates[row], info["response"][row], info["item_reward"][row])
            underway.append((due, first + row, [np.asarray(part).tolist() for part in told]))
        last = min(first + batch, visits) - 1
        arrived = sorted(each[:2] for each in underway if each[0] <= last)
        told = {each[1]: each[2] for each in underway}
        if arrived:
            expected.append([list(part) for part in zip(*(told[number] for _, number in arrived), strict=True)])
        underway = [each for each in underway if each[0] > last]
        order += [number for _, number in arrived]
        states = info["state"]
    assert watcher.learned == expected
    if mean:
        assert underway  # is never learned
        assert order != sorted(order)
    assert [len(states) for states in watcher.met] == [batch] * -(-visits // batch)


@pytest.mark.parametrize(
    ("env_id", "name", "batch"), [(ENV, "hierarchical", 1), (ENV, "thompson", 7), (PEOPLE, "personal", 7)]
)
def test_a_mean_of_none_is_no_delay(env_id, name, batch, tiny_shop, regulars_shop):
    shop = regulars_shop if env_id == PEOPLE else tiny_shop
    results, agents = [], [agent_of(shop, name) for _ in range(2)]
    for agent, delay in zip(agents, (None, Delay(mean=0)), strict=True):
        results.append(evaluate(agent, env_id, 150, batch, 3, False, delay, shop=shop, slate_size=N))
    assert same(*bare(results))
    states = np.arange(shop.states.size)
    np.testing.assert_array_equal(agents[0].values(states), agents[1].values(states))


@pytest.mark.parametrize("batch", [1, 100])
def test_customers_are_the_same_with_and_without(batch, options):
    """And so is all of a run whose agent does not learn."""
    runs = [
        evaluate(agent_of(options["shop"], "popular"), ENV, 300, batch, seed=2, delay=delay, **options)
        for delay in (None, Delay(20))
    ]
    assert [run.delay for run in runs] == [0.0, 20.0]
    assert same(*bare([runs[0], replace(runs[1], delay=0.0)]))


@pytest.mark.parametrize("mean", [0.5, 50.0])
def test_delays_are_geometric(mean):
    """The mean is within five errors, sqrt(mean (1 + mean) / n), and so is the share of none, 1 / (1 + mean)."""
    count, rng = 20_000, np.random.default_rng(0)
    delays = Delay(mean).draw(rng, count)
    assert delays.min() == 0
    assert abs(delays.mean() - mean) < 5 * np.sqrt(mean * (1 + mean) / count)
    none = 1 / (1 + mean)
    assert abs((delays == 0).mean() - none) < 5 * np.sqrt(none * (1 - none) / count)


@pytest.mark.parametrize("mean", [5.0, 1e300])
def test_the_share_that_is_learned(mean, tiny_shop, options):
    """Of visits in a row so many arrive in time: n - mean (1 - q^n), with q = mean / (1 + mean)."""
    visits, watcher = 2_000, Watcher(tiny_shop.history)
    evaluate(watcher, ENV, visits, seed=1, delay=Delay(mean), **options)
    q = mean / (1 + mean)
    waiting = mean * -np.expm1(visits * np.log(q)) if mean < visits else visits
    assert abs(sum(len(states) for states, *_ in watcher.learned) - (visits - waiting)) <= 5 * np.sqrt(min(mean, 1e3))


@pytest.mark.filterwarnings("ignore:.* changes the states")  # it is told so, once
def test_an_agent_that_writes_to_all_that_it_gets_changes_nothing(tiny_shop, options):
    class VandalWatcher(Vandal):
        def _update(self, *rows):
            self.learned.append([part.tolist() for part in rows])
            for part in rows:
                part[...] = 0

    honest, vandal = Watcher(tiny_shop.history), VandalWatcher(tiny_shop.history)
    results = [evaluate(agent, ENV, 60, 7, seed=4, delay=Delay(10), **options) for agent in (honest, vandal)]
    assert honest.learned == vandal.learned
    np.testing.assert_array_equal(results[0].reward, results[1].reward)


def test_visits_are_learned_as_they_were_seen_when_they_were_decided(regulars_shop):
    class Knowing(Watcher):
        knows_customers = True

        def _act(self, visits):
            self.met += rows_of(visits)
            return np.tile(np.arange(self.slate_size), (len(visits), 1))

        def _update(self, visits, *others):
            assert isinstance(visits, SeenVisits)
            self.learned += rows_of(visits)

    def rows_of(visits):
        arrays = [array.tolist() for name, array in vars(visits).items() if name != "record"]
        record = visits.record
        bought = [record.product[a:b].tolist() for a, b in zip(record.start, record.start[1:], strict=False)]
        return list(zip(*arrays, bought, strict=True))

    watcher = Knowing(regulars_shop.history)
    evaluate(watcher, PEOPLE, 70, 7, delay=Delay(8), shop=regulars_shop, slate_size=N, progress=False)
    assert len({tuple(map(str, row)) for row in watcher.met}) == 70
    assert 30 < len(watcher.learned) < 70
    assert all(row in watcher.met for row in watcher.learned)
    assert any(len(row[-1]) for row in watcher.learned)


@pytest.mark.parametrize("name", KNOWING)
def test_agents_that_know_customers_take_their_feedback_out_of_order(name, regulars_shop):
    """One customer at a time, whose visits follow each other, is the hardest."""
    simulator: Simulator = PeopleOptions(slate_size=N).simulator(regulars_shop)
    agent = make_agent(name, history=regulars_shop.history, slate_size=N, seed=0)
    result = evaluate(agent, PEOPLE, 120, delay=Delay(4), shop=regulars_shop, slate_size=N, progress=False)
    values = agent.values(simulator.seen(simulator.start(5, simulator.begin(np.random.default_rng(1)))))
    assert not np.isnan(values).any()
    assert result.visit_count == 120


@pytest.mark.parametrize(
    ("mean", "error", "message"),
    [
        (-1, ValueError, "must be finite and at least 0, got -1"),
        (float("inf"), ValueError, "must be finite"),
        (float("nan"), ValueError, "must be finite"),
        ("50", TypeError, "must be a number, got '50'"),
        (True, TypeError, "must be a number"),
    ],
)
def test_a_bad_mean_is_refused(mean, error, message):
    with pytest.raises(error, match=f"Delay.mean .*{message}"):
        Delay(mean)


def test_a_number_is_no_delay(tiny_shop, options):
    with pytest.raises(TypeError, match=r"delay must be a Delay, such as Delay\(mean=50\), or None, got 50"):
        evaluate(agent_of(tiny_shop), ENV, 10, delay=50, **options)
    with pytest.raises(TypeError, match="delay must be a Delay"):
        compare(["random"], ENV, 10, delay=50, **options)


# In comparisons


def test_kept_runs_of_another_delay_are_not_taken(options, tmp_path):
    def runs(delay):
        return compare(["epsilon_greedy"], ENV, 60, 1, delay=delay, keep=tmp_path, **options).runs

    found = [runs(delay) for delay in (None, Delay(5), Delay(6))]
    assert len(list(tmp_path.glob("epsilon*.npz"))) == 3
    assert [run.delay for (run,) in found] == [0.0, 5.0, 6.0]
    again = runs(Delay(5.0))
    assert same(found[1][0], again[0])  # its time too: it was read
    assert len(list(tmp_path.glob("epsilon*.npz"))) == 3
    assert "feedback 5 visits later" in repr(again[0])


def test_a_run_that_was_kept_without_a_delay_has_none(tmp_path):
    run = compared({"a": [0.5]}).runs[0]
    run.save(tmp_path / "run.npz")
    assert EvaluationResult.load(tmp_path / "run.npz").delay == 0.0


def test_a_study_of_a_delay_has_the_same_agents_without(tiny_shop):
    world = World("independent", ENV, 100, {"shop": tiny_shop, "slate_size": N})
    plan = Plan(["popular", "epsilon_greedy"], [world], 2, progress=False, delay=Delay(30))
    study = run_study(plan, models=["logit"])
    assert list(study.worlds) == ["independent", "independent, at once", "logit", "null world"]
    delays = {name: {run.delay for run in result.runs} for name, result in study.worlds.items()}
    assert delays == {"independent": {30.0}, "independent, at once": {0.0}, "logit": {30.0}, "null world": {30.0}}
    alone = compare(["popular", "epsilon_greedy"], ENV, 100, 2, progress=False, shop=tiny_shop, slate_size=N)
    assert_same(study.at_once.runs, alone.runs)
    assert [table.name for table in study.tables] == [
        "ranking",
        "differences",
        "delay",
        "habits",
        "robustness",
        "null",
    ]
    assert run_study(replace(plan, delay=None)).at_once is None


def test_the_table_says_what_delay_costs():
    at_once = compared({"a": [0.5, 0.6, 0.7], "b!": [0.9] * 3})
    late = compared({"a": [0.4, 0.5, 0.45], "b!": [0.9] * 3})
    late = replace(late, runs=tuple(replace(run, delay=50.0) for run in late.runs))
    table = cost_of_delay(late, at_once)
    assert table.rows[0][0] == "b (privileged)"  # as they rank with the delay
    assert column(table, "gap at once")["a"] == "0.600"
    assert column(table, "gap delayed")["a"] == "0.450"
    # Differences 0.1, 0.1, 0.25: mean 0.15, s 0.0866, t of 2 degrees of freedom 4.3027.
    assert column(table, "cost")["a"] == column(table, "cost, last tenth")["a"] == "0.150 [-0.065, 0.365]"
    assert column(table, "cost")["b (privileged)"] == "0.000 [0.000, 0.000]"
    assert "arrives 50 visits later on average" in table.note
