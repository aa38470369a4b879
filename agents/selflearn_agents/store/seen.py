"""What agents are shown of visits, as a store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from selflearn_agents.store.record import Visit
from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

NUMBER, PRODUCT = np.dtype("<i8"), np.dtype("<i4")
NUMBERS = ("customer", "date", "days_since", "visits", "empty")


def as_bytes(seen: SeenVisits) -> list[bytes]:
    """All but the state, visit by visit: five numbers, the days of the record, its products."""
    numbers = np.stack([getattr(seen, name) for name in NUMBERS], axis=1).astype(NUMBER)
    days, products, start = seen.record.day.astype(NUMBER), seen.record.product.astype(PRODUCT), seen.record.start
    return [
        numbers[row].tobytes()
        + days[start[row] : start[row + 1]].tobytes()
        + products[start[row] : start[row + 1]].tobytes()
        for row in range(len(seen))
    ]


def shown_of(visits: Sequence[Visit]) -> Any:
    """What the agent was shown of visits: (B,) states, or `SeenVisits`."""
    states = np.array([visit.state for visit in visits], dtype=np.int64)
    if visits[0].seen is None:
        return states
    kept = [visit.seen for visit in visits if visit.seen is not None]
    head = len(NUMBERS) * NUMBER.itemsize
    numbers = np.stack([np.frombuffer(each[:head], dtype=NUMBER) for each in kept]).astype(np.int64)
    counts = [(len(each) - head) // (NUMBER.itemsize + PRODUCT.itemsize) for each in kept]
    middle = [head + count * NUMBER.itemsize for count in counts]
    days = b"".join(each[head:end] for each, end in zip(kept, middle, strict=True))
    products = b"".join(each[end:] for each, end in zip(kept, middle, strict=True))
    record = Items(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.frombuffer(products, dtype=PRODUCT).astype(np.int32),
        np.frombuffer(days, dtype=NUMBER).astype(np.int64),
    )
    return SeenVisits(states, **dict(zip(NUMBERS, numbers.T.copy(), strict=True)), record=record)


def date_of(visit: Visit) -> int:
    """The date of a visit as the agent was shown it, or of its decision; in days since 1970."""
    if visit.seen is None:
        return int(visit.time // 86_400)
    at = NUMBERS.index("date") * NUMBER.itemsize
    return int(np.frombuffer(visit.seen[at : at + NUMBER.itemsize], dtype=NUMBER)[0])
