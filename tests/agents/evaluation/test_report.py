"""The page of a comparison, read as text and opened in a browser."""

from __future__ import annotations

import base64
import re
from html import escape, unescape

import pytest
from selflearn_agents.baselines.popular import PopularAgent
from selflearn_agents.evaluation import World
from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.report import html
from selflearn_agents.evaluation.study import Study, run_study
from selflearn_agents.specification import AgentSpec

from selflearn_env import Shop
from tests.agents.evaluation.hand_made import compared

EVIL = "<script>document.title = 'taken'</script>"
LONG = "epsilon_greedy(epsilon=0.3, epsilon_end=0.01, epsilon_visits=100, prior='rate', prior_weight=2.0)"
NAMES = ["random", "popular", LONG, AgentSpec(EVIL, PopularAgent, {}), "oracle"]
MADE = {"environment": "selflearn/Retail-v0", "shop": "8 products & <b>more</b>", "digest": "0123456789abcdef" * 4}
SECTIONS = ["ranking", "learning", "differences", "habits", "robustness", "null", "favourites", "made"]
ROWS = {"ranking": [5], "learning": [], "differences": [4], "habits": [5], "robustness": [5], "null": [5], "made": []}


@pytest.fixture(scope="module")
def study(tiny_log):
    descriptions = tiny_log["description"].where(tiny_log["product"] != "P0", f"{EVIL} & \"tea\" for 'two'")
    shop = Shop.from_transactions(
        tiny_log.assign(description=descriptions),
        segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)},
    )
    world = World("independent", "selflearn/Retail-v0", 200, {"shop": shop, "slate_size": 3})
    return run_study(Plan(NAMES, [world], 2, progress=False), models=["logit", "cascade"])


@pytest.fixture(scope="module")
def page_text(study):
    return html(study, "Agents compared in <selflearn>", MADE)


@pytest.fixture(scope="module")
def path(page_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page_text, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[1280, 390])
def opened(request, browser, path):
    """The page at some width, with what it said and asked for while it opened."""
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto(path.as_uri(), wait_until="networkidle")
    yield page
    page.close()


def test_it_opens_without_a_word_and_without_a_network(opened, path):
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [path.as_uri()]
    assert opened.title() == "Agents compared in <selflearn>"


def test_no_part_is_wider_than_the_window(opened):
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, nav, figure, img, .scroll, dl')]"
        ".every(part => part.getBoundingClientRect().right <= innerWidth)"
    )


def test_a_wide_table_scrolls_in_itself(opened):
    for box in opened.query_selector_all(".scroll"):
        assert box.evaluate("box => getComputedStyle(box).overflowX") == "auto"
        assert box.evaluate("box => box.tabIndex") == 0  # so that keys can scroll it


def test_all_sections_are_there_and_linked(opened):
    assert [part.get_attribute("id") for part in opened.query_selector_all("section")] == SECTIONS
    links = [link.get_attribute("href") for link in opened.query_selector_all("nav a")]
    assert links == [f"#{name}" for name in SECTIONS]
    assert all(opened.query_selector(link) for link in links)
    assert all(part.inner_text().strip() for part in opened.query_selector_all("section, h1, h2, h3, nav a, .lead"))


def test_tables_have_their_rows(opened):
    for name, rows in {**ROWS, "favourites": [4] * 5}.items():
        bodies = opened.query_selector_all(f"#{name} tbody")
        assert [len(body.query_selector_all("tr")) for body in bodies] == rows, name
        for line in opened.query_selector_all(f"#{name} table"):
            widths = line.evaluate("table => [...table.rows].map(row => row.cells.length)")
            assert len(set(widths)) == 1, name


def test_all_pictures_are_loaded(opened):
    images = opened.query_selector_all("img")
    assert len(images) == 3
    for image in images:
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")
        assert image.get_attribute("alt")


def test_no_text_becomes_a_part_of_the_page(opened):
    assert opened.query_selector_all("script") == []
    assert opened.query_selector_all("dd b") == []
    assert EVIL in opened.inner_text("#ranking")
    assert EVIL in opened.inner_text("#favourites")
    assert "& \"tea\" for 'two'" in opened.inner_text("#favourites")


# What needs no browser


def test_every_cell_of_every_table_is_on_the_page(study, page_text):
    cells = {unescape(cell) for cell in re.findall(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", page_text, re.DOTALL)}
    for table in study.tables:
        assert {*table.head, *(cell for row in table.rows for cell in row)} <= cells, table.name
        assert escape(table.note).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page_text
    assert unescape(re.search(r'<p class="lead">(.*?)</p>', page_text).group(1)) == study.summary()


def test_nothing_is_fetched_and_nothing_is_run(page_text):
    assert "<script" not in page_text
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page_text)
    assert "http" not in page_text


def test_pictures_are_whole(page_text):
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page_text)
    assert len(pictures) == 3
    for picture in pictures:
        svg = base64.b64decode(picture, validate=True).decode("utf-8")
        assert svg.rstrip().endswith("</svg>")
        assert "<script" not in svg


def test_equal_studies_give_equal_pages(study, page_text):
    assert html(study, "Agents compared in <selflearn>", MADE) == page_text


@pytest.mark.parametrize("agents", [{"a": [0.5]}, {"a!": [0.5, 0.6]}])
def test_a_page_of_one_agent(agents, tiny_shop):
    """Without other worlds, and without anybody to differ from."""
    text = html(Study(compared(agents, shown=[[3] * 8] * 4), None, {}, "this", tiny_shop, 3), "One", {})
    assert re.findall(r'<section id="(\w+)"', text) == [
        "ranking",
        "learning",
        "differences",
        "habits",
        "favourites",
        "made",
    ]
