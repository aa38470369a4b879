"""Does a simulator rank lists as the shop would? Lists from the history, judged by real baskets and by the simulator.

What counts is the order: who compares agents in a simulator relies on it. Real hits are what of each list was in the
baskets of visits by customers who are not in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from selflearn_agents import AGENTS, make_agent
from selflearn_agents.agent import Agent
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.history import DatedBaskets, History

DRAWS = 1000  # of the customers, for the interval
CELLS = 2**23  # states x products worked on at once
SURE = 0.95  # of the interval


class Listed(NamedTuple):
    """A list, or several that show the same, by both judges; per visit."""

    names: tuple[str, ...]
    hits: float  # products in the real basket
    reward: float  # expected by the simulator


class Ranking(NamedTuple):
    """Spearman's rank correlation of the two judges' orders, with its interval; nan for fewer than three lists."""

    lists: list[Listed]  # most hits first
    correlation: float
    low: float
    high: float


def states_by_day(customers: DatedBaskets) -> NDArray[np.int64]:
    """(V,) the state of each visit of the journal of these customers, all of one day taken together."""
    order = np.lexsort((customers.visit_day, customers.visit_customer))
    who, day = customers.visit_customer[order], customers.visit_day[order]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (np.diff(who) != 0) | (np.diff(day) != 0)
    return customers.visit_state[order][new]


def agents_slates(
    history: History, states: NDArray[np.int64], seen: SeenVisits | None, slate_size: int
) -> dict[str, NDArray[np.int64]]:
    """(V, n) what each agent would show to V visits before any visit, without exploration.

    Every agent that needs no extra and no privilege.

    Args:
        history: what the agents read.
        states: (V,) of the visits.
        seen: the visits as a shop sees them that knows its customers, for agents that ask for it; None where there is
            no such shop, and no such agent.
        slate_size: products per slate.
    """
    found = {}
    for name, kind in AGENTS.items():
        if kind.extra is not None or kind.privileged or (kind.knows_customers and seen is None):
            continue
        agent = make_agent(name, history=history, slate_size=slate_size)
        # Who learns nothing shows what it shows; of the others the estimates count, not what they try out.
        show = agent.act if type(agent)._update is Agent._update else partial(_greedy, agent)
        if kind.knows_customers:
            found[name] = _in_blocks(show, seen, agent)
        elif show == agent.act:
            found[name] = agent.act(states)
        else:
            different, place = np.unique(states, return_inverse=True)
            found[name] = _in_blocks(show, different, agent)[place]
    return found


def _greedy(agent: Agent, visits: Any) -> NDArray[np.int64]:
    """(B, n) the products of greatest value for states, or visits as the shop sees them."""
    return np.argsort(-agent.values(visits), axis=1, kind="stable")[:, : agent.slate_size]


def _in_blocks(show: Callable[[Any], NDArray[np.int64]], visits: Any, agent: Agent) -> NDArray[np.int64]:
    """(B, n) what is shown for states, or visits as the shop sees them: some at a time, with all products."""
    size = max(1, CELLS // agent.products)
    blocks = [np.arange(at, min(at + size, len(visits))) for at in range(0, len(visits), size)]
    return np.concatenate(
        [show(visits.rows(some) if isinstance(visits, SeenVisits) else visits[some]) for some in blocks]
    )


def merged(slates: Mapping[str, NDArray[np.int64]]) -> dict[tuple[str, ...], NDArray[np.int64]]:
    """The lists that differ, each with the names of all that show it: equal lists are no evidence of an order."""
    found: dict[bytes, tuple[tuple[str, ...], NDArray]] = {}
    for name, shown in slates.items():
        key = np.sort(shown, axis=1).tobytes()
        found[key] = ((*found[key][0], name) if key in found else (name,)), shown
    return dict(found.values())


def rank(
    names: list[tuple[str, ...]],
    hits: NDArray[np.float64],
    rewards: NDArray[np.float64],
    customer: NDArray[np.int64],
    rng: np.random.Generator,
) -> Ranking:
    """Compares two judges.

    Args:
        names: of L lists.
        hits: (V, L) products of each list in the basket of each visit.
        rewards: (V, L) what the simulator expects of it.
        customer: (V,) of each visit, 0, 1, ...; customers are drawn with replacement for the interval.
        rng: draws them.
    """
    often = np.bincount(customer)
    by_customer = np.stack([[np.bincount(customer, weights=of) for of in judge.T] for judge in (hits, rewards)])
    mean = by_customer.sum(axis=2) / customer.size
    order = np.argsort(-mean[0], kind="stable")
    lists = [Listed(names[at], float(mean[0, at]), float(mean[1, at])) for at in order]
    if len(names) < 3:
        return Ranking(lists, np.nan, np.nan, np.nan)
    present = np.flatnonzero(often)
    drawn = rng.multinomial(present.size, np.full(present.size, 1 / present.size), size=DRAWS).astype(np.float64)
    means = by_customer[:, :, present] @ drawn.T / (drawn @ often[present])  # (2, L, DRAWS)
    tails = np.nanquantile(_correlation(means), [(1 - SURE) / 2, (1 + SURE) / 2])
    return Ranking(lists, float(_correlation(mean[:, :, None])[0]), *map(float, tails))


def _correlation(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D,) Spearman's correlation of the L lists by the two judges (2, L, D)."""
    ranks = rankdata(means.round(9), axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    spread = np.sqrt((ranks**2).sum(axis=1).prod(axis=0))
    return np.divide((ranks[0] * ranks[1]).sum(axis=0), spread, out=np.full(spread.shape, np.nan), where=spread > 0)
