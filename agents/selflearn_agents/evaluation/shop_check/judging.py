"""The lists of a shop, judged by real baskets and by its simulators: of states, and of persons."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.baselines.personal_lists import PersonalLists
from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.logged import logged_days
from selflearn_agents.evaluation.shop_check.ranking import Ranking, agents_slates, merged, rank
from selflearn_agents.evaluation.shop_check.worth import EVERYBODY, PERSON, RealHits, Sold
from selflearn_env.core.rewards import BOUGHT
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.baskets import real_hits
from selflearn_env.shop.validation.persons import comes_again

MOST_VISITS = 15_000  # judged, about
CELLS = 2**24  # visits x products worked on at once
CANDIDATES = 20  # for each place of the one list for everybody: the products most bought
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
    sold: Sold


def judge(shop: Shop, slate_size: int, rng: np.random.Generator) -> tuple[RealHits, dict[str, Judged]]:
    """Judges the lists in the visits of the log by the simulated customers, none of whom is in the history.

    A customer's day is one visit. Of a large log every so many customers are enough.

    Args:
        shop: the shop.
        slate_size: products per slate.
        rng: draws the customers for the intervals.

    Returns:
        The lists in real baskets; and what is said of them by the simulator of states (`retail`), and where customers
        come again, by that of persons (`people`), also with the shop's present (`people_present`), where that foresees
        anything.
    """
    days = logged_days(shop, MOST_VISITS)
    states, customer = days.state, days.journal.customer
    worlds: dict[str, tuple[Simulator, Any]] = {"retail": (Options(slate_size=slate_size).simulator(shop), states)}
    seen, personal = None, {}
    if comes_again(days.journal):
        for name, season in SEASONS.items():
            if season == "month" or shop.people.choice.present is not None:
                people = PeopleOptions(slate_size=slate_size, season=season).simulator(shop)
                visits, seen = days.met_in(people)
                worlds[name] = people, visits
        personal = PersonalLists.from_history(shop.history_people, days.journal).slates(slate_size)
    lists = merged(agents_slates(shop.history, states, seen, slate_size) | personal)
    hits = np.stack([real_hits(days.journal, shown) for shown in lists.values()], axis=1).astype(np.float64)
    read = np.array_equal(shop.history.visits, shop.customers.visits())  # as where history_share=1
    often = np.bincount(days.journal.product, minlength=shop.products)
    candidates = np.argsort(-often, kind="stable")[: CANDIDATES * slate_size]
    return RealHits(list(lists), hits, customer, read), {
        name: _judged(simulator, visits, lists, hits, customer, candidates, rng)
        for name, (simulator, visits) in worlds.items()
    }


def _judged(
    simulator: Simulator,
    visits: Any,
    lists: dict[tuple[str, ...], NDArray[np.int64]],
    hits: NDArray[np.float64],
    customer: NDArray[np.int64],
    candidates: NDArray[np.int64],
    rng: np.random.Generator,
) -> Judged:
    rewards = np.stack([simulator.expected_reward(visits, shown) for shown in lists.values()], axis=1)
    random, best = _references(simulator, visits)
    one = one_list(simulator, visits, candidates)
    everybody = _earned(simulator, visits, np.broadcast_to(one, (len(visits), one.size)))
    optimal = float(best[1].mean())
    reached = {name: float(of.mean()) for names, of in zip(lists, rewards.T, strict=True) for name in names}
    share = {name: float(share_of_gap(reward, random, optimal)) for name, reward in reached.items()}
    headroom = Headroom(random, optimal, share[EVERYBODY], share.get(PERSON, float("nan")))
    ranking = rank(list(lists), hits, rewards, customer, rng)
    return Judged(ranking, headroom, Sold(best[0], everybody[0], best[1], everybody[1]))


def _references(simulator: Simulator, visits: Any) -> tuple[float, NDArray[np.float64]]:
    """Expected reward of random slates, mean over the visits or states; (2, V) purchases and reward of the best."""
    random, best = [], []
    size = max(1, CELLS // simulator.products)
    for at in range(0, len(visits), size):
        rows = np.arange(at, min(at + size, len(visits)))
        some = visits[rows] if isinstance(visits, np.ndarray) else visits.rows(rows)
        random.append(simulator.random_reward(some))
        best.append(_earned(simulator, some, simulator.optimal_slate(some)))
    return float(np.concatenate(random).mean()), np.concatenate(best, axis=1)


def _earned(simulator: Simulator, visits: Any, slates: NDArray[np.int64]) -> NDArray[np.float64]:
    """(2, V) expected purchases and reward of slates (V, n)."""
    probability = simulator.response_probability(visits, slates)
    return np.stack([probability[..., BOUGHT].sum(axis=1), (probability @ simulator.rewards.by_response).sum(axis=1)])


def one_list(simulator: Simulator, visits: Any, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the one list of greatest mean reward, of customers who judge each product by itself.

    Args:
        simulator: of `independent` customers.
        visits: V visits, or states.
        candidates: (M,) products that may be in it, n at least.
    """
    n, value = simulator.slate_size, np.empty(candidates.size)
    for begin in range(0, candidates.size, n):
        at = slice(min(begin, candidates.size - n), begin + n)
        shown = np.broadcast_to(candidates[at], (len(visits), n))
        value[at] = simulator.response_probability(visits, shown).mean(axis=0) @ simulator.rewards.by_response
    return candidates[np.argsort(-value, kind="stable")[:n]]
