"""Average rewards of the products in each state, and the best products of each state in order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.compiling import Loop

LEADERS = 64  # products of a state that are kept in order: few enough to look through, enough to outlast many visits
LEADER = np.dtype([("value", np.float64), ("column", np.int32), ("number", np.int32)])
SHOWN = np.dtype([("value", np.float64), ("count", np.int32), ("column", np.int32), ("previous", np.int32)])
PLACE = np.dtype([("cell", np.int64), ("number", np.int32)])
STATE = np.dtype([(name, np.int64) for name in ("first", "end", "passed", "known", "length", "latest")])


class ValueTable:
    """A value for each product known in a state: what it starts with, then the average of its rewards.

    Products are numbered by columns, in a random order, so that ties do not break by the order of the catalogue: of two
    equal values, that of the lower column is the better.

    The starts are one list, state after state. A product that has been shown has a number; those of a state form a
    chain. The leaders of a state are always the first so many of all that are known there, in order. Nine of ten
    products that an agent shows are leaders and bring their numbers along; that of another is found by its hash (open
    addressing with linear probing; Knuth 1998, volume 3, section 6.4). So memory grows with what is known and shown,
    not with the catalogue. A leader that falls below others that may be better is none any more; the leaders are chosen
    anew when fewer than `depth` are left.

    Attributes:
        column: (P,) the column of each product.
        columns: (N,) what is known at first, ascending in each state.
        start: (N,) its value; -inf once it has been shown.
        ranking: (N,) positions among the starts of the state, best first.
        shown: (C,) `SHOWN` by number, and room for more: value, how many rewards it averages, column, and the number of
            the product that was first shown in the state before it, -1 for none.
        used: how many numbers are given.
        places: (2 C,) `PLACE`: the cell, state * P + column, with this hash or one shortly before, -1 for none, and its
            number.
        leaders: (S, L) `LEADER`, best first; one that was not shown has the number -1 - the position of its start.
        heads: (S,) `STATE`: where the starts of the state begin and end, how many of the best of them are known to have
            been shown, how many products are known, how many of them lead, and the latest number of the state.
    """

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
        columns, start, ranking = zip(
            *(
                (some.astype(np.int32), values, np.argsort(-values, kind="stable").astype(np.int32))
                for some, values in known
            ),
            strict=True,
        )
        self.column, self.depth, states = column, depth, len(columns)
        self.prior_weight, self.most = prior_weight, 1.0 / step_size - 1.0 if step_size else np.inf
        self.heads = np.zeros(states, dtype=STATE)
        self.heads["known"] = [len(some) for some in columns]
        self.heads["end"] = self.heads["known"].cumsum()
        self.heads["first"] = self.heads["end"] - self.heads["known"]
        self.heads["latest"] = -1
        self.columns, self.start, self.ranking = (np.concatenate(lists) for lists in (columns, start, ranking))
        self.leaders = np.zeros((states, min(max(LEADERS, 2 * depth), len(column))), dtype=LEADER)
        self.shown, self.places, self.used = np.zeros(0, dtype=SHOWN), np.full(1, -1, dtype=PLACE), 0
        nothing = np.zeros((states, 0), dtype=np.int64), np.zeros((states, 0))
        self.learn(np.arange(states), *nothing)  # for the leaders

    def learn(self, states: NDArray[np.int64], slates: NDArray[np.int64], rewards: NDArray[np.float64]) -> None:
        """Adds rewards (B, n) of slates (B, n) in states (B,), one after the other."""
        if self.used + slates.size > len(self.shown):
            self._make_room(self.used + slates.size)
        self.used = learn(
            states, slates, rewards, self.prior_weight, self.most, self.depth, self.used, self.column, self.heads,
            self.leaders, self.shown, self.places, self.columns, self.start, self.ranking,
        )  # fmt: skip

    def rows(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) values by column; -inf for what is not known in the state."""
        rows = np.full((len(states), len(self.column)), -np.inf)
        fill(states, rows, self.heads, self.shown, self.columns, self.start)
        return rows

    def _make_room(self, least: int) -> None:
        """Makes room for so many shown products, and for as many places as find them soon."""
        room = 1 << least.bit_length()  # a power of two
        shown, self.shown = self.shown, np.zeros(room, dtype=SHOWN)
        self.shown[: len(shown)] = shown
        places, self.places = self.places, np.full(2 * room, -1, dtype=PLACE)
        move(places, self.places)


@Loop
def learn(
    states: NDArray, slates: NDArray, rewards: NDArray, prior_weight: float, most: float, depth: int, used: int,
    column: NDArray, heads: NDArray, leaders: NDArray, shown: NDArray, places: NDArray, columns: NDArray,
    start: NDArray, ranking: NDArray,
) -> int:  # fmt: skip
    """Adds each reward to the average of its product, and keeps the leaders in order; returns how many were shown."""
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
                number = find_number(row, product, head, places, columns)
                at = min(at, own.size - 1)  # it takes the last place, for now
                length = at + 1
            if number < 0:
                enter(row, product, -1 - number, head, shown, places, start, used)
                number, used = used, used + 1
            entry = shown[number]
            weight, before = min(prior_weight + entry["count"], most), entry["value"]
            value = (weight * before + rewards[visit, slot]) / (weight + 1.0)
            entry["value"], entry["count"] = value, entry["count"] + 1
            at = settle(own, length, at, value, product, number)
            if at == length - 1 and length < head["known"] and (value < before or not leads):
                length -= 1  # others may be better
            head["length"] = length
        if head["length"] < min(depth, head["known"]):
            choose(head, own, shown, columns, start, ranking)
    return used


@Loop
def choose(head: np.void, own: NDArray, shown: NDArray, columns: NDArray, start: NDArray, ranking: NDArray) -> None:
    """Chooses the leaders of a state anew: the best by what they start with, and of those shown there."""
    length, rank = 0, head["first"] + head["passed"]
    while length < own.size and rank < head["end"]:
        at = head["first"] + ranking[rank]
        if start[at] > -np.inf:
            own[length]["value"], own[length]["column"], own[length]["number"] = start[at], columns[at], -1 - at
            length += 1
        elif length == 0:
            head["passed"] += 1
        rank += 1
    number = head["latest"]
    while number >= 0:
        entry = shown[number]
        value, column = entry["value"], entry["column"]
        if length < own.size or is_better(value, column, own[length - 1]["value"], own[length - 1]["column"]):
            length = min(length + 1, own.size)
            settle(own, length, length - 1, value, column, number)
        number = entry["previous"]
    head["length"] = length


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
def find_number(row: int, column: int, head: np.void, places: NDArray, columns: NDArray) -> int:
    """The number of a product; -1 - the place of its start where it was not shown, which is the end for no start."""
    place = places[find(row + column, places)]
    if place["cell"] >= 0:
        return place["number"]
    at = head["first"] + np.searchsorted(columns[head["first"] : head["end"]], column)
    return -1 - at if at < head["end"] and columns[at] == column else -1 - columns.size


@Loop
def enter(
    row: int, column: int, at: int, head: np.void, shown: NDArray, places: NDArray, start: NDArray, number: int
) -> None:
    """Gives a product its number, and takes it out of the starts."""
    value = 0.0
    if at < start.size:
        value, start[at] = start[at], -np.inf
    else:
        head["known"] += 1
    entry, place = shown[number], places[find(row + column, places)]
    entry["value"], entry["count"], entry["column"], entry["previous"] = value, 0, column, head["latest"]
    place["cell"], place["number"], head["latest"] = row + column, number, number


@Loop
def fill(states: NDArray, rows: NDArray, heads: NDArray, shown: NDArray, columns: NDArray, start: NDArray) -> None:
    """Writes what is known in the states (B,) into rows (B, P)."""
    for visit in range(states.size):
        head, row = heads[states[visit]], rows[visit]
        for at in range(head["first"], head["end"]):
            row[columns[at]] = start[at]
        number = head["latest"]
        while number >= 0:
            row[shown[number]["column"]] = shown[number]["value"]
            number = shown[number]["previous"]


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
