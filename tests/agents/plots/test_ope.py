"""The picture of an offline result."""

from __future__ import annotations

import io
from math import inf, nan

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from selflearn_agents.ope.summary import finding
from selflearn_agents.plots.ope import PALE, TRUSTED, draw, figure_of, size_of
from selflearn_agents.plots.style import save

from tests.agents.ope.by_hand import BAD, NONE, estimate, result

MIXED = result(
    estimate("sips", 3.0, 2.0, 4.0),
    estimate("rips", 1.5, 0.5, 2.5, BAD),
    estimate("dr", -900.0, -2000.0, 200.0, BAD),
    estimate("dm", 1.2, verdict="cannot tell: it is as good as its reward model"),
    estimate("iips", verdict=NONE),
)


def drawn(of, title=""):
    """The axes, after all was rendered."""
    axes = draw(of, Figure(layout="constrained").subplots(), title)
    axes.figure.draw_without_rendering()
    return axes


def lines_of(axes, row):
    """What is drawn in a row: (x, marker, colour, whether it is hollow)."""
    return [
        (line.get_xdata().tolist(), line.get_marker(), to_hex(line.get_color()), line.get_markerfacecolor() == "white")
        for line in axes.lines[1:]
        if line.get_ydata()[0] == row
    ]


def test_each_estimate_has_its_line_and_its_word():
    axes = drawn(MIXED)
    pale = to_hex(PALE)
    low, high = axes.get_xlim()
    assert lines_of(axes, 0) == [([2.0, 4.0], "None", TRUSTED, False), ([3.0], "o", TRUSTED, False)]
    assert [line[:3] for line in lines_of(axes, 1)] == [([0.5, 2.5], "None", pale), ([1.5], "o", pale)]
    assert lines_of(axes, 1)[1][3]
    assert [line[:2] for line in lines_of(axes, 2)] == [([low, high], "None"), ([low], "<"), ([high], ">")]
    assert [line[:2] for line in lines_of(axes, 3)] == [([1.2], "o")]
    assert lines_of(axes, 4) == []
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sips", "rips", "dr", "dm", "iips"]
    assert [text.get_text() for text in axes.texts] == [
        *("trust", "do not trust", "do not trust", "cannot tell", "no estimate")
    ]
    first, last = axes.get_ylim()
    assert first > 4 > 0 > last  # from the top down


def test_the_logged_reward_is_a_line_in_its_interval():
    axes = drawn(MIXED)
    assert axes.lines[0].get_xdata() == [1.0, 1.0]
    (span,) = axes.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((0.9, 1.1))


def test_the_axis_spans_what_matters():
    low, high = drawn(MIXED).get_xlim()
    assert -1 < low < 0.5 < 4.0 < high < 5


@pytest.mark.parametrize("scale", [1e-40, 1.0, 1e300])
def test_rewards_of_any_size(scale):
    estimates = [estimate("sips", 3 * scale, 2 * scale, 4 * scale), estimate("dm", -5 * scale, verdict=BAD)]
    axes = drawn(result(*estimates, logged=(scale, 0.9 * scale, 1.1 * scale)))
    low, high = axes.get_xlim()
    assert -10 * scale < low < -4 * scale < 4 * scale < high < 10 * scale


@pytest.mark.parametrize(
    ("logged", "strange"), [((0.0, 0.0, 0.0), nan), ((-14.8, -14.9, -14.7), inf), ((5.0, 5.0, 5.0), -inf)]
)
def test_nothing_to_draw(logged, strange):
    axes = drawn(result(*(estimate(f"{name}", strange, verdict=BAD) for name in range(20)), logged=logged))
    low, high = axes.get_xlim()
    assert low < logged[1] <= logged[2] < high
    assert len(axes.lines) == 1
    assert len(axes.get_yticklabels()) == 20


def test_words_and_names_have_their_room():
    many = result(*(estimate(f"an_estimator_{row:02}", 1.0 + row, row, row + 2.0) for row in range(20)))
    figure = Figure(size_of(many), layout="constrained")
    axes = draw(many, figure.subplots(), "a target" * 20)
    figure.draw_without_rendering()
    all_of_it = axes.get_tightbbox()  # with names, words and title
    assert all_of_it.x0 >= -1
    assert all_of_it.x1 <= figure.bbox.width + 1
    assert all_of_it.y0 >= -1
    assert all_of_it.y1 <= figure.bbox.height + 1
    heights = np.array([[box.y0, box.y1] for box in (text.get_window_extent() for text in axes.texts)])
    assert (heights[:-1, 0] > heights[1:, 1]).all()  # none over the next


def test_the_title_says_the_finding_and_is_no_formula():
    figure = figure_of({"a$b$.npz": MIXED, "other": MIXED})
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert titles == [finding(MIXED, "a$b$.npz"), finding(MIXED, "other")]
    file = io.BytesIO()
    save(figure, file, "svg")
    assert "a$b$.npz" in file.getvalue().decode()
    untitled = figure_of({"other": MIXED}, titled=False)
    assert not untitled.texts
    assert untitled.axes[0].get_title(loc="left") == ""


def test_one_target_has_its_finding_for_a_headline_and_several_are_counted():
    title, detail = (" ".join(text.get_text().split()) for text in figure_of({"popular": MIXED}).texts)
    assert title == "popular would have earned 2.00 more per visit than was logged"
    assert detail == "95% interval 1.00 to 3.00, by sips. Of 5 estimates, 1 can be trusted."
    none = result(estimate("rips", 1.5, 0.5, 2.5, BAD))
    title, _ = (" ".join(text.get_text().split()) for text in figure_of({"popular": none}).texts)
    assert title == "This log cannot tell what popular would have earned"
    both = figure_of({"popular": MIXED, "other": none})
    assert both.texts[0].get_text().split("\n") == [
        "1 of 2 policies would have earned more than was logged; of 1",
        "this log cannot tell",
    ]


def test_a_result_draws_itself():
    axes = Figure().subplots()
    assert MIXED.plot(axes) is axes
    assert axes.get_title(loc="left").replace("\n", " ") == finding(MIXED)
    own = MIXED.plot()
    assert pyplot.gcf() is own.figure
    pyplot.close(own.figure)
