"""The service over HTTP: what it answers, whom it turns away, and what it promises."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.service.app import make_app
from selflearn_agents.service.desk import Desk
from selflearn_agents.service.guard import Guard
from selflearn_agents.service.limits import Limits
from selflearn_agents.service.messages import DecideRequest, FeedbackItem, FeedbackRequest
from selflearn_agents.store import StoreError, open_store
from selflearn_agents.store.kept import KeptAgent

STATE = "A_May_1_Thursday"
HOSTILE = [
    "'; DROP TABLE visits; --",
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "\x00\x1f",
    "ünïcödé 🛒",
]


class Shopkeeper:
    """A service under test."""

    def __init__(self, shop, url, name="epsilon_greedy", limits=None, token=None, segments=None):
        make = lambda: make_agent(name, history=shop.history, slate_size=3, seed=0)  # noqa: E731
        self.kept = KeptAgent(open_store(url), {"agent": name}, make, list(AGENTS.values()))
        self.desk = Desk(name, shop, self.kept, limits or Limits(), segments)
        app = make_app(self.desk, token=token)
        self.client = TestClient(app, "http://localhost", raise_server_exceptions=False)

    def post(self, path, body):
        return self.client.post(path, json=body)

    def decide(self, **request):
        answer = self.post("/decide", {"state": STATE} | request)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tell(self, decision, *responses):
        return self.post("/feedback", {"decision": decision, "responses": list(responses)})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/values.db"


@pytest.fixture
def service(tiny_shop, url):
    keeper = Shopkeeper(tiny_shop, url)
    with keeper.client:
        yield keeper


def reason(answer, status):
    """Why a request was refused: one sentence."""
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert "Traceback" not in detail
    return detail


def test_decide_show_respond_and_learn(service, tiny_shop):
    first = service.decide()
    assert first["state"] == STATE
    assert len({product["id"] for product in first["products"]}) == 3
    assert all(0 < product["propensity"] <= 1 for product in first["products"])
    names = dict(zip(tiny_shop.catalogue.ids.tolist(), tiny_shop.catalogue.descriptions.tolist(), strict=True))
    assert all(names[product["id"]] == product["name"] for product in first["products"])
    answer = service.tell(first["decision"], "bought", "ignored", "clicked")
    assert answer.json() == {"decision": first["decision"], "status": "learned"}
    shown = {
        product["id"]: product for product in service.client.get("/values", params={"state": STATE}).json()["products"]
    }
    assert [shown[product["id"]]["value"] for product in first["products"]] == [5.0, -2.0, 1.0]
    assert [shown[product["id"]]["bought"] for product in first["products"]] == [1, 0, 0]
    assert service.kept.store.counts().learned == 1


def test_feedback_has_defined_answers(service):
    decision = service.decide()["decision"]
    assert service.tell(decision, "clicked", None, None).json()["status"] == "open"
    assert service.tell(decision, "bought", "ignored", None).json()["status"] == "open"
    assert "contradicts" in reason(service.tell(decision, "clicked", "ignored", None), 409)
    assert service.tell(decision, "bought", "ignored", "ignored").json()["status"] == "learned"
    assert service.tell(decision, "bought", "ignored", "ignored").json()["status"] == "known"
    assert "contradicts" in reason(service.tell(decision, "bought", "bought", "ignored"), 409)
    assert "one response per product" in reason(service.tell(decision, "bought"), 422)
    own = decision.partition("-")[0]
    for unknown in (
        "other-1",
        f"{own}-99",
        f"{own}-0",
        f"{own}--1",
        f"{own}-1e3",
        own,
        "1",
        f"{own}-{10**30}",
        f"{own}-²",
    ):
        assert "no such decision" in reason(service.tell(unknown, "bought", None, None), 404)
    assert service.kept.learned == 1


def test_a_batch_is_decided_whole_and_its_feedback_one_by_one(service):
    answer = service.post("/decide", {"visits": [{"state": STATE}, {"state": 3, "slots": 1}]})
    first, second = answer.json()["decisions"]
    assert [len(each["products"]) for each in (first, second)] == [3, 1]
    bad = service.post("/decide", {"visits": [{"state": STATE}, {"state": "nowhere"}]})
    assert "no state is called 'nowhere'" in reason(bad, 422)
    assert service.kept.visits == 2
    items = [
        {"decision": first["decision"], "responses": ["ignored"] * 3},
        {"decision": "other-1", "responses": ["ignored"]},
        {"decision": second["decision"], "responses": ["bought"], "besides": ["P99"]},
        {"decision": second["decision"], "responses": ["bought"]},
        {"decision": second["decision"], "responses": ["ignored"]},
    ]
    receipts = service.post("/feedback", {"feedback": items}).json()["feedback"]
    assert [each["status"] for each in receipts] == ["learned", "refused", "refused", "learned", "refused"]
    assert [each.get("code") for each in receipts] == [None, 404, 422, None, 409]
    assert "there is no product 'P99'" in reason(service.post("/feedback", items[2]), 422)
    assert "stands alone" in reason(service.post("/feedback", {"feedback": [], "decision": "x"}), 422)


def test_a_visit_may_be_named_in_several_ways(service, tiny_shop):
    tiers = {"segment": "A", "month": "May", "half": "1", "weekday": "Thursday"}
    assert service.decide(state=tiers)["state"] == STATE
    assert service.decide(state=tiny_shop.states.parse(STATE))["state"] == STATE
    assert service.decide(state={"segment": "A"}, time="2023-05-18T23:59:00")["state"] == STATE
    assert service.decide(state={"segment": "A"}, time="2023-05-18T23:59:00-04:00")["state"] == "A_May_1_Friday"
    assert service.decide(state=None, customer=3, time="2023-05-18")["state"].endswith("_May_1_Thursday")
    assert service.decide(state=STATE, customer="somebody new")["state"] == STATE
    for request, why in (
        ({"state": None}, "give a state, or a customer whom the shop knows"),
        ({"state": None, "customer": "somebody"}, "does not know customer 'somebody'"),
        ({"state": None, "customer": "03"}, "does not know customer '03'"),
        ({"state": 672}, "state 672 does not exist"),
        ({"state": {"segment": "Z"}, "time": "2023-05-18"}, "segment 'Z' is none of A, B, C, D"),
        ({"state": {"segment": "A"}}, "month None is none of January"),
        ({"state": tiers | {"hour": "1"}}, "a state has no 'hour'"),
        ({"time": "1812-01-01"}, "time is in the years 1970 to 2100"),
        ({"slots": 4}, "4 slots are more than the agent fills, 3"),
    ):
        assert why in reason(service.post("/decide", {"state": STATE} | request), 422)


def test_what_may_not_be_shown_is_not(service, tiny_shop):
    ids = tiny_shop.catalogue.ids.tolist()
    for _ in range(20):
        shown = [product["id"] for product in service.decide(eligible=ids[2:6], exclude=ids[4:5])["products"]]
        assert sorted(shown) == [ids[2], ids[3], ids[5]]
    assert "only 2 products are eligible" in reason(service.post("/decide", {"state": STATE, "eligible": ids[:2]}), 422)
    assert "there is no product 'P99'" in reason(service.post("/decide", {"state": STATE, "exclude": ["P99"]}), 422)


def test_regulars_are_known_by_what_they_bought(regulars_shop, url):
    keeper = Shopkeeper(regulars_shop, url, name="again")
    with keeper.client:
        population = regulars_shop.customers
        customer = int(population.visit_customer[0])
        date = np.datetime64(population.first_date + 400, "D")
        state = regulars_shop.states.label(0)
        own = keeper.decide(state=state, customer=customer, time=f"{date}T10:00:00")["products"]
        others = keeper.decide(state=state, time=f"{date}T10:00:00")["products"]
        assert own != others
        bought = population.item_product[
            np.isin(population.item_visit, np.flatnonzero(population.visit_customer == customer))
        ]
        assert {product["id"] for product in own} <= set(regulars_shop.catalogue.ids[bought].tolist())
        # Somebody else becomes a regular here.
        wanted = keeper.decide(state=state, customer="new", time=f"{date}T10:00:00")
        last = regulars_shop.catalogue.ids[-1].item()
        answer = {"decision": wanted["decision"], "responses": ["ignored"] * 3, "besides": [last]}
        assert keeper.post("/feedback", answer).json()["status"] == "learned"
        assert keeper.decide(state=state, customer="new", time=f"{date}T10:00:00")["products"][0]["id"] == last
        seen = keeper.kept.agent.visits if hasattr(keeper.kept.agent, "visits") else None
        assert seen is None


def test_customers_take_bounded_time_and_room(regulars_shop, url, monkeypatch):
    keeper = Shopkeeper(regulars_shop, url, name="again", limits=Limits(customers=2))
    read, life = [], keeper.kept.store.life
    monkeypatch.setattr(keeper.kept.store, "life", lambda name: read.append(name) or life(name))
    with keeper.client:
        for _ in range(2):
            assert keeper.post("/decide", {"visits": [{"state": 0, "customer": "x"}] * 20}).status_code == 200
        assert read == ["x", "x"]  # once per request
        strangers = [{"state": 0, "customer": f"stranger {number}"} for number in range(20)]
        refused = keeper.post("/decide", {"visits": strangers})
        assert "2 customers beside the shop's are known, which is the most" in reason(refused, 429)
        assert keeper.post("/decide", {"visits": strangers[:1]}).status_code == 200
        assert keeper.kept.store.customer_count() == 2
        assert keeper.post("/decide", {"visits": []}).json() == {"decisions": []}


def test_hostile_texts_are_texts(service):
    for text in HOSTILE:
        service.decide(customer=text)
        for path, body in (("/decide", {"state": text}), ("/feedback", {"decision": text, "responses": ["bought"]})):
            assert reason(service.post(path, body), 422 if path == "/decide" else 404)
        assert reason(service.client.get("/values", params={"state": text}), 422)
        assert service.client.get("/live").json()["latest"][0]["customer"] == text
    assert service.kept.store.counts().visits == len(HOSTILE)
    assert [visit.customer for visit in service.kept.store.visits(range(1, len(HOSTILE) + 1)).values()] == HOSTILE


NONSENSE = [
    b"", b"[]", b"null", b"{", b'{"state": NaN}', b'{"state": Infinity}', b'{"state": 1e999}', b'{"state": true}',
    b'{"state": -1}', b'{"state": 1.5}', b'{"state": "\\ud800"}', b'{"state": {"a": {"b": 1}}}', b"\xff\xfe",
    b'{"customer": "\\ud800", "state": 1}', b'{"state": 1, "slots": 0}', b'{"state": 1, "slots": "3"}',
    b'{"state": 1, "more": 2}', b'{"visits": {}}', b'{"visits": [], "state": 1}', b'{"visits": [{"visits": []}]}',
    b'{"state": 1, "time": "yesterday"}', b'{"state": 1, "time": 1e300}', b'{"state": 1, "time": NaN}',
    b'{"state": 1, "eligible": "P1"}', b'{"state": 1, "eligible": [1]}', b'{"state": 1, "eligible": []}',
    b'{"state": ' + b"9" * 5_000 + b"}", b"[" * 50_000, b'{"customer": "' + b"x" * 300 + b'", "state": 1}',
    b'{"decision": 1, "responses": [0, 1, 2]}', b'{"decision": "x", "responses": ["bought"], "regret": NaN}',
    b'{"decision": "x", "responses": ["sold"]}', b'{"feedback": 1}', b'{"decision": "x"}',
]  # fmt: skip


def test_nonsense_is_refused_with_a_reason(service):
    for path in ("/decide", "/feedback"):
        for body in NONSENSE:
            answer = service.client.post(path, content=body, headers={"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, (path, body, answer.text)
            assert reason(answer, answer.status_code)
        assert reason(service.client.post(path, content=b'{"state": 1}', headers={"content-type": "text/plain"}), 422)
    assert service.kept.visits == 0


@pytest.mark.parametrize(
    ("message", "body"),
    [
        (DecideRequest, {"state": 1, "eligible": [1, 2, 3]}),
        (DecideRequest, {"state": 1, "exclude": [1, 2, 3]}),
        (DecideRequest, {"visits": [1, 2, 3]}),
        (FeedbackRequest, {"decision": "x", "responses": [1, 2, 3]}),
        (FeedbackRequest, {"decision": "x", "responses": [], "besides": [1, 2, 3]}),
        (FeedbackRequest, {"feedback": [1, 2, 3]}),
        (FeedbackRequest, {"feedback": [{"decision": "x", "responses": [1, 2, 3]}]}),
    ],
)
def test_nonsense_is_read_as_far_as_the_first_of_it(message, body):
    with pytest.raises(ValidationError) as wrong:
        message.model_validate(body)
    assert wrong.value.error_count() == 1


def test_limits_bound_what_is_taken(tiny_shop, url):
    keeper = Shopkeeper(tiny_shop, url, limits=Limits(body=2_000, batch=3, open=4))
    with keeper.client:
        assert "larger than 2,000 bytes" in reason(keeper.post("/decide", {"state": "x" * 2_000}), 413)
        chunks = (b" " * 1_000 for _ in range(10**4))  # ten megabytes, if they were read
        assert "larger than 2,000 bytes" in reason(keeper.client.post("/decide", content=chunks), 413)
        many = keeper.post("/decide", {"visits": [{"state": 1}] * 4})
        assert "4 visits in one request; at most 3" in reason(many, 413)
        assert keeper.post("/decide", {"visits": [{"state": 1}] * 3}).status_code == 200
        decision = keeper.decide()["decision"]
        full = keeper.post("/decide", {"state": 1})
        assert "4 decisions wait for feedback, which is the most" in reason(full, 429)
        assert full.headers["retry-after"] == "1"
        keeper.tell(decision, "ignored", "ignored", "ignored")
        assert keeper.decide()


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("selflearn_agents.service.guard.PATIENCE", 0.01)
    sent = []

    async def talk():
        async def receive():
            await asyncio.sleep(3.0)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "path": "/decide", "headers": [(b"host", b"localhost"), (b"content-length", b"9")]}
        await Guard(None, most=10, token=None)(scope, receive, send)

    asyncio.run(talk())
    assert sent[0]["status"] == 408
    assert b"has not come within 0.01 s" in sent[1]["body"]


def test_a_service_ends_though_its_agent_cannot_be_kept(tiny_shop, url, monkeypatch):
    keeper = Shopkeeper(tiny_shop, url)

    def fail(image, values):
        raise StoreError("the disk is full")

    with keeper.client:
        decision = keeper.decide()["decision"]
        monkeypatch.setattr(keeper.kept.store, "keep", fail)
    again = Shopkeeper(tiny_shop, url)  # which the store has let go of
    assert again.kept.visits == 1
    assert again.desk.feedback([FeedbackItem(decision=decision, responses=["bought"] * 3)])[0]["status"] == "learned"
    again.kept.store.close()


def test_silence_is_closed_whatever_a_request_may_have(tiny_shop, url):
    keeper = Shopkeeper(tiny_shop, url, limits=Limits(batch=2, silence=1e-9))
    with keeper.client:
        for _ in range(5):
            keeper.decide()
        keeper.desk.close_overdue()
        assert keeper.client.get("/live").json()["counts"] == {"decisions": 5, "learned": 5, "open": 0, "silent": 5}


def test_a_token_is_asked_for(tiny_shop, url):
    keeper = Shopkeeper(tiny_shop, url, token="secret")
    with keeper.client as client:
        assert client.get("/").status_code == client.get("/healthz").status_code == 200
        for given in (
            {},
            {"Authorization": "Bearer secre"},
            {"Authorization": "secret"},
            {"Authorization": "Bearer sécret"},
        ):
            headers = {name: value.encode("latin-1") for name, value in given.items()}
            for path in ("/live", "/metrics", "/docs", "/openapi.json", "/catalogue"):
                assert "token" in reason(client.get(path, headers=headers), 401)
            assert client.post("/decide", json={"state": 1}, headers=headers).status_code == 401
        assert client.get("/live", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert keeper.kept.visits == 0


def test_a_page_of_somebody_cannot_use_the_service_by_a_name_of_its_own(service, tiny_shop, tmp_path):
    for host in (
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "",
        "127.0.0.1.evil.example",
        "[",
        "\xe9",
    ):
        answer = service.client.get("/live", headers={"Host": host.encode("latin-1")})
        assert "by its address or as localhost" in reason(answer, 403)
    for host in ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7"):
        assert service.client.get("/live", headers={"Host": host}).status_code == 200
    keeper = Shopkeeper(tiny_shop, f"sqlite:///{tmp_path}/other.db", token="secret")
    with keeper.client as client:
        headers = {"Host": "shop.example", "Authorization": "Bearer secret"}
        assert client.get("/live", headers=headers).status_code == 200


def test_nothing_is_acknowledged_that_is_not_recorded(service, monkeypatch):
    decision = service.decide()["decision"]
    append = service.kept.store.append

    def full(entries):
        raise StoreError("values.db: the disk is full")

    monkeypatch.setattr(service.kept.store, "append", full)
    assert "the disk is full" in reason(service.tell(decision, "bought", "bought", "bought"), 503)
    assert "the disk is full" in reason(service.post("/decide", {"state": 1}), 503)
    assert "the disk is full" in reason(service.client.get("/healthz"), 503)
    monkeypatch.setattr(service.kept.store, "append", append)
    service.kept.recover()
    assert service.client.get("/healthz").json() == {"status": "ok"}
    assert service.tell(decision, "bought", "bought", "bought").json()["status"] == "learned"


def test_who_waits_hears_of_whatever_keeps_the_record_from_being_written(service, monkeypatch):
    def fail(entries):
        raise OverflowError("a number that no database holds")

    append = service.kept.store.append
    monkeypatch.setattr(service.kept.store, "append", fail)
    assert "the service has failed (OverflowError)" in reason(service.post("/decide", {"state": 1}), 500)
    assert "a number that no database holds" in reason(service.post("/decide", {"state": 1}), 503)
    monkeypatch.setattr(service.kept.store, "append", append)
    service.kept.recover()
    assert service.kept.visits == 0
    assert service.decide()


def test_it_tells_of_itself(service):
    decision = service.decide(customer="Mrs <b>")["decision"]
    answer = {"decision": decision, "responses": ["bought", "ignored", "ignored"], "regret": 1.5}
    service.post("/feedback", answer)
    live = service.client.get("/live").json()
    assert live["counts"] == {"decisions": 1, "learned": 1, "open": 0, "silent": 0}
    assert live["curve"] == [{"visits": 1.0, "reward": 1.0, "regret": 1.5}]
    assert live["states"] == [STATE]
    assert live["words"] == {STATE: "A, second half of May, a Thursday"}
    assert live["latest"][0]["reward"] == 1.0
    assert [each["response"] for each in live["latest"][0]["products"]] == answer["responses"]
    metrics = service.client.get("/metrics").text
    assert "selflearn_decisions 1.0" in metrics
    assert "selflearn_request_seconds_count 2.0" in metrics
    page = service.client.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    described = service.client.get("/openapi.json").json()
    assert {"/decide", "/feedback", "/values", "/healthz", "/metrics"} <= described["paths"].keys()
    catalogue = service.client.get("/catalogue").json()
    assert len(catalogue["products"]) == 8
    assert catalogue["slate_size"] == 3
    assert "no state is called" in reason(service.client.get("/values", params={"state": "x"}), 422)
    assert json.dumps(live, allow_nan=False)


def test_points_of_the_curve_stay_few(service):
    live = service.desk.live
    for visit in range(1_000):
        live.learned("x", float(visit), 1.0 if visit % 2 else None)
    curve = live.curve()
    assert len(curve) <= 200
    assert curve[-1]["visits"] == 1_000
    weights = np.diff([0.0] + [point["visits"] for point in curve])
    assert np.average([point["reward"] for point in curve], weights=weights) == pytest.approx(499.5)
    assert all(point["regret"] == 1.0 for point in curve if point["regret"] is not None)
