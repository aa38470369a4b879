"""The pictures of a comparison show the figures that they should, in every kind of comparison."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.plots.comparison import differences, learning_curves, regret_curves
from selflearn_agents.plots.looks import look_of
from selflearn_agents.plots.style import save

from tests.agents.evaluation.hand_made import compared

CURVES = {"a": [[0.1, 0.2, 0.4], [0.3, 0.4, 0.4]], "b": [[0.5, 0.5, 0.9], [0.5, 0.6, 0.7]], "c!": [[1.0] * 3] * 2}


def lines(figure):
    """The named lines of the only axes."""
    drawn = [line for line in figure.axes[0].get_lines() if line.get_label() and line.get_label()[0] != "_"]
    return {line.get_label(): (line.get_xdata(), line.get_ydata()) for line in drawn}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.fixture
def result():
    return compared(CURVES)


def test_learning_curves_are_the_gap_mean_over_the_seeds():
    """Random slates earn 1, the best ones 3."""
    drawn = lines(learning_curves(compared(CURVES, random=-1.0, optimal=3.0)))
    assert list(drawn) == ["a", "b", "c (privileged)"]
    for label, of in zip(drawn, CURVES.values(), strict=True):
        np.testing.assert_allclose(drawn[label][0], [10, 20, 30])
        np.testing.assert_allclose(drawn[label][1], (np.mean(of, axis=0) + 1) / 4, atol=1e-9)


def test_each_line_has_its_name_at_its_end_and_no_legend(result):
    figure = learning_curves(result)
    assert [text.replace("\n", " ") for text in texts(figure)] == ["a", "b", "c (privileged)"]
    assert figure.axes[0].get_legend() is None


def test_a_band_is_the_interval_of_student(result):
    band = learning_curves(result).axes[0].collections[0].get_paths()[0].vertices
    for visits, *of in zip([10, 20], *np.array(CURVES["a"])[:, :2].tolist(), strict=True):
        at = band[np.isclose(band[:, 0], visits), 1]
        expected = stats.ttest_1samp(of, 0.0).confidence_interval()
        assert (at.min(), at.max()) == pytest.approx(tuple(expected))


def test_one_seed_has_no_bands_and_no_whiskers_and_nothing_speaks_of_them():
    one = compared({"a": [0.5], "b": [0.7]})
    for figure in (learning_curves(one), regret_curves(one), differences(one, "a")):
        assert not figure.axes[0].collections
        assert not any("band" in text.get_text() or "interval" in text.get_text() for text in figure.texts)
        assert "one seed" in " ".join(text.get_text() for text in figure.texts)
    assert {line.get_marker() for line in differences(one, "a").axes[0].get_lines()[1:]} == {look_of("b").marker}


def test_regret_adds_up_the_visits(result):
    figure = regret_curves(result)
    drawn = lines(figure)
    assert list(drawn) == ["a", "b"]  # the privileged one has none
    regret = 10 * np.cumsum(1 - np.array(CURVES["a"]), axis=1)
    np.testing.assert_allclose(drawn["a"][1], regret.mean(axis=0))
    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("log", "log")


def test_an_agent_that_begins_without_regret_is_drawn_from_where_it_has_some():
    drawn = lines(regret_curves(compared({"a": [[1.0, 1.0, 0.5, 0.5]] * 2})))
    np.testing.assert_allclose(drawn["a"][1], [np.nan, np.nan, 5.0, 10.0])


def test_differences_are_to_the_baseline_the_best_on_top(result):
    figure = differences(result, "a")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["c (privileged)", "b"]
    gaps = {label: result.gaps(label) for label in result.labels}
    points = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in points] == pytest.approx(
        [(gaps[label] - gaps["a"]).mean() for label in ("c (privileged)", "b")]
    )
    assert "minus that of a" in axes.get_xlabel()
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is on top


KINDS = {
    "some": CURVES,
    "one agent": {"a": [0.5, 0.7]},
    "privileged only": {"c!": [1.0, 1.0]},
    "many": {f"agent {number}": [number / 30] * 2 for number in range(15)},
    "no loss": {"a": [1.0], "b": [1.0]},
    "names of all kinds": {
        "ümlaut <b>&": [0.5, 0.6],
        "ucb(" + ", ".join(f"option{n}={n}" for n in range(12)): [0.5, 0.7],
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_can_be_written_without_a_warning(kind):
    result = compared(KINDS[kind])
    for figure in (learning_curves(result), regret_curves(result), differences(result, result.labels[0])):
        save(figure, io.BytesIO(), "svg")


def test_where_no_slate_is_better_the_picture_says_so():
    result = compared({"a": [1.0, 1.0], "b": [1.0, 1.0]}, random=1.0)
    for figure in (learning_curves(result), regret_curves(result)):
        assert texts(figure) == ["nothing to draw: no slate is better than another"]
        save(figure, io.BytesIO(), "png")
    save(differences(result, "a"), io.BytesIO(), "png")


def test_agents_have_one_colour_in_all_pictures(result):
    for figure in (learning_curves(result), regret_curves(result)):
        drawn = {line.get_label(): line.get_color() for line in figure.axes[0].get_lines()}
        assert all(drawn[label] == look_of(label).colour for label in lines(figure))
