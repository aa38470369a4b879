"""The products of a large catalogue that come into question as leaders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.value_table import ValueTable
from selflearn_env.core.cells import grown

LARGE = 4096  # more products than this are not gone through each time
HELD, ROOM = 2048, 256  # least number of products in the reserve of a state, and how many may come in


class Reserve:
    """For each state its best 2,048 products, so that a choice of the best few need not go through a whole row.

    Attributes:
        size: how many products are chosen at a time.
        held: how many are in the reserve when it has been chosen anew; more come in as they rise.
        reserve: (S, held + ROOM) the columns in the reserve of each state; (S, 0) where the catalogue is not large.
        reserve_slots: the same shape, their slots.
        reserve_size: (S,) how many there are; 0 where so few are known that there is no reserve.
        reserve_floor: (S,) no product outside the reserve has a greater value: one that rises above it is taken in.
        unreserved: by slot, whether a product is outside.
    """

    def __init__(self, table: ValueTable, size: int):
        """Holds nothing yet.

        Args:
            table: the values of the products in each state.
            size: how many products are chosen at a time.
        """
        self.size, self.held = size, max(HELD, 2 * size)
        states, room = len(table.row), self.held + ROOM if len(table.order) > LARGE else 0
        self.reserve = np.zeros((states, room), dtype=np.int64)
        self.reserve_slots = np.zeros((states, room), dtype=np.int64)
        self.reserve_size = np.zeros(states, dtype=np.int64)
        self.reserve_floor = np.full(states, np.inf)
        self.unreserved = np.ones(len(table.value) if room else 0, dtype=bool)

    def candidates(
        self, table: ValueTable, state: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Columns, slots and values of products among which are the `size` best of a state, or all that are known."""
        held = self.reserve_size.item(state)
        if held:
            columns, slots = self.reserve[state, :held], self.reserve_slots[state, :held]
            values = table.value[slots]
            if np.count_nonzero(values >= self.reserve_floor[state]) >= self.size:
                return columns, slots, values
            self.unreserved[slots] = True
            self.reserve_size[state], self.reserve_floor[state] = 0, np.inf
        columns, slots, values = table.known(state)
        if self.unreserved.size and columns.size > self.held:
            best = np.sort(values.argpartition(columns.size - self.held)[columns.size - self.held :])
            columns, slots, values = columns[best], slots[best], values[best]
            self.unreserved = grown(self.unreserved, len(table.value), True)
            self.unreserved[slots] = False
            self.reserve[state, : self.held], self.reserve_slots[state, : self.held] = columns, slots
            self.reserve_size[state], self.reserve_floor[state] = self.held, values.min()
        return columns, slots, values

    def hold(self, table: ValueTable, state: int, product: int, slot: int) -> None:
        """Takes in a product that has risen above the floor, unless it is there already."""
        self.unreserved = grown(self.unreserved, len(table.value), True)
        held = self.reserve_size.item(state)
        if held == self.reserve.shape[1]:
            self.reserve_floor[state] = np.inf  # so that the next choice goes through the row
        elif self.unreserved[slot]:
            self.reserve[state, held], self.reserve_slots[state, held] = table.column[product], slot
            self.reserve_size[state], self.unreserved[slot] = held + 1, False
