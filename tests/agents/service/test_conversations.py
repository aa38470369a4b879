"""Whatever clients say, in whatever order: each answer is one of those described, and the service goes on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selflearn_agents.service.app import REFUSALS
from selflearn_agents.service.limits import Limits

from tests.agents.service.test_service import STATE, Shopkeeper

LIMITS = Limits(batch=4, open=6)
ODD = ["", " ", "\0", "\ud800", "x" * 201, "-1", "1e3", -1, 2**53, 1e308, True, None, [], {}, [[]], {"": 1}]
odd = st.sampled_from(ODD)
state = st.sampled_from([STATE, 0, 3, {"segment": "B", "month": "May", "half": "1", "weekday": "Monday"}]) | odd
customer = st.sampled_from([0, 7, "7", "somebody", "O'Brien", "<b>"]) | odd
time = (
    st.sampled_from(["2023-05-18", "2023-05-18T23:59:59+14:00", 0, 1.6e9, "0001-01-01", "9999-12-31T23:59:59Z"]) | odd
)
codes = st.lists(st.sampled_from(["P0", "P1", "P7", "P8", "p0"]), max_size=4) | odd
slots = st.sampled_from([1, 2, 3, 4, 0]) | odd
visit = st.fixed_dictionaries(
    {},
    optional={"state": state, "customer": customer, "time": time, "eligible": codes, "exclude": codes, "slots": slots},
)
responses = st.lists(st.sampled_from(["bought", "clicked", "ignored", None]), max_size=4) | odd
feedback = st.fixed_dictionaries(
    {"responses": responses}, optional={"besides": codes, "regret": st.sampled_from([0.5, -1e9]) | odd}
)
number = st.integers(0, 8)
talk = st.lists(
    st.tuples(st.just("/decide"), visit | st.lists(visit, max_size=5), st.just(0))
    | st.tuples(st.just("/feedback"), feedback | st.lists(feedback, max_size=3), number),
    min_size=1,
    max_size=12,
)  # fmt: skip


def body_of(path, said, number, decisions):
    """What is sent: feedback on a decision that was made, if there is one."""
    if path == "/decide":
        return {"visits": said} if isinstance(said, list) else said
    of = [{"decision": decisions[(number + each) % len(decisions)]} if decisions else {} for each in range(len(said))]
    if isinstance(said, list):
        return {"feedback": [own | item for own, item in zip(of, said, strict=True)]}
    return (of[0] if of else {}) | said


def converse(keeper, said):
    """Says all of it, and looks at every answer; gives how many were taken."""
    decisions, taken = [], 0
    for path, what, number in said:
        body = body_of(path, what, number, decisions)
        raw = json.dumps(body).encode("utf-8", "surrogatepass")
        answer = keeper.client.post(path, content=raw, headers={"Content-Type": "application/json"})
        told = answer.json()
        assert answer.status_code == 200 or answer.status_code in REFUSALS, answer.text
        assert answer.status_code < 500, (answer.text, body)
        assert "NaN" not in answer.text
        if answer.status_code != 200:
            assert isinstance(told["detail"], str)
            assert "\n" not in told["detail"]
            continue
        taken += 1
        for decision in told.get("decisions", [told] if path == "/decide" else []):
            decisions.append(decision["decision"])
            shown = [product["id"] for product in decision["products"]]
            assert len(set(shown)) == len(shown)
            assert all(0 < product["propensity"] <= 1 for product in decision["products"])
    assert keeper.client.get("/healthz").json() == {"status": "ok"}
    assert "NaN" not in keeper.client.get("/live").text
    return taken


@pytest.mark.parametrize("agent", ["epsilon_greedy", "personal"])  # one that knows states, and one that knows customers
@given(said=talk)
@settings(max_examples=12)
def test_any_conversation_is_answered(agent, tiny_shop, tmp_path_factory, said):
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/values.db"
    with (keeper := Shopkeeper(tiny_shop, url, agent, LIMITS)).client:
        converse(keeper, said)


def test_conversations_are_taken_at_all(tiny_shop, tmp_path):
    known = [("/decide", {"state": STATE}, 0), ("/feedback", {"responses": ["bought", "ignored", "clicked"]}, 0)]
    with (keeper := Shopkeeper(tiny_shop, f"sqlite:///{tmp_path}/values.db", "epsilon_greedy", LIMITS)).client:
        assert converse(keeper, known) == 2
