"""The products of greatest value in each state, kept instead of sorted anew for every visit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.reserve import LARGE, Reserve
from selflearn_agents.bandits.value_table import ValueTable
from selflearn_env.core.cells import grown

Indexes = NDArray[np.int64] | int  # of distinct states, or of one; products and slots alike
SPARE = 64  # products kept per state; few enough to sort quickly, enough to outlast many visits


class Leaders(Reserve):
    """For each state a sorted list of its best products, of which the first `depth` are right whenever they are read.

    `floor` bounds the values of all products outside the list; one that rises above it is taken into the list. The list
    is sorted again when its values have changed, and chosen anew, among the candidates of the reserve, only when one of
    its first `depth` fell below the floor. Products without a value (-inf) come last; `scarce` marks the states where
    they may be among the first `depth`.
    """

    def __init__(self, table: ValueTable, depth: int):
        """Chooses the leaders.

        Args:
            table: the values of the products in each state.
            depth: how many leaders must be right.
        """
        states, products = len(table.row), len(table.order)
        # To choose anew takes longer in a large catalogue, and is rarer the longer the list.
        spare = SPARE if products <= LARGE else 2 * SPARE
        super().__init__(table, size=min(max(spare, 2 * depth), products))
        self.depth = min(depth, products)
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
        asked = np.zeros(len(self.unsorted), dtype=bool)
        asked[states] = True
        asked &= self.unsorted
        self._refresh_many(table, asked.nonzero()[0])
        return self.ids[:, : self.depth].take(states, axis=0)

    def known(self, table: ValueTable, states: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, depth) which of the top products are known in the states."""
        return table.value.take(self.slots[:, : self.depth].take(states, axis=0)) > -np.inf

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
        at = np.flatnonzero(self.outside.take(slots))
        state, product, slot, value = states[at // slots.shape[1]], slates.take(at), slots.take(at), new.take(at)
        for one in np.flatnonzero(value > self.reserve_floor[state]).tolist():
            self.hold(table, state.item(one), product.item(one), slot.item(one))
        risen = value > self.floor[state]
        state, product, slot = state[risen], product[risen], slot[risen]
        alone = np.bincount(state)[state] == 1
        self._take_in(table, state[alone], product[alone], slot[alone])
        for other in np.flatnonzero(~alone).tolist():
            if self.outside[slot[other]]:
                self._take_in(table, state[other], product[other], slot[other])

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
        floor, reserve_floor = self.floor.item(state), self.reserve_floor.item(state)
        for at, outside in enumerate(self.outside[slots].tolist()):
            if outside and (value := new.item(at)) > min(floor, reserve_floor):
                product, slot = slate.item(at), slots.item(at)
                if value > reserve_floor:
                    self.hold(table, state, product, slot)
                if value > floor:
                    self._take_in(table, state, product, slot)

    def _take_in(self, table: ValueTable, state: Indexes, product: Indexes, slot: Indexes) -> None:
        """Puts a product from outside in the place of the last one of the list, in one state or in several."""
        last = self.slots[state, -1]
        self.floor[state] = np.maximum(self.floor[state], table.value[last])
        self.ids[state, -1], self.slots[state, -1] = product, slot
        self.outside[slot], self.outside[last] = False, True

    def _refresh(self, table: ValueTable, state: int) -> None:
        """Sorts the list of one state; chooses it anew where it must."""
        self._sort(table, state)
        if table.value.item(self.slots.item(state, self.depth - 1)) < self.floor.item(state):
            self._renew(table, state)

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
            self._renew(table, state)

    def _sort(self, table: ValueTable, state: int) -> None:
        """Sorts the list of one state, best first."""
        slots = self.slots[state]
        order = table.value[slots].argsort()[::-1]
        self.slots[state], self.ids[state] = slots[order], self.ids[state][order]
        self.unsorted[state] = False

    def _renew(self, table: ValueTable, state: int) -> None:
        """Chooses the list of one state anew, and sorts it."""
        self.outside[self.slots[state]] = True
        self._choose(table, state)
        self._sort(table, state)

    def _choose(self, table: ValueTable, state: int) -> None:
        """The best of all products of one state, unsorted."""
        columns, slots, values = self.candidates(table, state)
        self.scarce[state] = columns.size < self.depth
        if columns.size > self.size:
            cut = columns.size - self.size
            most = values.argpartition(cut)[cut:]
            columns, slots = columns[most], slots[most]
            self.floor[state] = values[most[0]]  # the partition puts the least of them first
        else:
            missing = np.ones(len(table.order), dtype=bool)
            missing[columns] = False
            others = np.flatnonzero(missing)[: self.size - columns.size]
            columns = np.append(columns, others)
            slots = np.append(slots, table.add(others + state * len(table.order)))
            self.outside = grown(self.outside, len(table.value), True)
            self.floor[state] = -np.inf
        self.outside[slots] = False
        self.slots[state], self.ids[state] = slots, table.order[columns]
