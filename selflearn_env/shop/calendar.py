"""The state's tiers, and the state of each row of a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
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


def state_of(segment: NDArray[np.int64], time: pd.Series, states: StateSpace, period: str) -> NDArray[np.int64]:
    """(rows,) state indexes of rows with these segment numbers and times."""
    number: Callable[[NDArray[np.int64]], NDArray[np.int64]] = PERIODS[period][2]
    tiers = [segment, time.dt.month.to_numpy() - 1, number(time.dt.day.to_numpy()), time.dt.day_of_week.to_numpy()]
    return states.encode(np.stack([np.asarray(tier, dtype=np.int64) for tier in tiers], axis=1))
