"""The rules of agents that know customers, written from their texts: dictionaries, one visit at a time."""

from __future__ import annotations

import numpy as np

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits


def seen_visits(rng, states, products, count, latest=700, most=30):
    """Visits in any states and on any days, of customers with records of up to `most` items, some without any."""
    counts = rng.integers(0, most, size=count) * (rng.random(count) < 0.8)
    start = np.concatenate([[0], np.cumsum(counts)])
    date = 15_000 + rng.integers(latest, size=count)
    day = np.repeat(date, counts) - rng.integers(0, 400, size=start[-1])
    product = rng.integers(max(1, products // 2), size=start[-1]).astype(np.int32)  # so that some come again
    some = np.arange(count)
    record = Items(start, product, day)
    return SeenVisits(rng.integers(states, size=count), some, date, some * 0, counts, some * 0, record)


def bought_before(seen, visit, half_life):
    """{product: purchases, faded} of a visit."""
    found = {}
    for item in range(seen.record.start[visit], seen.record.start[visit + 1]):
        product, ago = int(seen.record.product[item]), int(seen.date[visit] - seen.record.day[item])
        found[product] = found.get(product, 0.0) + 2.0 ** (-ago / half_life)
    return found


def best(values, order, size):
    """The products of greatest value; of equal ones, those that come first in the order."""
    return sorted(order, key=lambda product: -values[product])[:size]
