"""Average rewards of the products in each state, and the best products of each state in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.compiling import Loop
from selflearn_env.declared import Array, Declared, counts, indexes, numbers, permutation, real, whole

LEADERS = 64  # products of a state that are kept in order: few enough to look through, enough to outlast many visits
MANY = 1024  # products known per state, on average, from which on twice as many lead: choosing them anew takes long
ENTRY = np.dtype([("value", np.float64), ("column", np.int32), ("count", np.int32)])
LEADER = np.dtype([("value", np.float64), ("column", np.int32), ("number", np.int32)])
PLACE = np.dtype([("cell", np.int64), ("number", np.int32)])
STATE = np.dtype([(name, np.int64) for name in ("first", "end", "latest", "known", "length")])
COLUMN, ANY = indexes("products"), Array(np.int64, (), least=-1)  # what fields have
IN_ENTRY = {"value": numbers(), "column": COLUMN, "count": counts()}
IN_HEAD = {name: Array(np.int64, (), least=-1 if name == "latest" else 0) for name in STATE.names or ()}


class ValueTable:
    """A value for each product known in a state: the average of its rewards, and of its start.

    The start counts as `prior_weight` rewards; with a `step_size` the average forgets old ones.

    Products are numbered by columns, in a random order, so that ties do not break by the order of the catalogue: of two
    equal values, that of the lower column is the better.

    What is known at first is one list, state after state. A newcomer, shown without having been known, is found by its
    hash (open addressing with linear probing; Knuth 1998, volume 3, section 6.4), and those of a state form a chain. So
    memory grows with what is known, not with the catalogue. The leaders of a state are always the first so many of all
    that are known there, in order: nine of ten products that an agent shows are leaders, which know their entries. A
    leader that falls below others that may be better is none any more, and the leaders are chosen anew when fewer than
    `depth` are left.

    Attributes:
        column: (P,) the column of each product.
        old: (N,) `ENTRY` of what is known at first, ascending by column in each state: value, column, and how many
            rewards it has had.
        new: (C,) `ENTRY` of the newcomers by number, and room for more.
        previous: (C,) the number of the newcomer before it in the state, -1 for none.
        newcomers: how many there are.
        places: (2 C,) `PLACE`: the cell, state * P + column, with this hash or one shortly before, -1 for none, and its
            number.
        leaders: (S, L) `LEADER`, the first `length` of them, best first; their number is the position in `old`, or
            -1 - that in `new`.
        heads: (S,) `STATE`: where the old ones of the state begin and end, its latest newcomer, how many products are
            known there, and how many of them lead.
    """

    declared: ClassVar[Declared] = {
        "depth": whole(1),
        "prior_weight": real(0.0),
        "most": real(0.0, infinite=True),
        "newcomers": whole(),
        "column": permutation("products"),
        "old": Array(ENTRY, ("known",), fields=IN_ENTRY),
        "new": Array(ENTRY, ("newcomers' room",), fields=IN_ENTRY),
        "previous": Array(np.int32, ("newcomers' room",), least=-1),
        "places": Array(PLACE, ("places",), fields={"cell": ANY, "number": ANY}),
        "leaders": Array(LEADER, ("states", "leaders listed"), fields={"value": numbers(), "column": COLUMN}),
        "heads": Array(STATE, ("states",), fields=IN_HEAD),
    }

    def __init__(
        self,
        column: NDArray[np.int64],
        known: Iterable[tuple[NDArray[np.int64], NDArray[np.float64]]],
        depth: int,
        prior_weight: float,
        step_size: float,
    ):
        """Stores what is known at first.

        Args:
            column: (P,) the column of each product.
            known: for each state, the columns known there, ascending, and the values that they start with.
            depth: how many leaders are needed, where so many products are known.
            prior_weight: how many rewards the start counts for.
            step_size: least share of a new reward in the average; at 0 all rewards count alike.
        """
        old = [entries(columns, values) for columns, values in known]
        self.column, self.depth, states = column, depth, len(old)
        self.prior_weight, self.most = prior_weight, 1.0 / step_size - 1.0 if step_size else np.inf
        self.heads = np.zeros(states, dtype=STATE)
        self.heads["known"] = [len(some) for some in old]
        self.heads["end"] = self.heads["known"].cumsum()
        self.heads["first"] = self.heads["end"] - self.heads["known"]
        self.heads["latest"] = -1
        self.old, self.new, self.newcomers = np.concatenate(old), np.zeros(0, dtype=ENTRY), 0
        self.previous, self.places = np.zeros(0, dtype=np.int32), np.full(1, -1, dtype=PLACE)
        size = max(LEADERS if len(self.old) < MANY * states else 2 * LEADERS, 2 * depth)
        self.leaders = np.zeros((states, min(size, len(column))), dtype=LEADER)
        nothing = np.zeros((states, 0), dtype=np.int64), np.zeros((states, 0))
        self.learn(np.arange(states), *nothing)  # for the leaders

    def check_kept(self) -> None:
        """Sees that what refers to other places stays within them: the loops look at no bounds.

        Raises:
            ValueError: it does not.
        """
        heads, newcomers, room = self.heads, self.newcomers, len(self.new)
        if heads["first"][0] or heads["end"][-1] != len(self.old) or (heads["first"][1:] != heads["end"][:-1]).any():
            raise ValueError("heads do not divide what is old among the states")
        if (heads["first"] > heads["end"]).any() or (heads["latest"] >= newcomers).any():
            raise ValueError("heads have entries that are not there")
        if newcomers > room or (self.previous[:newcomers] >= np.arange(newcomers)).any():
            raise ValueError("previous goes in circles")
        taken = self.places["cell"] >= 0
        if len(self.places) != max(2 * room, 1) or room & (room - 1) or np.count_nonzero(taken) != newcomers:
            raise ValueError("places are not of the newcomers")
        if (np.sort(self.places["number"][taken]) != np.arange(newcomers)).any():
            raise ValueError("places have newcomers that are not there")
        length, width = heads["length"], self.leaders.shape[1]
        if (length > np.minimum(heads["known"], width)).any():
            raise ValueError("heads have more leaders than are known")
        lead = np.arange(width) < length[:, None]
        number, column = self.leaders["number"], np.where(lead, self.leaders["column"], -1 - np.arange(width))
        if ((number < -newcomers) | (number >= len(self.old)))[lead].any():
            raise ValueError("leaders have entries that are not there")
        if (np.diff(np.sort(column, axis=1), axis=1) == 0).any():
            raise ValueError("leaders have a product twice")

    def learn(self, states: NDArray[np.int64], slates: NDArray[np.int64], rewards: NDArray[np.float64]) -> None:
        """Adds rewards (B, k) of slates (B, k) in states (B,), one after the other."""
        if self.newcomers + slates.size > len(self.new):
            self._make_room(self.newcomers + slates.size)
        newcomers = learn(
            states, slates, rewards, self.prior_weight, self.most, self.depth, self.newcomers, self.column, self.heads,
            self.leaders, self.old, self.new, self.previous, self.places,
        )  # fmt: skip
        self.newcomers = int(newcomers)  # plain Python has it from an array

    def best(self, states: NDArray[np.int64], allowed: NDArray[np.bool_], count: int) -> NDArray[np.int32]:
        """(B, count) columns of the best that are known in the states (B,), of those allowed, (B, P) by column.

        Best first, -1 where no other is known. Leaders are looked through first, and where too few are allowed, all.
        """
        best = np.full((len(states), count), -1, dtype=np.int32)
        few = np.zeros(count, dtype=LEADER)
        lead(states, allowed, few, self.heads, self.leaders, self.old, self.new, self.previous, best)
        return best

    def rows(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) values by column; -inf for what is not known in the state."""
        rows = np.full((len(states), len(self.column)), -np.inf)
        fill(states, rows, self.heads, self.old, self.new, self.previous)
        return rows

    def _make_room(self, least: int) -> None:
        """Makes room for so many newcomers, and for as many places as find them soon."""
        room = 1 << least.bit_length()  # a power of two
        more = room - len(self.new)
        self.new = np.concatenate([self.new, np.zeros(more, dtype=ENTRY)])
        self.previous = np.concatenate([self.previous, np.zeros(more, dtype=np.int32)])
        places, self.places = self.places, np.full(2 * room, -1, dtype=PLACE)
        move(places, self.places)


def entries(columns: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray:
    """(K,) `ENTRY` of products that were not shown."""
    made = np.zeros(len(columns), dtype=ENTRY)
    made["column"], made["value"] = columns, values
    return made


@Loop
def learn(
    states: NDArray, slates: NDArray, rewards: NDArray, prior_weight: float, most: float, depth: int, newcomers: int,
    column: NDArray, heads: NDArray, leaders: NDArray, old: NDArray, new: NDArray, previous: NDArray, places: NDArray,
) -> int:  # fmt: skip
    """Adds each reward to the average of its product, and keeps the leaders in order; returns how many newcomers."""
    everything = np.empty(0, dtype=np.bool_)
    for visit in range(states.size):
        state = states[visit]
        head, own, row = heads[state], leaders[state], state * column.size
        for slot in range(slates.shape[1]):
            product, length, at = column[slates[visit, slot]], head["length"], 0
            while at < length and own[at]["column"] != product:
                at += 1
            leads = at < length
            if leads:
                number = own[at]["number"]
            else:
                at = min(at, own.size - 1)  # it takes the last place, for now
                length = at + 1
                number = find_old(product, head, old)
                if number < 0:
                    number = -1 - find_new(row + product, product, head, new, previous, places, newcomers)
                    newcomers = max(newcomers, -number)
            entry = old[number] if number >= 0 else new[-1 - number]
            weight, before = min(prior_weight + entry["count"], most), entry["value"]
            value = (weight * before + rewards[visit, slot]) / (weight + 1.0)
            entry["value"], entry["count"] = value, entry["count"] + 1
            at = settle(own, length, at, value, product, number)
            if at == length - 1 and length < head["known"] and (value < before or not leads):
                length -= 1  # others may be better
            head["length"] = length
        if head["length"] < min(depth, head["known"]):
            head["length"] = choose(head, everything, own, old, new, previous)
    return newcomers


@Loop
def lead(
    states: NDArray, allowed: NDArray, few: NDArray, heads: NDArray, leaders: NDArray, old: NDArray, new: NDArray,
    previous: NDArray, best: NDArray,
) -> None:  # fmt: skip
    """Writes the best allowed columns into best (B, count), all -1 so far; `few` is room for so many leaders."""
    for visit in range(states.size):
        head, own, found = heads[states[visit]], leaders[states[visit]], 0
        for at in range(head["length"]):
            if found < few.size and allowed[visit, own[at]["column"]]:
                best[visit, found] = own[at]["column"]
                found += 1
        if found < few.size and head["length"] < head["known"]:
            found = choose(head, allowed[visit], few, old, new, previous)
            for at in range(found):
                best[visit, at] = few[at]["column"]


@Loop
def choose(
    head: np.void, allowed: NDArray, own: NDArray, old: NDArray, new: NDArray, previous: NDArray
) -> int:  # fmt: skip
    """Chooses leaders of a state anew, of all that are known there and allowed, (P,), or (0,) for all; how many."""
    length, bar, everything = 0, -np.inf, allowed.size == 0  # whoever is below the bar need not be looked at
    for number in range(head["first"], head["end"]):
        if old[number]["value"] >= bar and (everything or allowed[old[number]["column"]]):
            length, bar = offer(own, length, old[number], number)
    number = head["latest"]
    while number >= 0:
        if new[number]["value"] >= bar and (everything or allowed[new[number]["column"]]):
            length, bar = offer(own, length, new[number], -1 - number)
        number = previous[number]
    return length


@Loop
def offer(own: NDArray, length: int, entry: np.void, number: int) -> tuple[int, float]:
    """Takes a product in among the leaders, if it is better than the last; returns how many, and what others need."""
    value, column = entry["value"], entry["column"]
    if length < own.size or is_better(value, column, own[length - 1]["value"], own[length - 1]["column"]):
        length = min(length + 1, own.size)
        settle(own, length, length - 1, value, column, number)
    return length, own[length - 1]["value"] if length == own.size else -np.inf


@Loop
def settle(own: NDArray, length: int, at: int, value: float, column: int, number: int) -> int:
    """Writes a leader where its value belongs, and moves those between there and this place; returns the new place."""
    while at + 1 < length and is_better(own[at + 1]["value"], own[at + 1]["column"], value, column):
        own[at] = own[at + 1]
        at += 1
    while at > 0 and is_better(value, column, own[at - 1]["value"], own[at - 1]["column"]):
        own[at] = own[at - 1]
        at -= 1
    own[at]["value"], own[at]["column"], own[at]["number"] = value, column, number
    return at


@Loop
def is_better(value: float, column: int, other_value: float, other: int) -> bool:
    """Whether a product comes before another."""
    return value > other_value or (value == other_value and column < other)


@Loop
def fill(states: NDArray, rows: NDArray, heads: NDArray, old: NDArray, new: NDArray, previous: NDArray) -> None:
    """Writes what is known in the states (B,) into rows (B, P)."""
    for visit in range(states.size):
        head, row = heads[states[visit]], rows[visit]
        for number in range(head["first"], head["end"]):
            row[old[number]["column"]] = old[number]["value"]
        number = head["latest"]
        while number >= 0:
            row[new[number]["column"]] = new[number]["value"]
            number = previous[number]


@Loop
def find_old(column: int, head: np.void, old: NDArray) -> int:
    """The position of a product among what is known at first, -1 where it is not there."""
    at = head["first"] + np.searchsorted(old["column"][head["first"] : head["end"]], column)
    return at if at < head["end"] and old[at]["column"] == column else -1


@Loop
def find_new(
    cell: int, column: int, head: np.void, new: NDArray, previous: NDArray, places: NDArray, newcomers: int
) -> int:
    """The number of a newcomer, which is the next one if it comes now."""
    place = places[find(cell, places)]
    if place["cell"] < 0:
        place["cell"], place["number"] = cell, newcomers
        new[newcomers]["column"], previous[newcomers] = column, head["latest"]
        head["latest"] = newcomers
        head["known"] += 1
    return place["number"]


@Loop
def find(cell: int, places: NDArray) -> int:
    """The place of a cell that is met, or the free one where it belongs."""
    mask = places.size - 1  # the places are a power of two
    mixed = cell * 0x9E3779B1  # 2^32 over the golden ratio
    place = (mixed ^ (mixed >> 20)) & mask
    while places[place]["cell"] >= 0 and places[place]["cell"] != cell:
        place = (place + 1) & mask
    return place


@Loop
def move(old: NDArray, places: NDArray) -> None:
    """Enters what has a place into new places."""
    for place in range(old.size):
        if old[place]["cell"] >= 0:
            places[find(old[place]["cell"], places)] = old[place]
