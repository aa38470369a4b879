"""The visits of the log by the customers who are simulated, whom the history does not know: with real baskets."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.people.arrivals import Regulars
from selflearn_env.core.ranking import top
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits
from selflearn_env.shop.people.journal import Journal, every_customer, states_by_day
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.baskets import real_hits

CELLS = 2**23  # states, or visits, x products worked on at once
MOST_VISITS, MOST_CELLS = 5_000, 2**25  # in which an agent's hits are counted, about; and these times the products


class LoggedDays(NamedTuple):
    """V visits of the log; all that a customer buys on one day is one visit.

    Attributes:
        journal: with what was bought.
        turn: (V,) visits of the customer before.
        state: (V,) in which each was.
    """

    journal: Journal
    turn: NDArray[np.int64]
    state: NDArray[np.int64]

    def met_in(self, simulator: Simulator) -> tuple[Visits, SeenVisits]:
        """The visits as a simulator of the shop has them, and as the shop sees them there.

        Where its customers are persons, they come with their records; in others, visits are states.
        """
        arrivals = simulator.arrivals
        if not isinstance(arrivals, Regulars):
            return Visits(self.state), SeenVisits.of_states(self.state)
        visits = arrivals.logged_visits(self.journal.customer, self.turn)
        return visits, replace(simulator.seen(visits), state=self.state)


def logged_days(shop: Shop, most: int, horizon: int | None = None) -> LoggedDays:
    """The visits of every so many customers, so that there are about so many at most.

    Args:
        shop: whose customers these are.
        most: visits.
        horizon: days of the log to look at, all if None.
    """
    span = int(shop.customers.visit_day.max()) + 1
    days = np.unique(shop.customers.visit_customer * span + shop.customers.visit_day).size
    customers = every_customer(shop.customers, -(-days // most))
    journal, states = Journal.from_population(customers, shop.states).by_day(), states_by_day(customers)
    turn = np.arange(journal.day.size) - journal.first
    chosen = journal.day < (span if horizon is None else horizon)
    return LoggedDays(journal.select(chosen), turn[chosen], states[chosen])


def hits_of(agent: Agent, shop: Shop, simulator: Simulator) -> float:
    """Products per visit of the log that the agent, as it is now, would have shown and that were in the real basket.

    It neither explores nor learns, and it does not change: what is looked at is a copy. nan where there are no visits,
    or where these are states and the agent must see lives.
    """
    arrivals = simulator.arrivals
    if agent.sees_visits and simulator.lasting and not isinstance(arrivals, Regulars):
        return math.nan
    horizon = len(arrivals.calendar.state) if isinstance(arrivals, Regulars) else None
    days = logged_days(shop, max(1, min(MOST_VISITS, MOST_CELLS // shop.products)), horizon)
    if not days.turn.size:
        return math.nan
    visits, seen = days.met_in(simulator)
    return float(real_hits(days.journal, greedy(deepcopy(agent), seen, visits)).mean())


def greedy(agent: Agent, seen: SeenVisits, visits: Visits | None = None) -> NDArray[np.int64]:
    """(V, n) what an agent would show in visits (V,) if it wanted to learn nothing from them.

    Who learns nothing, or has no estimates, shows what it shows; of the others the estimates count, not what they try
    out. A privileged agent may have to see the visits themselves.
    """
    try:
        if type(agent)._update is not Agent._update:
            return _by_estimates(agent, seen)
    except NotImplementedError:
        pass
    every = np.arange(len(seen))
    if visits is not None and agent.sees_visits:
        given: Any = visits.rows(every)  # a copy, since it might write to what it is given
    else:
        given = seen if agent.knows_customers else seen.state.copy()
    return agent.act(given)


def _by_estimates(agent: Agent, seen: SeenVisits) -> NDArray[np.int64]:
    size = max(1, CELLS // agent.products)
    if agent.knows_customers:
        return np.concatenate([_best(agent, seen.rows(rows)) for rows in _pieces(np.arange(len(seen)), size)])
    different, place = np.unique(seen.state, return_inverse=True)
    return np.concatenate([_best(agent, states) for states in _pieces(different, size)])[place]


def _pieces(numbers: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [numbers[at : at + size] for at in range(0, numbers.size, size)]


def _best(agent: Agent, visits: Any) -> NDArray[np.int64]:
    return top(agent.values(visits), agent.slate_size)
