"""Customers served to the end of their lives, many side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.lives import Level, expected_purchases
from selflearn_env.core.journey.simulator import JourneySimulator
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.streams import Streams
from selflearn_env.core.visits import Outcome

ROUNDS = 5  # of the search for the level
MOST = 20.0  # visits per visit with a purchase, where customers leave before they can buy as often
LIVES = 2  # of each customer, in each of them

Policy = Callable[[JourneyVisits], NDArray[np.int64]]  # (B) visits -> (B, n) slates


class Served(NamedTuple):
    """One visit of each customer who is still there."""

    simulator: Simulator  # as it was then
    rows: NDArray[np.int64]  # (b,) which of the customers they are
    visits: JourneyVisits  # (b) as they were when the slates were shown
    slates: NDArray[np.int64]  # (b, n)
    outcome: Outcome


def serve(simulator: JourneySimulator, visits: JourneyVisits, policy: Policy, streams: Streams) -> Iterator[Served]:
    """Shows a policy's slates to customers until all have left or the calendar ends; one item per round of visits."""
    rows = np.arange(len(visits))
    while rows.size:
        slates, present = policy(visits), simulator.now(streams)
        outcome = simulator.respond(visits, slates, streams)
        yield Served(present, rows, visits, slates, outcome)
        stays = np.flatnonzero(~(outcome.terminated | outcome.truncated))
        rows, visits = rows[stays], outcome.visits.rows(stays)  # type: ignore[assignment]


def find_level(
    simulator_at: Callable[[Level], JourneySimulator], start: NDArray[np.int64], rng: np.random.Generator
) -> Level:
    """The level at which customers who are shown the starting slates buy on as many days as the log lets expect.

    Days with a purchase grow about in proportion to the visits, so a few rounds of the rule of three settle it; what is
    left is the noise of two lives per customer. Where so many leave for good that no number of visits makes up for it,
    it ends at 20 visits per visit with a purchase.

    Args:
        simulator_at: the simulator of a level, over the calendar of the log.
        start: (S, m) the starting slate of each state.
        rng: draws the lives; each round lives through the same random numbers.
    """
    level = Level(visits=1.0, products=1.0)
    for _ in range(ROUNDS):
        simulator = simulator_at(level)
        lives, calendar = simulator.lives, simulator.calendar
        customers = np.repeat(np.arange(len(lives.first_day)), LIVES)
        streams = simulator.streams(deepcopy(rng))
        first = simulator.first_visits(customers)
        days = products = visits = 0
        for served in serve(simulator, first, lambda visits: start[visits.state], streams):
            after, before = served.outcome.visits, served.visits
            days += int((after.frequency - before.frequency).sum())  # type: ignore[attr-defined]
            sold = after.purchases - before.purchases  # type: ignore[attr-defined]
            products, visits = products + int(sold.sum()), visits + int(np.count_nonzero(sold))
        time = calendar.clock[-1] - first.time
        expected = float(expected_purchases(lives.rate[customers], lives.leave[customers], time).sum())
        level = Level(min(level.visits * expected / max(days, 1), MOST), products / visits if visits else 1.0)
    return level
