"""Simulated customers at a service, compared with the same customers in one process."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import World, evaluate
from selflearn_agents.evaluation.serving import Serving
from selflearn_agents.service.client import Client
from selflearn_agents.service.simulated_shop import WORDS, check_service, simulate

from tests.agents.service.http_server import running
from tests.agents.service.popular_service import PopularService

RETAIL, PEOPLE = "selflearn/Retail-v0", "selflearn/RetailPeople-v0"


@pytest.fixture
def service(tiny_shop):
    with running(PopularService(tiny_shop, 3)) as service:
        yield service


@pytest.fixture
def client(service):
    with Client(service.url, patience=0.5) as client:
        yield client


def world(shop, visits, env_id=RETAIL, slate_size=3, **options):
    return World("a world", env_id, visits, {"shop": shop, "slate_size": slate_size, **options})


@pytest.mark.parametrize("batch", [1, 7])
def test_the_customers_are_those_of_an_evaluation(tiny_shop, service, client, batch):
    served = simulate(client, world(tiny_shop, 30), batch, seed=5, progress=False)
    popular = make_agent("popular", history=tiny_shop.history, slate_size=3, seed=0)
    result = evaluate(popular, RETAIL, 30, batch, 5, progress=False, shop=tiny_shop, slate_size=3)
    assert served.visits == 30
    assert served.reward == pytest.approx(result.mean("reward"), abs=1e-12)
    assert served.regret == pytest.approx(result.mean("regret"), abs=1e-12)
    assert served.gap == pytest.approx(result.gap_between(), abs=1e-12)
    assert served.refused == ()
    assert len(service.requests) == 2 * -(-30 // batch)
    assert len(service.visits) == len(service.told) == 30
    assert all(visit.keys() == {"state"} for visit in service.visits.values())
    earned = {"ignored": -2, "clicked": 1, "bought": 5}
    rewards = [sum(map(earned.get, feedback["responses"])) for feedback in service.told.values()]
    assert np.mean(rewards) == pytest.approx(served.reward)
    assert np.mean([feedback["regret"] for feedback in service.told.values()]) == pytest.approx(served.regret)
    assert all(feedback.keys() == {"decision", "responses", "regret"} for feedback in service.told.values())
    assert f"reward per slate {served.reward:.2f}, regret {served.regret:.2f}" in str(served)


def test_persons_come_with_their_name_the_time_and_what_they_buy_besides(regulars_shop):
    persons = world(regulars_shop, 60, PEOPLE)
    with running(PopularService(regulars_shop, 3)) as service, Client(service.url) as client:
        simulate(client, persons, 4, seed=1, progress=False)
    simulator, serving = persons.simulator, Serving(persons.simulator, 4, 1)
    told, ids, besides = list(service.told.values()), regulars_shop.catalogue.ids, 0
    for number, visit in enumerate(service.visits.values()):
        row = number % 4
        if row == 0:
            seen = simulator.seen(serving.visits)
            slates = service.agent.act(seen.state)
            outcome = serving.show(slates)
            after = simulator.seen(outcome.visits)
        day = np.datetime64("1970-01-01") + seen.date[row]
        assert visit == {
            "state": regulars_shop.states.label(seen.state[row]),
            "customer": str(seen.customer[row]),
            "time": f"{day}T12:00:00",
        }
        feedback = told[number]
        assert feedback["responses"] == [WORDS[response] for response in outcome.response[row]]
        taken = ids[slates[row][outcome.response[row] == 2]].tolist() + feedback["besides"]
        record = ids[after.record.product[slice(*after.record.start[row : row + 2])]].tolist()
        assert Counter(record[len(record) - len(taken) :]) == Counter(taken)  # what the shop knows is what it was told
        assert len(record) == seen.record.counts()[row] + len(taken)
        besides += len(feedback["besides"])
    assert besides > 0


@pytest.mark.parametrize("trouble", [503, None])
def test_what_was_not_answered_is_asked_or_told_again(tiny_shop, service, client, trouble):
    service.trouble = {3: trouble, 4: trouble, 8: trouble}  # the second decision twice, and the third feedback
    served = simulate(client, world(tiny_shop, 5), seed=5, progress=False)
    others = {"visits": 5, "refused": ()}
    assert {name: getattr(served, name) for name in others} == others
    decide, feedback = "/decide", "/feedback"
    assert service.requests == [
        *(decide, feedback, decide, decide, decide, feedback, decide, feedback, feedback),
        *(decide, feedback, decide, feedback),
    ]
    assert len(service.told) == 5
    asked = {"d-0", "d-1", "d-2", "d-3", "d-4"} if trouble else {"d-0", "d-3", "d-4", "d-5", "d-6"}
    assert set(service.told) == asked  # the decisions that nobody saw are left alone
    service.told.clear()
    service.requests.clear()
    service.trouble = {}
    assert simulate(client, world(tiny_shop, 5), seed=5, progress=False).reward == served.reward


def test_a_service_that_stays_away_is_given_up(tiny_shop, service, client):
    service.trouble = dict.fromkeys(itertools.chain(range(3, 100)), 503)
    with pytest.raises(ConnectionError, match=r"^http://127.*: the service was away for 0\.5 s \(503, not now\)$"):
        simulate(client, world(tiny_shop, 5), progress=False)
    assert 5 <= len(service.requests) <= 6  # with growing pauses


def test_feedback_of_decisions_that_are_forgotten_is_counted(tiny_shop, service, client):
    service.forgotten = 2
    served = simulate(client, world(tiny_shop, 5), 3, progress=False)
    assert served.refused == ("d-0: no such decision", "d-1: no such decision")
    assert str(served).endswith("\n2 visits were not learned from; of the first, d-0: no such decision")


def test_they_come_at_a_rate(tiny_shop, service, client):
    assert simulate(client, world(tiny_shop, 9), 3, rate=30, progress=False).per_second < 45


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slate_size": 4}, "the service shows slates of 4 products, .* look at 3; give --slate-size 4"),
        ({"products": [{"id": "X"}]}, "1 products the service has and the shop has not, such as 'X'; give --shop"),
        ({"products": [{"id": "P0"}]}, "7 products the shop has and the service has not, such as 'P1'"),
        ({"states": ["Q1_May"]}, "1 states the service has and the shop has not, such as 'Q1_May'"),
        ({"products": None}, "the catalogue of the service has no slate_size, products and states"),
    ],
)
def test_a_service_of_another_shop_is_refused(tiny_shop, service, client, change, message):
    where, catalogue = world(tiny_shop, 5), client.catalogue()
    check_service(catalogue, where)
    with pytest.raises(ValueError, match=message):
        check_service(catalogue | change, where)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {"products": [{"id": "P1"}]}), "the service shows 'P1'; a slate has 3 products of the shop"),
        ((200, {"products": [{"id": "P1"}, {"id": "P2"}, {"id": "X"}]}), "shows 'P1', 'P2', 'X'"),
        ((422, {"detail": "no such state"}), "answers POST /decide with 422, no such state"),
        ((500, "oh", {"Content-Type": "text/plain"}), "answers POST /decide with 500, Internal Server Error"),
        ((200, "<html>", {"Content-Type": "text/html"}), "what answers POST /decide is no service"),
    ],
)
def test_a_service_that_answers_wrongly_is_left(tiny_shop, service, client, monkeypatch, answer, message):
    monkeypatch.setattr(service, "answer", lambda *_: answer)
    with pytest.raises(ValueError, match=message):
        simulate(client, world(tiny_shop, 5), progress=False)


def test_a_feedback_that_is_refused_for_another_reason_is_an_error(tiny_shop, service, client, monkeypatch):
    said = {"decision": "d-0", "status": "refused", "code": 422, "detail": "no"}
    monkeypatch.setattr(service, "learn", lambda _: said)
    with pytest.raises(ValueError, match="the service refuses a feedback with 422, no"):
        simulate(client, world(tiny_shop, 5), progress=False)


def test_a_batch_is_one_request_of_the_service(tiny_shop, service, client):
    with pytest.raises(ValueError, match=r"a request has 1\.\.1,000 visits, got a batch of 1,001"):
        simulate(client, world(tiny_shop, 5), 1_001)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://127.0.0.1:1", "ftp://127.0.0.1"])
def test_nobody_there_is_said_at_once(url):
    message = f"^{url}: no service answers .*; start one with `selflearn serve`$"
    with Client(url) as client, pytest.raises(ConnectionError, match=message):
        client.catalogue()


@pytest.mark.parametrize(("url", "token"), [("http://[::", None), ("http://127.0.0.1", "tökén")])
def test_an_address_or_token_that_is_none(url, token):
    with pytest.raises(ValueError, match="no service can be asked at 'http://"):
        Client(url, token)


@pytest.mark.parametrize("token", [None, "other", "s3cret"])
def test_a_token_is_sent(service, token):
    service.token = "s3cret"
    with Client(service.url, token) as client:
        if token == service.token:
            assert client.catalogue()["slate_size"] == 3
        else:
            with pytest.raises(PermissionError, match=r"the service wants the token .*; give it as --token"):
                client.catalogue()


def test_without_httpx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "selflearn_agents.service.client")
    with pytest.raises(ImportError, match=r"^what talks to a service needs httpx2: pip install"):
        import_module("selflearn_agents.service.client")
