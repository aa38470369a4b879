"""Who comes: customers by name, their states, and what the shop has seen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.service.limits import Limits, RefusedError
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.record import Response, Visit
from selflearn_agents.store.seen import date_of
from selflearn_env.core.items import Items
from selflearn_env.core.people.log import LoggedVisits
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.seen import UNKNOWN, SeenVisits
from selflearn_env.shop.calendar import calendar_tiers
from selflearn_env.shop.shop import Shop

REMEMBERED = 10_000  # purchases of a customer, the last ones; each visit is recorded with what was known before it


class Known(NamedTuple):
    """What the shop knows of a customer before a visit."""

    last: int  # date of the visit before, -1 for none
    visits: int
    empty: int
    products: NDArray[np.int64]
    days: NDArray[np.int64]  # dates


class Recorded(NamedTuple):
    """The V visits of a customer in the record, and the N products that were bought in them."""

    date: NDArray[np.int64]  # (V,)
    is_empty: NDArray[np.bool_]  # (V,) whether nothing was bought or clicked
    visit: NDArray[np.int64]  # (N,) indexes
    product: NDArray[np.int64]  # (N,)


class Clientele:
    """The customers of a shop: those of its log go by their numbers, others by whatever names they are given.

    Numbers are those of the shop's simulated customers, as environments tell them; where the whole log is history,
    those are all of its customers. Where segments are given by name, customers have names only.
    """

    def __init__(self, shop: Shop, limits: Limits, segments: Mapping[str, int] | None = None):
        """Knows the customers of the shop's log, or the segments of those that are named."""
        self._shop, self._limits, self._named = shop, limits, segments
        population = shop.customers
        self._count = int(population.visit_customer.max()) + 1
        # A customer's visits stand in the order of time: the last one's state has the segment.
        self._segment = np.zeros(self._count, dtype=np.int64)
        order = np.lexsort((population.visit_day, population.visit_customer))
        self._segment[population.visit_customer[order]] = shop.states.table[population.visit_state[order], 0]

    def number(self, name: str) -> int | None:
        """The number of a customer of the log; None for others."""
        if self._named is not None:
            return None
        is_number = name.isdecimal() and name == str(int(name))  # the record has customers by name: 7 is not 007
        return int(name) if is_number and int(name) < self._count else None

    def state(self, name: str, date: int) -> int:
        """The state in which a customer comes on a date: its segment, in the log that of its last visit, and the date.

        Raises:
            RefusedError: the shop does not know the customer.
        """
        number = self.number(name)
        segment = (self._named or {}).get(name) if number is None else int(self._segment[number])
        if segment is None:
            known = f"0..{self._count - 1}" if self._named is None else f"{len(self._named):,} of the file of customers"
            raise RefusedError(
                422, f"the shop does not know customer {name!r}, so the state must be given; it knows {known}"
            )
        return self.state_on(segment, date)

    def state_on(self, segment: int, date: int) -> int:
        """The state of a segment on a date, in days since 1970."""
        day = np.array([date], dtype="datetime64[D]")
        return int(self._shop.states.encode(np.column_stack([[segment], calendar_tiers(day, self._shop.states)]))[0])

    def seen(
        self, kept: KeptAgent, states: NDArray[np.int64], names: Sequence[str | None], dates: Sequence[int]
    ) -> SeenVisits:
        """What the shop sees of visits (B,), for an agent that knows customers.

        Raises:
            RefusedError: there are too many customers.
        """
        numbers = [UNKNOWN if name is None else self._number_of(kept, name) for name in names]
        recorded = {name: _recorded(kept.store.life(name)) for name in dict.fromkeys(names) if name is not None}
        lives = [
            NOBODY if name is None else self._known(recorded[name], number, date)
            for name, number, date in zip(names, numbers, dates, strict=True)
        ]
        date = np.array(dates, dtype=np.int64)
        last = np.array([life.last for life in lives], dtype=np.int64)
        record = Items(
            np.concatenate([[0], np.cumsum([life.products.size for life in lives])]).astype(np.int64),
            np.concatenate([life.products for life in lives]).astype(np.int32),
            np.concatenate([life.days for life in lives]).astype(np.int64),
        )
        visits = np.array([life.visits for life in lives], dtype=np.int64)
        empty = np.array([life.empty for life in lives], dtype=np.int64)
        since = np.where(last >= 0, np.maximum(date - last, 0), 0)
        return SeenVisits(states, np.array(numbers, dtype=np.int64), date, since, visits, empty, record)

    def _number_of(self, kept: KeptAgent, name: str) -> int:
        number = self.number(name)
        if number is None:
            number = kept.meet(name, self._count, self._limits.customers)
        if number is None:
            raise RefusedError(
                429, f"{self._limits.customers:,} customers beside the shop's are known, which is the most"
            )
        return number

    def _known(self, recorded: Recorded, number: int, date: int) -> Known:
        """What the log has of a customer until its record begins, and then the record; up to a date."""
        begin = min([date, *recorded.date[:1].tolist()])
        last, visits, empty = -1, 0, 0
        products, days = [], []
        if number < self._count:
            log, first = self._log, self._shop.customers.first_date
            own = np.arange(log.first[number], log.first[number + 1])
            own = own[log.day[own] + first < begin]
            if own.size:
                visits, last = own.size, int(log.day[own[-1]]) + first
                items = slice(log.start[own[0]], log.start[own[-1] + 1])
                products.append(log.product[items].astype(np.int64))
                days.append(np.repeat(log.day[own] + first, np.diff(log.start[own[0] : own[-1] + 2])))
        past = recorded.date <= date
        if past.any():
            visits, last = visits + int(past.sum()), int(recorded.date[past][-1])
            empty = int(np.logical_and.accumulate(recorded.is_empty[past][::-1]).sum())
        own = past[recorded.visit]
        products.append(recorded.product[own])
        days.append(recorded.date[recorded.visit[own]])
        return Known(last, visits, empty, np.concatenate(products)[-REMEMBERED:], np.concatenate(days)[-REMEMBERED:])

    @cached_property
    def _log(self) -> LoggedVisits:
        from selflearn_env.shop.people.journal import Journal  # scipy is imported only where people are

        return Journal.from_population(self._shop.customers, self._shop.states).by_day().logged


NOBODY = Known(-1, 0, 0, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def _recorded(life: Sequence[tuple[Visit, Response | None]]) -> Recorded:
    """The visits of a life, and what came of them as far as was told."""
    bought, is_empty = [np.zeros(0, dtype=np.int64)], []
    for visit, told in life:
        if told is None:
            bought.append(bought[0])
            is_empty.append(True)
        else:
            response = told.responses
            bought.append(np.concatenate([visit.products[response == BOUGHT], told.others]))
            is_empty.append(not bought[-1].size and not (response == CLICKED).any())
    date = np.array([date_of(visit) for visit, _ in life], dtype=np.int64)
    counts = [each.size for each in bought[1:]]
    return Recorded(
        date, np.array(is_empty, dtype=bool), np.repeat(np.arange(len(life)), counts), np.concatenate(bought)
    )
