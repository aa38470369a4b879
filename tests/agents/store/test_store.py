"""What every store keeps to, whichever database is behind it."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.store import StoreError, open_store
from selflearn_agents.store.image import Image, Piece
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.record import Acted, Counts, Customer, Entries, Mask, Response, Updated, Value, Visit
from selflearn_agents.store.telling import LEARNED, Told

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

NAMES = {"tiers": [["segment", ["A", "B"]]], "products": [["P0", "one"], ["P1", "two"], ["P2", "three"]]}
IDENTITY = {"id": "x", "agent": "popular", "big": 2**200, "names": NAMES}


def visit(number, call, time=1.0, **others):
    """A visit of two slots."""
    slate = np.array([number % 3, 2], dtype="<i4").tobytes()
    chances = np.array([0.1 + 0.2, 1 / 3], dtype="<f8").tobytes()
    given = {"state": number % 2, "customer": None, "propensity": chances, "seen": None} | others
    return Visit(number, call, time, slate=slate, **given)


def response(visit, call, told=b"\x01\x02", **others):
    return Response(visit, call, **{"time": 2.0, "response": told, "silent": False, "besides": b""} | others)


def begun(open_, image=None, values=()):
    store = open_()
    store.begin(IDENTITY, image, values)
    return store


def test_a_record_comes_back_as_it_was_written_in_the_order_of_the_calls(open_):
    store = begun(open_)
    first = visit(1, 1, 0.1 + 0.2, customer="é'\"$a.b", seen=b"\x00\xff", propensity=None)
    second, third = visit(2, 1, state=1), visit(3, 3, 7.5)
    partial, whole = response(1, None, b"\x00\xff"), response(1, 2, b"\x00\x02", besides=b"\x02\x00\x00\x00")
    silent = response(2, 4, b"\x00\x00", silent=True)
    store.append(Entries([first, second], [partial, whole], [Mask(1, b"\x07\x00")], [Customer("é'\"$a.b", 40)]))
    store.append(Entries([third], [silent, response(3, 4)]))
    for read in (store, open_(read_only=True)):
        calls = list(read.replay(0))
        assert calls == [
            Acted(1, [first, second], b"\x07\x00"),
            Updated(2, [(whole, first)]),
            Acted(3, [third], None),
            Updated(4, [(silent, second), (response(3, 4), third)]),
        ]
        assert [type(each.response) for each, _ in calls[1].responses] == [bytes]
        assert list(read.replay(2)) == calls[2:]
        assert list(read.replay(4)) == []
        assert read.counts() == Counts(visits=3, calls=4, learned=3)
        assert read.visits([3, 1, 9]) == {1: first, 3: third}
        assert read.responses([1, 3, 9]) == {1: whole, 3: response(3, 4)}
        assert read.life("é'\"$a.b") == [(first, whole)]
        assert read.life("nobody") == []
        assert (read.customer("é'\"$a.b"), read.customer("nobody"), read.customer_count()) == (40, None, 1)
        assert read.identity == IDENTITY


def test_an_empty_record_has_nothing(open_):
    store = open_()
    assert store.identity is None
    assert (store.image(), store.kept()) == (None, None)
    store.begin(IDENTITY, None)
    assert (store.image(), list(store.replay(0)), store.states(), store.values(0)) == (None, [], [], [])
    assert store.counts() == Counts(0, 0, 0)
    assert store.overdue(1, 5.0, 10) == ([], 1)
    assert store.kept() is not None
    assert store.size() > 0
    with pytest.raises(StoreError, match="has begun already"):
        store.begin(IDENTITY, None)


TWICE = {
    "a visit": Entries([visit(3, 3), visit(1, 3)]),
    "learned from": Entries([visit(3, 3)], [response(2, 4), response(1, 4)]),
    "learned from in one append": Entries([visit(3, 3)], [response(2, 4), response(2, 4)]),
    "a name": Entries([visit(3, 3)], customers=[Customer("b", 8), Customer("a", 9)]),
    "a number": Entries([visit(3, 3)], customers=[Customer("b", 7)]),
    "a mask": Entries([visit(3, 3)], masks=[Mask(3, b"m"), Mask(1, b"m")]),
}


def test_all_of_an_append_is_recorded_or_nothing(open_):
    store = begun(open_)
    store.append(Entries([visit(1, 1), visit(2, 1)], [response(1, 2)], [Mask(1, b"m")], [Customer("a", 7)]))
    before = list(store.replay(0))
    for what, entries in TWICE.items():
        with pytest.raises(StoreError, match="already has this; nothing was changed"):
            store.append(entries)
        after = list(store.replay(0)), store.customer_count(), store.responses([2])
        assert after == (before, 1, {}), f"{what} twice"
    store.append(Entries([visit(3, 3)], [response(2, 4)]))  # it goes on
    assert store.counts() == Counts(3, 4, 2)


def test_a_visit_of_which_a_part_is_told_may_be_told_of_again(open_):
    store = begun(open_)
    parts = [response(1, None, b"\xff\xff"), response(1, None, b"\x00\xff"), response(1, None, b"\x01\xff")]
    store.append(Entries([visit(1, 1)], parts[:2]))
    store.append(Entries(responses=parts[2:]))
    assert store.responses([1]) == {1: parts[2]}
    assert store.counts() == Counts(1, 1, 0)
    assert store.overdue(1, 5.0, 10) == ([1], 2)


def test_overdue_are_those_decided_before_and_not_learned_from(open_):
    store = begun(open_)
    store.append(Entries([visit(number, 1, float(number)) for number in range(1, 9)]))
    store.append(Entries(responses=[response(2, 2), response(3, None, b"\x00\xff"), response(5, 2)]))
    assert store.overdue(1, 7.0, 10) == ([1, 3, 4, 6], 7)
    assert store.overdue(1, 7.0, 2) == ([1, 3], 4)
    assert store.overdue(4, 7.0, 2) == ([4, 6], 7)
    assert store.overdue(7, 7.0, 2) == ([], 7)
    assert store.overdue(7, 99.0, 9) == ([7, 8], 9)


def test_values_add_up(open_, values_in):
    store = begun(open_, values=[Value(1, 2, 0.1 + 0.2, 5, 0, 0, 3.0)])
    store.keep(None, [Value(1, 2, 7.0, 2, 1, 1, 1.5), Value(1, 0, None, 1, 0, 0, 4.0), Value(0, 2, -2.0, 1, 0, 1, 5.0)])
    store.keep(None, iter([Value(1, 2, 0.375, 1, 1, 0, 2.0)]))
    for read in (store, open_(read_only=True)):
        assert read.states() == [0, 1]
        assert values_in(read, 0) == [Value(0, 2, -2.0, 1, 0, 1, 5.0)]
        assert values_in(read, 1) == [Value(1, 0, None, 1, 0, 0, 4.0), Value(1, 2, 0.375, 8, 2, 1, 3.0)]
        assert values_in(read, 5) == []


def test_an_image_is_what_was_kept_last_with_what_did_not_change(open_):
    state = {"state": 2**127 + 1, "inc": -(2**70)}
    whole = Image(0, 0, {"rng": state}, {(".a", 0): Piece(b"d", b"\x00" * 70_000), (".a", 1): Piece(b"e", b"")})
    store = begun(open_, whole)
    assert store.image() == whole._replace(gone=())
    changed = Image(9, 4, {"rng": None}, {("p.b", 0): Piece(b"f", b"\xff"), (".a", 0): Piece(b"g", b"x")}, [(".a", 1)])
    store.keep(changed, [])
    for read in (store, open_(read_only=True)):
        assert read.image() == changed._replace(gone=())
    store.keep(None, [])  # leaves the image alone
    assert store.image().call == 9


def test_a_second_writer_is_refused_and_readers_are_not(open_):
    store = begun(open_)
    store.append(Entries([visit(1, 1)]))
    reader = open_(read_only=True)
    with pytest.raises(StoreError, match="writes to this store; stop it first, or use another store"):
        open_()
    store.append(Entries([visit(2, 2)]))
    assert reader.counts().visits == 2
    with pytest.raises(StoreError):
        reader.append(Entries([visit(3, 3)]))
    store.close()
    assert open_().counts().visits == 2  # another one may write at once


def test_a_reader_wants_a_store(open_):
    with pytest.raises(StoreError, match="there is no such store"):
        open_(read_only=True)


DAYS = 5


class Shop:
    """Serves visits with an agent that is kept."""

    def __init__(self, name, shop):
        self.name, self.shop = name, shop

    def make(self):
        return make_agent(self.name, history=self.shop.history, slate_size=3, seed=5)

    def kept(self, store, **others):
        identity = {"agent": self.name, "shop": self.shop.digest, **others}
        return KeptAgent(store, identity, self.make, list(AGENTS.values()))

    def serve(self, kept, rng, keep=()):
        """Serves visits on some days, and commits each day; the slates."""
        slates, late = [], []
        for day in range(DAYS):
            states = rng.integers(self.shop.states.size, size=4)
            visits = self.seen(states, rng, day) if kept.agent.knows_customers else states
            decided = kept.decide(visits, float(day), slots=[3, 3, 2, 3])
            told = [Told(each.number, rng.integers(3, size=len(each.products)).tolist()) for each in decided]
            assert kept.tell([*told[:3], *late], day + 0.5) == [LEARNED] * (3 + len(late))
            late = told[3:]
            kept.commit()
            if day in keep:
                kept.keep()
            slates += [each.slate for each in decided]
        return slates

    def seen(self, states, rng, day):
        start = np.array([0, 1, 3, 3, 6])
        record = Items(start, rng.integers(self.shop.products, size=6).astype(np.int32), np.full(6, day))
        numbers = rng.integers(9, size=4)
        return SeenVisits(states, numbers, np.full(4, day + 30), numbers, numbers, np.zeros(4, dtype=np.int64), record)


@pytest.mark.parametrize("name", ["epsilon_greedy", "again"])
def test_an_agent_goes_on_bit_for_bit_from_what_was_recorded(name, open_, values_in, tiny_shop, tmp_path):
    shop = Shop(name, tiny_shop)
    store, rng = open_(), np.random.default_rng(3)
    kept = shop.kept(store)
    shop.serve(kept, rng, keep=(0, 2))
    kept.decide(np.array([0, 1]), 99.0)  # never recorded
    store.close()
    again = shop.kept(open_())
    assert again.replayed == 3 * (DAYS - 3)  # each day decides once, and learns from slates of 2 and from those of 3
    with closing(open_store(f"sqlite:///{tmp_path / 'other.db'}")) as other_store:
        uninterrupted, other = shop.kept(other_store), np.random.default_rng(3)
        shop.serve(uninterrupted, other)
        states = np.arange(tiny_shop.states.size)
        np.testing.assert_array_equal(again.agent.values(states), uninterrupted.agent.values(states))
        assert shop.serve(again, rng) == shop.serve(uninterrupted, other)
        np.testing.assert_array_equal(again.agent.values(states), uninterrupted.agent.values(states))
        assert again.agent.rng.bit_generator.state == uninterrupted.agent.rng.bit_generator.state
        assert again.id == store.identity["id"]
        for each in (again, uninterrupted):
            each.keep()
        assert again.store.states() == other_store.states()
        assert all(values_in(again.store, state) == values_in(other_store, state) for state in other_store.states())


def test_a_store_of_another_agent_is_refused(open_, tiny_shop):
    store = open_()
    Shop("epsilon_greedy", tiny_shop).kept(store)
    with pytest.raises(StoreError, match="a store of another agent: it has 'epsilon_greedy', and this is 'popular'"):
        Shop("popular", tiny_shop).kept(store)
