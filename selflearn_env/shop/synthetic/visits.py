"""When the persons of a synthetic log come.

Each lives a life of its own: a first day, drawn by how many customers came for the first time on each day of the log,
and from then on visits at a rate, until it leaves for good, both drawn from the distributions fitted to the shop's
customers (see `selflearn_env.shop.fitting.bgnbd`): one of those who were seen in the first month, most of whom have
been customers before and are regulars, one of those who came later. Visits fall on the days as the shop's clock has
it, with seasons and weekdays. Where no customer of the shop came twice, persons come once.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from selflearn_env.core.journey.lives import expected_purchases
from selflearn_env.shop.fitting.bgnbd import BGNBD
from selflearn_env.shop.people.activity import LEAST
from selflearn_env.shop.people.fit import People
from selflearn_env.shop.shop import Shop

# As in Online Retail.
CANCELLED, CORRECTED = 0.018, 0.0027  # rows that are cancelled, and that correct the stock, per row of a purchase
LIMITS = (-12.0, 7.0)  # of the logarithm of the factor of the rates
EARLY = 31  # days in which customers are first seen who have been some before
TRIED = 100_000  # persons by whom it is seen how many make the rows


@dataclass(frozen=True, eq=False)
class Habits:
    """When and how much persons buy, D days.

    Attributes:
        clock: (D + 1,) what the shop's clock shows at the start of each day, and at the end of the last.
        first: (D,) share of the customers who came for the first time on each day.
        lives: how often they come and when they leave, those first seen in the first `EARLY` days, and the others; None
            where nobody came twice.
        level: (D,) factor of the size of a visit on each day.
        nobody: share of the invoices of purchases that name no customer.
    """

    clock: NDArray[np.float64]
    first: NDArray[np.float64]
    lives: tuple[BGNBD, BGNBD] | None
    level: NDArray[np.float64]
    nobody: float

    @classmethod
    def of(cls, shop: Shop) -> Habits:
        """Those of a shop's customers."""
        level = shop.people.activity.level[shop.people.months.row_of_day]
        read, purchases = shop.report.rows_read, shop.report.rows_read / (1 + CANCELLED + CORRECTED)
        without = shop.report.dropped.get("without a customer", 0)
        # Corrections have no customer either.
        nobody = max((without - CORRECTED * purchases) / ((1 + CANCELLED) * purchases), 0.0) if read else 0.0
        try:
            fitted = shop.lives
        except ValueError:  # nobody came twice
            first, clock, lives = shop.customers.visit_day, np.arange(level.size + 1.0), None
        else:
            first, clock = fitted.lives.first_day, fitted.calendar().clock
            lives = fitted.model_of(first < EARLY), fitted.model_of(first >= EARLY)
        return cls(clock, np.bincount(first, minlength=level.size) / first.size, lives, level, nobody)


class Visits(NamedTuple):
    """The visits of all persons, person by person, each in the order of time, V of them."""

    person: NDArray[np.int64]  # (V,) ascending
    time: NDArray[np.float64]  # (V,) on the shop's clock


class Lives(NamedTuple):
    """What is drawn of persons before they come, C of them."""

    start: NDArray[np.float64]  # (C,) time of the first visit
    rate: NDArray[np.float64]  # (C,) of the visits after it, per day on the clock
    leave: NDArray[np.float64]  # (C,) probability to leave after each
    left: NDArray[np.float64]  # (C,) time from the first visit to the end


def draw_lives(habits: Habits, persons: int, rng: np.random.Generator) -> Lives:
    """First visits, rates and probabilities to leave."""
    day = rng.choice(habits.first.size, size=persons, p=habits.first)
    clock = habits.clock
    start = clock[day] + rng.random(persons) * np.diff(clock)[day]
    # On a day on which the clock stands still nobody comes: such a first visit falls on the next one, if there is one.
    start = np.minimum(start, np.nextafter(clock[-1], 0))
    rate, leave = np.zeros(persons), np.ones(persons)
    if habits.lives is not None:
        early = day < EARLY
        r, alpha, a, b = (np.where(early, *pair) for pair in zip(*map(astuple, habits.lives), strict=True))
        rate, leave = rng.gamma(r) / alpha, rng.beta(a, b)
    return Lives(start, rate, leave, clock[-1] - start)


def count_persons(habits: Habits, people: People, rows: int, rng: np.random.Generator) -> int:
    """How many persons are expected to make so many rows at rates like those of the shop's customers."""
    lives, activity = draw_lives(habits, TRIED, rng), people.draw_newcomers(TRIED, rng).activity
    return max(1, round(TRIED * _wanted(habits, rows) / _Expected(habits, lives, activity).lines(1.0)))


def draw_visits(habits: Habits, activity: NDArray[np.float64], rows: int, rng: np.random.Generator) -> Visits:
    """The visits of persons of these activities (C,), of which so many rows are expected.

    One factor scales the rates of all. Where nobody comes twice there is none, and the persons make the rows.

    Raises:
        ValueError: there are too few rows for each person to come once, or more than they can make.
    """
    lives = draw_lives(habits, activity.size, rng)
    rate = lives.rate
    if habits.lives is not None:
        rate = rate * _rate_factor(_Expected(habits, lives, activity), _wanted(habits, rows), rows)

    # A Poisson process until the person leaves, if it does before the end.
    again = np.repeat(np.arange(activity.size), rng.poisson(rate * lives.left))
    time = lives.start[again] + rng.random(again.size) * lives.left[again]
    time = time[np.lexsort((time, again))]
    earlier = np.arange(again.size) - np.searchsorted(again, again)
    stays = earlier < rng.geometric(np.maximum(lives.leave, 1e-12))[again]

    person = np.concatenate([np.arange(activity.size), again[stays]])
    time = np.concatenate([lives.start, np.minimum(time[stays], np.nextafter(habits.clock[-1], 0))])
    order = np.argsort(person, kind="stable")
    return Visits(person[order], time[order])


def unnamed_times(habits: Habits, visits: Visits, rng: np.random.Generator) -> NDArray[np.float64]:
    """(U,) times of the invoices that name no customer: they come when others do."""
    size = round(visits.time.size * habits.nobody / (1 - habits.nobody))
    return visits.time[rng.integers(visits.time.size, size=size)]


def _wanted(habits: Habits, rows: int) -> float:
    """Lines of purchases with a customer, in so many rows."""
    return (1 - habits.nobody) * rows / (1 + CANCELLED + CORRECTED)


class _Expected:
    """What persons are expected to buy."""

    def __init__(self, habits: Habits, lives: Lives, activity: NDArray[np.float64]):
        """Prepares what no factor of the rates changes."""
        self.persons, self._lives = activity.size, lives
        day = np.searchsorted(habits.clock, lives.start, side="right") - 1
        self._first = _size(habits.level[day] * activity)
        # Later visits fall on all the time that is left, and are as large as it is then usual.
        passed = np.concatenate([[0.0], np.cumsum(habits.level * np.diff(habits.clock))])
        later = passed[-1] - np.interp(lives.start, habits.clock, passed)
        self._later = _size(later / np.maximum(lives.left, np.finfo(float).tiny) * activity)

    def lines(self, factor: float) -> float:
        """Lines of purchases, with rates so many times as great."""
        _, rate, leave, left = self._lives
        return float(self._first.sum() + self._later @ expected_purchases(factor * rate, leave, left))


def _size(expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean size of visits that are expected to bring so many products: one is bought in any case."""
    return 1 + np.maximum(expected - 1, LEAST)


def _rate_factor(expected: _Expected, wanted: float, rows: int) -> float:
    """The factor of the rates with which so many lines are expected."""
    least, most = (expected.lines(float(np.exp(limit))) for limit in LIMITS)
    if not least < wanted < most:
        bounds = [int(rows * limit / wanted) for limit in (least, most)]
        raise ValueError(
            f"{expected.persons:,} customers, each of whom comes at least once, make {bounds[0]:,} to {bounds[1]:,} "
            f"rows; got rows={rows:,}; change it, or the number of customers"
        )
    return float(np.exp(brentq(lambda at: expected.lines(float(np.exp(at))) - wanted, *LIMITS)))
