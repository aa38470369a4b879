"""Simulated lives and those in the log, against the log itself, told with pandas, and against plain loops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

from selflearn_env import Shop
from selflearn_env.envs.journey_options import JourneyOptions
from selflearn_env.shop.fitting.bgnbd import BGNBD
from selflearn_env.shop.validation.lives import GROUPS, forecast, habits_of_the_log, simulated_habits

MILD = {"fatigue": 0.1, "boredom": 0.2, "leave": 0.05, "patience": 4}


def simulator_of(shop, **journey):
    return JourneyOptions(slate_size=shop.demand().start.shape[1], journey=journey).simulator(shop)


@pytest.fixture(scope="module")
def whole(tiny_log):
    """A shop whose simulated customers are all of the log's, 41 with one who came once."""
    once = tiny_log.iloc[:1].assign(customer=140, invoice="once", time=tiny_log["time"].median())
    log = pd.concat([tiny_log, once], ignore_index=True)
    segments = {customer: "ABCD"[customer % 4] for customer in range(100, 141)}
    return log, Shop.from_transactions(log, segments=segments, history_share=1.0)


def days_with_a_purchase(log):
    """One row per customer and day, cancelled lines left out."""
    bought = log[~log["invoice"].str.startswith("C")]
    day = (bought["time"].dt.normalize() - bought["time"].min().normalize()).dt.days
    return bought.assign(day=day)[["customer", "day"]].drop_duplicates().sort_values(["customer", "day"])


def test_habits_of_the_log_are_those_that_pandas_finds_in_its_rows(whole):
    log, shop = whole
    found, days = habits_of_the_log(shop), days_with_a_purchase(log)
    assert found.again.tolist() == (days.groupby("customer").size() - 1).tolist()
    assert found.again[-1] == 0
    gaps = days.groupby("customer")["day"].diff().dropna()
    assert found.gaps.tolist() == gaps.astype(int).tolist()
    spans = (days["day"] // 30).value_counts()
    assert found.months.tolist() == [spans.get(span, 0) for span in range(-(-(days["day"].max() + 1) // 30))]
    assert found.segment.tolist() == [customer % 4 for customer in range(100, 141)]
    assert found.visits is None


def test_habits_of_the_embedded_log_are_those_that_pandas_finds(retail_shop):
    """In the visits of the shop; several of a customer on one day are one."""
    customers, found = retail_shop.customers, habits_of_the_log(retail_shop)
    frame = pd.DataFrame({"customer": customers.visit_customer, "day": customers.visit_day})
    assert frame.duplicated().any()
    days = frame.drop_duplicates().sort_values(["customer", "day"])
    assert found.again.tolist() == (days.groupby("customer")["day"].nunique() - 1).tolist()
    assert found.gaps.tolist() == days.groupby("customer")["day"].diff().dropna().tolist()
    assert found.months.tolist() == (days["day"] // 30).value_counts().sort_index().tolist()
    last = frame.assign(state=customers.visit_state).groupby("customer")["state"].last()
    assert found.segment.tolist() == retail_shop.history.segment[last].tolist()


@pytest.mark.parametrize("journey", [MILD, {}, {"returns": True, "leave": 1.0, "patience": 1}])
def test_simulated_habits_hang_together(journey, tiny_shop):
    simulator = simulator_of(tiny_shop, **journey)
    repeats, customers = 5, len(simulator.arrivals.lives.first_day)
    found = simulated_habits(tiny_shop, simulator, repeats, np.random.default_rng(0))
    for values in (found.again, found.segment, found.visits):
        assert values.shape == (customers * repeats,)
    assert (found.again >= 0).all()
    assert (found.visits > found.again).all()  # the first visit is not one of them
    assert found.gaps.size == found.again.sum()
    assert (found.gaps >= 1).all()
    assert (found.gaps < tiny_shop.lives.days).all()
    assert found.months.sum() == found.again.sum() + found.again.size
    assert len(found.months) == -(-tiny_shop.lives.days // 30)
    assert set(found.segment.tolist()) <= set(range(4))


def test_simulated_habits_are_those_of_lives_told_one_by_one(tiny_shop):
    """All customers side by side, two lives each, with the numbers that the simulator draws."""
    simulator, rng = simulator_of(tiny_shop, **MILD), np.random.default_rng(3)
    found = simulated_habits(tiny_shop, simulator, 2, np.random.default_rng(3))
    run, start = simulator.begin(rng), tiny_shop.demand().start
    customers = [customer for customer in range(len(simulator.arrivals.lives.first_day)) for _ in range(2)]
    visits = simulator.arrivals.first_visits(np.array(customers))
    days = [{int(day)} for day in visits.day]
    count, segment, there = [0] * len(customers), [None] * len(customers), list(range(len(customers)))
    while there:
        outcome = simulator.respond(visits, start[visits.state], run)
        for row, life in enumerate(there):
            if 2 in outcome.response[row]:
                days[life].add(int(visits.day[row]))
            count[life] += 1
            segment[life] = int(simulator.arrivals.segment(outcome.visits)[row])
        stay = np.flatnonzero(~outcome.terminated & ~outcome.truncated)
        there, visits = [there[row] for row in stay], outcome.visits.rows(stay)
    assert found.again.tolist() == [len(each) - 1 for each in days]
    assert found.gaps.tolist() == [gap for each in days for gap in np.diff(sorted(each)).tolist()]
    spans = [day // 30 for each in days for day in each]
    assert found.months.tolist() == [spans.count(span) for span in range(-(-tiny_shop.lives.days // 30))]
    assert found.visits.tolist() == count
    assert found.segment.tolist() == segment


def test_lives_on_the_embedded_log_resemble_those_in_it(retail_shop):
    """Customers who are shown the seed's slates, against those of the log who are simulated; ten lives each.

    Days with a purchase after the first within 5 %, never-again within 5 percentage points, the median gap within 5
    days, each segment within 5 percentage points.
    """
    log = habits_of_the_log(retail_shop)
    found = simulated_habits(retail_shop, simulator_of(retail_shop), 10, np.random.default_rng(0))
    assert found.again.mean() == pytest.approx(log.again.mean(), rel=0.05)
    assert (found.again == 0).mean() == pytest.approx((log.again == 0).mean(), abs=0.05)
    assert np.median(found.gaps) == pytest.approx(np.median(log.gaps), abs=5)
    shares = [np.bincount(habits.segment, minlength=4) / habits.segment.size for habits in (found, log)]
    np.testing.assert_allclose(*shares, atol=0.05)
    monthly = [habits.months / habits.again.size for habits in (found, log)]
    np.testing.assert_allclose(*monthly, rtol=0.2)
    assert (found.visits.mean() - 1) / found.again.mean() > 1.5  # most visits end without a purchase


def test_what_comes_after_two_thirds_of_the_embedded_log_is_foreseen(retail_shop):
    found = forecast(retail_shop, np.random.default_rng(0))
    assert found.until == int(0.67 * retail_shop.lives.days)
    off = np.abs(found.foreseen - found.observed)
    assert ((off < 4 * found.error) | (off < 0.2 * found.observed)).all()
    assert (np.diff(found.foreseen) > 0).all()  # who came often comes often
    overall = [np.average(of, weights=found.customers) for of in (found.foreseen, found.observed)]
    assert overall[0] == pytest.approx(overall[1], rel=0.1)


def counted_by_hand(shop, share):
    """Of each group the customers, and the days with a purchase of each after the day; by sets of days."""
    until = int(share * shop.lives.days)
    days = {}
    for customer, day in zip(shop.customers.visit_customer.tolist(), shop.customers.visit_day.tolist(), strict=True):
        days.setdefault(customer, set()).add(day)
    groups = [[] for _ in range(GROUPS)]
    for of in days.values():
        early = sum(day < until for day in of)
        if early:
            groups[min(early - 1, GROUPS - 1)].append(sum(day >= until for day in of))
    return until, groups


@pytest.mark.parametrize("share", [0.67, 0.4])
def test_what_is_observed_is_counted_by_how_often_customers_had_come_back(share, retail_shop):
    found = forecast(retail_shop, np.random.default_rng(0), share)
    until, groups = counted_by_hand(retail_shop, share)
    assert found.until == until
    assert found.customers.tolist() == list(map(len, groups))
    assert found.observed == pytest.approx([np.mean(of) for of in groups])


def test_a_group_of_nobody_has_no_customers(tiny_shop):
    found = forecast(tiny_shop, np.random.default_rng(0))
    _, groups = counted_by_hand(tiny_shop, 0.67)
    assert [] in groups
    assert found.customers.tolist() == list(map(len, groups))


def test_a_forecast_knows_nothing_of_what_comes_after(retail_shop):
    """Later purchases, by twice as many or none at all, change what is observed and not what is foreseen."""
    shop, until = retail_shop, int(0.67 * retail_shop.lives.days)
    customers = shop.customers
    kept = (customers.visit_day < until) | (customers.visit_customer % 2 == 0)
    other = SimpleNamespace(
        lives=shop.lives,
        customers=SimpleNamespace(visit_customer=customers.visit_customer[kept], visit_day=customers.visit_day[kept]),
    )
    one, changed = (forecast(each, np.random.default_rng(0)) for each in (shop, other))
    np.testing.assert_array_equal(one.foreseen, changed.foreseen)
    assert (one.observed > changed.observed).all()


def foreseen_in_closed_form(shop, share):
    """Per customer, by equation (10) of Fader, Hardie and Lee (2005), and days with a purchase until then and after."""
    days, clock = shop.lives.days, shop.lives.calendar().clock
    until = int(share * days)
    frame = pd.DataFrame({"customer": shop.customers.visit_customer, "day": shop.customers.visit_day})
    frame = frame.drop_duplicates()
    early = frame[frame["day"] < until].groupby("customer")["day"].agg(["min", "max", "size"])
    late = frame[frame["day"] >= until].groupby("customer").size().reindex(early.index, fill_value=0)
    x = early["size"].to_numpy() - 1
    came = clock[early["min"].to_numpy() + 1]  # known from the end of that day on
    t_x, T = clock[early["max"].to_numpy() + 1] - came, clock[until] - came
    model = BGNBD.fit(x, t_x, T)
    r, alpha, a, b, t = model.r, model.alpha, model.a, model.b, clock[-1] - clock[until]
    stays = ((alpha + T) / (alpha + T + t)) ** (r + x)
    more = (a + b + x - 1) / (a - 1) * (1 - stays * hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t)))
    gone = a / (b + np.maximum(x, 1) - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
    return more / (1 + np.where(x > 0, gone, 0)), x, late.to_numpy()


def leaving():
    """A shop of 600 customers of whom many have left: each leaves after a day with a purchase with a chance of 0.3."""
    rng = np.random.default_rng(8)
    customers, days = [], []
    for customer in range(600):
        day, here = int(rng.integers(150)), True
        while here and day < 400:
            customers.append(customer)
            days.append(day)
            day, here = day + 1 + int(rng.exponential(20)), rng.random() < 0.7
    return SimpleNamespace(
        lives=SimpleNamespace(days=400, calendar=lambda: SimpleNamespace(clock=np.arange(401.0))),
        customers=SimpleNamespace(visit_customer=np.array(customers), visit_day=np.array(days)),
    )


@pytest.mark.parametrize("share", [0.67, 0.4])
@pytest.mark.parametrize("kind", ["embedded", "leaving"])
def test_a_forecast_is_the_conditional_expectation(kind, share, retail_shop):
    """Known in closed form; the draws are 200 per customer."""
    shop = retail_shop if kind == "embedded" else leaving()
    found = forecast(shop, np.random.default_rng(0), share)
    foreseen, often, late = foreseen_in_closed_form(shop, share)
    for group in range(GROUPS):
        own = often == group if group < GROUPS - 1 else often >= group
        # The mean of 200 draws of each of `own`; who has left or not makes most of their spread.
        assert found.foreseen[group] == pytest.approx(foreseen[own].mean(), rel=0.03, abs=0.05)
        assert found.error[group] == pytest.approx(np.sqrt(((late - foreseen)[own] ** 2).mean() / own.sum()), rel=0.05)
