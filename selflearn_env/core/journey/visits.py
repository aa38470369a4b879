"""Visits in the lives of customers, and what is left of those before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.visits import Visits

SLATES = 4  # slates that a customer remembers
PURCHASES = 10  # bought products that a customer remembers
NONE = -1  # in the place of a product


@dataclass(frozen=True, slots=True)
class JourneyVisits(Visits):
    """The visits under way: one customer each, at a moment of its life."""

    customer: NDArray[np.int64]  # (B,)
    day: NDArray[np.int64]  # (B,) of this visit, counted from the log's first
    time: NDArray[np.float64]  # (B,) of this visit, on the shop's clock
    visits: NDArray[np.int64]  # (B,) visits before this one
    last_visit: NDArray[np.int64]  # (B,) day of the one before; of this one, if it is the first
    empty: NDArray[np.int64]  # (B,) visits in a row, up to the last, in which nothing was bought or clicked
    satisfaction: NDArray[np.float64]  # (B,) 0..1
    purchases: NDArray[np.int64]  # (B,) products bought
    frequency: NDArray[np.int64]  # (B,) days with a purchase after the day of the first visit
    last_buy: NDArray[np.int64]  # (B,) the last of them; the day of the first visit, if there is none
    spend: NDArray[np.float64]  # (B,) spent on them, in money
    ignored: NDArray[np.signedinteger]  # (B, SLATES, n) products ignored in the last slates, newest first, others NONE
    ignored_day: NDArray[np.int64]  # (B, SLATES)
    bought: NDArray[
        np.signedinteger
    ]  # (B, PURCHASES) products bought last, newest visit first, NONE where there are fewer
    bought_day: NDArray[np.int64]  # (B, PURCHASES)

    def seen(self, first_date: int) -> SeenVisits:
        """What the shop sees of the visits; of a record, what the customer itself remembers."""
        known = self.bought[:, ::-1] != NONE  # oldest first
        start = np.concatenate([[0], np.cumsum(np.count_nonzero(known, axis=1))])
        days = self.bought_day[:, ::-1][known] + first_date
        return self.seen_with(Items(start, self.bought[:, ::-1][known].astype(np.int32), days), first_date)

    def seen_with(self, record: Items, first_date: int) -> SeenVisits:
        """What the shop sees of the visits, where this is what it knows to have been bought."""
        return SeenVisits(
            state=self.state,
            customer=self.customer,
            date=self.day + first_date,
            days_since=self.day - self.last_visit,
            visits=self.visits,
            empty=self.empty,
            record=record,
        )


def nothing_remembered(batch: int, slate_size: int, products: int) -> dict[str, Any]:
    """The fields that hold a customer's memory, for customers who have seen nothing yet."""
    product = np.min_scalar_type(-products)
    return {
        "ignored": np.full((batch, SLATES, slate_size), NONE, dtype=product),
        "ignored_day": np.zeros((batch, SLATES), dtype=np.int64),
        "bought": np.full((batch, PURCHASES), NONE, dtype=product),
        "bought_day": np.zeros((batch, PURCHASES), dtype=np.int64),
    }
