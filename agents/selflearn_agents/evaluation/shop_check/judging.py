"""The lists of a shop, judged by real baskets and by its simulators: of states, and of persons."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.baselines.personal_lists import PersonalLists
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.references import References
from selflearn_agents.evaluation.shop_check.ranking import Ranking, agents_slates, merged, rank, states_by_day
from selflearn_env.core.people.arrivals import Regulars
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.hits import real_hits
from selflearn_env.shop.validation.persons import comes_again

MOST_VISITS = 10_000  # judged, or less than twice as many
CELLS = 2**24  # visits x products worked on at once
EVERYBODY, PERSONAL = "bestsellers", "person"  # lists
SEASONS = {"people": "month", "people_present": "present"}


class Headroom(NamedTuple):
    """Expected rewards per visit, and how far of the way from random to the best slates lists come."""

    random: float
    optimal: float
    everybody: float  # share of the way by one list for everybody, the history's best sellers
    personal: float  # by personal lists from the history; nan where there are no persons


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
        By the simulator of states (`retail`), and where customers come again, by that of persons (`people`), also with
        the shop's present (`people_present`), where that foresees anything.
    """
    journal = Journal.from_population(shop.customers, shop.states).by_day()
    states = states_by_day(shop.customers)
    chosen = journal.customer % max(1, journal.day.size // MOST_VISITS) == 0
    journal, states = journal.select(chosen), states[chosen]
    turn = np.arange(journal.day.size) - journal.first
    worlds: dict[str, tuple[Simulator, Any]] = {"retail": (Options(slate_size=slate_size).simulator(shop), states)}
    seen, personal = None, {}
    if comes_again(journal):
        for name, season in SEASONS.items():
            if season == "month" or shop.people.choice.present is not None:
                people = PeopleOptions(slate_size=slate_size, season=season).simulator(shop)
                visits = cast(Regulars, people.arrivals).logged_visits(journal.customer, turn)
                worlds[name] = people, visits
                seen = people.seen(visits)
        personal = PersonalLists.from_history(shop.history_people, journal).slates(slate_size)
    lists = merged(agents_slates(shop.history, states, seen, slate_size) | personal)
    hits = np.stack([real_hits(journal, shown) for shown in lists.values()], axis=1)
    found = {}
    for name, (simulator, visits) in worlds.items():
        found[name] = _judged(simulator, visits, lists, hits, journal.customer, rng)
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
    random, optimal = _references(simulator, visits)
    reached = {name: float(of.mean()) for names, of in zip(lists, rewards.T, strict=True) for name in names}
    share = {name: float(share_of_gap(reward, random, optimal)) for name, reward in reached.items()}
    headroom = Headroom(random, optimal, share[EVERYBODY], share.get(PERSONAL, float("nan")))
    return Judged(rank(list(lists), hits.astype(np.float64), rewards, customer, rng), headroom)


def _references(simulator: Simulator, visits: Any) -> tuple[float, float]:
    """Expected rewards of random and of the best slates, mean over the visits, or states."""
    references, found = References(simulator), []
    size = max(1, CELLS // simulator.products)
    for at in range(0, len(visits), size):
        rows = np.arange(at, min(at + size, len(visits)))
        some = visits[rows] if isinstance(visits, np.ndarray) else visits.rows(rows)
        found.append(references.look_up(simulator, some))
    random, optimal = (np.concatenate(parts).mean() for parts in zip(*found, strict=True))
    return float(random), float(optimal)
