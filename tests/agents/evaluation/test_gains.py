"""Where agents gain: maps of which every cell is known."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from selflearn_agents.evaluation import ComparisonResult
from selflearn_agents.evaluation.report.gains import Gains, section

from tests.agents.evaluation.hand_made import compared, run_of


def result_of(shop, agents):
    """A comparison of one run each, of agents with the visits and rewards of (month, weekday) -> (visits, reward)."""
    runs = []
    table = shop.states.table
    for level, (agent, known) in enumerate(agents.items()):
        visits, reward = np.zeros(len(table)), np.full(len(table), np.nan)
        for (month, weekday), (count, mean) in known.items():
            state = shop.states.encode([[2, month, 1, weekday]])[0]
            visits[state], reward[state] = count, mean
        runs.append(run_of(agent, 0, [level / 10] * 5, states=(visits, reward)))
    return ComparisonResult(tuple(runs))


KNOWN = {
    "popular": {(2, 0): (10, 1.0), (2, 1): (30, 2.0), (6, 1): (20, 3.0)},
    "own": {(2, 0): (10, 1.5), (2, 1): (30, 4.0), (6, 1): (20, 2.75)},
}


def rows_of(text):
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", text)
    return [(unescape(name), re.findall(r"<td([^>]*)>(.*?)</td>", cells)) for name, cells in rows]


def test_gains_are_of_all_visits_in_a_group(tiny_shop):
    gains = Gains(result_of(tiny_shop, KNOWN), "popular", tiny_shop.states)
    by_month = gains.by("own", tiny_shop.states.table[:, 1], 12)
    assert by_month[2] == pytest.approx((10 * 0.5 + 30 * 2.0) / 40)
    assert by_month[6] == pytest.approx(-0.25)
    assert np.isnan(np.delete(by_month, [2, 6])).all()


def test_the_maps_show_them_in_words_and_colours(tiny_shop):
    made = section(Gains(result_of(tiny_shop, KNOWN), "popular", tiny_shop.states))
    assert (
        made.title
        == "own is furthest ahead of popular in March (+1.62 per slate), and behind in July (−0.25 per slate)"
    )
    assert re.findall(r'<th scope="col">(.*?)</th>', made.part) == [
        "agent",
        "March",
        "July",
        "state",
        "Monday",
        "Tuesday",
    ]
    month, *states = rows_of(made.part)
    assert month == (
        "own",
        [(' class="gains" style="--share: 1.0"', "+1.62"), (' class="loses" style="--share: 0.15"', "−0.25")],
    )
    here = [cells for name, cells in states if name == "C, second half"]
    assert [[text for _, text in cells] for cells in here] == [["+0.50", "+1.10"]]  # (30 * 2 - 20 * 0.25) / 50
    assert all(text == "" for name, cells in states if name != "C, second half" for _, text in cells)


@pytest.mark.parametrize(
    ("own", "title"),
    [
        ({(2, 0): (5, 2.0)}, "own is furthest ahead of popular in March (+1.00 per slate)"),
        ({(2, 0): (5, 0.5)}, "own is never ahead of popular, and furthest behind in March (−0.50 per slate)"),
    ],
)
def test_the_heading_says_what_is_there(own, title, tiny_shop):
    agents = {"popular": {(2, 0): (5, 1.0)}, "own": own}
    assert section(Gains(result_of(tiny_shop, agents), "popular", tiny_shop.states)).title == title


@pytest.mark.parametrize(
    ("own", "title"),
    [
        (
            {(2, 0): (5, 1.001), (6, 0): (5, 0.8)},
            "own is never ahead of popular, and furthest behind in July (−0.20 per",
        ),
        (
            {(2, 0): (5, 1.2), (6, 0): (5, 0.999)},
            "own is furthest ahead of popular in March (+0.20 per slate), least in",
        ),
        ({(2, 0): (5, 0.999), (6, 0): (5, 1.001)}, "own gains as much as popular in every month"),
    ],
)
def test_what_a_map_rounds_to_nothing_is_no_lead(own, title, tiny_shop):
    agents = {"popular": dict.fromkeys(own, (5, 1.0)), "own": own, "other": dict.fromkeys(own, (5, 2.0))}
    gains = Gains(result_of(tiny_shop, agents), "popular", tiny_shop.states)
    gains.leader = "own"
    assert section(gains).title.startswith(title)


def test_where_all_others_are_privileged_the_best_of_them_leads(tiny_shop):
    result = result_of(tiny_shop, KNOWN)
    runs = tuple(replace(run, privileged=run.agent == "own") for run in result.runs)
    made = section(Gains(ComparisonResult(runs), "popular", tiny_shop.states))
    assert made.title.startswith("own (privileged) is furthest ahead of popular in March")


@pytest.mark.parametrize("agents", [{"popular": KNOWN["own"]}, {"popular": KNOWN["own"], "own": KNOWN["own"]}])
def test_where_nobody_gains_there_is_no_map(agents, tiny_shop):
    assert section(Gains(result_of(tiny_shop, agents), "popular", tiny_shop.states)) is None


def test_runs_of_all_seeds_count(tiny_shop):
    size = tiny_shop.states.size
    one, other = (
        compared({"popular": [0.0], "own": [0.1]}, states=(np.full(size, count), np.full(size, mean)))
        for count, mean in ((1, 0.0), (3, 4.0))
    )
    both = ComparisonResult((one.runs[0], one.runs[0], one.runs[1], other.runs[1]))
    gains = Gains(both, "popular", tiny_shop.states).by("own", np.zeros(size, dtype=int), 1)
    assert gains.tolist() == [3.0]  # one visit that earns 0, and three that earn 4
