"""Slots for the filled cells of a large table that is mostly empty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHIFT = 4  # a word of a bitmap has 2^4 cells: few enough that a small table says how many of them are filled
WORD = np.dtype("<u2")  # the first cell in the least bit, and in the first byte on every machine
ONES = np.unpackbits(np.arange(1 << 16, dtype=WORD).view(np.uint8)).reshape(-1, 16).sum(axis=1, dtype=np.uint8)
MIXER = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio (Knuth 1998, volume 3, section 6.4)
FEW = 32  # cells that are looked up faster one by one, as plain numbers


class Cells:
    """Gives each filled cell of a table a slot, 0, 1, 2, ..., for any number of arrays that hold what is in the cells.

    A cell is a position in the flat table, such as state * P + product. The cells filled at first have slots in
    ascending order; those added later follow, call by call. A cell keeps its slot.

        cells = Cells(seen.size, np.flatnonzero(seen))
        quantity_of = quantity[seen]                            # one entry per slot
        slots = cells.find(states[:, None] * P + products)      # (B, n), as the products
        bought = np.where(slots >= 0, quantity_of.take(slots), 0)

    The first cells are a bitmap with ranks (Jacobson 1989): a slot is the number of bits up to the end of the cell's
    word, less those from the cell on. This takes 3 bits per cell of the table, filled or not, and 1 more for those
    added later, and stays in the cache where the values do not: many look-ups cost about what they cost in the full
    table. A cell added later is found by its hash, with linear probing, and takes 16 to 32 bytes. Where all cells are
    filled at first, they are the slots themselves.
    """

    def __init__(self, size: int, filled: NDArray[np.int64] | None = None):
        """Gives slots to the first cells.

        Args:
            size: cells of the whole table, filled or not.
            filled: (N,) the cells filled at first, distinct, 0 <= cell < size, in any order: slots ascend with them.
                None for all.
        """
        self.size, self.first, self.later = size, size if filled is None else len(filled), 0
        self.full = filled is None
        if filled is None:
            return
        words = (size >> SHIFT) + 1
        self._bits, self._later_bits = np.zeros(words, dtype=WORD), np.zeros(words, dtype=WORD)
        np.add.at(self._bits, filled >> SHIFT, _bits(filled))
        self._rank = np.cumsum(ONES.take(self._bits), dtype=np.int32)  # cells filled up to the end of the word
        self._cells = np.zeros(0, dtype=np.int64)
        self._make_room(new=8)

    def __len__(self) -> int:
        """How many cells are filled; the slots are all numbers below."""
        return self.first + self.later

    def find(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of cells of any shape, 0 <= cell < size; -1 where a cell is not filled."""
        if self.full:
            return cells
        word = cells >> SHIFT
        bits = self._bits.take(word)
        bits >>= (cells & 15).astype(WORD)  # now the least bit is the cell's own
        rank = self._rank.take(word)
        rank -= ONES.take(bits)
        bits &= 1
        slots = np.where(bits, rank, -1).astype(np.int64)
        if self.later:
            self._find_later(cells.ravel(), slots.reshape(-1))
        return slots

    def add(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of cells of any shape, after those not filled yet were added; a cell may come several times."""
        if self.full:
            return cells
        if cells.size <= FEW:
            return np.array([self._add_one(cell) for cell in cells.ravel().tolist()], dtype=np.int64).reshape(
                cells.shape
            )
        slots = self.find(cells)
        missing = slots < 0
        if np.count_nonzero(missing):
            new = np.sort(cells[missing])
            new = new[np.append(True, new[1:] != new[:-1])]
            if len(new) > len(self._cells) - self.later:
                self._make_room(len(new))
            np.add.at(self._later_bits, new >> SHIFT, _bits(new))
            self._cells[self.later : self.later + len(new)] = new
            self._place(np.arange(self.later, self.later + len(new)))
            slots[missing] = len(self) + np.searchsorted(new, cells[missing])
            self.later += len(new)
        return slots

    def _add_one(self, cell: int) -> int:
        """What `find` and `add` do, for one cell."""
        word, bit = cell >> SHIFT, cell & 15
        bits = self._bits.item(word) >> bit
        if bits & 1:
            return self._rank.item(word) - bits.bit_count()
        if self.later == len(self._cells):
            self._make_room(1)
        place = (cell * MIXER & 0xFFFFFFFFFFFFFFFF) >> (65 - len(self._places).bit_length())
        while (number := self._places.item(place)) >= 0:
            if self._cells.item(number) == cell:
                return self.first + number
            place = (place + 1) & (len(self._places) - 1)
        self._later_bits[word] |= 1 << bit
        self._cells[self.later], self._places[place] = cell, self.later
        self.later += 1
        return len(self) - 1

    def within(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The filled cells of start..stop - 1, ascending, such as those of one row of the table, and their slots."""
        if self.full:
            return np.arange(start, stop), np.arange(start, stop)
        word, stop_word, bit = start >> SHIFT, (stop >> SHIFT) + 1, start & 15
        first, later = (
            np.unpackbits(bits[word:stop_word].view(np.uint8), bitorder="little")[bit : bit + stop - start].view(bool)
            for bits in (self._bits, self._later_bits)
        )
        cells = np.flatnonzero(first | later)
        added = later[cells]
        slots = np.empty(cells.size, dtype=np.int64)
        # The slots of the first cells are consecutive.
        before = self._rank.item(word) - (self._bits.item(word) >> bit).bit_count()
        slots[~added] = np.arange(before, before + cells.size - np.count_nonzero(added))
        cells += start
        slots[added] = self._slots_of_later(cells[added])
        return cells, slots

    def _find_later(self, cells: NDArray[np.int64], slots: NDArray[np.int64]) -> None:
        """Writes the slots of those cells (M,) that were added later, where slots (M,) has -1 so far."""
        missing = np.flatnonzero(slots < 0)
        sought = cells.take(missing)
        added = self._later_bits.take(sought >> SHIFT) & _bits(sought) > 0
        if np.count_nonzero(added):
            slots[missing[added]] = self._slots_of_later(sought[added])

    def _slots_of_later(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of cells (M,) that were added later."""
        place = self._hash(cells)
        number = self._places.take(place)
        # Each is there: the search ends before it comes to an empty place.
        astray = np.flatnonzero(self._cells.take(number) != cells)
        while astray.size:
            place[astray] = (place[astray] + 1) & (len(self._places) - 1)
            number[astray] = self._places.take(place[astray])
            astray = astray[self._cells.take(number[astray]) != cells[astray]]
        return self.first + number.astype(np.int64)

    def _make_room(self, new: int) -> None:
        """Doubles the room for cells added later until the new ones fit; at most half of the places are taken."""
        room = 1 << (self.later + new).bit_length()
        self._cells = np.concatenate([self._cells, np.zeros(room - len(self._cells), dtype=np.int64)])
        self._places = np.full(2 * room, -1, dtype=np.int32)  # the number of the cell with this hash, or with one above
        self._place(np.arange(self.later))

    def _place(self, numbers: NDArray[np.int64]) -> None:
        """Enters the cells with these numbers, in the order in which they were added, by their hashes."""
        place = self._hash(self._cells.take(numbers))
        while numbers.size:
            free = self._places.take(place) < 0
            self._places[place[free]] = numbers[free]
            astray = self._places.take(place) != numbers
            numbers, place = numbers[astray], (place[astray] + 1) & (len(self._places) - 1)

    def _hash(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where in the places the search for each cell begins."""
        mixed = cells.view(np.uint64) * np.uint64(MIXER)
        mixed >>= np.uint64(65 - len(self._places).bit_length())
        return mixed.view(np.int64)


def grown(array: NDArray, slots: int, fill: float) -> NDArray:
    """The array, lengthened for at least so many slots where it is too short, by an eighth so that this is rare."""
    if len(array) >= slots:
        return array
    return np.concatenate([array, np.full((slots - len(array) + slots // 8, *array.shape[1:]), fill, array.dtype)])


def _bits(cells: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The bit of each cell in its word."""
    return np.left_shift(1, cells & 15).astype(WORD)
