"""Feedback that arrives later than it is given, and not in the order of the visits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.registry import AGENT_KEY
from selflearn_env.core.numbers import is_number
from selflearn_env.core.visits import join, rows_of

DELAY_KEY = AGENT_KEY + 1  # beside the agent, which draws from a sequence of this seed, too


@dataclass(frozen=True)
class Delay:
    """How many visits later the feedback of a visit arrives: a geometric number for each, independent of all else.

    The feedback of visit i arrives at visit i + D, with P(D = d) = (1 - q) q^d for d = 0, 1, 2, ... and
    q = mean / (1 + mean): what has waited long is no nearer for it, so that much comes out of order.

    An agent learns from it after the responses to visit i + D, before it decides about the next one, with the visit as
    it was seen when it was decided. Where visits are decided in batches, all that has arrived by the last visit of a
    batch is learned in one update after it, in the order of arrival, at one visit in the order of the visits; where
    nothing has, there is no update. What has not arrived by the last visit of a run is never learned.

    Attributes:
        mean: visits, on average, >= 0; with 0 all feedback arrives at once, which is the same as no delay.

    Raises:
        TypeError: the mean is no number.
        ValueError: it is negative or infinite.
    """

    mean: float

    def __post_init__(self) -> None:
        if not is_number(self.mean):
            raise TypeError(f"Delay.mean must be a number, got {self.mean!r}")
        if not (self.mean >= 0 and isfinite(self.mean)):
            raise ValueError(f"Delay.mean counts visits and must be finite and at least 0, got {self.mean!r}")
        object.__setattr__(self, "mean", float(self.mean))

    def __str__(self) -> str:
        return f"feedback arrives {self.mean:,g} visits later on average"

    def draw(self, rng: np.random.Generator, visits: int) -> NDArray[np.int64]:
        """(B,) delays of so many visits; equal ones however many are drawn at a time."""
        return rng.geometric(1.0 / (1.0 + self.mean), size=visits) - 1


def check_delay(delay: Delay | None) -> None:
    """Sees that a delay is one.

    Raises:
        TypeError: it is something else.
    """
    if not (delay is None or isinstance(delay, Delay)):
        raise TypeError(f"delay must be a Delay, such as Delay(mean=50), or None, got {delay!r}")


class Feedback(NamedTuple):
    """What an agent learns from, B visits."""

    visits: Any  # as the agent is told of them: states (B,), or `SeenVisits`
    slates: NDArray[np.int64]  # (B, n)
    responses: NDArray[np.int8]  # (B, n)
    item_rewards: NDArray[np.float64]  # (B, n)

    def rows(self, which: NDArray[np.int64]) -> Feedback:
        """Some of them, given by their numbers; copies."""
        return Feedback(*(rows_of(column, which) for column in self))


class _Sent(NamedTuple):
    due: NDArray[np.int64]  # (B,) numbers of the visits at which it arrives
    number: NDArray[np.int64]  # (B,) of the visits themselves
    feedback: Feedback


class Underway:
    """The feedback of one run that is on its way; see `Delay` for what arrives when."""

    def __init__(self, delay: Delay, visits: int, batch: int, seed: int):
        """Nothing is on its way.

        Args:
            delay: of the feedback.
            visits: of the run.
            batch: visits decided at a time.
            seed: of the run. The delays have a generator of their own, so that nobody else draws other numbers.
        """
        self._delay, self._visits, self._batch = delay, visits, batch
        self._rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(DELAY_KEY,)))
        self._served = 0
        self._sent: defaultdict[int, list[_Sent]] = defaultdict(list)  # by the batch after which it is learned

    def exchange(self, feedback: Feedback) -> Feedback | None:
        """Takes the feedback of the next batch of visits, and gives what has arrived by its last; None for nothing."""
        number = self._served + np.arange(len(feedback.slates))
        due = number + np.minimum(self._delay.draw(self._rng, number.size), self._visits)
        batches = due // self._batch
        for batch in np.unique(batches[due < self._visits]).tolist():
            rows = np.flatnonzero((batches == batch) & (due < self._visits))
            self._sent[batch].append(_Sent(due[rows], number[rows], feedback.rows(rows)))
        arrived = self._sent.pop(self._served // self._batch, None)
        self._served += number.size
        if arrived is None:
            return None
        due, number, parts = zip(*arrived, strict=True)
        order = np.lexsort((np.concatenate(number), np.concatenate(due)))
        return Feedback(*map(join, zip(*parts, strict=True))).rows(order)
