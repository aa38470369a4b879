"""Visits of the history's customers as the shop would have seen them when they were made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.people.journal import Journal


def history_visits(
    journal: Journal, states: NDArray[np.int64], first_date: int, chosen: NDArray[np.int64]
) -> SeenVisits:
    """Some visits of a journal with the records of what was bought before.

    Args:
        journal: all that a customer bought on a day in one visit.
        states: (V,) the state of each visit.
        first_date: of the journal, in days since 1 January 1970.
        chosen: (B,) numbers of visits.
    """
    first = journal.first[chosen]
    nothing = np.zeros(chosen.size, dtype=np.int64)
    items = journal.logged.items.pieces(journal.start[first], journal.start[chosen])
    record = replace(items, day=items.day + first_date)
    date = journal.day[chosen] + first_date
    return SeenVisits(states[chosen], journal.customer[chosen], date, nothing, chosen - first, nothing, record)
