"""The page of a comparison, read as text."""

from __future__ import annotations

import json
import re
from html import escape, unescape

import numpy as np
import pytest
from selflearn_agents.evaluation import Plan, World
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.report import html, slates
from selflearn_agents.evaluation.study import Study, run_study

from selflearn_env import Drift
from tests.agents.evaluation.hand_made import compared
from tests.agents.evaluation.reports import EVIL, MADE, TITLE, N


@pytest.fixture(scope="module")
def page_text(study):
    return html(study, TITLE, MADE, "a shop & more")


def data_of(page_text):
    return json.loads(re.search(r'<script type="application/json" id="slates-data">(.*?)</script>', page_text).group(1))


def test_every_cell_of_every_table_is_on_the_page(study, page_text):
    text = page_text.replace("<wbr>", "")  # where a name may be broken
    cells = {unescape(cell) for cell in re.findall(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", text, re.DOTALL)}
    for table in study.tables:
        assert {*table.head, *(cell for row in table.rows for cell in row)} <= cells, table.name
        assert escape(table.note).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page_text
    assert unescape(re.search(r'<p class="lead">(.*?)</p>', page_text).group(1)) == study.summary()
    assert "a shop &amp; more" in page_text


def test_nothing_is_fetched(page_text):
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page_text)
    assert "http:" not in page_text
    assert "https:" not in page_text
    assert "default-src 'none'" in page_text  # the browser would refuse it, too


def test_what_runs_is_what_this_package_has_written(page_text):
    scripts = re.findall(r"<script[^>]*>\n?(.*?)</script>", page_text, re.DOTALL)
    assert len(scripts) == 3
    assert not any(EVIL in script for script in scripts)
    assert EVIL in [agent["name"] for agent in data_of(page_text)["agents"]]


def test_pictures_are_whole_and_in_two_widths(page_text):
    pictures = re.findall(r"<svg .*?</svg>", page_text, re.DOTALL)
    assert len(pictures) == 6
    ids = [name for picture in pictures for name in set(re.findall(r'id="([^"]*)"', picture))]
    assert len(set(ids)) == len(ids)
    for picture in pictures:
        used = set(re.findall(r'(?:url\(#|href="#)([^")]*)', picture))
        assert used <= set(re.findall(r'id="([^"]*)"', picture))
        assert "#262626" not in picture  # ink, which is pale where the page is dark
        assert 'role="img" aria-label="' in picture


def test_equal_studies_give_equal_pages(study, page_text):
    assert html(study, TITLE, MADE, "a shop & more") == page_text


def test_the_slates_are_those_of_the_agents_and_their_figures_exact(study, page_text):
    data, world = data_of(page_text), study.world
    usual, simulator = world.usual, world.simulator
    assert data["states"] == usual.visits.state.tolist()
    names = [agent["name"] for agent in data["agents"]]
    assert names[0] == "the best slate"
    assert sorted(names[1:]) == sorted(study.main.labels)
    descriptions = study.shop.catalogue.descriptions
    random = simulator.random_reward(usual.visits)
    best_reward = simulator.expected_reward(usual.visits, simulator.optimal_slate(usual.visits))
    for agent in data["agents"]:
        best = agent["name"] == "the best slate"
        own = simulator.optimal_slate(usual.visits) if best else study.main.runs_by(agent["name"])[0].slates
        shown = np.array(data["names"])[agent["slates"]].reshape(own.shape)
        np.testing.assert_array_equal(shown, descriptions[own])
        np.testing.assert_allclose(
            np.array(agent["value"]) / 100, simulator.expected_reward(usual.visits, own), atol=0.0051
        )
        gap = share_of_gap(simulator.expected_reward(usual.visits, own), random, best_reward)
        np.testing.assert_allclose(agent["gap"], 100 * gap, atol=0.51)  # not of numbers that are rounded already
        probability = simulator.response_probability(usual.visits, own)
        for name, response in (("clicks", 1), ("buys", 2)):
            np.testing.assert_allclose(np.array(agent[name]) / 1000, probability[..., response].ravel(), atol=0.00051)
    share = simulator.state_probability[usual.visits.state]
    np.testing.assert_array_equal(data["share"], np.rint(share * 10_000))


def test_a_page_without_room_keeps_the_states_with_most_visits(study, monkeypatch):
    monkeypatch.setattr(slates, "MOST_SLOTS", 6 * N * 4)  # five agents and the best slates
    section = slates.section(study)
    assert "Only the 4 states with most visits are here" in section.text
    share = study.world.simulator.state_probability
    assert sorted(share[data_of(str(section.part))["states"]]) == sorted(share)[-4:]


def test_of_one_seed_nothing_speaks_of_intervals(tiny_shop):
    world = World("independent", "selflearn/Retail-v0", 60, {"shop": tiny_shop, "slate_size": N})
    text = html(run_study(Plan(["popular", "random"], [world], 1, 10, progress=False)), TITLE, MADE)
    assert "One seed shows no spread" in text
    for part in ("ranking", "learning", "regret", "differences"):
        section = re.search(f'<section id="{part}">(.*?)</section>', text, re.DOTALL).group(1)
        assert not re.search(
            r"95 ?% (stratified|interval)|Holm|bands|bracket|<td>-</td>",
            re.sub(r"<svg.*?</svg>", "", section, flags=re.DOTALL),
        )


def test_where_interest_drifts_the_page_says_why_there_are_no_slates(tiny_shop):
    options = {"shop": tiny_shop, "slate_size": N, "drift": Drift(spread=1.0, every=10)}
    world = World("independent", "selflearn/Retail-v0", 50, options)
    text = html(run_study(Plan(["popular", "random"], [world], 1, 10, progress=False)), TITLE, MADE)
    assert "There are no slates to look at: what customers want, or what may be shown, changes" in text
    assert "slates-data" not in text


def test_of_persons_the_page_names_the_customer(regulars_shop):
    world = World("independent", "selflearn/RetailPeople-v0", 60, {"shop": regulars_shop, "slate_size": N})
    text = html(run_study(Plan(["again", "popular"], [world], 1, 10, progress=False)), TITLE, MADE)
    assert "The customer is one of the log" in text
    notes = data_of(text)["notes"]
    usual = world.usual
    assert len(notes) == len(usual.seen)
    bought = np.diff(usual.seen.record.start)
    for note, customer, visits, items in zip(notes, usual.seen.customer, usual.seen.visits, bought, strict=True):
        how = f"after {visits} visits with {items} products bought" if visits else "on a first visit"
        assert note == f"Customer {customer}, {how}."
    share = world.simulator.state_probability[usual.visits.state]
    first = usual.visits.state.tolist().index(data_of(text)["first"])
    assert share[first] == share[bought > 0].max()  # at first, a customer is shown of whom something is known


@pytest.mark.parametrize("agents", [{"a": [0.5]}, {"a!": [0.5, 0.6]}])
def test_a_page_of_one_agent(agents, tiny_shop):
    """Without other worlds, and without anybody to differ from."""
    result = compared(agents, shown=[[3] * 8] * 4, states=np.ones((2, tiny_shop.states.size)))
    text = html(Study(result, None, {}, "this", tiny_shop, N), "One", {})
    assert re.findall(r'<section id="(\w+)"', text) == [
        *("learning", "ranking", "regret", "differences", "habits", "favourites", "made"),
    ]
