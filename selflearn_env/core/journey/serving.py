"""Customers served to the end of their lives, many side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.arrivals import ReturningCustomers
from selflearn_env.core.journey.lives import Pace, expected_purchases
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.run import Run
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import AnyVisits, Outcome

AnyCustomers = TypeVar("AnyCustomers", bound=ReturningCustomers)

ROUNDS = 5  # of the search for the pace
MOST = 20.0  # visits per visit with a purchase, where customers leave before they can buy as often
LIVES = 2  # of each customer, in each of them


class Served(NamedTuple, Generic[AnyVisits]):
    """One visit of each customer who is still there."""

    simulator: Simulator[AnyVisits]  # as it was then
    rows: NDArray[np.int64]  # (b,) which of the customers they are
    visits: AnyVisits  # (b) as they were when the slates were shown
    slates: NDArray[np.int64]  # (b, n)
    outcome: Outcome[AnyVisits]


def serve(
    simulator: Simulator[AnyVisits], visits: AnyVisits, policy: Callable[[AnyVisits], NDArray[np.int64]], run: Run
) -> Iterator[Served[AnyVisits]]:
    """Shows a policy's slates to customers until all have left or the calendar ends; one item per round of visits.

    Args:
        simulator: the simulator.
        visits: B visits with which they begin.
        policy: makes slates (b, n) for b visits.
        run: the run.
    """
    rows = np.arange(len(visits))
    while rows.size:
        slates, present = policy(visits), simulator.now(run)
        outcome = simulator.respond(visits, slates, run)
        yield Served(present, rows, visits, slates, outcome)
        stays = np.flatnonzero(~(outcome.terminated | outcome.truncated))
        rows, visits = rows[stays], outcome.visits.rows(stays)


def find_pace(
    arrivals_at: Callable[[Pace], AnyCustomers],
    simulator_of: Callable[[AnyCustomers], Simulator[JourneyVisits]],
    start: NDArray[np.int64],
    rng: np.random.Generator,
) -> Pace:
    """The pace at which customers who are shown the starting slates buy on as many days as the log lets expect.

    Days with a purchase grow about in proportion to the visits, so a few rounds of the rule of three settle it; what is
    left is the noise of two lives per customer. Where so many leave for good that no number of visits makes up for it,
    it ends at 20 visits per visit with a purchase.

    Args:
        arrivals_at: the customers at a pace, over the calendar of the log.
        simulator_of: the simulator of these customers.
        start: (S, m) the starting slate of each state.
        rng: draws the lives; each round lives through the same random numbers.
    """
    pace = Pace(visits=1.0, products=1.0)
    for _ in range(ROUNDS):
        arrivals = arrivals_at(pace)
        simulator, lives = simulator_of(arrivals), arrivals.lives
        customers = np.repeat(np.arange(len(lives.first_day)), LIVES)
        first = arrivals.first_visits(customers)
        days = products = visits = 0
        for served in serve(simulator, first, lambda visits: start[visits.state], simulator.begin(deepcopy(rng))):
            before, after = served.visits, served.outcome.visits
            days += int((after.frequency - before.frequency).sum())
            sold = after.purchases - before.purchases
            products, visits = products + int(sold.sum()), visits + int(np.count_nonzero(sold))
        time = arrivals.calendar.clock[-1] - first.time
        expected = float(expected_purchases(lives.rate[customers], lives.leave[customers], time).sum())
        pace = Pace(min(pace.visits * expected / max(days, 1), MOST), products / visits if visits else 1.0)
    return pace
