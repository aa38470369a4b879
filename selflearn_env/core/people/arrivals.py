"""Who comes to a shop that knows its regulars."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.arrivals import all_over
from selflearn_env.core.items import Items
from selflearn_env.core.journey.arrivals import Followed, ReturningCustomers
from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Calendar, Lives, Pace
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.people.log import LoggedVisits
from selflearn_env.core.people.visits import PeopleVisits
from selflearn_env.core.run import Run


class Regulars(ReturningCustomers):
    """Persons who come back, or leave for good; with what they bought in the log before, or new to the shop.

    A person who is new comes for the first time on its first day in the log. With a recorded past, a person is drawn
    like any other, and then one of its visits in the log: what it bought before is its record, and life goes on there.
    Where nobody comes back an episode is one visit, and with a past each visit of the log is drawn equally often.

    Attributes, beside those of `ReturningCustomers`:
        log: the visits of the log.
        recorded: whether customers have a past.
    """

    def __init__(
        self,
        journey: Journey,
        lives: Lives,
        calendar: Calendar,
        slate_size: int,
        products: int,
        pace: Pace,
        log: LoggedVisits,
        recorded: bool,
    ):
        """Takes what `ReturningCustomers` take, and the log."""
        super().__init__(journey, lives, calendar, slate_size, products, pace)
        self.log, self.recorded = log, recorded
        before = np.concatenate([[0], np.cumsum(log.day < len(calendar.state))])
        self._visits = np.diff(before[log.first])  # (C,) before the horizon

    @property
    def positions(self) -> int:
        """One per customer who comes before the horizon, or where none comes back, per visit of the log."""
        if self.recorded and not self.journey.returns:
            return int(self._visits.sum())
        return super().positions

    def start(self, batch: int, run: Run) -> PeopleVisits:
        """The first visits of new customers, or visits in the midst of a life, so many."""
        drawn = run.visits.take(batch)
        if not self.recorded:
            return self.first_visits(self._newcomers[drawn])
        if not self.journey.returns:
            end = np.cumsum(self._visits)
            customers = np.searchsorted(end, drawn, side="right")
            return self.logged_visits(customers, drawn - (end - self._visits)[customers])
        customers = self._newcomers[drawn]
        return self.logged_visits(customers, (run.pasts.take(batch)[:, 0] * self._visits[customers]).astype(np.int64))

    def first_visits(self, customers: NDArray[np.int64]) -> PeopleVisits:
        """The first visits of customers (B,), given by their numbers."""
        return self.logged_visits(customers, np.zeros_like(customers))

    def logged_visits(self, customers: NDArray[np.int64], turn: NDArray[np.int64]) -> PeopleVisits:
        """Visits of the log: of customers (B,) the one after so many others (B,), which are its record.

        What was bought counts as a day with a purchase each; what it cost is the customer's usual spend.
        """
        log, first = self.log, super().first_visits(customers)
        visit = log.first[customers] + turn
        day, known = log.day[visit], turn > 0
        last = np.where(known, log.day[visit - known], day)
        frequency = np.maximum(turn - 1, 0)
        spend = np.where(frequency > 0, self.lives.spend[customers] * frequency, 0.0)
        logged = log.start[visit] - log.start[log.first[customers]]
        state = self._state(day, self._segment(customers, last, frequency, spend))
        at_birth = {name: getattr(first, name) for name in JourneyVisits.__dataclass_fields__}
        at_birth |= {
            "state": state, "day": day, "time": self.calendar.clock[day + 1], "visits": turn, "last_visit": last,
            "purchases": logged, "frequency": frequency, "last_buy": last, "spend": spend,
        }  # fmt: skip
        nothing = np.zeros(len(customers), dtype=np.int64)
        return PeopleVisits(**at_birth, logged=logged, record=Items.none(len(customers)), basket=nothing)

    def follow(self, visits: JourneyVisits, response: NDArray[np.int8], run: Run) -> Followed:
        """The next visits; where there is none, the last as it has become, on its own day."""
        if not self.journey.returns:
            return visits, *all_over(len(response))
        return super().follow(visits, response, run)

    def _bought(self, visits: JourneyVisits, response: NDArray[np.int8]) -> NDArray[np.int64]:
        """(B,) products bought in these visits, of the slate and besides."""
        return super()._bought(visits, response) + cast(PeopleVisits, visits).basket
