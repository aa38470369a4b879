"""The state space: every combination of the labels of a few tiers, numbered in row-major order."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.numbers import is_within

PERIODS = ("half", "week")  # tiers that follow the month and number its parts
MOST = 2**22  # states: each has a label, and a row in each table
ORDINALS = ("first", "second", "third", "fourth", "fifth")


@dataclass(frozen=True)
class Tier:
    """One component of the state, such as the month; a label's position is its number."""

    name: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.labels:
            raise ValueError(f"tier {self.name!r} has no labels")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"tier {self.name!r} repeats a label: {', '.join(self.labels)}")


@dataclass(frozen=True)
class StateSpace:
    """All states of a shop. A state's index is the row-major number of its tier numbers; the first tier varies slowest.

    Attributes:
        tiers: name and labels of each tier; the first is the customer's segment.
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        if self.size > MOST:
            raise ValueError(f"{self.size:,} states are too many, {MOST:,} are the most; give fewer segments")
        if len(self._index_of) != self.size:
            twice = next(label for label, count in Counter(self._labels).items() if count > 1)
            raise ValueError(f"two states would be called {twice!r}; choose other labels for the tiers")

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of labels of each tier."""
        return tuple(len(tier.labels) for tier in self.tiers)

    @cached_property
    def size(self) -> int:
        """Number of states, S."""
        return math.prod(self.shape)

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """(S, tiers) tier numbers of each state; read-only."""
        table = np.indices(self.shape).reshape(len(self.shape), -1).T.copy()
        table.flags.writeable = False
        return table

    def onehot(self) -> NDArray[np.float32]:
        """(S, sum of shape) the state as 0 or 1 for each label of each tier, one tier after the other."""
        flags = [np.eye(count, dtype=np.float32)[self.table[:, tier]] for tier, count in enumerate(self.shape)]
        return np.concatenate(flags, axis=1)

    def encode(self, tiers: ArrayLike) -> NDArray[np.int64]:
        """State indexes (B,) of tier numbers (B, tiers).

        Raises:
            ValueError: the last axis is not one number per tier, or a number lies outside its tier.
        """
        numbers = np.asarray(tiers)
        if numbers.ndim == 0 or numbers.shape[-1] != len(self.tiers) or numbers.dtype.kind not in "iu":
            raise ValueError(f"expected integers of shape (B, {len(self.tiers)}), got {numbers.dtype} {numbers.shape}")
        outside = (numbers < 0) | (numbers >= np.array(self.shape))
        if outside.any():
            *_, tier = place = tuple(axis[0] for axis in np.nonzero(outside))
            name, count = self.tiers[tier].name, self.shape[tier]
            raise ValueError(f"{name} is {numbers[place]}, but its numbers are 0..{count - 1}")
        return np.ravel_multi_index(tuple(np.moveaxis(numbers, -1, 0)), self.shape).astype(np.int64)

    def decode(self, states: ArrayLike) -> NDArray[np.int64]:
        """Tier numbers (B, tiers) of state indexes (B,).

        Raises:
            ValueError: an index lies outside the state space.
        """
        return self.table[self.check(states)]

    def check(self, states: ArrayLike) -> NDArray[np.int64]:
        """The state indexes as an integer array (B,), or ValueError that names the first one outside."""
        return check_states(states, self.size)

    def label(self, state: int) -> str:
        """The state's name, such as "Q4_September_1_Wednesday"."""
        return self._labels[int(self.check([state])[0])]

    def describe(self, state: int) -> str:
        """The state in words for a person, such as "Q4, second half of September, a Wednesday".

        The name says "September_1" for this half, which reads as a date.
        """
        tiers = {
            tier.name: (number, tier.labels[number])
            for tier, number in zip(self.tiers, self.decode([state])[0].tolist(), strict=True)
        }
        words: list[str] = []
        for name, (number, label) in tiers.items():
            if name in PERIODS and "month" in tiers:
                words[-1] = f"{ORDINALS[number]} {name} of {tiers['month'][1]}"  # in the place of the month
            elif name == "weekday":
                words.append(f"a {label}")
            else:
                words.append(label if name in ("segment", "month") else f"{name} {label}")
        return ", ".join(words)

    def parse(self, label: str) -> int:
        """The index of a state's name.

        Raises:
            ValueError: no state has this name.
        """
        try:
            return self._index_of[label]
        except KeyError:
            example = self.label(0)
            raise ValueError(f"no state is called {label!r}; states are called like {example!r}") from None

    @cached_property
    def _index_of(self) -> dict[str, int]:
        return {label: state for state, label in enumerate(self._labels)}

    @cached_property
    def _labels(self) -> list[str]:
        return ["_".join(labels) for labels in product(*(tier.labels for tier in self.tiers))]


def check_states(states: ArrayLike, size: int) -> NDArray[np.int64]:
    """State indexes as an integer array (B,).

    Raises:
        ValueError: wrong shape, no integers, or an index outside 0..size - 1; the message names it.
    """
    given = np.asarray(states)
    if given.ndim != 1:
        raise ValueError(f"state indexes have the shape (B,), got shape {given.shape}")
    indexes = given
    if given.dtype != np.int64:
        if given.dtype.kind not in "iu":
            raise ValueError(f"state indexes are integers, got {given.dtype}")
        indexes = given.astype(np.int64)
    if not is_within(indexes, size):
        first = given[(indexes < 0) | (indexes >= size)][0]
        raise ValueError(f"state {first} does not exist: the {size} states are 0..{size - 1}")
    return indexes
