"""What the persons of a synthetic log buy, each in its own visits one after the other, with its own record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_env.core.people.world import Persons
from selflearn_env.shop.people.fit import People
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.simulate import simulate_in
from selflearn_env.shop.synthetic.goods import Goods, rates_of_goods
from selflearn_env.shop.synthetic.visits import Habits, draw_visits, unnamed_times

PERSONS = 2**16  # who buy at once
NOBODY = -1  # in the place of a customer


@dataclass(frozen=True, eq=False)
class Purchases:
    """All visits in the order of time, V of them, and what was bought in each.

    Attributes:
        clock: (D + 1,) what the shop's clock shows at the start of each day, and at the end of the last.
        time: (V,) on the clock, ascending.
        customer: (V,) NOBODY where the invoice names none.
        start: (V,) where the goods of each visit begin.
        size: (V,) how many these are.
        good: (N,) visit by visit, in another order of the visits.
    """

    clock: NDArray[np.float64]
    time: NDArray[np.float64]
    customer: NDArray[np.int64]
    start: NDArray[np.int64]
    size: NDArray[np.int64]
    good: NDArray[np.int32]

    def goods(self, visits: slice) -> NDArray[np.int32]:
        """(L,) what some visits bought, visit by visit."""
        size = self.size[visits]
        before = np.cumsum(size) - size
        return self.good[np.arange(size.sum()) + np.repeat(self.start[visits] - before, size)]


def draw_purchases(
    habits: Habits,
    people: People,
    goods: Goods,
    rows: int,
    customers: int,
    rng: np.random.Generator,
    progress: bool = False,
) -> Purchases:
    """What so many customers buy, of whom so many rows are expected.

    Args:
        habits: when they come.
        people: what they are like.
        goods: what is on sale.
        rows: lines that are expected, with cancellations and corrections.
        customers: how many there are; each comes at least once.
        rng: draws them, their visits and what they buy.
        progress: whether it is shown.

    Raises:
        ValueError: there are too few rows for each customer to come once, or more than they can make.
    """
    persons = people.draw_newcomers(customers, rng)
    visits = draw_visits(habits, persons.activity, rows, rng)
    times = unnamed_times(habits, visits, rng)
    # Invoices that name no customer are those of persons who come once.
    persons = _joined(persons, people.draw_newcomers(times.size, rng))
    person = np.concatenate([visits.person, customers + np.arange(times.size)])
    time = np.concatenate([visits.time, times])
    start, good = _bought(habits, people, goods, persons, person, time, rng, progress)
    order = np.argsort(time, kind="stable")
    customer = np.where(person < customers, person, NOBODY)
    return Purchases(habits.clock, time[order], customer[order], start[:-1][order], np.diff(start)[order], good)


def _bought(
    habits: Habits,
    people: People,
    goods: Goods,
    persons: Persons,
    person: NDArray[np.int64],
    time: NDArray[np.float64],
    rng: np.random.Generator,
    progress: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """(V + 1,) where the goods of each visit begin, and the goods."""
    rates, months = rates_of_goods(people.rates, goods), people.months.row_of_day
    day = np.searchsorted(habits.clock, time, side="right") - 1
    world = rates.world(Journal.schedule(person[:0], day[:0], months, 0, len(goods.product)))
    size, good = [], []
    with tqdm(total=len(persons.activity), unit=" customers", disable=not progress) as shown:
        for at in range(0, len(persons.activity), PERSONS):
            some = slice(at, at + PERSONS)
            visits = slice(*np.searchsorted(person, [some.start, some.stop]))
            who = persons.rows(some)
            schedule = Journal.schedule(person[visits] - at, day[visits], months, len(who.activity), world.products)
            drawn = simulate_in(world, who, schedule, rng)
            size.append(drawn.size)
            good.append(drawn.product)
            shown.update(schedule.customers)
    return np.concatenate([[0], np.cumsum(np.concatenate(size))]), np.concatenate(good)


def _joined(one: Persons, other: Persons) -> Persons:
    return Persons(
        np.concatenate([one.theta, other.theta]),
        np.concatenate([one.activity, other.activity]),
        np.concatenate([one.cap, other.cap]),
    )
