"""A comparison and what is checked beside it: which worlds, which baseline, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents.evaluation import Plan, World
from selflearn_agents.evaluation.study import Study, run_study

from selflearn_env import Drift
from tests.agents.evaluation.hand_made import bare, compared, same

ENV = "selflearn/Retail-v0"
NAMES = ["random", "popular", "oracle"]


@pytest.fixture
def world(tiny_shop):
    options = {"customer": "cascade", "customer_options": {"leave": 0.9}, "contrast": 2.0}
    return World("cascade", ENV, 100, {"shop": tiny_shop, "slate_size": 3, **options})


def hand_study(agents, null=None, **others):
    return Study(compared(agents), null, {name: compared(of) for name, of in others.items()}, "this", None, 3)


def test_the_worlds_beside_are_shorter_and_of_the_same_shop(world, tiny_shop):
    study = run_study(Plan(NAMES, [world], 2, progress=False), models=["logit", "position"])
    assert list(study.worlds) == ["cascade", "logit", "position", "null world"]
    assert [result.runs[0].visit_count for result in study.worlds.values()] == [100, 20, 20, 20]
    assert [result.runs[0].env_id for result in study.worlds.values()] == [ENV, ENV, ENV, "selflearn/Seed-v0"]
    assert all(result.labels == ["random", "popular", "oracle (privileged)"] for result in study.worlds.values())
    assert (study.shop.digest, study.slate_size, study.baseline) == (tiny_shop.digest, 3, "popular")
    for run in study.null.runs:
        assert np.isnan(run.gap).all()
        np.testing.assert_allclose(run.expected_reward, -0.75)  # of three slots, by the seed's own chances
    assert not np.isnan(study.main.gaps("popular")).any()


def test_the_worlds_beside_differ_in_the_customers_only(world):
    """And what is particular to the customers of the comparison is nothing to others."""
    study = run_study(Plan(["popular"], [world], 1, progress=False), models=["logit"], check_visits=60)
    options = {**world.env_options, "customer": "logit"}
    del options["customer_options"]
    alone = run_study(Plan(["popular"], [World("logit", ENV, 60, options)], 1, progress=False))
    found = replace(alone.main.runs[0], slates=None)  # of the world that was asked for there are slates, too
    assert same(*bare([*study.others["logit"].runs, found]))


def test_the_null_world_has_the_shop_of_the_comparison_also_where_none_is_named(retail_shop):
    study = run_study(Plan(["random"], [World("independent", ENV, 5, {})], 1, progress=False))
    assert study.null.runs[0].shown.shape[1] == retail_shop.products


def test_kept_runs_serve_the_worlds_beside_too(world, tmp_path, capsys):
    for _ in range(2):
        run_study(Plan(NAMES, [world], 1, keep=tmp_path, progress=True), models=["logit"])
    assert f"9 of 9 runs are kept from before in {tmp_path}" in capsys.readouterr().out


def test_the_null_world_is_its_own_check(tiny_shop):
    study = run_study(
        Plan(NAMES, [World("seed", "selflearn/Seed-v0", 50, {"shop": tiny_shop, "slate_size": 3})], 1, 1, False)
    )
    assert study.null is None
    assert list(study.worlds) == ["seed"]
    assert [table.name for table in study.tables] == ["ranking", "differences", "habits"]
    assert study.summary() == "No slate is better than another in this world, and no agent can win."


def test_a_model_that_does_not_exist_is_refused_before_anybody_is_served(world, tmp_path):
    with pytest.raises(ValueError, match="unknown customer 'logid'; did you mean 'logit'"):
        run_study(Plan(NAMES, [world], 1, progress=False, keep=tmp_path / "runs"), models=["logit", "logid"])
    assert not (tmp_path / "runs").exists()


def test_a_study_of_drift(tiny_shop):
    world = World("independent", ENV, 100, {"shop": tiny_shop, "slate_size": 3, "drift": Drift(spread=1.0, every=10)})
    study = run_study(Plan(["random", "popular"], [world], 2, 7, False), models=["logit"])
    assert len(study.tables) == 5
    with pytest.raises(ValueError, match="an oracle keeps one slate per state"):
        run_study(Plan(["oracle"], [world], 1, progress=False))


def test_equal_runs_give_equal_tables(world):
    study = run_study(Plan(NAMES, [world], 3, progress=False), models=["logit"])
    assert replace(study).tables == study.tables
    assert [table.name for table in study.tables] == ["ranking", "differences", "habits", "robustness", "null"]
    assert {table.name: len(table.rows) for table in study.tables} == {
        "ranking": 3,
        "differences": 2,
        "habits": 3,
        "robustness": 3,
        "null": 3,
    }


@pytest.mark.parametrize(("labels", "baseline"), [("ab", "a"), (["random", "popular"], "popular"), ("b", "b")])
def test_the_baseline_is_the_list_of_the_history_or_the_first(labels, baseline):
    assert hand_study({label: [0.1, 0.2] for label in labels}).baseline == baseline


@pytest.mark.parametrize(
    ("agents", "text"),
    [
        (
            {"a": [0.5, 0.5, 0.5], "b": [0.7, 0.71, 0.69], "c!": [0.9] * 3},
            "b closes 70.0% of the way from random to the best slates, 20.0 [17.5, 22.5] percentage points more than "
            "a, which is more than chance.",
        ),
        (
            {"a": [0.5, 0.6, 0.4], "b": [0.52, 0.5, 0.54]},
            "b closes 52.0% of the way from random to the best slates, 2.0 [-27.8, 31.8] percentage points more than "
            "a, which may be chance.",
        ),
        (
            {"a": [0.5], "b": [0.7]},
            "b closes 70.0% of the way from random to the best slates; a follows with 50.0%. One seed shows no spread.",
        ),
        ({"a": [0.5, 0.7]}, "a closes 60.0% of the way from random to the best slates."),
        ({"a!": [0.5, 0.7]}, "Only privileged agents were compared: they show what could be reached."),
    ],
)
def test_the_summary_says_who_leads_and_whether_that_is_chance(agents, text):
    assert hand_study(agents).summary() == text


@pytest.mark.parametrize("agents", [{"a": [0.5]}, {"a": [0.5, 0.6]}, {"a!": [0.5]}, {"a": [0.5], "b": [0.6]}])
def test_few_agents_and_few_seeds_still_make_a_study(agents):
    study = hand_study(agents, that=agents)
    assert [len(table.rows) for table in study.tables] == [
        len(agents),
        len(agents) - 1,
        len(agents),
        len(agents),
    ]
    assert set(study.figures()) == {"curves", "regret", "differences"}
