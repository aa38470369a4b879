"""The visits of persons in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.compiling import Loop
from selflearn_env.core.people.log import LoggedVisits
from selflearn_env.core.states import StateSpace
from selflearn_env.shop.calendar import calendar_tiers
from selflearn_env.shop.history import DatedBaskets

MONTHS = 12
EVENTS = 2**20  # of records, worked on at once


@dataclass(frozen=True, eq=False)
class Journal:
    """Visits customer by customer, those of a customer in the order of time, with what was bought in each.

    Attributes:
        customer: (V,) number of the customer, ascending.
        day: (V,) days since the first day of the log, ascending for each customer.
        start: (V + 1,) where the items of each visit begin.
        product: (N,) product of each item, visit by visit; a product counts once per visit.
        month_of_day: (D,) number of the month, 0..11, of each day of the log.
        customers: how many customers there are, C; some may have no visit.
        products: size of the catalogue, P.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    month_of_day: NDArray[np.int64]
    customers: int
    products: int

    @classmethod
    def from_population(cls, population: DatedBaskets, states: StateSpace) -> Journal:
        """The visits of a shop's simulated customers, or of its history's, one per invoice."""
        number, items = population.visit_customer, population.item_visit
        order = np.lexsort((population.visit_day, number))  # stable: visits of one day keep their order
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        visit = place[items]
        by_visit = np.argsort(visit, kind="stable")
        dates = population.first_date + np.arange(int(population.visit_day.max()) + 1)
        return cls(
            customer=number[order],
            day=population.visit_day[order],
            start=np.searchsorted(visit[by_visit], np.arange(order.size + 1)),
            product=population.item_product[by_visit].astype(np.int32),
            month_of_day=calendar_tiers(dates.astype("datetime64[D]"), states)[:, 0],
            customers=int(number.max()) + 1,
            products=population.products,
        )

    @classmethod
    def schedule(
        cls,
        customer: NDArray[np.int64],
        day: NDArray[np.int64],
        month_of_day: NDArray[np.int64],
        customers: int,
        products: int,
    ) -> Journal:
        """Visits without purchases; arguments as the attributes."""
        start, product = np.zeros(customer.size + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
        return cls(customer, day, start, product, month_of_day, customers, products)

    @cached_property
    def month(self) -> NDArray[np.int64]:
        """(V,) month of each visit."""
        return self.month_of_day[self.day]

    @cached_property
    def size(self) -> NDArray[np.int64]:
        """(V,) products bought in each visit."""
        return np.diff(self.start)

    @cached_property
    def item_visit(self) -> NDArray[np.int64]:
        """(N,) the visit of each item."""
        return np.repeat(np.arange(self.customer.size), self.size)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(V,) the first visit of the same customer."""
        return np.searchsorted(self.customer, self.customer)

    @cached_property
    def logged(self) -> LoggedVisits:
        """The same visits as the simulator knows them."""
        first = np.searchsorted(self.customer, np.arange(self.customers + 1))
        return LoggedVisits(first, self.day, self.start, self.product)

    @cached_property
    def pair(self) -> NDArray[np.int64]:
        """(N,) customer * P + product of each item."""
        return self.customer[self.item_visit] * self.products + self.product

    @cached_property
    def repeated(self) -> NDArray[np.bool_]:
        """(N,) whether the customer has bought the product in an earlier visit."""
        repeated = np.ones(self.pair.size, dtype=bool)
        repeated[np.unique(self.pair, return_index=True)[1]] = False  # items stand in the order of time
        return repeated

    def select(self, chosen: NDArray[np.bool_]) -> Journal:
        """The journal of the visits chosen (V,); customers keep their numbers, days too."""
        return replace(
            self,
            customer=self.customer[chosen],
            day=self.day[chosen],
            start=np.concatenate([[0], np.cumsum(self.size[chosen])]),
            product=self.product[chosen[self.item_visit]],
        )

    def by_day(self) -> Journal:
        """The same with all visits that a customer makes on one day taken together."""
        new = np.ones(self.customer.size, dtype=bool)
        new[1:] = (np.diff(self.customer) != 0) | (np.diff(self.day) != 0)
        start, product = _sets(np.append(self.start[:-1][new], self.start[-1]), self.product)
        return replace(self, customer=self.customer[new], day=self.day[new], start=start, product=product)

    def parts(self, items: int) -> Iterator[Journal]:
        """The journals of some customers after others: of one, or of so many as have at most this number of items."""
        first = np.searchsorted(self.customer, np.arange(self.customers + 1))
        begin = self.start[first]
        at = 0
        while at < self.customers:
            until = max(at + 1, int(np.searchsorted(begin, begin[at] + items, side="right")) - 1)
            visits = slice(first[at], first[until])
            yield replace(
                self,
                customer=self.customer[visits] - at,
                day=self.day[visits],
                start=self.start[first[at] : first[until] + 1] - begin[at],
                product=self.product[begin[at] : begin[until]],
                customers=until - at,
            )
            at = until

    def baskets(self, group: NDArray[np.int64], groups: int) -> Baskets:
        """The same purchases with a group (V,) of each visit, 0..groups - 1, in the place of the state."""
        return Baskets(group, self.customer, self.item_visit, self.product.astype(np.int64), groups, self.products)

    def records(
        self, chosen: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """What visits find in the record: all that the customer bought in earlier visits, some visits at a time.

        Args:
            chosen: numbers of the visits, None for all.

        Yields:
            visits: (B,) numbers of the visits.
            start: (B + 1,) where the events of each visit begin in the following.
            events: (E,) items bought earlier.
        """
        visits = np.arange(self.customer.size) if chosen is None else chosen
        begin, end = self.start[self.first[visits]], self.start[visits]
        total = np.concatenate([[0], np.cumsum(end - begin)])
        at = 0
        while at < visits.size:
            until = max(at + 1, int(np.searchsorted(total, total[at] + EVENTS, side="right")) - 1)
            start = total[at : until + 1] - total[at]
            events = np.arange(start[-1]) + np.repeat(begin[at:until] - start[:-1], np.diff(start))
            yield visits[at:until], start, events
            at = until


def states_by_day(customers: DatedBaskets) -> NDArray[np.int64]:
    """(V,) the state of each visit of the journal of these customers, all of one day taken together."""
    order = np.lexsort((customers.visit_day, customers.visit_customer))
    who, day = customers.visit_customer[order], customers.visit_day[order]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (np.diff(who) != 0) | (np.diff(day) != 0)
    return customers.visit_state[order][new]


def every_customer(customers: DatedBaskets, number: int) -> DatedBaskets:
    """The visits of one in so many customers, who keep their numbers."""
    if number == 1:
        return customers
    chosen = customers.visit_customer % number == 0
    place, items = np.cumsum(chosen) - 1, chosen[customers.item_visit]
    return replace(
        customers,
        visit_state=customers.visit_state[chosen],
        visit_customer=customers.visit_customer[chosen],
        visit_day=customers.visit_day[chosen],
        item_visit=place[customers.item_visit[items]],
        item_product=customers.item_product[items],
    )


@Loop
def _sets(start, product):  # type: ignore[no-untyped-def]
    """The products of each row, start[row]..start[row + 1] - 1, once each, ascending: where rows start, and these."""
    ends, found, at = np.zeros_like(start), np.empty_like(product), 0
    for row in range(start.size - 1):
        own = np.sort(product[start[row] : start[row + 1]])
        for i in range(own.size):
            if i == 0 or own[i] != own[i - 1]:
                found[at] = own[i]
                at += 1
        ends[row + 1] = at
    return ends, found[:at].copy()
