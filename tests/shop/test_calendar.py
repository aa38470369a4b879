"""The states of a shop, and the state of each row, against the calendar."""

import numpy as np
import pandas as pd
import pytest

from selflearn_env.shop.calendar import state_of, state_space


@pytest.mark.parametrize(("period", "shape"), [("half", (3, 12, 2, 7)), ("week", (3, 12, 5, 7))])
def test_shape(period, shape):
    assert state_space(("a", "b", "c"), period).shape == shape


@pytest.mark.parametrize("period", ["half", "week"])
def test_every_day_of_a_leap_year(period):
    states = state_space(("a", "b"), period)
    days = pd.date_range("2024-01-01", "2024-12-31")
    segment = np.arange(len(days)) % 2
    labels = [
        states.label(state)
        for state in state_of(segment, days.to_numpy().astype("datetime64[D]").astype(np.int64), states)
    ]
    for label, group, day in zip(labels, segment, days, strict=True):
        part = {"half": int(day.day > 15), "week": (day.day - 1) // 7}[period]
        assert label == f"{'ab'[group]}_{day.month_name()}_{part}_{day.day_name()}"


def test_order_of_the_tiers():
    states = state_space(("Q1", "Q2", "Q3", "Q4"), "half")
    assert [states.parse(f"Q1_January_0_{day}") for day in ("Monday", "Tuesday", "Sunday")] == [0, 1, 6]
    assert [states.parse(f"Q{q}_{rest}") for q, rest in ((1, "January_1_Monday"), (1, "February_0_Monday"))] == [7, 14]
    assert (states.parse("Q2_January_0_Monday"), states.parse("Q4_December_1_Sunday")) == (168, 671)


def test_unknown_period():
    with pytest.raises(ValueError, match="unknown period 'day'; known: half, week"):
        state_space(("a",), "day")
