"""The products of greatest value in each state, kept instead of sorted anew for every visit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.value_table import ValueTable
from selflearn_env.core.cells import grown

SPARE = 64  # products kept per state; few enough to sort quickly, enough to outlast many visits


class Leaders:
    """For each state a sorted list of its best products, of which the first `depth` are right whenever they are read.

    `floor` bounds the values of all products outside the list; one that rises above it is taken into the list. The list
    is sorted again when its values have changed, and chosen anew from the whole row only when one of its first `depth`
    fell below the floor. Products without a value (-inf) come last; `scarce` marks the states where they may be among
    the first `depth`.
    """

    def __init__(self, table: ValueTable, depth: int):
        """Chooses the leaders.

        Args:
            table: the values of the products in each state.
            depth: how many leaders must be right.
        """
        states, products = len(table.row), len(table.order)
        self.depth = min(depth, products)
        self.size = min(max(SPARE, 2 * depth), products)
        self.ids = np.zeros((states, self.size), dtype=np.int64)
        self.slots = np.zeros((states, self.size), dtype=np.int64)  # of these products in the table
        self.floor = np.full(states, -np.inf)
        self.outside = np.ones(len(table.value), dtype=bool)  # by slot
        self.unsorted = np.ones(states, dtype=bool)
        self.scarce = np.zeros(states, dtype=bool)
        for state in range(states):
            self._choose(table, state)

    def best(self, table: ValueTable, state: int) -> list[int]:
        """The best of the products known in a state, best first: `depth` of them where there are so many."""
        if self.unsorted[state]:
            self._refresh(table, state)
        ids = self.ids[state, : self.depth]
        if self.scarce[state]:
            ids = ids[table.value[self.slots[state, : self.depth]] > -np.inf]
        return ids.tolist()

    def top(self, table: ValueTable, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B, depth) the best products of the states, best first, those known first; see `known`."""
        rows = states[self.unsorted[states]]
        if rows.size:
            self._refresh_many(table, np.unique(rows))
        return self.ids.take(states, axis=0)[:, : self.depth]

    def known(self, table: ValueTable, states: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, depth) which of the top products are known in the states."""
        return table.value.take(self.slots.take(states, axis=0)[:, : self.depth]) > -np.inf

    def changed(
        self,
        table: ValueTable,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        slots: NDArray[np.int64],
        new: NDArray[np.float64],
    ) -> None:
        """Says that the values of products (B, m) in the states (B,), at these slots (B, m), are new (B, m)."""
        self.outside = grown(self.outside, len(table.value), True)
        self.unsorted[states] = True
        risen = new > self.floor.take(states)[:, None]
        risen &= self.outside.take(slots)
        if np.count_nonzero(risen):
            at = (states[np.nonzero(risen)[0]], slates[risen], slots[risen])
            for state, product, slot in zip(*(each.tolist() for each in at), strict=True):
                self._take_in(table, state, product, slot)

    def changed_once(
        self,
        table: ValueTable,
        state: int,
        slate: NDArray[np.int64],
        slots: NDArray[np.int64],
        new: NDArray[np.float64],
    ) -> None:
        """The same for distinct products (m,) of one state."""
        if not table.full:
            self.outside = grown(self.outside, len(table.value), True)
        self.unsorted[state] = True
        floor = self.floor.item(state)
        for at, outside in enumerate(self.outside[slots].tolist()):
            if outside and new.item(at) > floor:
                self._take_in(table, state, slate.item(at), slots.item(at))

    def _take_in(self, table: ValueTable, state: int, product: int, slot: int) -> None:
        """Puts a product in the place of the last one of the list, if it is not there already."""
        if self.outside[slot]:
            last = self.slots[state, -1]
            self.floor[state] = max(self.floor[state], table.value[last])
            self.ids[state, -1], self.slots[state, -1] = product, slot
            self.outside[slot], self.outside[last] = False, True

    def _refresh(self, table: ValueTable, state: int) -> None:
        """Sorts the list of one state; chooses it anew where it must."""
        slots, ids = self.slots[state], self.ids[state]
        order = table.value[slots].argsort()[::-1]
        if table.value.item(slots.item(order.item(self.depth - 1))) < self.floor.item(state):
            self.outside[slots] = True
            self._choose(table, state)
            order = table.value[slots].argsort()[::-1]
        self.slots[state], self.ids[state] = slots[order], ids[order]
        self.unsorted[state] = False

    def _refresh_many(self, table: ValueTable, rows: NDArray[np.int64]) -> None:
        """The same for several states (R,) at once: one call for all rows costs less than a call for each."""
        slots = self.slots[rows]
        keys = table.value.take(slots)
        np.negative(keys, out=keys)
        order = keys.argsort(axis=1)
        order += (np.arange(len(rows)) * self.size)[:, None]
        self.slots[rows], self.ids[rows] = slots.take(order), self.ids[rows].take(order)
        self.unsorted[rows] = False
        fallen = keys.take(order[:, self.depth - 1]) > -self.floor[rows]
        for state in rows[fallen].tolist():
            self._refresh(table, state)

    def _choose(self, table: ValueTable, state: int) -> None:
        """The best of all products of one state, unsorted."""
        slots, products, values = table.known(state)
        self.scarce[state] = slots.size < self.depth
        if slots.size > self.size:
            cut = slots.size - self.size
            most = values.argpartition(cut)[cut:]
            slots, products = slots[most], products[most]
            self.floor[state] = values[most[0]]  # the partition puts the least of them first
        else:
            others, their_products = table.unknown(state, self.size - slots.size)
            slots, products = np.concatenate([slots, others]), np.concatenate([products, their_products])
            self.outside = grown(self.outside, len(table.value), True)
            self.floor[state] = -np.inf
        self.outside[slots] = False
        self.slots[state], self.ids[state] = slots, products
