"""Who comes to a shop whose customers come back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.arrivals import SingleVisits
from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Calendar, Lives, Pace
from selflearn_env.core.journey.memory import counted
from selflearn_env.core.journey.visits import JourneyVisits, nothing_remembered
from selflearn_env.core.rewards import BOUGHT, IGNORED
from selflearn_env.core.run import Run

Followed = tuple[JourneyVisits, NDArray[np.bool_], NDArray[np.bool_]]


class Newcomers:
    """Customers on their first visit, each drawn equally often, and the state that follows from a customer's life.

    Attributes:
        journey: what a visit changes for those after it.
        lives: how the customers come, buy and leave.
        calendar: the days, up to the horizon.
    """

    lasting = True
    in_turn = True

    def __init__(self, journey: Journey, lives: Lives, calendar: Calendar, slate_size: int, products: int):
        """Finds those who come before the horizon.

        Raises:
            ValueError: nobody does.
        """
        self.journey, self.lives, self.calendar = journey, lives, calendar
        self._sizes = slate_size, products
        self._newcomers = np.flatnonzero(lives.first_day < len(calendar.state))
        if not self._newcomers.size:
            raise ValueError(
                f"no customer has come by day {len(calendar.state)}, the horizon; the first comes on day "
                f"{int(lives.first_day.min()) + 1}"
            )

    @property
    def first_date(self) -> int:
        """The first day of the calendar, in days since 1 January 1970."""
        return self.calendar.first_date

    @property
    def positions(self) -> int:
        """One per customer who comes before the horizon."""
        return self._newcomers.size

    def start(self, batch: int, run: Run) -> JourneyVisits:
        """The first visits of new customers, so many."""
        return self.first_visits(self._newcomers[run.visits.take(batch)])

    def first_visits(self, customers: NDArray[np.int64]) -> JourneyVisits:
        """The first visits of customers (B,), given by their numbers."""
        batch, day = len(customers), self.lives.first_day[customers]
        nothing, unspent = np.zeros(batch, dtype=np.int64), np.zeros(batch)
        return JourneyVisits(
            state=self._state(day, self._segment(customers, day, nothing, unspent)),
            customer=customers,
            day=day,
            time=self.calendar.clock[day + 1],
            visits=nothing,
            last_visit=day,
            empty=nothing,
            satisfaction=np.ones(batch),
            purchases=nothing,
            frequency=nothing,
            last_buy=day,
            spend=unspent,
            **nothing_remembered(batch, *self._sizes),
        )

    def segment(self, visits: JourneyVisits) -> NDArray[np.int64]:
        """(B,) number of the segment, from the RFM measures as the package `lifetimes` defines them."""
        return self._segment(visits.customer, visits.last_buy, visits.frequency, visits.spend)

    def _segment(self, customer: NDArray, last_buy: NDArray, frequency: NDArray, spend: NDArray) -> NDArray[np.int64]:
        if not self.journey.segments or self.lives.segmentation is None:
            return self.lives.segment[customer]
        return self.lives.segmentation.numbers(
            {
                "recency": last_buy - self.lives.first_day[customer],
                "frequency": frequency,
                "monetary": spend / np.maximum(frequency, 1),
            }
        )

    def _state(self, day: NDArray[np.int64], segment: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B,) the states of these segments on these days."""
        return self.calendar.state[day] + self.calendar.segment_step * segment


class ReturningCustomers(Newcomers):
    """Customers who come back, or leave for good.

    A customer comes for the first time on its first day in the log. After a visit it leaves for good or comes again
    after a time that is exponential on the shop's clock, both as `Lives` says and the journey's effects change it; the
    state follows from the date and from the RFM measures of what was bought here. When the next visit would come after
    the horizon, the episode is truncated.

    Attributes, beside those of `Newcomers`:
        pace: what makes them buy as often as in the log.
    """

    def __init__(self, journey: Journey, lives: Lives, calendar: Calendar, slate_size: int, products: int, pace: Pace):
        """Takes what `Newcomers` take, and the pace at which customers come and spend."""
        super().__init__(journey, lives, calendar, slate_size, products)
        self.pace = pace
        self._mean_gap = 1.0 / (lives.rate * pace.visits)
        self._spend = lives.spend / pace.products

    def follow(self, visits: JourneyVisits, response: NDArray[np.int8], run: Run) -> Followed:
        """The next visits; where there is none, the last as it has become, on its own day."""
        journey, lives, customer = self.journey, self.lives, visits.customer
        uniforms = run.life.take(len(visits))
        products = self._bought(visits, response)
        bought = products > 0
        empty = np.where(bought | (counted(response != IGNORED) > 0), 0, visits.empty + 1)

        stay = np.where(bought, 1.0 - lives.leave[customer], 1.0)
        stay *= np.where(empty >= journey.patience, 1.0 - journey.leave, 1.0)
        left = uniforms[:, 0] >= stay
        gap = -np.log1p(-uniforms[:, 1]) * self._mean_gap[customer] * journey.delay ** (1.0 - visits.satisfaction)
        time = visits.time + gap
        over = left | (time >= self.calendar.clock[-1])
        time = np.where(over, visits.time, time)
        day = np.where(over, visits.day, self.calendar.day(time))

        repeat_day = bought & (visits.day > lives.first_day[customer])
        frequency = visits.frequency + (repeat_day & (visits.day > visits.last_buy))
        last_buy = np.where(bought, visits.day, visits.last_buy)
        spend = visits.spend + np.where(repeat_day, self._spend[customer] * products, 0.0)
        after = replace(
            visits,
            state=self._state(day, self._segment(customer, last_buy, frequency, spend)),
            day=day,
            time=time,
            visits=visits.visits + 1,
            last_visit=visits.day,
            empty=empty,
            purchases=visits.purchases + products,
            frequency=frequency,
            last_buy=last_buy,
            spend=spend,
        )
        return after, left, over & ~left

    def _bought(self, visits: JourneyVisits, response: NDArray[np.int8]) -> NDArray[np.int64]:
        """(B,) products bought in these visits."""
        return counted(response == BOUGHT).astype(np.int64)


class PassingCustomers(Newcomers):
    """Customers who do not come back: visits of a newcomer each, in states that are drawn as those of single visits."""

    in_turn = False

    def __init__(
        self,
        journey: Journey,
        lives: Lives,
        calendar: Calendar,
        slate_size: int,
        products: int,
        single: SingleVisits,
    ):
        """Takes what `Newcomers` take, and the single visits whose states they have."""
        super().__init__(journey, lives, calendar, slate_size, products)
        self._single = single

    @property
    def positions(self) -> int:
        """The positions of the single visits."""
        return self._single.positions

    def start(self, batch: int, run: Run) -> JourneyVisits:
        """New visits, so many."""
        visits = self.first_visits(np.repeat(self._newcomers[:1], batch))
        return replace(visits, state=self._single.start(batch, run).state)

    def follow(self, visits: JourneyVisits, response: NDArray[np.int8], run: Run) -> Followed:
        """The same visits, all of them over."""
        return self._single.follow(visits, response, run)
