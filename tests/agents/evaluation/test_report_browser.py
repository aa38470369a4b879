"""The page of a comparison in a browser: wide and narrow, light and dark, by keys alone."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure
from selflearn_agents.evaluation.markdown import Table
from selflearn_agents.evaluation.page import Picture, Section, page
from selflearn_agents.evaluation.report import html

from tests.agents.evaluation.reports import EVIL, MADE, TITLE

SECTIONS = [
    *("learning", "ranking", "regret", "differences", "gains", "slates", "habits", "robustness", "null", "favourites"),
    "made",
]
ROWS = {"ranking": [5], "differences": [4], "habits": [5], "robustness": [5], "null": [5], "favourites": [4] * 5}
WINDOWS = [(1280, "light"), (390, "light"), (390, "dark"), (1280, "dark")]
FOCUSABLE = "a[href], select, summary, [tabindex='0']"
SMALLEST = 9.0  # CSS pixels of letters


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(study, TITLE, MADE, "a shop & more"), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
def opened(request, browser, path):
    """The page in some window, with what it said and asked for while it opened."""
    width, scheme = request.param
    window = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    window.said, window.asked, window.scheme = [], [], scheme
    window.on("console", lambda message: window.said.append(message.text))
    window.on("windowerror", lambda error: window.said.append(str(error)))
    window.on("request", lambda asked: window.asked.append(asked.url))
    window.goto(path.as_uri(), wait_until="load")
    yield window
    window.close()


def choose(window, state, states):
    """Chooses a state by its four labels."""
    for tier, number in enumerate(states.decode([state])[0].tolist()):
        window.select_option(f"#tier-{tier}", str(number))


def cards(window):
    """What each agent shows: name -> words below it, products."""
    return window.evaluate(
        """Object.fromEntries([...document.querySelectorAll(".card")].map(card => [
            card.querySelector("h3").innerText,
            [card.querySelector("p").innerText, [...card.querySelectorAll("tbody th")].map(cell => cell.innerText)],
        ]))"""
    )


def test_it_opens_without_a_word_and_without_a_network(opened, path):
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [path.as_uri()]
    assert opened.title() == TITLE


def test_no_part_is_wider_than_the_window(opened):
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, nav, figure, .scroll, select, dl')]"
        ".filter(part => !part.parentElement.closest('.scroll'))"
        ".every(part => part.getBoundingClientRect().right <= innerWidth)"
    )


def test_letters_of_pictures_can_be_read(opened):
    sizes = opened.evaluate(
        """[...document.querySelectorAll('svg text')].filter(text => text.getClientRects().length).map(text => {
            const to_screen = text.getScreenCTM();
            return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(to_screen.a, to_screen.b);
        })"""
    )
    assert len(sizes) > 30
    assert min(sizes) >= SMALLEST


def test_each_picture_is_there_once_and_in_words(opened):
    seen = "svg => svg.getBoundingClientRect().width > 0"
    for figure in opened.query_selector_all("figure"):
        drawn = [svg for svg in figure.query_selector_all("svg") if svg.evaluate(seen)]
        assert len(drawn) == 1
        assert drawn[0].get_attribute("aria-label") == figure.query_selector("h3").inner_text()
    assert len(opened.query_selector_all("figure")) == 3


def test_pictures_and_page_are_dark_for_who_wants_it_so(opened):
    paper, ink, letters = opened.evaluate(
        """[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
            getComputedStyle(document.querySelector('svg text')).fill]"""
    )
    light, dark = ("rgb(255, 255, 255)", "rgb(29, 36, 51)"), ("rgb(20, 24, 31)", "rgb(228, 232, 240)")
    assert (paper, ink) == (light if opened.scheme == "light" else dark)
    assert letters == ink


def test_what_scrolls_sideways_says_so(opened):
    boxes = opened.evaluate(
        """[...document.querySelectorAll('.scroll')].filter(box => box.checkVisibility()).map(box =>
            [box.scrollWidth > box.clientWidth + 2, getComputedStyle(box.nextElementSibling).display === 'block',
             box.nextElementSibling.textContent])"""
    )
    assert all(scrolls == said for scrolls, said, _ in boxes)
    assert all(text.startswith("Scroll sideways") for _, _, text in boxes)
    assert any(scrolls for scrolls, _, _ in boxes) or opened.viewport_size["width"] > 1000


def test_all_sections_are_there_and_linked(opened):
    assert [part.get_attribute("id") for part in opened.query_selector_all("section")] == SECTIONS
    links = [link.get_attribute("href") for link in opened.query_selector_all("nav a")]
    assert links == [f"#{name}" for name in SECTIONS]
    assert all(part.inner_text().strip() for part in opened.query_selector_all("section, h1, h2, h3, nav a, .lead"))


def test_tables_have_their_rows(opened):
    for name, rows in ROWS.items():
        bodies = opened.query_selector_all(f"#{name} tbody")
        assert [len(body.query_selector_all("tr")) for body in bodies] == rows, name
    widths = opened.evaluate(
        "[...document.querySelectorAll('table')]"
        ".map(table => new Set([...table.rows].map(row => row.cells.length)).size)"
    )
    assert set(widths) == {1}


def test_no_text_becomes_a_part_of_the_page(opened):
    assert len(opened.query_selector_all("script")) == 3
    assert opened.query_selector_all("dd b") == []
    for part in ("ranking", "favourites", "gains", "slates"):
        assert EVIL in opened.text_content(f"#{part}")
    assert "& \"tea\" for 'two'" in opened.inner_text("#favourites")


def test_choosing_a_state_shows_its_slates(opened, study):
    usual, simulator, states = study.world.usual, study.world.simulator, study.shop.states
    met = usual.visits.state
    often = met[simulator.state_probability[met].argmax()]
    shown = []
    for state in (often, met[0], met[-1]):
        if state != often:  # it is chosen at first
            choose(opened, state, states)
        row, found = met.tolist().index(state), cards(opened)
        assert set(found) == {"the best slate", *study.main.labels}
        for name, (words, products) in found.items():
            best = name == "the best slate"
            slate = simulator.optimal_slate([state])[0] if best else study.main.runs_by(name)[0].slates[row]
            assert products == study.shop.catalogue.descriptions[slate].tolist()
            value = simulator.expected_reward([state], [slate])[0]
            assert float(re.search(r"reward (\S+?),?( |$)", words.replace("−", "-")).group(1)) == pytest.approx(
                value, abs=0.0051
            )
        shown.append(found)
    assert shown[0] != shown[1] != shown[2]
    tiers = states.decode(met)
    for tier in range(4):
        offered = opened.eval_on_selector_all(
            f"#tier-{tier} option:enabled", "all => all.map(each => Number(each.value))"
        )
        assert offered == sorted(set(tiers[:, tier].tolist()))
    free = [state for state in range(states.size) if state not in met]
    nobody = next(s for s in free if all(n in tiers[:, at] for at, n in enumerate(states.decode([s])[0])))
    choose(opened, nobody, states)
    assert opened.inner_text("#state").startswith("No slates here: nobody comes in this state")
    assert cards(opened) == {}
    choose(opened, often, states)


def test_keys_reach_everything_and_the_focus_is_seen(opened):
    opened.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    expected = opened.evaluate(
        f'[...document.querySelectorAll("{FOCUSABLE}")].filter(part => part.checkVisibility()).length'
    )
    reached = opened.evaluate_handle("new Set()")
    outlines = []
    for press in range(expected):
        opened.keyboard.press("Tab")
        outline = reached.evaluate(
            "reached => { const now = document.activeElement; reached.add(now);"
            " return getComputedStyle(now).outlineStyle + ' ' + getComputedStyle(now).outlineWidth; }"
        )
        outlines.append(outline)
        if press == 0:  # the first leads past the links
            assert opened.evaluate("document.activeElement.textContent") == "Skip to the results"
            assert opened.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    assert (
        reached.evaluate(f'reached => [...reached].every(part => part.matches("{FOCUSABLE}")) && reached.size')
        == expected
    )
    assert set(outlines) == {"solid 3px"}
    opened.focus("#tier-0")
    before = cards(opened) or opened.inner_text("#state")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Enter")
    assert (cards(opened) or opened.inner_text("#state")) != before


def test_long_names_do_not_widen_any_page(browser, tmp_path):
    name = "/a/folder/of/" + "long" * 20 + "/agent.npz"
    picture = Picture.of(Figure(figsize=(6.0, 3.0)), name)  # of one width
    table = Table("one", name, [name, "gap"], [[name, "0.1"]], name)
    select = Markup('<div class="choose"><label>segment<select><option>{}</option></select></label></div>').format(name)
    (tmp_path / "page.html").write_text(
        page(name, name, [Section("one", name, name, [table], [picture], name, part=select)], {name: name}, name),
        encoding="utf-8",
    )
    window = browser.new_page(viewport={"width": 390, "height": 900})
    window.goto((tmp_path / "page.html").as_uri())
    assert window.evaluate("document.documentElement.scrollWidth") == 390
    assert window.eval_on_selector("svg", "svg => svg.getBoundingClientRect().width") >= 0.75 * 576  # it scrolls
    window.close()
