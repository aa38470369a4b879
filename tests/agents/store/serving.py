"""How the tests let an agent in a store serve."""

from __future__ import annotations

import numpy as np
from selflearn_agents.store.telling import Told

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

HOUR = 3_600.0


def serve_some(kept, calls, rng, seen=False):
    """Decides and learns."""
    for call in range(calls):
        states = rng.integers(kept.agent.states, size=rng.integers(1, 5))
        visits = kept.decide(seen_visits(states, rng) if seen else states, call * HOUR)
        kept.commit()
        kept.tell([Told(visit.number, rng.integers(3, size=3).tolist()) for visit in visits], call * HOUR + 1)
        kept.commit()


def counted(kept):
    """How many products were shown, as the values have it."""
    return sum(value.shown for state in range(kept.agent.states) for value in kept.counts(state).values())


def seen_visits(states, rng):
    """Visits of customers of whom something is known."""
    size = len(states)
    counts = rng.integers(4, size=size)
    record = Items(
        np.concatenate([[0], np.cumsum(counts)]),
        rng.integers(8, size=counts.sum()).astype(np.int32),
        np.sort(rng.integers(19_000, 19_500, size=counts.sum())),
    )
    customer = rng.permutation(20)[:size]
    return SeenVisits(
        states, customer, np.full(size, 19_600), counts * 7, counts, np.zeros(size, dtype=np.int64), record
    )
