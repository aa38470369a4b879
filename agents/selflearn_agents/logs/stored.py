"""The visits that a store keeps of a running service, as a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.store.labels import Labels
from selflearn_agents.store.masks import unpacked
from selflearn_agents.store.protocol import Store
from selflearn_agents.store.record import CHANCES, Acted, Response, Visit
from selflearn_env.core.rewards import Rewards


class StoredVisits(NamedTuple):
    """What a store has for off-policy evaluation.

    Attributes:
        log: the visits.
        open: visits left out because not all of their responses are known yet.
        restricted: visits left out because not every product could be shown, which a log cannot say.
        other_sizes: visits left out because their slates were longer or shorter than most.
    """

    log: VisitLog
    open: int
    restricted: int
    other_sizes: int


def read_store(store: Store, rewards: Rewards | None = None) -> StoredVisits:
    """The visits of a store that were learned from, with the propensities that were kept when they were served.

    Another process may serve from the store meanwhile. Visits of one customer are an episode; of those who are nobody
    each visit is one. Let the service take silence for an answer (`selflearn serve --silence`): where it does not, the
    visits of those who do not respond stay open, and a log without them earns too much.

    All visits are in memory, about a kilobyte for each with slates of ten.

    Args:
        store: of any backend; opened `read_only` will do.
        rewards: what a response earns; `Rewards()`, as for the agent of a service, if None.

    Raises:
        StoreError: the store cannot be read.
        ValueError: it has no visits that a log could have.
    """
    restricted: set[int] = set()
    products = len(Labels(store.identity).products)
    decided, told = 0, list[tuple[Response, Visit]]()
    for made in store.replay(0):
        if isinstance(made, Acted):
            decided += len(made.visits)
            restricted.update(_restricted(made, products))
        else:
            told += made.responses
    free = [pair for pair in told if pair[1].number not in restricted]
    sizes = Counter(len(response.response) for response, _ in free)
    if not free:
        raise ValueError(
            f"{store.url}: no visits for a log: of {decided:,} {decided - len(told):,} are open, and in "
            f"{len(told):,} not every product could be shown"
        )
    ((slots, count),) = sizes.most_common(1)
    whole = [pair for pair in free if len(pair[0].response) == slots]
    log = _log(whole, str((store.identity or {}).get("agent", "unknown")), Rewards() if rewards is None else rewards)
    return StoredVisits(log, decided - len(told), len(told) - len(free), len(free) - count)


def _restricted(made: Acted, products: int) -> Iterator[int]:
    """Numbers of the visits of a call for which not every product could be shown; all of them where that is unknown."""
    if made.eligible is None:
        return
    every = np.zeros(len(made.visits), dtype=bool)
    if products:
        every |= unpacked(made.eligible, len(made.visits), products).all(axis=-1)
    yield from (visit.number for visit, free in zip(made.visits, every, strict=True) if not free)


def _log(pairs: list[tuple[Response, Visit]], agent: str, rewards: Rewards) -> VisitLog:
    """The log of visits and their responses, of slates of one size."""
    pairs = sorted(pairs, key=lambda pair: pair[1].number)
    whose = [visit.number if visit.customer is None else visit.customer for _, visit in pairs]
    first: dict[int | str, int] = {}
    episode = np.array([first.setdefault(who, at) for at, who in enumerate(whose)])
    order = np.argsort(episode, kind="stable")
    over = np.append(episode[order][1:] != episode[order][:-1], True)
    chances = [np.frombuffer(visit.propensity, dtype=CHANCES) for _, visit in pairs if visit.propensity is not None]
    state = np.array([visit.state for _, visit in pairs])[order]
    response = np.stack([response.responses for response, _ in pairs])[order]
    return VisitLog(
        agent=agent,
        env_id="",
        seed=0,
        observation=state,
        state=state,
        slate=np.stack([visit.products for _, visit in pairs])[order],
        response=response,
        item_reward=rewards.by_response[response],
        propensity=np.stack(chances)[order] if len(chances) == len(pairs) else None,
        terminated=over,
        truncated=np.zeros_like(over),
        last_observation=state[over],
        last_state=state[over],
    )
