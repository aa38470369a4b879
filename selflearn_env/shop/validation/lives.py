"""Whether simulated lives resemble those in the log: what customers do who are shown the article's starting slates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.arrivals import Newcomers
from selflearn_env.core.journey.lives import expected_purchases
from selflearn_env.core.journey.serving import serve
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.shop.fitting.bgnbd import BGNBD
from selflearn_env.shop.shop import Shop

GROUPS = 8  # of customers, by how often they had come back
DRAWS = 200  # from what each customer's purchases say


class LifeHabits(NamedTuple):
    """When C customers bought.

    A day with a purchase counts once. The first visit counts as one: customers become known to a shop by a purchase.
    """

    again: NDArray[np.int64]  # (C,) days with a purchase after the day of the first visit
    gaps: NDArray[np.int64]  # (G,) days from one such day, or the first, to the next
    months: NDArray[np.int64]  # (M,) days with a purchase in each span of 30 days
    segment: NDArray[np.int64]  # (C,) number of the segment at the end
    visits: NDArray[np.int64] | None  # (C,) visits, those without a purchase included; the log does not show


def habits_of_the_log(shop: Shop) -> LifeHabits:
    """The habits of the population in the log."""
    customers, lives = shop.customers, shop.lives
    keys = np.unique(customers.visit_customer * lives.days + customers.visit_day)
    return _habits(keys, len(lives.lives.first_day), lives.days, lives.lives.segment, None)


def simulated_habits(
    shop: Shop, simulator: Simulator[JourneyVisits], repeats: int, rng: np.random.Generator
) -> LifeHabits:
    """The habits of the population when each customer lives `repeats` times and is shown the article's starting slates.

    Args:
        shop: the shop.
        simulator: its customers' lives, with slates of the size of the article's.
        repeats: lives of each customer.
        rng: draws the lives.

    Raises:
        TypeError: the simulator has no lives: its visits are nobody's.
    """
    arrivals = simulator.arrivals
    if not isinstance(arrivals, Newcomers):
        raise TypeError(f"the visits of this simulator are no customers' lives, got {arrivals!r}")
    start, days = shop.demand().start, len(arrivals.calendar.state)
    customers = np.repeat(np.arange(len(arrivals.lives.first_day)), repeats)
    first = arrivals.first_visits(customers)
    keys, last = [np.arange(len(customers)) * days + first.day], np.zeros(len(customers), dtype=np.int64)
    visits = np.zeros(len(customers), dtype=np.int64)
    for served in serve(simulator, first, lambda visits: start[visits.state], simulator.begin(rng)):
        after = served.outcome.visits
        bought = after.purchases > served.visits.purchases
        keys.append(served.rows[bought] * days + served.visits.day[bought])
        last[served.rows] = arrivals.segment(after)
        visits[served.rows] += 1
    return _habits(np.unique(np.concatenate(keys)), len(customers), days, last, visits)


def _habits(
    keys: NDArray[np.int64], customers: int, days: int, segment: NDArray[np.int64], visits: NDArray[np.int64] | None
) -> LifeHabits:
    """The habits in days with a purchase, one number each, ascending: customer * days + day."""
    customer, day = np.divmod(keys, days)
    same = np.diff(customer) == 0
    return LifeHabits(
        again=np.bincount(customer, minlength=customers) - 1,
        gaps=np.diff(day)[same],
        months=np.bincount(day // 30, minlength=-(-days // 30)),
        segment=segment,
        visits=visits,
    )


class Forecast(NamedTuple):
    """Purchases after a day, foreseen from those before it, by how often customers had come back until then."""

    until: int  # the day
    customers: NDArray[np.int64]  # (GROUPS,) how many had come back 0, 1, ... times; the last group: or more
    foreseen: NDArray[np.float64]  # (GROUPS,) mean days with a purchase after that day
    observed: NDArray[np.float64]  # (GROUPS,)
    error: NDArray[np.float64]  # (GROUPS,) standard error of the difference


def forecast(shop: Shop, rng: np.random.Generator, share: float = 0.67) -> Forecast:
    """What BG/NBD, fitted to the first days of the log, foresees of the others (Fader, Hardie and Lee 2005, figure 5).

    The unit is a day on the shop's clock, whose factors of months and weekdays come from the whole log; all that is
    known of a customer comes from the days before. The customers are those who had come by then.

    Args:
        shop: the shop.
        rng: draws rates and probabilities to leave, which are what the forecast is made of.
        share: of the days that are fitted.
    """
    days = shop.lives.days
    until = int(share * days)
    keys = np.unique(shop.customers.visit_customer * days + shop.customers.visit_day)
    customer, day = np.divmod(keys, days)
    comers = np.unique(customer[day < until])
    before = day < until
    early, late = (np.bincount(customer[some], minlength=comers.max() + 1)[comers] for some in (before, ~before))
    first = np.full(comers.max() + 1, days)
    last = np.zeros(comers.max() + 1, dtype=np.int64)
    np.minimum.at(first, customer[before], day[before])
    np.maximum.at(last, customer[before], day[before])
    clock = shop.lives.calendar().clock
    start = clock[first[comers] + 1]
    frequency, recency, age = early - 1, clock[last[comers] + 1] - start, clock[until] - start
    model = BGNBD.fit(frequency, recency, age)
    foreseen = np.zeros(len(comers))
    for _ in range(DRAWS):
        rate, leave, gone = model.draw(frequency, recency, age, rng)
        foreseen += ~gone * expected_purchases(rate, leave, clock[-1] - clock[until]) / DRAWS
    group = np.minimum(frequency, GROUPS - 1)
    count = np.bincount(group, minlength=GROUPS)
    mean, seen, square = (
        np.bincount(group, weights=of, minlength=GROUPS) / np.maximum(count, 1)
        for of in (foreseen, late, (late - foreseen) ** 2)
    )
    return Forecast(until, count, mean, seen, np.sqrt(square / np.maximum(count, 1)))
