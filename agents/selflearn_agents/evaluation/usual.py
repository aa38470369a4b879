"""One usual visit of each state: what an agent would show there, once it has learned."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.logged import greedy, logged_days
from selflearn_env.core.journey.arrivals import Newcomers
from selflearn_env.core.people.arrivals import Regulars
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits
from selflearn_env.shop.shop import Shop

MOST_VISITS = 20_000  # of the log, about, of which the usual ones are chosen
ALIKE = "All customers of a state are alike here."
NEW = "The customer is on a first visit and remembers nothing."
KNOWN = (
    "The customer is one of the log, with all that was bought before: of the log's visits in the state, the one in the "
    "middle when they are sorted by the number of the customer's earlier visits."
)


class UsualVisits(NamedTuple):
    """K visits, in ascending states.

    Attributes:
        visits: as the simulator has them.
        seen: as the shop sees them.
        who: the customers, in a sentence.
    """

    visits: Visits
    seen: SeenVisits
    who: str

    def rows(self, which: NDArray[np.int64]) -> UsualVisits:
        """Some of them, given by their numbers."""
        return UsualVisits(self.visits.rows(which), self.seen.rows(which), self.who)


def usual_visits(simulator: Simulator, shop: Shop) -> UsualVisits | None:
    """A visit of each state in which there are any; None where interest or offer change, and no moment is usual.

    Args:
        simulator: of the visits.
        shop: the simulator's.
    """
    if simulator.changes:
        return None
    visits, who = _chosen(simulator, shop)
    return UsualVisits(visits, simulator.seen(visits), who)


def slates_after(agent: Agent, usual: UsualVisits) -> NDArray[np.int32]:
    """(K, n) what an agent would show in the visits if it wanted to learn nothing from them; it does not change."""
    return greedy(deepcopy(agent), usual.seen, usual.visits).astype(np.int32)


def _chosen(simulator: Simulator, shop: Shop) -> tuple[Visits, str]:
    arrivals: Any = simulator.arrivals
    if isinstance(arrivals, Regulars):
        days = logged_days(shop, MOST_VISITS, len(arrivals.calendar.state))
        logged = arrivals.logged_visits(days.journal.customer, days.turn)
        order = np.lexsort([logged.visits, logged.state])
        states, first, count = np.unique(logged.state[order], return_index=True, return_counts=True)
        return logged.rows(order[first + (count - 1) // 2]), KNOWN
    states = np.flatnonzero(simulator.state_probability)
    if not isinstance(arrivals, Newcomers):
        return Visits(states), ALIKE
    calendar = arrivals.calendar
    moments, first_day = np.unique(calendar.state, return_index=True)
    states = states[np.isin(states % calendar.segment_step, moments)]
    day = first_day[np.searchsorted(moments, states % calendar.segment_step)]
    somebody = arrivals.first_visits(np.full(states.size, np.argmin(arrivals.lives.first_day)))
    time = calendar.clock[day + 1]
    return replace(somebody, state=states, day=day, time=time, last_visit=day, last_buy=day), NEW
