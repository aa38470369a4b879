"""The state's tiers, and the state of each row of a log and of each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.states import StateSpace, Tier

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Each period: the tier's name, its number of labels, and the number of a day of the month.
PERIODS = {
    "half": ("half", 2, lambda day: (day > 15).astype(np.int64)),
    "week": ("week", 5, lambda day: (day - 1) // 7),
}


def state_space(segments: Sequence[str], period: str) -> StateSpace:
    """The states of a shop: segment, month, period of the month, weekday.

    Raises:
        ValueError: the period is unknown.
    """
    if not isinstance(period, str) or period not in PERIODS:
        raise ValueError(f"unknown period {period!r}; known: {', '.join(PERIODS)}")
    name, count, _ = PERIODS[period]
    return StateSpace(
        (
            Tier("segment", tuple(segments)),
            Tier("month", MONTHS),
            Tier(name, tuple(str(number) for number in range(count))),
            Tier("weekday", WEEKDAYS),
        )
    )


def state_of(segment: NDArray[np.int64], day: NDArray[np.integer], states: StateSpace) -> NDArray[np.int64]:
    """(R,) states of the segments with these numbers (R,) on these days (R,), counted from 1 January 1970."""
    first = int(day.min())
    dates = np.arange(first, int(day.max()) + 1).astype("datetime64[D]")  # few, where there are many rows
    of_day = states.encode(np.column_stack([np.zeros(len(dates), dtype=np.int64), calendar_tiers(dates, states)]))
    state = segment * (states.size // states.shape[0])
    state += of_day[day - first]
    return state


def calendar_tiers(dates: NDArray[np.datetime64], states: StateSpace) -> NDArray[np.int64]:
    """(D, tiers - 1) month, period of the month and weekday of dates (D,), as numbers of their tiers."""
    month = dates.astype("datetime64[M]")
    of_month = (dates - month).astype(np.int64) + 1
    period: Callable[[NDArray[np.int64]], NDArray[np.int64]] = PERIODS[states.tiers[2].name][2]
    return np.column_stack([month.astype(np.int64) % 12, period(of_month), weekdays(dates)])


def weekdays(dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """(D,) number of the weekday, 0 for Monday."""
    return (dates.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
