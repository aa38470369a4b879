"""What a simulator needs to know of the customers' lives, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.segmentation import Segmentation


@dataclass(frozen=True, eq=False)
class Lives:
    """The population of a shop, C customers, as their purchases in the log show them.

    Attributes:
        first_day: (C,) day of the first visit, counted from the log's first.
        rate: (C,) days with a purchase per day on the shop's clock.
        leave: (C,) probability to leave for good after a visit with a purchase.
        spend: (C,) spend per day with a purchase, in money.
        segment: (C,) number of the segment in the log.
        segmentation: the rule that gives a customer's segment from its RFM measures, or None: it never moves.
        repurchase_days: median days from one purchase of a product to the customer's next.
    """

    first_day: NDArray[np.int64]
    rate: NDArray[np.float64]
    leave: NDArray[np.float64]
    spend: NDArray[np.float64]
    segment: NDArray[np.int64]
    segmentation: Segmentation | None
    repurchase_days: float


def expected_purchases(rate: NDArray, leave: NDArray, time: NDArray | float) -> NDArray[np.float64]:
    """(C,) mean number of purchases within a time, of customers who are there and leave after each with a probability.

    (1 - exp(-rate * leave * time)) / leave, as a customer is still there with exp(-rate * leave * t).
    """
    leave = np.maximum(leave, 1e-12)
    return -np.expm1(-rate * leave * time) / leave


@dataclass(frozen=True, eq=False)
class Calendar:
    """The days from the log's first to the horizon, D of them.

    The shop's clock runs fast on days on which customers come often, and stands still on days when it is closed; over
    the log it gains a day per day. On it customers come at constant rates.

    Attributes:
        state: (D,) the state of each day in the first segment.
        clock: (D + 1,) what the clock shows at the start of each day, and at the end of the last.
        segment_step: how far apart the states of neighbouring segments are.
        first_date: the log's first day, in days since 1 January 1970.
    """

    state: NDArray[np.int64]
    clock: NDArray[np.float64]
    segment_step: int
    first_date: int = 0

    def day(self, time: NDArray[np.float64]) -> NDArray[np.int64]:
        """(B,) the days on which the clock shows these times; on those that it stands still, the last of them."""
        ascending = time.argsort()  # neighbours are found faster one after the other
        day = np.empty(len(time), dtype=np.int64)
        day[ascending] = self.clock.searchsorted(time.take(ascending), side="right") - 1
        return day


@dataclass(frozen=True)
class Pace:
    """What makes the population, shown the article's starting slates, buy as often as in the log.

    The log has purchases only, and not every visit ends in one.

    Attributes:
        visits: visits per visit with a purchase.
        products: products bought in a visit with a purchase.
    """

    visits: float
    products: float
