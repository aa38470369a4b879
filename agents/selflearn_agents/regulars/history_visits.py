"""Visits of the history's customers as the shop would have seen them when they were made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.people.journal import Journal


def history_visits(journal: Journal, states: NDArray[np.int64], chosen: NDArray[np.int64]) -> SeenVisits:
    """Some visits of a journal with the records of what was bought before; their days are those of the journal.

    Args:
        journal: all that a customer bought on a day in one visit.
        states: (V,) the state of each visit.
        chosen: (B,) numbers of visits.
    """
    first = journal.first[chosen]
    nothing = np.zeros(chosen.size, dtype=np.int64)
    record = journal.logged.items.pieces(journal.start[first], journal.start[chosen])
    return SeenVisits(
        states[chosen], journal.customer[chosen], journal.day[chosen], nothing, chosen - first, nothing, record
    )
