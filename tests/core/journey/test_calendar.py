"""The shop's clock, read."""

import numpy as np
import pytest

from selflearn_env.core.journey.lives import Calendar

CLOCK = np.array([0.0, 0.5, 0.5, 0.5, 2.0, 2.25])  # on the second and the third day it stands still


def loop_day(time):
    """The last day that has begun."""
    return max(day for day, begin in enumerate(CLOCK) if begin <= time)


@pytest.mark.parametrize("count", [0, 1, 200])
def test_the_day_is_the_last_that_has_begun(count):
    rng = np.random.default_rng(count)
    times = np.where(rng.random(count) < 0.5, rng.choice(CLOCK[:-1], count), rng.random(count) * 2.25)
    day = Calendar(np.zeros(5, dtype=np.int64), CLOCK, 1).day(times)
    assert day.dtype == np.int64
    assert day.tolist() == [loop_day(time) for time in times]
