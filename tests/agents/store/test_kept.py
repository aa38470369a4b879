"""Agents in a store go on where they were, and learn from what is told of their decisions, once."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.store.telling import Told

from tests.agents.extras import CHEAPER, skip_without_extra
from tests.agents.store.killing import is_equal, kill_often, never_killed, open_kept
from tests.agents.store.serving import HOUR, serve_some

SERVING = [name for name, agent in AGENTS.items() if not agent.privileged]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/values.db"


@pytest.mark.parametrize("name", ["epsilon_greedy", "hierarchical"])
def test_kills_lose_nothing_that_was_acknowledged(name, tiny_shop, url):
    make = lambda: make_agent(name, history=tiny_shop.history, slate_size=3, seed=0)  # noqa: E731
    done = kill_often(url, make, kills=5, rng=np.random.default_rng(5))
    assert done["decisions"] > 20
    assert done["responses"] > 10


@pytest.mark.parametrize("name", SERVING)
def test_every_agent_goes_on_bit_for_bit(name, regulars_shop, url):
    skip_without_extra(name)
    hyperparameters = CHEAPER.get(name, {})
    make = lambda: make_agent(  # noqa: E731
        name, history=regulars_shop.history, slate_size=3, seed=0, **hyperparameters
    )
    kept, rng = open_kept(url, make), np.random.default_rng(1)
    seen = kept.agent.knows_customers
    serve_some(kept, 6, rng, seen)
    kept.keep()
    serve_some(kept, 6, rng, seen)
    states = range(10)
    counts = [kept.counts(state) for state in states]
    kept.store.close()
    again = open_kept(url, make)
    assert not again.notes
    assert [again.counts(state) for state in states] == counts  # also where the whole record was gone through again
    if again.agent.unsaved is None:
        assert again.replayed == 12
        assert is_equal(again.agent, kept.agent)
        assert is_equal(again.agent, never_killed(again, make))
    assert np.array_equal(again.agent.act(states), kept.agent.act(states))
    again.store.close()


def test_responses_rise_until_all_are_known(make, url):
    kept = open_kept(url, make)
    (visit,) = kept.decide(np.array([3]), 0.0)
    number = visit.number

    def tell(*responses):
        return kept.tell([Told(number, responses)], 1.0)[0]

    assert tell(-1, -1, -1) == "open"
    assert not kept.store.responses([number])
    assert [tell(1, -1, -1), tell(1, -1, -1), tell(2, -1, -1), tell(1, -1, -1)] == ["open", "known", "open", "against"]
    assert tell(2, 0) == "misfit"
    assert kept.learned == 0
    assert [tell(-1, 0, 0), tell(2, 0, 0), tell(-1, -1, 0), tell(2, 0, 1)] == ["learned", "known", "known", "against"]
    assert kept.tell([Told(99, (0, 0, 0))], 1.0) == ["unknown"]
    assert kept.learned == 1
    kept.commit()
    assert kept.store.responses([number])[number].responses.tolist() == [2, 0, 0]


def test_what_is_bought_besides_is_told_once(make, url):
    kept = open_kept(url, make)
    (visit,) = kept.decide(np.array([3]), 0.0)
    number = visit.number

    def tell(responses, *besides):
        (said,) = kept.tell([Told(number, responses, besides)], 1.0)
        kept.commit()
        return said, kept.store.responses([number])[number].others.tolist()

    waits, closed = (1, -1, -1), (1, 0, 0)
    assert tell(waits, 7, 7) == ("open", [7])
    assert tell(waits, 7) == ("known", [7])
    assert tell(waits, 6, 7) == ("open", [7, 6])
    assert tell(closed) == ("learned", [7, 6])
    assert tell(closed, 6) == ("known", [7, 6])
    assert tell(closed, 5) == ("against", [7, 6])  # it is not taken in, and so not acknowledged
    assert tell((-1, -1, -1), 5) == ("against", [7, 6])


def test_one_request_may_tell_of_a_visit_twice(make, url):
    kept = open_kept(url, make)
    first, second = kept.decide(np.array([3, 4]), 0.0)
    told = [
        Told(first.number, (1, -1, 0)),
        Told(second.number, (0, 0, 0)),
        Told(first.number, (1, 2, 0)),
        Told(first.number, (1, 2, 0)),
    ]
    assert kept.tell(told, 1.0) == ["open", "learned", "learned", "known"]
    assert kept.agent._visits == 2


def test_silence_means_ignored(make, url):
    kept = open_kept(url, make)
    early = kept.decide(np.array([1, 2, 3]), 10.0)
    (late,) = kept.decide(np.array([1]), 20.0)
    kept.tell([Told(early[0].number, (2, 2, 2)), Told(early[1].number, (-1, 1, -1))], 15.0)
    assert kept.close_overdue(10.0, 25.0) == 0
    assert kept.close_overdue(20.0, 25.0, most=1) == 1
    assert kept.close_overdue(20.0, 25.0) == 1
    assert kept.close_overdue(20.0, 25.0) == 0
    kept.commit()
    told = kept.store.responses([visit.number for visit in (*early, late)])
    assert [told[visit.number].responses.tolist() for visit in early] == [[2, 2, 2], [0, 1, 0], [0, 0, 0]]
    assert [told[visit.number].silent for visit in early] == [False, True, True]
    assert late.number not in told
    assert kept.tell([Told(early[2].number, (2, 0, 0))], 26.0) == ["against"]


def test_counts_are_those_of_the_record(make, url):
    kept, rng = open_kept(url, make), np.random.default_rng(2)
    serve_some(kept, 20, rng)
    kept.keep()
    serve_some(kept, 20, rng)
    shown, bought = np.zeros((2, kept.agent.states, kept.agent.products), dtype=int)
    for made in kept.store.replay(0):
        for response, visit in getattr(made, "responses", ()):
            shown[visit.state, visit.products] += 1
            bought[visit.state, visit.products] += response.responses == 2
    for state in range(kept.agent.states):
        counts = kept.counts(state)
        assert sorted(counts) == np.flatnonzero(shown[state]).tolist()
        assert [counts[product].bought for product in sorted(counts)] == bought[state][shown[state] > 0].tolist()
    kept.keep()
    states = kept.store.states()
    assert states == np.flatnonzero(shown.any(axis=1)).tolist()
    last = kept.store.values(states[0])
    assert [value.shown for value in last] == shown[states[0]][shown[states[0]] > 0].tolist()
    fresh = [value for state in states for value in kept.store.values(state) if value.changed == 19 * HOUR + 1]
    assert fresh
    assert all(value.value == kept.agent.values([value.state])[0, value.product] for value in fresh)
