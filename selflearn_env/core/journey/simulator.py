"""The simulator of customers' lives."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import Any, ClassVar, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Calendar, Level, Lives
from selflearn_env.core.journey.memory import Look, Memory, counted
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.rewards import BOUGHT, IGNORED
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import check_slates
from selflearn_env.core.streams import Streams
from selflearn_env.core.visits import Visits


class JourneySimulator(Simulator):
    """A shop whose customers come back. It never changes; what changes are `JourneyVisits` and `Streams`.

    A customer comes for the first time on its first day in the log. After a visit it leaves for good or comes again
    after a time that is exponential on the shop's clock, both as `Lives` says and the journey's effects change it; the
    state follows from the date and from the RFM measures of what was bought here. When the next visit would come after
    the horizon, the episode is truncated.

    Where visits are given instead of state indexes, `response_probability`, `expected_reward`, `random_reward` and
    `optimal_slate` are those of these very customers, with all that they remember; with state indexes, of customers who
    remember nothing. `optimal_slate` is then the myopic oracle: the best of this visit, whatever comes of it.

    Attributes, beside those of `Simulator`:
        journey: what a visit changes for those after it.
        lives: how the customers come, buy and leave.
        calendar: the days.
        level: what makes them buy as often as in the log.
        memory: satiation and fatigue.
    """

    lasting: ClassVar[bool] = True

    def __init__(self, *, journey: Journey, lives: Lives, calendar: Calendar, level: Level, **of_visits: Any):
        """Builds the simulator.

        Args:
            journey: what a visit changes for those after it.
            lives: how the customers come, buy and leave.
            calendar: the days, up to the horizon.
            level: what makes them buy as often as in the log.
            **of_visits: the arguments of `Simulator`.

        Raises:
            ValueError: nobody has come before the horizon; and as for `Simulator`.
            NotImplementedError: the customer model does not take attention, and something asks for it.
        """
        super().__init__(**of_visits)
        self.journey, self.lives, self.calendar, self.level = journey, lives, calendar, level
        self.memory = Memory(journey, lives.repurchase_days)
        if self.memory.takes_interest and "attention" not in signature(self.customers.respond).parameters:
            raise NotImplementedError(
                f"{type(self.customers).__name__}.respond has no argument `attention`, so its customers can neither be "
                f"satiated nor tire; add it, or give a journey with satiation=0, fatigue=0 and boredom=0"
            )
        self._newcomers = np.flatnonzero(lives.first_day < len(calendar.state))
        if not self._newcomers.size:
            raise ValueError(
                f"no customer has come by day {len(calendar.state)}, the horizon; the first comes on day "
                f"{int(lives.first_day.min()) + 1}"
            )
        self._mean_gap = 1.0 / (lives.rate * level.visits)
        self._spend = lives.spend / level.products

    @property
    def positions(self) -> int:
        """How many positions a new visit is drawn from."""
        return self._newcomers.size if self.journey.returns else super().positions

    def start(self, batch: int, streams: Streams) -> JourneyVisits:
        """New customers, one per row, each drawn equally often and on its first visit."""
        if self.journey.returns:
            return self.first_visits(self._newcomers[streams.visits.take(batch)])
        visits = self.first_visits(np.repeat(self._newcomers[:1], batch))
        return replace(visits, state=super().start(batch, streams).state)

    def first_visits(self, customers: NDArray[np.int64]) -> JourneyVisits:
        """The first visits of customers (B,), given by their numbers."""
        batch, day = len(customers), self.lives.first_day[customers]
        nothing = np.zeros(batch, dtype=np.int64)
        visits = JourneyVisits(
            state=nothing,
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
            spend=np.zeros(batch),
            **self.memory.empty(batch, self.slate_size, self.products),
        )
        return replace(visits, state=self._state(visits))

    def response_probability(self, states: ArrayLike | Visits, slates: ArrayLike) -> NDArray[np.float64]:
        """(B, n, 3) exact probability that each slot is ignored, clicked, bought; see `expected_reward`."""
        if not self._remembers(states):
            return super().response_probability(states, slates)
        slates, repeated = check_slates(slates, len(states), self.slate_size, self.products)
        return self.customers.response_probability(
            states.state, slates, repeated, self.memory.look(states, slates).attention
        )

    def optimal_slate(self, states: ArrayLike | Visits, holding_back: float = 0.0) -> NDArray[np.int64]:
        """(B, n) the slate of distinct products of greatest expected reward, for each state (B,) or visit.

        Args:
            states: (B,) state indexes, or the visits themselves.
            holding_back: share taken off the interest in products that the customer ignored within its last slates. At
                0 the slate is the best of this visit; above, such products are spared for later visits.

        Raises:
            ValueError: an index outside the state space.
        """
        if not self._remembers(states):
            return super().optimal_slate(states)
        attention = self.memory.look_at_all(states, self.products, holding_back)
        return self.customers.optimal_slate(states.state, self.rewards, attention)

    def random_reward(self, states: ArrayLike | Visits) -> NDArray[np.float64]:
        """(B,) expected reward of a slate of distinct products drawn uniformly from the catalogue."""
        if not self._remembers(states):
            return super().random_reward(states)
        attention = self.memory.look_at_all(states, self.products)
        probability = self.customers.random_response_probability(states.state, attention)
        return (probability @ self.rewards.by_response).sum(axis=1)

    def _remembers(self, given: Any) -> TypeGuard[JourneyVisits]:
        return self.memory.takes_interest and isinstance(given, JourneyVisits)

    def _look(self, visits: JourneyVisits, slates: NDArray[np.int64]) -> Look | None:
        return self.memory.look(visits, slates) if self.memory.works else None

    def _go_on(
        self,
        visits: JourneyVisits,
        slates: NDArray[np.int64],
        look: Look | None,
        response: NDArray[np.int8],
        streams: Streams,
    ) -> tuple[Visits, NDArray[np.bool_], NDArray[np.bool_]]:
        """The next visits; where there is none, the last as it has become, on its own day."""
        if not self.journey.returns:
            return super()._go_on(visits, slates, look, response, streams)
        journey, lives, customer = self.journey, self.lives, visits.customer
        uniforms = streams.life.take(len(visits))
        products = counted(response == BOUGHT).astype(np.int64)
        bought, found = products > 0, counted(response != IGNORED) > 0
        empty = np.where(found, 0, visits.empty + 1)

        stay = np.where(bought, 1.0 - lives.leave[customer], 1.0)
        stay *= np.where(empty >= journey.patience, 1.0 - journey.leave, 1.0)
        left = uniforms[:, 0] >= stay
        satisfaction = visits.satisfaction if look is None else self.memory.satisfaction(visits, look, response)
        gap = -np.log1p(-uniforms[:, 1]) * self._mean_gap[customer] * journey.delay ** (1.0 - satisfaction)
        time = visits.time + gap
        over = left | (time >= self.calendar.clock[-1])
        time = np.where(over, visits.time, time)
        day = np.where(over, visits.day, self.calendar.day(time))

        repeat_day = bought & (visits.day > lives.first_day[customer])
        after = JourneyVisits(
            state=visits.state,
            customer=customer,
            day=day,
            time=time,
            visits=visits.visits + 1,
            last_visit=visits.day,
            empty=empty,
            satisfaction=satisfaction,
            purchases=visits.purchases + products,
            frequency=visits.frequency + (repeat_day & (visits.day > visits.last_buy)),
            last_buy=np.where(bought, visits.day, visits.last_buy),
            spend=visits.spend + np.where(repeat_day, self._spend[customer] * products, 0.0),
            **self.memory.after(visits, slates, response),
        )
        return replace(after, state=self._state(after)), left, over & ~left

    def _state(self, visits: JourneyVisits) -> NDArray[np.int64]:
        """(B,) the states, from the date and the RFM measures."""
        return self.calendar.state[visits.day] + self.calendar.segment_step * self.segment(visits)

    def segment(self, visits: JourneyVisits) -> NDArray[np.int64]:
        """(B,) number of the segment, from the RFM measures as the package `lifetimes` defines them."""
        if not self.journey.segments or self.lives.segmentation is None:
            return self.lives.segment[visits.customer]
        return self.lives.segmentation.numbers(
            {
                "recency": visits.last_buy - self.lives.first_day[visits.customer],
                "frequency": visits.frequency,
                "monetary": visits.spend / np.maximum(visits.frequency, 1),
            }
        )
