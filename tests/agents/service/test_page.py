"""The live page, opened in a browser on a service that says what a test wants it to say."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from selflearn_agents.service import app

from tests.agents.service.http_server import Server, running

PAGE = app.PAGE.read_text(encoding="utf-8")
EVIL = "<img src=x onerror=\"document.title='taken'\">"
STATES = ["Q4_November_1_Thursday", "Q1_June_0_Monday"]
WORDS = ["Q4, second half of November, a Thursday", "Q1, first half of June, a Monday"]
NOW = 1_764_201_300.0


def slate(number, responses=(None, None, None), reward=None, **other):
    products = [
        {"id": f"P{slot}", "name": name, "propensity": 0.5, "response": response}
        for slot, (name, response) in enumerate(zip(["LUNCH BAG", EVIL, ""], responses, strict=True))
    ]
    said = {"decision": f"k-{number}", "time": NOW - number, "state": STATES[0], "customer": None, "reward": reward}
    return said | {"products": products} | other


def live(decisions=0, points=0, latest=(), now=NOW):
    """What `GET /live` says; reward rises from -9 to -5 and regret falls."""
    return {
        "agent": "hierarchical", "store": "sqlite:///values.db", "started": NOW - 60, "now": now,
        "shop": {"products": 3675, "states": 672, "slate_size": 3},
        "counts": {"decisions": decisions, "learned": points, "open": 3, "silent": 4},
        "curve": [
            {"visits": 10 * (point + 1), "reward": -9 + 4 * point / points, "regret": 5 - 3 * point / points}
            for point in range(points)
        ],
        "latest": list(latest), "states": STATES if decisions else [], "words": dict(zip(STATES, WORDS, strict=True)),
    }  # fmt: skip


def values(state):
    counts = {"shown": 7, "clicked": 2, "bought": 1}
    return {
        "state": state, "visits": 12,
        "products": [
            {"id": "P1", "name": f"{EVIL} of {state}", "value": -0.1234, **counts, "changed": NOW - 90},
            {"id": "P2", "name": "NEW", "value": None, **counts, "changed": None},
        ],
    }  # fmt: skip


class Service(Server):
    """Serves the page, `live` as JSON or what an HTTP code stands for, and values; asks for `token` if there is one."""

    def __init__(self):
        super().__init__()
        self.live, self.token, self.asked = live(), None, []

    def answer(self, method, path, headers, body):
        self.asked.append(path)
        where = urlsplit(path)
        if where.path == "/":
            return 200, PAGE, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": app.POLICY}
        if self.token and headers["Authorization"] != f"Bearer {self.token}":
            return 401, {"detail": "no"}
        if where.path == "/values":
            return 200, values(parse_qs(where.query)["state"][0])
        if isinstance(self.live, int):
            return self.live, {"detail": f"broken {EVIL}"}
        return 200, self.live


@pytest.fixture
def service():
    with running(Service()) as service:
        yield service


@pytest.fixture(scope="module")
def page(browser):
    """A page whose clock the tests move; `said` is all that it complained of since it was opened."""
    page = browser.new_page()
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.clock.install()
    return page


@pytest.fixture
def opened(page, service):
    """Opens the page of a service."""

    def open_(fragment="", width=1280, **media):
        page.said = []
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(**media)
        page.goto(f"{service.url}/{fragment}")
        return page

    yield open_
    page.goto("about:blank")


def rested(page):
    """Waits until a poll is over. The page itself may evaluate nothing, which `wait_for_function` would need."""
    for _ in range(400):
        if page.evaluate("timer > 0"):
            return
        page.wait_for_timeout(5)
    pytest.fail("the page polls no more")


def later(page, shown, seconds=1.0):
    """Some seconds after the last poll, once the page says this."""
    rested(page)
    page.clock.run_for(seconds * 1000)
    page.get_by_text(shown).first.wait_for(timeout=2000)


def texts(page, selector):
    return page.eval_on_selector_all(selector, "all => all.map(each => each.innerText ?? each.textContent)")


def test_without_a_decision_it_says_how_to_ask_for_one(opened, service):
    page = opened()
    page.wait_for_selector("#curl")
    assert page.inner_text("#curl").startswith(f"curl -X POST {service.url}/decide")
    assert f"simulate-shop --url {service.url}" in page.inner_text("#simulate")
    assert not page.is_visible("#learning")
    assert not page.is_visible("#values")
    service.live = live(1, latest=[slate(1)])
    later(page, "Somebody")
    assert not page.is_visible("#empty")
    assert "too early" in page.inner_text("#finding")
    assert page.said == []


def test_slates_values_and_the_curve_move_on(opened, service):
    service.live = live(20, 12, [slate(1), slate(2, customer=EVIL)])
    page = opened()
    page.wait_for_selector("#rows tr")
    assert "hierarchical" in page.inner_text("#who")
    assert "sqlite:///values.db" in page.inner_text("#who")
    assert texts(page, "dd") == ["20", "…", "12", "3", "4"]
    assert texts(page, "h3") == ["Somebody", f"Customer {EVIL}"]
    assert WORDS[0] in page.inner_text("article")
    assert texts(page, "li .text")[:3] == ["LUNCH BAG", EVIL, "P2"]
    assert texts(page, "li .word") == ["… waiting"] * 6
    first = page.query_selector("article")
    assert page.get_attribute(".reward .each", "d").count("L") == 11

    latest = [slate(0), slate(1, ["bought", "clicked", "ignored"], 4.0)]
    service.live = live(70, 200, latest, now=NOW + 2)
    service.live["curve"].append({"visits": 2001, "reward": -99, "regret": None})
    later(page, "reward 4.0")
    assert texts(page, "li .word") == ["… waiting"] * 3 + ["✓ bought", "▸ clicked", "– ignored"]
    assert first.evaluate("card => card === document.querySelectorAll('article')[1]")  # moved, not made anew
    assert texts(page, "dd") == ["70", "25.0", "200", "3", "4"]  # per second of the service's own clock
    assert page.get_attribute(".reward .each", "d").count("L") == 199  # an unfinished point is left out
    assert page.get_attribute(".regret .mean", "d").count("L") == 199
    rose, fell = page.inner_text("#finding").split("; ")
    assert rose == "Reward per visit rose from −8.61 to −5.41"
    assert fell == "regret fell from 4.71 to 2.31"
    assert "visits learned from" in texts(page, "svg text")
    assert page.title() == "selflearn, live"
    assert page.query_selector_all("img") == []
    assert page.said == []


def test_values_are_those_of_the_state_that_is_chosen(opened, service):
    service.live = live(20, 12, [slate(1)])
    page = opened()
    page.wait_for_selector("#rows tr")
    assert texts(page, "#rows tr:first-child td") == [
        f"{EVIL} of {STATES[0]}\nP1", "−0.123", "7", "2", "1", "1 min ago",
    ]  # fmt: skip
    assert texts(page, "#rows tr:last-child td")[1::4] == ["none", "never"]
    assert texts(page, "option") == WORDS
    page.focus("#state")
    page.keyboard.press("ArrowDown")
    page.get_by_text(f"{EVIL} of {STATES[1]}").wait_for(timeout=2000)
    service.live = live(21, 12, [slate(0)]) | {"states": STATES[:1]}  # the chosen one is no longer among the first
    later(page, "Somebody")
    assert page.input_value("#state") == STATES[1]
    assert page.said == []


def test_a_service_that_is_gone_is_asked_less_and_less(opened, service):
    service.live = live(20, 12, [slate(1)])
    page = opened()
    page.wait_for_selector("#rows tr")
    service.live = 503
    later(page, f"The service answers 503: broken {EVIL}")
    for pause in (2, 4, 8):
        rested(page)
        asked = len(service.asked)
        page.clock.run_for(pause * 1000 - 500)  # time goes on by itself, too
        assert len(service.asked) == asked
        with page.expect_response("**/live"):
            page.clock.run_for(500)
    service.live = live(21, 12, [slate(0)])
    later(page, "Live; asked every second.", 16)
    assert "old" not in page.inner_text("#status")
    page.route("**/live", lambda route: route.abort())
    later(page, "The service cannot be reached. What is below is old. Trying again, with growing pauses.")
    page.unroute("**/live")
    assert page.get_attribute("#status", "role") == "status"


def test_it_asks_for_the_token(opened, service):
    service.token, service.live = "s3cret", live(20, 12, [slate(1)])
    page = opened()
    page.wait_for_selector("#ask")
    asked = len(service.asked)
    page.clock.run_for(5000)
    assert len(service.asked) == asked  # it waits
    assert not page.is_visible("#main")
    for token, then in (("wrong", "does not accept"), ("s3cret", "Live;")):
        page.fill("#token", token)
        page.keyboard.press("Enter")
        page.get_by_text(then).wait_for(timeout=2000)
    assert not page.is_visible("#ask")
    assert page.is_visible("#slates")
    assert "s3cret" not in page.content()
    assert not [path for path in service.asked if "s3cret" in path]


def test_a_token_may_be_in_the_fragment(opened, service):
    service.token, service.live = "a+b/c=", live()
    page = opened("#token=a+b/c%3D")
    page.wait_for_selector("#curl")
    assert "-H 'Authorization: Bearer TOKEN'" in page.inner_text("#curl")
    assert page.said == []


def test_it_rests_where_nobody_looks(opened, service):
    service.live = live(20, 12, [slate(1)])
    page = opened()
    page.wait_for_selector("#rows tr")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    asked = len(service.asked)
    page.clock.run_for(5000)
    assert len(service.asked) == asked
    service.live = live(21, 12, [slate(0, customer="back")])
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("Customer back").wait_for(timeout=2000)
    page.focus("#pause")
    page.keyboard.press("Enter")
    asked = len(service.asked)
    page.clock.run_for(5000)
    assert len(service.asked) == asked
    assert "Paused" in page.inner_text("#status")
    page.keyboard.press("Enter")
    page.get_by_text("Live;").wait_for(timeout=2000)


def test_it_fits_a_telephone_by_day_and_night(opened, service):
    long = "W" * 300
    service.live = live(20, 12, [slate(1, customer=long), slate(2, state=long)]) | {"store": f"mongodb://{long}"}
    page = opened(width=390, color_scheme="light", reduced_motion="reduce")
    page.wait_for_selector("#rows tr")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(
        "[...document.querySelectorAll('h1, h2, p, dl, svg, svg text, table, article, select, button')]"
        ".every(part => part.getBoundingClientRect().right <= innerWidth && part.getBoundingClientRect().left >= 0)"
    )
    sizes = page.evaluate("[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height)")
    assert min(sizes) >= 12  # px, after any scaling
    assert page.evaluate("getComputedStyle(document.querySelector('article')).animationName") == "none"
    colours = "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    assert page.evaluate(colours) == ["rgb(29, 36, 51)", "rgb(255, 255, 255)"]
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colours) == ["rgb(230, 233, 239)", "rgb(18, 22, 29)"]


def test_it_needs_nothing_from_elsewhere_and_makes_no_html_of_what_it_is_told():
    assert "innerHTML" not in PAGE
    assert "insertAdjacentHTML" not in PAGE
    assert "outerHTML" not in PAGE
    assert [
        line for line in PAGE.splitlines() if "http" in line and "http-equiv" not in line and "w3.org" not in line
    ] == []
