"""The pictures show the figures that they should, in every kind of comparison."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation.plots import differences, learning_curves, regret_curves, save

from tests.agents.evaluation.hand_made import compared

CURVES = {"a": [[0.1, 0.2, 0.4], [0.3, 0.4, 0.4]], "b": [[0.5, 0.5, 0.9], [0.5, 0.6, 0.7]], "c!": [[1.0] * 3] * 2}


def lines(figure):
    """The lines of the only axes, by their labels."""
    return {line.get_label(): (line.get_xdata(), line.get_ydata()) for line in figure.axes[0].get_lines()}


@pytest.fixture
def result():
    return compared(CURVES)


def test_learning_curves_are_means_over_the_seeds(result):
    figure = learning_curves(result)
    drawn = lines(figure)
    assert list(drawn) == ["a", "b", "c (privileged)", "optimal, exact", "random, exact"]
    for label, of in zip(drawn, [*CURVES.values(), [[1.0] * 3], [[0.0] * 3]], strict=True):
        np.testing.assert_allclose(drawn[label][0], [10, 20, 30])
        np.testing.assert_allclose(drawn[label][1], np.mean(of, axis=0), atol=1e-9)
    assert figure.axes[0].get_title() == "hand/Made-v0"
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == list(drawn)


def test_a_band_is_the_interval_of_student(result):
    band = learning_curves(result).axes[0].collections[0].get_paths()[0].vertices
    for visits, *of in zip([10, 20], *np.array(CURVES["a"])[:, :2].tolist(), strict=True):
        at = band[np.isclose(band[:, 0], visits), 1]
        expected = stats.ttest_1samp(of, 0.0).confidence_interval()
        assert (at.min(), at.max()) == pytest.approx(tuple(expected))


def test_one_seed_has_no_band():
    for figure in (learning_curves(compared({"a": [0.5]})), regret_curves(compared({"a": [0.5]}))):
        assert not figure.axes[0].collections


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


def test_differences_are_to_the_baseline(result):
    figure = differences(result, "a")
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["b", "c (privileged)"]
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    gaps = {label: result.gaps(label) for label in result.labels}
    assert [line.get_xdata()[0] for line in marks] == pytest.approx(
        [(gaps[label] - gaps["a"]).mean() for label in ("b", "c (privileged)")]
    )
    assert "less that of a" in figure.axes[0].get_xlabel()


KINDS = {
    "some": CURVES,
    "one seed": {"a": [0.5], "b": [0.7]},
    "one agent": {"a": [0.5, 0.7]},
    "privileged only": {"c!": [1.0, 1.0]},
    "many": {f"agent {number}": [number / 30] * 2 for number in range(25)},
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


@pytest.mark.parametrize(("name", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_where_no_slate_is_better_there_are_pictures_too(name, magic):
    result = compared({"a": [1.0, 1.0], "b": [1.0, 1.0]}, random=1.0)
    for figure in (learning_curves(result), regret_curves(result), differences(result, "a")):
        file = io.BytesIO()
        save(figure, file, name)
        assert file.getvalue().startswith(magic)


def test_an_svg_is_the_same_whenever_it_is_written_and_its_text_is_text(result):
    written = []
    for _ in range(2):
        file = io.BytesIO()
        save(learning_curves(result), file, "svg")
        written.append(file.getvalue())
    assert written[0] == written[1]
    assert b">expected reward per slate<" in written[0]


def test_agents_have_one_colour_in_all_pictures(result):
    one, other = (
        {line.get_label(): line.get_color() for line in figure.axes[0].get_lines()}
        for figure in (learning_curves(result), regret_curves(result))
    )
    assert all(one[label] == colour for label, colour in other.items())
    assert len({tuple(one[label]) for label in result.labels}) == 3
