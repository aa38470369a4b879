"""What the tables say of comparisons whose answers are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation import tables
from selflearn_agents.evaluation.statistics import Interval
from selflearn_agents.evaluation.tables import (
    chunks_apart,
    differences,
    favourites,
    habits,
    interval,
    leaders,
    null_world,
    p_text,
    ranked,
    ranking,
    robustness,
)

from tests.agents.evaluation.hand_made import column, compared, rewards


def test_the_best_comes_first(result, rng):
    table = ranking(result, rng)
    assert [row[0] for row in table.rows] == ["e (privileged)", "b", "a", "c", "d"]  # c and d in the order asked for
    assert ranked(result) == [row[0] for row in table.rows]
    assert column(table, "expected reward")["b"] == "0.80"
    assert column(table, "regret")["b"] == "0.20"
    assert column(table, "gap")["a"].startswith("0.500 [0.4")
    assert column(table, "gap, interquartile mean")["a"].startswith(
        f"{np.mean(sorted(rewards(0.5, 'fair'))[1:4]):.3f} ["
    )


def test_neighbours_that_differ_are_told_apart_and_others_not(result, rng):
    against = column(ranking(result, rng), "against the next")
    for label, other in (("b", "a"), ("a", "c")):
        test = stats.ttest_rel(result.gaps(label), result.gaps(other)).confidence_interval()
        assert against[label] == f"0.300 [{test.low:.3f}, {test.high:.3f}]"
    assert against["c"].startswith("0.000 [-0.0")
    assert against["c"].endswith(", not distinct")
    assert against["d"] == ""  # nobody is below


def test_agents_of_equal_mean_and_another_share_are_not_told_apart(rng):
    """A difference of 0.02 in the mean, and its sign changes from seed to seed."""
    result = compared({"a": [0.5, 0.6, 0.4], "b": [0.52, 0.5, 0.54]})
    against = column(ranking(result, rng), "against the next")
    assert against["b"].endswith("not distinct")
    assert against["b"].startswith("0.020 [")


def test_the_last_tenth_is_of_the_last_chunk_of_ten(rng):
    curves = {"a": [[0.1] * 9 + [0.7], [0.1] * 9 + [0.9]], "b": [[0.5] * 10, [0.5] * 10]}
    table = ranking(compared(curves), rng)
    assert column(table, "gap, last tenth")["a"].startswith("0.800 [0.7")
    assert column(table, "gap")["a"].startswith("0.170 [0.1")


def test_differences_are_paired_and_their_p_values_are_holms(result, rng):
    table = differences(result, "a", rng)
    assert [row[0] for row in table.rows] == ["e (privileged)", "b", "c", "d"]
    assert table.title == "Paired differences to a"
    p = {row[0]: stats.ttest_rel(result.gaps(row[0]), result.gaps("a")).pvalue for row in table.rows}
    least, adjusted = 0.0, {}
    for place, label in enumerate(sorted(p, key=p.get)):
        least = max(least, (4 - place) * p[label])
        adjusted[label] = p_text(least)
    assert column(table, "p, Holm") == adjusted
    assert column(table, "difference of the gap")["c"].startswith("-0.300 [-0.3")
    assert column(table, "probability of improvement")["c"] == "0.00 [0.00, 0.00]"
    assert column(table, "probability of improvement")["b"] == "1.00 [1.00, 1.00]"


def test_a_known_p_value(rng):
    """Differences 1, 2, 3, 4, 5 of a hundredth: t = 3 / sqrt(2.5 / 5) = 4.243 with 4 degrees of freedom."""
    result = compared({"a": [0.5] * 5, "b": [0.51, 0.52, 0.53, 0.54, 0.55]})
    table = differences(result, "a", rng)
    assert column(table, "p, Holm")["b"] == "0.013"
    assert column(table, "difference of the gap")["b"] == "0.030 [0.010, 0.050]"


def test_sums_in_another_order_are_no_difference(rng):
    """The same slates in another order give figures that differ in the last digit, always in one direction."""
    one, other = [0.3] * 5, [0.1 + 0.2] * 5
    assert one != other
    result = compared({"a": one, "b": other})
    table = differences(result, "a", rng)
    assert table.rows[0][1:] == ["0.000 [0.000, 0.000]", "1.000", "0.50 [0.50, 0.50]", "0", "0"]
    assert ranked(result) == ["a", "b"]
    assert leaders(result) == ["a", "b"]


def test_chunks_are_counted_by_holms_p_values():
    """Of ten chunks b is clearly worse in two and better in three; in one p is below 0.05, but not by Holm."""
    base = np.array([0.50, 0.52, 0.48, 0.51, 0.49])
    clear = np.array([0.0, 0.001, -0.001, 0.002, -0.002])
    faint = 0.01 * np.array([1, 2, 3, 4, 5])  # p = 0.013
    none = np.array([0.1, -0.1, 0.05, -0.05, 0.0])
    moves = [-0.2 + clear, -0.1 + clear, 0.2 + clear, 0.1 + clear, 0.3 + clear, faint, none, none, none, none]
    curves = {"a": np.tile(base[:, None], 10).tolist(), "b": (base[:, None] + np.array(moves).T).tolist()}
    result = compared(curves)
    assert stats.ttest_rel(base + faint, base).pvalue < 0.05
    assert chunks_apart(result, "b", "a") == ("2", "3")
    assert chunks_apart(result, "a", "b") == ("3", "2")
    assert chunks_apart(result, "a", "a") == ("0", "0")


def test_the_counts_are_in_the_table(rng):
    curves = {"a": [[0.5] * 4 + [0.5]] * 3, "b": [[0.2] * 4 + [0.7]] * 3}
    table = differences(compared(curves), "a", rng)
    assert (column(table, "chunks worse"), column(table, "chunks better")) == ({"b": "4"}, {"b": "1"})
    assert "of the 5 stretches" in table.note


def test_one_seed_has_no_columns_that_it_cannot_fill(rng):
    result = compared({"a": [0.5], "b": [0.8], "c!": [0.9]})
    first = ranking(result, rng)
    assert first.head == [
        *("agent", "gap", "gap, last tenth", "real hits", "expected reward", "regret", "against the next"),
    ]
    assert column(first, "gap") == {"c (privileged)": "0.900", "b": "0.800", "a": "0.500"}
    assert column(first, "against the next") == {"c (privileged)": "0.100", "b": "0.300", "a": ""}
    paired = differences(result, "a", rng)
    assert paired.head == ["agent", "difference of the gap"]
    assert paired.rows == [["c (privileged)", "0.400"], ["b", "0.300"]]
    for table in (first, paired):
        assert "One seed shows no spread" in table.note
        assert not any(word in table.note for word in ("bracket", "interval that", "Holm", "distinct"))
    assert leaders(result) == ["b"]  # one seed sets nobody apart, and claims nothing
    assert column(robustness({"one": result}), "one") == {"c (privileged)": "0.900", "b": "0.800*", "a": "0.500"}


def test_one_visit_in_all_gives_dashes(rng):
    result = compared({"a": [[0.5]]}, every=1, random=0.5, optimal=0.5)
    assert null_world(result).rows == [["a", "0.500", "0.500", "-", "-"]]
    assert "gap" not in ranking(result, rng).head
    assert differences(result, "a", rng).rows == []


def test_habits_are_means_over_the_seeds(rng):
    result = compared({"a": [0.5, 0.5], "b": [0.8, 0.8]}, purchases=0.25, exploration=np.nan, shown=[[3, 1, 0, 0]])
    table = habits(result)
    assert [row[0] for row in table.rows] == ["b", "a"]
    assert column(table, "purchases")["a"] == "0.250"
    assert "exploration" not in table.head
    assert column(table, "coverage")["a"] == "0.500"
    assert column(table, "Gini")["a"] == "0.625"  # (0, 0, 1, 3) times (-3, -1, 1, 3), by 4 * 4
    assert (column(table, "slates/s")["a"], column(table, "slates/s, agent")["a"]) == ("50", "100")


def test_every_table_is_a_rectangle(result, rng):
    catalogue = SimpleNamespace(descriptions=np.array(["tea", "cup"]))
    made = [
        ranking(result, rng),
        differences(result, "a", rng),
        habits(result),
        robustness({"one": result}),
        null_world(result),
        favourites(result, "a", catalogue, ["Q1"], 3),
    ]
    for table in made:
        assert {len(row) for row in table.rows} == {len(table.head)}, table.name
        assert all(isinstance(cell, str) for row in table.rows for cell in row)
    assert len({table.name for table in made}) == len(made)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Interval(0.12345, 0.1, 0.2), "0.123 [0.100, 0.200]"),
        (Interval(-0.0001, -0.0002, 0.0002), "0.000 [0.000, 0.000]"),
        (Interval(0.5, np.nan, np.nan), "0.500"),
        (Interval(np.nan, np.nan, np.nan), "-"),
        (Interval(1234.5, 1000, 2000), "1,234.500 [1,000.000, 2,000.000]"),
    ],
)
def test_intervals_as_text(found, text):
    assert interval(found, 3) == text


@pytest.mark.parametrize(
    ("p", "text"), [(np.nan, "-"), (0.0, "< 0.001"), (0.00099, "< 0.001"), (0.05, "0.050"), (1.0, "1.000")]
)
def test_p_values_as_text(p, text):
    assert p_text(p) == text


def test_the_level_is_the_one_that_the_notes_say(result, rng):
    assert pytest.approx(0.05) == tables.ALPHA
    assert "95%" in ranking(result, rng).note
