"""The lists of a shop, judged by real baskets and by its simulators: of states, and of persons."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.baselines.personal_lists import PersonalLists
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.logged import logged_days
from selflearn_agents.evaluation.shop_check.ranking import Ranking, agents_slates, merged, rank
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.hits import real_hits
from selflearn_env.shop.validation.persons import comes_again

MOST_VISITS = 20_000  # judged, about
EVERYBODY, PERSONAL = "bestsellers", "personal"


class Headroom(NamedTuple):
    """Expected rewards per visit, and how far of the way from random to the best slates lists come."""

    random: float
    optimal: float
    everybody: float  # share of the way by one list for everybody, the history's best sellers
    personal: float  # by the agent `personal`, before it has served anybody; nan where there are no persons


class Judged(NamedTuple):
    """What a simulator says of the lists."""

    ranking: Ranking
    headroom: Headroom


def judge(shop: Shop, slate_size: int, rng: np.random.Generator) -> dict[str, Judged]:
    """Judges the lists in the visits of the log by the simulated customers, none of whom is in the history.

    A customer's day is one visit. Of a large log every so many customers are enough.

    Args:
        shop: the shop.
        slate_size: products per slate.
        rng: draws the customers for the intervals.

    Returns:
        By the simulator of states (`retail`), and where customers come again, by that of persons (`people`).
    """
    retail = Options(slate_size=slate_size).simulator(shop)
    persons = comes_again(Journal.from_population(shop.customers, shop.states).by_day())
    people = PeopleOptions(slate_size=slate_size).simulator(shop) if persons else None
    days = logged_days(shop, people or retail, MOST_VISITS)
    slates = agents_slates(shop.history, days, slate_size)
    if persons:
        slates |= PersonalLists.from_history(shop.history_people, days.journal).slates(slate_size)
    lists, customer = merged(slates), days.journal.customer
    hits = np.stack([real_hits(days.journal, shown) for shown in lists.values()], axis=1)
    found = {"retail": _judged(retail, days.seen.state, lists, hits, customer, rng)}
    if people is not None:
        found["people"] = _judged(people, days.visits, lists, hits, customer, rng)
    return found


def _judged(
    simulator: Simulator,
    visits: Any,
    lists: dict[tuple[str, ...], NDArray[np.int64]],
    hits: NDArray[np.int64],
    customer: NDArray[np.int64],
    rng: np.random.Generator,
) -> Judged:
    rewards = np.stack([simulator.expected_reward(visits, shown) for shown in lists.values()], axis=1)
    random = float(simulator.random_reward(visits).mean())
    optimal = float(simulator.expected_reward(visits, simulator.optimal_slate(visits)).mean())
    reached = {name: float(of.mean()) for names, of in zip(lists, rewards.T, strict=True) for name in names}
    share = {name: float(share_of_gap(reward, random, optimal)) for name, reward in reached.items()}
    headroom = Headroom(random, optimal, share[EVERYBODY], share.get(PERSONAL, float("nan")))
    return Judged(rank(list(lists), hits.astype(np.float64), rewards, customer, rng), headroom)
