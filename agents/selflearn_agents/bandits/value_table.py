"""Average rewards of the products in each state, and the best products of each state in order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.compiling import Loop

LEADERS = 64  # products of a state that are kept in order: few enough to shift quickly, enough to outlast many visits
ROOM = 1024  # shown products that there is room for at first
SHOWN = np.dtype(
    [
        ("cell", np.int64),  # state * P + column
        ("total", np.float64),  # sum of its rewards
        ("weight", np.float64),  # how many they are; what it started with included in both
        ("previous", np.int64),  # the number of the product that was first shown in the state before it; -1 for none
    ]
)


class ValueTable:
    """A value for each product known in a state: what it starts with, then the average of its rewards.

    Products are numbered by columns, in a random order, so that ties do not break by the order of the catalogue: of two
    equal values, that of the lower column is the better.

    The starts are one list, state after state. A product that has been shown is found by its hash (open addressing with
    linear probing; Knuth 1998, volume 3, section 6.4), and those shown in a state form a chain. So memory grows with
    what is known and shown, not with the catalogue. The leaders of a state are always the first so many of all that are
    known there, in order: they lose a product that falls below others that may be better, and are chosen anew when
    fewer than `depth` are left.

    Attributes:
        column: (P,) the column of each product.
        first: (S + 1,) where the starts of each state begin.
        columns: (N,) what is known at first, ascending in each state.
        start: (N,) its value; -inf once it has been shown.
        ranking: (N,) positions among the starts of the state, best first.
        passed: (S,) how many of the best starts of each state are known to have been shown.
        places: (2 C,) the number of the shown product with this hash, or with one shortly before; -1 for none.
        shown: (C,) `SHOWN` of each product once shown in a state, numbered by its first showing; and room for more.
        used: how many there are.
        latest: (S,) the number of the product that was first shown last in the state; -1 for none.
        leaders: (S, L) columns of the best products of each state, best first.
        values: (S, L) their values.
        length: (S,) how many these are.
        known: (S,) how many products are known.
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
        self.known = np.array([len(some) for some in columns])
        self.first = np.append(0, self.known.cumsum())
        self.columns, self.start, self.ranking = (np.concatenate(lists) for lists in (columns, start, ranking))
        self.passed = np.zeros(states, dtype=np.int64)
        self.shown, self.used, self.latest = np.zeros(ROOM, dtype=SHOWN), 0, np.full(states, -1)
        self.places = np.full(2 * ROOM, -1, dtype=np.int32)
        size = min(max(LEADERS, 2 * depth), len(column))
        self.leaders, self.values = np.zeros((states, size), dtype=np.int32), np.zeros((states, size))
        self.length = np.zeros(states, dtype=np.int64)
        for state in range(states):
            choose(state, *self._choice)

    @property
    def _choice(self) -> tuple[NDArray, ...]:
        """What leaders are chosen from, and where they are written."""
        return (
            self.first, self.columns, self.start, self.ranking, self.passed, self.shown, self.latest, self.column,
            self.leaders, self.values, self.length,
        )  # fmt: skip

    def learn(self, states: NDArray[np.int64], slates: NDArray[np.int64], rewards: NDArray[np.float64]) -> None:
        """Adds rewards (B, n) of slates (B, n) in states (B,), one after the other."""
        if self.used + slates.size > len(self.shown):
            self._make_room(self.used + slates.size)
        self.used = learn(
            states, slates, rewards, self.prior_weight, self.most, self.depth, self.used, self.places, self.known,
            *self._choice,
        )  # fmt: skip

    def rows(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) values by column; -inf for what is not known in the state."""
        rows = np.full((len(states), len(self.column)), -np.inf)
        fill(states, rows, self.first, self.columns, self.start, self.shown, self.latest)
        return rows

    def _make_room(self, least: int) -> None:
        """Doubles the room for shown products until it is enough."""
        room = len(self.shown)
        while room < least:
            room *= 2
        shown, self.shown = self.shown, np.zeros(room, dtype=SHOWN)
        self.shown[: len(shown)] = shown
        self.places = np.full(2 * room, -1, dtype=np.int32)
        enter(self.places, self.shown, self.used)


@Loop
def learn(
    states: NDArray, slates: NDArray, rewards: NDArray, prior_weight: float, most: float, depth: int, used: int,
    places: NDArray, known: NDArray, first: NDArray, columns: NDArray, start: NDArray, ranking: NDArray,
    passed: NDArray, shown: NDArray, latest: NDArray, column: NDArray, leaders: NDArray, values: NDArray,
    length: NDArray,
) -> int:  # fmt: skip
    """Adds each reward to the average of its product, and keeps the leaders in order; returns how many were shown."""
    numbers = np.empty(slates.shape[1], dtype=np.int64)
    for visit in range(states.size):
        state, slate = states[visit], slates[visit]
        for slot in range(slate.size):  # apart from what follows, so that these look-ups wait for memory together
            product = column[slate[slot]]
            cell = state * column.size + product
            place = find(places, shown, cell)
            if places[place] < 0:
                places[place], used = used, used + 1
                new = shown[places[place]]
                new["cell"], new["previous"] = cell, latest[state]
                new["total"], new["weight"] = 0.0, prior_weight
                latest[state] = places[place]
                own = columns[first[state] : first[state + 1]]
                at = np.searchsorted(own, product)
                if at < own.size and own[at] == product:
                    at += first[state]
                    new["total"], start[at] = prior_weight * start[at], -np.inf
                else:
                    known[state] += 1
            numbers[slot] = places[place]
        for slot in range(slate.size):
            entry = shown[numbers[slot]]
            if entry["weight"] > most:
                entry["total"] *= most / entry["weight"]
                entry["weight"] = most
            entry["total"] += rewards[visit, slot]
            entry["weight"] += 1.0
            value, product = entry["total"] / entry["weight"], column[slate[slot]]
            length[state] = move(leaders[state], values[state], length[state], known[state], product, value)
        if length[state] < min(depth, known[state]):
            choose(state, first, columns, start, ranking, passed, shown, latest, column, leaders, values, length)
    return used


@Loop
def move(leaders: NDArray, values: NDArray, length: int, known: int, product: int, value: float) -> int:
    """Puts a product where its new value belongs, among the leaders or outside; returns how many they are."""
    at = 0
    while at < length and leaders[at] != product:
        at += 1
    if at == length:
        others_outside = length < known - 1
        if others_outside and (length == 0 or not is_better(value, product, values[length - 1], leaders[length - 1])):
            return length
        return offer(leaders, values, length, product, value)
    fell = value < values[at]
    while at + 1 < length and is_better(values[at + 1], leaders[at + 1], value, product):
        leaders[at], values[at] = leaders[at + 1], values[at + 1]
        at += 1
    if fell and at == length - 1 and length < known:
        return at  # others, outside, may be better now
    leaders[at], values[at] = product, value
    rise(leaders, values, at)
    return length


@Loop
def offer(leaders: NDArray, values: NDArray, length: int, product: int, value: float) -> int:
    """Takes a product in among the leaders, if it is better than the last or there is room; returns how many."""
    if length < leaders.size:
        length += 1
    elif not is_better(value, product, values[length - 1], leaders[length - 1]):
        return length
    leaders[length - 1], values[length - 1] = product, value
    rise(leaders, values, length - 1)
    return length


@Loop
def rise(leaders: NDArray, values: NDArray, at: int) -> None:
    """Moves a leader up past those that are worse."""
    product, value = leaders[at], values[at]
    while at > 0 and is_better(value, product, values[at - 1], leaders[at - 1]):
        leaders[at], values[at] = leaders[at - 1], values[at - 1]
        at -= 1
    leaders[at], values[at] = product, value


@Loop
def is_better(value: float, product: int, other_value: float, other: int) -> bool:
    """Whether a product comes before another."""
    return value > other_value or (value == other_value and product < other)


@Loop
def choose(
    state: int, first: NDArray, columns: NDArray, start: NDArray, ranking: NDArray, passed: NDArray, shown: NDArray,
    latest: NDArray, column: NDArray, leaders: NDArray, values: NDArray, length: NDArray,
) -> None:  # fmt: skip
    """Chooses the leaders of a state anew: the best by what they start with, and of those shown there."""
    own, own_values, chosen, rank = leaders[state], values[state], 0, first[state] + passed[state]
    while chosen < own.size and rank < first[state + 1]:
        at = first[state] + ranking[rank]
        if start[at] > -np.inf:
            own[chosen], own_values[chosen] = columns[at], start[at]
            chosen += 1
        elif chosen == 0:
            passed[state] += 1
        rank += 1
    number = latest[state]
    while number >= 0:
        entry = shown[number]
        product = entry["cell"] - state * column.size
        chosen = offer(own, own_values, chosen, product, entry["total"] / entry["weight"])
        number = entry["previous"]
    length[state] = chosen


@Loop
def fill(
    states: NDArray, rows: NDArray, first: NDArray, columns: NDArray, start: NDArray, shown: NDArray, latest: NDArray
) -> None:
    """Writes what is known in the states (B,) into rows (B, P)."""
    for visit in range(states.size):
        state = states[visit]
        for at in range(first[state], first[state + 1]):
            rows[visit, columns[at]] = start[at]
        number = latest[state]
        while number >= 0:
            entry = shown[number]
            rows[visit, entry["cell"] - state * rows.shape[1]] = entry["total"] / entry["weight"]
            number = entry["previous"]


@Loop
def find(places: NDArray, shown: NDArray, cell: int) -> int:
    """The place of a cell that has been shown, or the free one where it belongs."""
    mask = places.size - 1  # the places are a power of two
    mixed = cell * 0x9E3779B1  # 2^32 over the golden ratio
    place = (mixed ^ (mixed >> 20)) & mask
    while places[place] >= 0 and shown[places[place]]["cell"] != cell:
        place = (place + 1) & mask
    return place


@Loop
def enter(places: NDArray, shown: NDArray, used: int) -> None:
    """Enters all shown products into new places."""
    for number in range(used):
        places[find(places, shown, shown[number]["cell"])] = number
