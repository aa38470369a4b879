"""Figures by how often the customer had been there, and real hits beside the gap, in worlds of persons."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import Plan, compare, evaluate
from selflearn_agents.evaluation.logged import hits_of
from selflearn_agents.evaluation.report import html
from selflearn_agents.evaluation.result import TURNS
from selflearn_agents.evaluation.serving import Serving
from selflearn_agents.evaluation.study import run_study
from selflearn_agents.evaluation.tables import by_turn, ranking
from selflearn_agents.evaluation.worlds import World

from selflearn_env.envs.people_options import PeopleOptions
from tests.agents.evaluation.hand_made import column, compared

PEOPLE, RETAIL, N = "selflearn/RetailPeople-v0", "selflearn/Retail-v0", 4
BOUNDS = {"0": (0, 0), "1": (1, 1), "2-3": (2, 3), "4-7": (4, 7), "8+": (8, np.inf)}


@pytest.fixture
def options(regulars_shop):
    return {"shop": regulars_shop, "slate_size": N, "progress": False}


def made(name, shop):
    return make_agent(name, history=shop.history, slate_size=N, seed=1)


@pytest.mark.parametrize("batch", [1, 7])
def test_each_visit_counts_among_those_of_as_many_before(batch, regulars_shop, options):
    result = evaluate(made("again", regulars_shop), PEOPLE, 203, batch, 5, past="none", **options)
    simulator = PeopleOptions(slate_size=N, past="none").simulator(regulars_shop)
    agent, serving, rows = made("again", regulars_shop), Serving(simulator, batch, 5), []
    while len(rows) < 203:
        visits = serving.visits
        slates = agent.act(simulator.seen(visits))
        best = simulator.optimal_slate(visits)
        rewards = simulator.expected_reward(visits, slates), simulator.random_reward(visits)
        rows.extend(zip(visits.visits, *rewards, simulator.expected_reward(visits, best), strict=True))
        serving.show(slates)
    before, *rewards = np.array(rows[:203]).T
    for place, (first, last) in enumerate(BOUNDS.values()):
        own = (before >= first) & (before <= last)
        assert result.turn_visits[place] == own.sum()
        for name, reward in zip(("expected_reward", "random", "optimal"), rewards, strict=True):
            mean = reward[own].mean() if own.any() else np.nan
            np.testing.assert_allclose(getattr(result, f"turn_{name}")[place], mean, rtol=1e-9)
    assert np.count_nonzero(result.turn_visits) > 2
    assert list(TURNS) == list(BOUNDS)
    means = (result.turn_expected_reward, result.turn_random, result.turn_optimal)
    expected, random, optimal = (np.nan_to_num(of) for of in means)
    np.testing.assert_allclose(
        np.nan_to_num(result.turn_gap),
        np.nan_to_num((expected - random) / np.where(optimal > random, optimal - random, 1)),
    )


def test_where_nobody_is_known_all_visits_are_first(regulars_shop, options):
    result = evaluate(made("popular", regulars_shop), RETAIL, 200, 10, **options)
    assert result.turn_visits.tolist() == [200, 0, 0, 0, 0]
    assert result.turn_gap[0] == pytest.approx(result.gap_between())
    assert np.isnan(result.turn_gap[1:]).all()


@pytest.mark.parametrize("env_id", [RETAIL, PEOPLE, "selflearn/RetailJourney-v0"])
def test_hits_are_those_of_the_agent_after_its_run(env_id, regulars_shop, options):
    agent = made("epsilon_greedy", regulars_shop)
    result = evaluate(agent, env_id, 500, 10, **options)
    simulator = World("one", env_id, 1, {"shop": regulars_shop, "slate_size": N}).simulator
    assert result.real_hits == hits_of(agent, regulars_shop, simulator)
    assert result.real_hits != hits_of(made("epsilon_greedy", regulars_shop), regulars_shop, simulator)


def test_who_knows_customers_has_more_hits_and_says_so(regulars_shop, options):
    result = compare(["again", "popular", "myopic_oracle"], PEOPLE, 100, 2, 10, **options)
    hits = result.table()["real_hits"]
    assert hits["again"] > hits["popular"]
    assert hits["myopic_oracle (privileged)"] > hits["popular"]
    shown = column(ranking(result, np.random.default_rng(0)), "real hits")
    assert shown["again"] == f"{hits['again']:.2f}"


def test_a_table_of_turns_by_hand():
    turns = {"0": (30, 1.0, 0.0, 4.0), "4-7": (70, 3.0, 1.0, 5.0)}
    table = by_turn(compared({"a": [0.5, 0.5], "b": [0.6, 0.6]}, turns=turns))
    assert table.head == ["agent", "0", "1", "2-3", "4-7", "8+"]
    assert table.rows == [[label, "0.250", "-", "-", "0.500", "-"] for label in ("b", "a")]
    assert "The columns have 30%, 0%, 0%, 70% and 0% of all visits" in table.note


def test_a_study_of_persons_has_a_panel_of_them_and_no_other_has(regulars_shop):
    names = {}
    for env_id in (PEOPLE, RETAIL):
        world = World("this", env_id, 100, {"shop": regulars_shop, "slate_size": N})
        study = run_study(Plan(["again", "popular"], [world], 1, 10, False))
        names[env_id] = [table.name for table in study.tables]
        assert ("Newcomers and regulars" in html(study, "title", {})) == (env_id == PEOPLE)
    assert names[PEOPLE] == ["ranking", "differences", "regulars", "habits", "null"]
    assert names[RETAIL] == ["ranking", "differences", "habits", "null"]
