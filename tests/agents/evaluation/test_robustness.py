"""Who leads in each world, over as many visits in each; and what the agents show most."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation.tables import favourites, leaders, ranked, robustness

from tests.agents.evaluation.hand_made import column, compared
from tests.agents.evaluation.test_tables import rewards


def test_leaders_are_the_best_and_those_not_told_from_it(result):
    assert leaders(result) == ["b"]  # the privileged one leads nobody
    near = compared({"a": [0.5, 0.6, 0.4], "b": [0.52, 0.5, 0.54], "c": [0.1, 0.12, 0.09], "d!": [1.0, 1.0, 1.0]})
    assert leaders(near) == ["b", "a"]


def test_the_best_of_many_is_not_told_from_the_rest_by_chance():
    """The best against each of three others: p = 0.034, which counts three times."""
    near = [0.49, 0.46, 0.49, 0.47, 0.49]
    alone = compared({"a": [0.5] * 5, "b": near})
    assert stats.ttest_rel([0.5] * 5, near).pvalue == pytest.approx(0.034, abs=0.001)
    crowd = compared({"a": [0.5] * 5, **dict.fromkeys("bcd", near)})
    assert leaders(alone) == ["a"]
    assert leaders(crowd) == ["a", "b", "c", "d"]


def test_without_an_agent_that_is_not_privileged_nobody_leads(rng):
    result = compared({"a!": rewards(0.5)})
    assert leaders(result) == []
    assert column(robustness({"one": result}), "one") == {"a (privileged)": "0.500"}


def test_robustness_stars_the_leaders_of_each_world(result):
    other = compared(
        {"a": rewards(0.9), "b": rewards(0.5), "c": rewards(0.9, "poor"), "d": rewards(0.1), "e!": rewards(0.95)}
    )
    table = robustness({"this": result, "that": other})
    assert table.head == ["agent", "this", "that"]
    assert [row[0] for row in table.rows] == ["e (privileged)", "b", "a", "c", "d"]
    assert column(table, "this") == {"e (privileged)": "0.900", "b": "0.800*", "a": "0.500", "c": "0.200", "d": "0.200"}
    assert column(table, "that") == {
        "e (privileged)": "0.950",
        "b": "0.500",
        "a": "0.900*",
        "c": "0.900*",
        "d": "0.100",
    }


def test_robustness_compares_as_many_visits_in_each_world():
    """In the long run a overtakes b; over the visits that the other world has, it does not."""
    long = compared({"a": [[0.2] * 2 + [0.9] * 8] * 3, "b": [[0.5] * 10] * 3})
    short = compared({"a": [[0.2] * 10] * 3, "b": [[0.5] * 10] * 3}, every=2)
    assert ranked(long) == ["a", "b"]
    table = robustness({"long": long, "short": short})
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert column(table, "long") == column(table, "short") == {"a": "0.200", "b": "0.500*"}
    assert "first 20 visits" in table.note


def test_favourites_are_shares_of_the_slates(result):
    shown = [[30, 0, 20, 40], [0, 0, 0, 0]]  # 90 showings, 30 slates of 3
    catalogue = SimpleNamespace(descriptions=np.array(["tea", "cup", "pot", "jam"]))
    table = favourites(compared({"a": [0.5]}, shown=shown), "a", catalogue, ["Q1", "Q2"], 3)
    assert table.head == ["segment", "1.", "2.", "3.", "4."]
    assert table.rows[0] == ["Q1", "jam (133%)", "tea (100%)", "pot (67%)", "-"]
    assert table.rows[1] == ["Q2", "-", "-", "-", "-"]  # where nobody came


def test_favourites_sum_over_the_seeds_and_name_five():
    catalogue = SimpleNamespace(descriptions=np.array([f"p{product}" for product in range(8)]))
    shown = [[1, 8, 2, 7, 3, 6, 4, 5]]
    table = favourites(compared({"a": [0.5, 0.6]}, shown=shown), "a", catalogue, ["Q1"], 4)
    assert table.rows == [["Q1", "p1 (89%)", "p3 (78%)", "p5 (67%)", "p7 (56%)", "p6 (44%)"]]
