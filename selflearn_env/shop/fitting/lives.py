"""The lives of the population, as its purchases in the log show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.lives import Calendar, Lives
from selflearn_env.shop.calendar import calendar_tiers, weekdays
from selflearn_env.shop.fitting.bgnbd import BGNBD
from selflearn_env.shop.history import History, Population

PRIOR = 10.0  # purchases by which the factor of a month is drawn to 1
FEW = 50  # customers who are too few for a fit of their own
LONG = 365  # days of satiation where no customer of the log bought any product twice


class LogLives:
    """The fit to one shop's population.

    Attributes:
        model: BG/NBD, with days on the shop's clock as the unit of time.
        lives: what the simulator needs to know of the customers.
        days: length of the log, in days.
    """

    def __init__(self, history: History, customers: Population, seed: int):
        """Fits; rates and probabilities to leave are one draw, by the seed, from what each customer's purchases say.

        Raises:
            ValueError: no customer bought on a second day.
        """
        self._states, self._first_date = history.states, customers.first_date
        self.days = int(customers.visit_day.max()) + 1
        pairs = np.unique(customers.visit_customer * self.days + customers.visit_day)
        customer, day = pairs // self.days, pairs % self.days  # one entry per customer and day with a purchase
        start = np.flatnonzero(np.diff(customer, prepend=-1))
        first, last = day[start], day[np.append(start[1:], len(day)) - 1]
        frequency = np.bincount(customer) - 1

        # The clock is set by customers who come back; how often each does is first taken from plain days.
        plain = BGNBD.fit(frequency, last - first, self.days - 1 - first)
        usual = (plain.r + frequency) / (plain.alpha + self.days - 1 - first)
        self._month, self._weekday = self._seasons(first, np.delete(day, start), usual)
        clock = self.calendar().clock
        age, recency = clock[-1] - clock[first + 1], clock[last + 1] - clock[first + 1]
        self._seen = frequency, recency, age
        self.model = BGNBD.fit(frequency, recency, age)
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
        rate, leave, _ = self.model.draw(frequency, recency, age, rng)
        segment = np.zeros(len(first), dtype=np.int64)
        segment[customers.visit_customer] = history.segment[customers.visit_state]
        self.lives = Lives(
            first_day=first,
            rate=rate,
            leave=leave,
            spend=np.maximum(customers.customer_spend, 0.0),
            segment=segment,
            segmentation=history.segmentation,
            repurchase_days=_repurchase_days(customers),
        )

    def model_of(self, chosen: NDArray[np.bool_]) -> BGNBD:
        """The fit to some customers (C,) only; that to all where they are few or none came back."""
        frequency, recency, age = (seen[chosen] for seen in self._seen)
        if frequency.size < FEW or not frequency.any():
            return self.model
        return BGNBD.fit(frequency, recency, age)

    @property
    def month_of_state(self) -> NDArray[np.int64]:
        """(S,) number of the month of each state, 0..11."""
        return self._states.table[:, 1]

    def calendar(self, days: int | None = None) -> Calendar:
        """The days from the log's first on, so many of them; None for those of the log."""
        days = days or self.days
        dates = (self._first_date + np.arange(max(days, self.days))).astype("datetime64[D]")
        tiers = calendar_tiers(dates, self._states)
        pace = self._month[tiers[:, 0]] * self._weekday[tiers[:, -1]]
        clock = np.concatenate([[0.0], np.cumsum(pace)])
        clock *= self.days / clock[self.days]
        state = self._states.encode(np.column_stack([np.zeros(len(dates), dtype=np.int64), tiers]))
        step = self._states.size // self._states.shape[0]
        return Calendar(state[:days], clock[: days + 1], step, self._first_date)

    def _seasons(
        self, first: NDArray, repeats: NDArray, usual: NDArray
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(12,) and (7,) factors of the months and weekdays.

        A day expects the customers who have come before it, each at its usual rate. The factor of a weekday is
        purchases per expected purchase, 0 for one on which the shop is closed; that of a month likewise, given the
        weekdays, and drawn to 1 where the log has few.
        """
        dates = (self._first_date + np.arange(self.days)).astype("datetime64[D]")
        month, weekday = dates.astype("datetime64[M]").astype(np.int64) % 12, weekdays(dates)
        visit_count = np.bincount(repeats, minlength=self.days).astype(np.float64)
        new = np.bincount(first, weights=usual, minlength=self.days)
        expected = np.cumsum(new) - new
        of_weekday = _ratio(visit_count, expected, weekday, 7, 0.0)
        of_month = _ratio(visit_count, expected * of_weekday[weekday], month, 12, PRIOR)
        return of_month, of_weekday


def _ratio(visit_count: NDArray, expected: NDArray, group: NDArray, groups: int, prior: float) -> NDArray[np.float64]:
    """(groups,) purchases per expected purchase, 1 where nothing is expected."""
    above = np.bincount(group, weights=visit_count, minlength=groups) + prior
    below = np.bincount(group, weights=expected, minlength=groups) + prior
    return np.divide(above, below, out=np.ones(groups), where=below > 0)


def _repurchase_days(customers: Population) -> float:
    """Median days from one purchase of a product to the same customer's next, on another day."""
    days = int(customers.visit_day.max()) + 1
    pair = customers.visit_customer[customers.item_visit] * customers.products + customers.item_product
    key = np.unique(pair * days + customers.visit_day[customers.item_visit])
    gaps = np.diff(key % days)[np.diff(key // days) == 0]
    return float(np.median(gaps)) if gaps.size else float(LONG)
