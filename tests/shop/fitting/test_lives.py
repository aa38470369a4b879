"""The lives of a shop's simulated customers: what is read from the log, the clock, the calendar, and the fit."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop
from selflearn_env.shop.fitting.bgnbd import BGNBD
from selflearn_env.shop.fitting.lives import LogLives

SEGMENTS = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}


@pytest.fixture(scope="module")
def held_out(tiny_log, tiny_shop):
    """The purchases of the tiny shop's simulated customers, with the day counted from the first of them."""
    alone = Shop.from_transactions(tiny_log, segments={customer: str(customer) for customer in range(100, 140)})
    known = alone.history.segment_products.any(axis=1)
    names = [int(label) for label, there in zip(alone.states.tiers[0].labels, known, strict=True) if not there]
    rows = tiny_log[tiny_log["customer"].isin(names) & (tiny_log["quantity"] > 0)].copy()
    rows["day"] = (rows["time"].dt.normalize() - rows["time"].min().normalize()).dt.days
    return rows


def days_of(rows):
    """customer -> the days with a purchase, ascending."""
    return {customer: sorted(set(of["day"])) for customer, of in rows.groupby("customer")}


def test_first_day_segment_and_length_are_those_of_the_log(tiny_shop, held_out):
    lives, days = tiny_shop.lives, days_of(held_out)
    assert lives.days == held_out["day"].max() + 1
    assert lives.lives.first_day.tolist() == [of[0] for of in days.values()]
    assert lives.lives.segment.tolist() == [customer % 4 for customer in days]
    assert lives.lives.segmentation is None


def test_spend_is_what_is_left_per_day_with_a_transaction(tiny_log, tiny_shop, held_out):
    """Cancellations are deducted; a day with nothing but a cancellation counts."""
    expected = []
    for customer in sorted(set(held_out["customer"])):
        rows = tiny_log[tiny_log["customer"] == customer]
        expected.append((rows["quantity"] * rows["price"]).sum() / rows["time"].dt.normalize().nunique())
    np.testing.assert_allclose(tiny_shop.lives.lives.spend, np.maximum(expected, 0), rtol=1e-12)


def test_who_brought_back_more_than_it_kept_spends_nothing(tiny_shop):
    customers = replace(tiny_shop.customers, customer_spend=tiny_shop.customers.customer_spend - 80.0)
    assert (customers.customer_spend < 0).any()
    spend = LogLives(tiny_shop.history, customers, 0).lives.spend
    np.testing.assert_array_equal(spend, np.maximum(customers.customer_spend, 0.0))


def test_repurchase_days_are_the_median_time_to_the_next_purchase_of_a_product(tiny_shop, held_out):
    gaps = []
    for _, rows in held_out.groupby(["customer", "product"]):
        days = sorted(set(rows["day"]))
        gaps += [late - early for early, late in pairwise(days)]
    assert tiny_shop.lives.lives.repurchase_days == np.median(gaps)


def test_where_nobody_bought_a_product_twice_satiation_lasts_a_year(tiny_shop):
    """Each customer keeps the first purchase of each product and loses the others."""
    customers = tiny_shop.customers
    order = np.lexsort((customers.visit_day[customers.item_visit], customers.item_product))
    seen, kept = set(), []
    for item in order.tolist():
        pair = int(customers.visit_customer[customers.item_visit[item]]), int(customers.item_product[item])
        if pair not in seen:
            kept.append(item)
        seen.add(pair)
    kept = np.sort(kept)
    once = replace(customers, item_visit=customers.item_visit[kept], item_product=customers.item_product[kept])
    assert LogLives(tiny_shop.history, once, 0).lives.repurchase_days == 365.0


def plain_pace(days, first_date, plain):
    """(12,) and (7,) factors of months and weekdays, one customer and one day at a time."""
    length = max(of[-1] for of in days.values()) + 1
    came, expected = [0.0] * length, [0.0] * length
    for of in days.values():
        usual = (plain.r + len(of) - 1) / (plain.alpha + length - 1 - of[0])
        for day in of[1:]:
            came[day] += 1
        for day in range(of[0] + 1, length):
            expected[day] += usual
    dates = [first_date + timedelta(days=day) for day in range(length)]
    weekday = []
    for number in range(7):
        own = [day for day in range(length) if dates[day].weekday() == number]
        below = sum(expected[day] for day in own)
        weekday.append(sum(came[day] for day in own) / below if below else 1.0)
    month = []
    for number in range(12):
        own = [day for day in range(length) if dates[day].month == number + 1]
        above = sum(came[day] for day in own) + 10
        month.append(above / (sum(expected[day] * weekday[dates[day].weekday()] for day in own) + 10))
    return month, weekday


def test_the_clock_runs_as_customers_come_back(tiny_shop, held_out):
    """The factor of a month times that of a weekday, such that over the log it gains a day per day."""
    days, first_date = days_of(held_out), held_out["time"].min().date()
    length = tiny_shop.lives.days
    frequency = np.array([len(of) - 1 for of in days.values()])
    recency = np.array([of[-1] - of[0] for of in days.values()])
    age = np.array([length - 1 - of[0] for of in days.values()])
    month, weekday = plain_pace(days, first_date, BGNBD.fit(frequency, recency, age))
    dates = [first_date + timedelta(days=day) for day in range(length)]
    pace = np.array([month[day.month - 1] * weekday[day.weekday()] for day in dates])
    calendar = tiny_shop.lives.calendar()
    np.testing.assert_allclose(np.diff(calendar.clock), pace * length / pace.sum(), rtol=1e-9)

    clock = calendar.clock
    on_the_clock = BGNBD.fit(
        frequency,
        np.array([clock[of[-1] + 1] - clock[of[0] + 1] for of in days.values()]),
        np.array([clock[-1] - clock[of[0] + 1] for of in days.values()]),
    )
    assert vars(tiny_shop.lives.model) == pytest.approx(vars(on_the_clock), rel=1e-6)


def test_the_embedded_log(retail_shop):
    lives = retail_shop.lives
    assert lives.model.r == pytest.approx(0.78, abs=0.01)
    assert lives.model.alpha == pytest.approx(66, abs=1)
    assert lives.lives.repurchase_days == 45
    assert lives.days == 374
    assert len(lives.lives.first_day) == len(lives.lives.rate) == retail_shop.customers.visit_customer.max() + 1
    assert lives.lives.segmentation == retail_shop.history.segmentation
    assert (lives.lives.rate > 0).all()
    assert ((lives.lives.leave >= 0) & (lives.lives.leave <= 1)).all()
    # One draw from what the purchases tell: over all customers, about the mean of the fit.
    mean = lives.model.r / lives.model.alpha
    assert lives.lives.rate.mean() == pytest.approx(mean, rel=0.1)


def test_segments_of_the_log_are_the_customers_own(retail_shop):
    customers, lives = retail_shop.customers, retail_shop.lives.lives
    of_visit = retail_shop.states.decode(customers.visit_state)[:, 0]
    np.testing.assert_array_equal(lives.segment[customers.visit_customer], of_visit)


def test_equal_seeds_draw_equal_lives_and_others_do_not(tiny_shop):
    again, other = replace(tiny_shop).lives, replace(tiny_shop, seed=1).lives
    assert again is not tiny_shop.lives
    for name in ("first_day", "rate", "leave", "spend", "segment"):
        np.testing.assert_array_equal(getattr(again.lives, name), getattr(tiny_shop.lives.lives, name))
    assert other.model == tiny_shop.lives.model
    assert (other.lives.rate != tiny_shop.lives.lives.rate).all()
    np.testing.assert_array_equal(other.lives.first_day, tiny_shop.lives.lives.first_day)
    np.testing.assert_array_equal(other.calendar().clock, tiny_shop.lives.calendar().clock)


def test_a_saved_shop_has_the_same_lives(tiny_log, tiny_shop, tmp_path):
    rfm_shop = Shop.from_transactions(tiny_log, period="week")
    for number, shop in enumerate((tiny_shop, rfm_shop)):
        shop.save(tmp_path / f"{number}.npz")
        lives, again = shop.lives, Shop.load(tmp_path / f"{number}.npz").lives
        assert (again.model, again.days) == (lives.model, lives.days)
        assert again.lives.segmentation == lives.lives.segmentation
        assert again.lives.repurchase_days == lives.lives.repurchase_days
        for name in ("first_day", "rate", "leave", "spend", "segment"):
            np.testing.assert_array_equal(getattr(again.lives, name), getattr(lives.lives, name))
        for name in ("state", "clock"):
            np.testing.assert_array_equal(getattr(again.calendar(500), name), getattr(lives.calendar(500), name))
    assert rfm_shop.lives.lives.segmentation is not None


def test_a_log_without_a_second_visit_has_no_lives():
    times = pd.date_range("2024-01-01", periods=12)
    rows = {"invoice": range(12), "product": ["A", "B"] * 6, "quantity": 1, "time": times, "price": 2.0}
    shop = Shop.from_transactions(pd.DataFrame(rows | {"customer": range(12)}))
    with pytest.raises(ValueError, match="no customer bought on a second day"):
        shop.lives  # noqa: B018


def test_history_of_the_whole_log_has_lives(tiny_log):
    shop = Shop.from_transactions(tiny_log, segments=SEGMENTS, history_share=1.0)
    assert len(shop.lives.lives.first_day) == 40


def test_some_customers_have_a_fit_of_their_own_unless_they_are_few(retail_shop):
    lives, first = retail_shop.lives, retail_shop.lives.lives.first_day
    assert lives.model_of(np.ones(first.size, dtype=bool)) == lives.model
    regulars, newer = lives.model_of(first < 31), lives.model_of(first >= 31)
    assert regulars.r / regulars.alpha > 1.5 * newer.r / newer.alpha  # many were customers before the log began
    assert lives.model_of(np.arange(first.size) < 20) == lives.model


# ---------------------------------------------------------------- the calendar


@pytest.mark.parametrize("period", ["half", "week"])
@pytest.mark.parametrize("days", [None, 1, 20, 363, 1200])
def test_states_follow_the_date(tiny_log, held_out, period, days):
    shop = Shop.from_transactions(tiny_log, segments=SEGMENTS, period=period)
    calendar, first = shop.lives.calendar(days), held_out["time"].min().date()
    length = days or shop.lives.days
    assert (len(calendar.state), len(calendar.clock)) == (length, length + 1)
    for day, state in enumerate(calendar.state.tolist()):
        of = first + timedelta(days=day)
        part = int(of.day > 15) if period == "half" else (of.day - 1) // 7
        for number, segment in enumerate("ABCD"):
            label = f"{segment}_{of:%B}_{part}_{of:%A}"
            assert shop.states.label(state + number * calendar.segment_step) == label


@pytest.mark.parametrize("days", [1, 20, 363, 1200])
def test_the_clock_of_another_horizon_is_the_same_clock(tiny_shop, days):
    of_log, other = tiny_shop.lives.calendar(), tiny_shop.lives.calendar(days)
    shared = min(len(of_log.clock), len(other.clock))
    np.testing.assert_allclose(other.clock[:shared], of_log.clock[:shared], rtol=1e-12)
    assert (np.diff(other.clock) >= 0).all()


def test_over_the_log_the_clock_gains_a_day_per_day(tiny_shop, retail_shop):
    for shop in (tiny_shop, retail_shop):
        clock = shop.lives.calendar().clock
        assert clock[0] == 0
        assert clock[-1] == pytest.approx(shop.lives.days, rel=1e-12)


def test_beyond_the_log_months_and_weekdays_go_on_as_they_were(retail_shop):
    lives = retail_shop.lives
    pace = np.diff(lives.calendar(4 * 365 + 400).clock)
    first = date(1970, 1, 1) + timedelta(days=retail_shop.customers.first_date)
    by_tiers = {}
    for day, gained in enumerate(pace.tolist()):
        of = first + timedelta(days=day)
        by_tiers.setdefault((of.month, of.weekday()), []).append(gained)
    assert len(by_tiers) == 12 * 7
    for gained in by_tiers.values():
        assert gained == pytest.approx([gained[0]] * len(gained), abs=1e-9)


def test_the_clock_stands_still_on_saturdays_when_the_shop_is_closed(retail_shop):
    calendar = retail_shop.lives.calendar(1000)
    weekday = retail_shop.states.decode(calendar.state)[:, 3]
    pace = np.diff(calendar.clock)
    assert (pace[weekday == 5] == 0).all()
    assert (pace[weekday != 5] > 0).all()


def test_a_month_of_which_the_log_has_nothing_runs_as_usual(tiny_shop):
    """Drawn to 1 where the log has few: purchases of four months only, and the others at the pace of the weekday."""
    customers = tiny_shop.customers
    kept = np.flatnonzero(customers.visit_day < 100)
    visit = np.full(len(customers.visit_day), -1)
    visit[kept] = np.arange(len(kept))
    items = visit[customers.item_visit] >= 0
    some = np.unique(customers.visit_customer[kept], return_inverse=True)[1]
    spring = replace(
        customers,
        visit_state=customers.visit_state[kept],
        visit_customer=some,
        visit_day=customers.visit_day[kept],
        item_visit=visit[customers.item_visit[items]],
        item_product=customers.item_product[items],
        customer_spend=customers.customer_spend[np.unique(customers.visit_customer[kept])],
    )
    lives = LogLives(tiny_shop.history, spring, 0)
    calendar = lives.calendar(365)
    tiers = tiny_shop.states.decode(calendar.state)
    pace = np.diff(calendar.clock)
    for weekday in range(7):
        of = pace[(tiers[:, 3] == weekday) & (tiers[:, 1] >= 5) & (tiers[:, 1] <= 10)]
        assert np.ptp(of) < 1e-9
