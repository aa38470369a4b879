"""Who comes to the shop, and who comes again."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.run import Run
from selflearn_env.core.visits import AnyVisits, Visits


class Arrivals(Protocol[AnyVisits]):
    """The part of a simulator that says who visits the shop, and what follows a visit."""

    @property
    def lasting(self) -> bool:
        """Whether an episode is a customer's life, and not a visit."""
        ...

    @property
    def first_date(self) -> int:
        """The first day of the calendar, in days since 1 January 1970; 0 where visits have no day."""
        ...

    @property
    def positions(self) -> int:
        """Length of the list of possible visits; each of its positions is drawn equally often."""
        ...

    @property
    def in_turn(self) -> bool:
        """Whether no position is drawn again before all have been, so that few customers live two lives at a time."""
        ...

    def start(self, batch: int, run: Run) -> AnyVisits:
        """New visits, so many, from positions drawn by the run."""
        ...

    def follow(
        self, visits: AnyVisits, response: NDArray[np.int8], run: Run
    ) -> tuple[AnyVisits, NDArray[np.bool_], NDArray[np.bool_]]:
        """What follows visits that ended in these responses.

        Args:
            visits: B visits, with what their customers now remember.
            response: (B, n) what they did with their slates.
            run: the run, from whose `life` draws are taken.

        Returns:
            The next visits, and where there is none the last as it has become; (B,) whether the episode is over for
            good; (B,) whether it was cut short.
        """
        ...


class SingleVisits:
    """Visits that nothing follows: an episode is one visit."""

    lasting = False
    in_turn = False
    first_date = 0

    def __init__(self, weights: NDArray[np.int64]):
        """Takes (S,) whole numbers: visits come from each state in proportion to its number.

        Raises:
            ValueError: no state ever visits.
        """
        # One entry per unit of weight: a uniform position is a visit drawn in proportion, by a single look-up.
        self._visitors = np.repeat(np.arange(weights.size), weights)
        if not self._visitors.size:
            raise ValueError("no state ever visits: all visit weights are 0")

    @property
    def positions(self) -> int:
        """One per unit of weight."""
        return self._visitors.size

    def start(self, batch: int, run: Run) -> Visits:
        """New visits, so many."""
        return Visits(self._visitors.take(run.visits.take(batch)))

    def follow(
        self, visits: AnyVisits, response: NDArray[np.int8], run: Run
    ) -> tuple[AnyVisits, NDArray[np.bool_], NDArray[np.bool_]]:
        """The same visits, all of them over."""
        return visits, *all_over(len(response))


def all_over(batch: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(B,) all terminated, (B,) none truncated."""
    terminated = np.zeros(batch, dtype=bool)
    terminated.fill(True)  # half the time of numpy.ones
    return terminated, np.zeros(batch, dtype=bool)
