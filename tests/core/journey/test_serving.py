"""Serving customers to the end, and the pace at which they buy as often as in the log."""

import numpy as np
import pytest

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Pace
from selflearn_env.core.journey.serving import find_pace, serve
from selflearn_env.envs.journey_options import JourneyOptions
from tests.core.journey.small_worlds import (
    STATES,
    N,
    P,
    arrivals_of,
    calendar_of,
    lives_of,
    model_of,
    random_world,
    same_appeal,
    world_with,
)

STILL = Journey.off(returns=True)


def lives_served(simulator, batch, policy, number=0):
    run = simulator.begin(np.random.default_rng(number))
    return list(serve(simulator, simulator.start(batch, run), policy, run))


def same_slate(visits):
    return np.tile([0, 1, 2], (len(visits), 1))


def test_everybody_is_served_until_all_have_left_or_the_calendar_ends():
    simulator = random_world(np.random.default_rng(2), Journey())
    rounds = lives_served(simulator, 50, same_slate)
    there = np.arange(50)
    for number, served in enumerate(rounds):
        rows, visits, slates, outcome = served.rows, served.visits, served.slates, served.outcome
        assert rows.tolist() == there.tolist()
        assert visits.visits.tolist() == [number] * len(rows)
        assert slates.tolist() == same_slate(visits).tolist()
        assert len(outcome.response) == len(outcome.visits) == len(rows)
        there = there[~(outcome.terminated | outcome.truncated)]
        if number:
            before = rounds[number - 1].outcome
            went_on = before.visits.rows(~(before.terminated | before.truncated))
            for ours, theirs in zip(went_on.columns(), visits.columns(), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    assert len(rounds) > 5
    assert not there.size


def test_a_policy_sees_the_visits_and_its_slates_are_shown():
    simulator = random_world(np.random.default_rng(2), Journey())
    for served in lives_served(
        simulator, 20, lambda visits: np.stack([visits.customer, visits.visits % P, 0 * visits.day], 1)
    ):
        assert served.slates[:, 0].tolist() == served.visits.customer.tolist()
        assert served.outcome.duplicates.tolist() == [3 - len(set(slate)) for slate in served.slates.tolist()]


def test_nobody_is_served_where_nobody_comes():
    simulator = random_world(np.random.default_rng(2), Journey())
    nobody = simulator.arrivals.first_visits(np.arange(0))
    assert list(serve(simulator, nobody, same_slate, simulator.begin(np.random.default_rng(1)))) == []


def days_bought(simulator, start, lives, number):
    """(lives * C,) days with a purchase after the first of each customer, some lives each, and who they are."""
    customers = np.repeat(np.arange(len(simulator.arrivals.lives.first_day)), lives)
    run, days = simulator.begin(np.random.default_rng(number)), np.zeros(len(customers))
    sold = buys = 0
    first = simulator.arrivals.first_visits(customers)
    for served in serve(simulator, first, lambda visits: start[visits.state], run):
        after = served.outcome.visits
        days[served.rows] = after.frequency
        bought = after.purchases - served.visits.purchases
        sold, buys = sold + bought.sum(), buys + np.count_nonzero(bought)
    return days, customers, sold / buys


def expected_days(simulator, customers):
    """Purchases of a Poisson process of each rate, which ends with each with p, until the calendar ends; in mean."""
    lives, clock = simulator.arrivals.lives, simulator.arrivals.calendar.clock
    total = 0.0
    for customer in customers.tolist():
        time = clock[-1] - clock[lives.first_day[customer] + 1]
        rate, p = lives.rate[customer], lives.leave[customer]
        total += rate * time if p < 1e-9 else (1 - np.exp(-rate * p * time)) / p
    return total / len(customers)


def pace_found(journey, appeal, rng, lives, calendar):
    """The pace of a world in which the first products are shown to everybody."""
    customers = model_of("independent", appeal)
    return find_pace(
        lambda pace: arrivals_of(journey, lives, calendar, pace),
        lambda arrivals: world_with(arrivals, customers),
        np.tile(np.arange(N), (STATES.size, 1)),
        rng,
    )


@pytest.mark.parametrize("buy", [0.05, 0.3, 1.0])
def test_the_pace_is_visits_per_visit_with_a_purchase(buy):
    """Each slot is bought with one chance: a visit has a purchase with q = 1 - (1 - buy)^3, of 3 buy / q products."""
    lives = lives_of(400, rate=0.02, first_day=np.arange(400) % 100)
    q = 1 - (1 - buy) ** 3
    pace = pace_found(STILL, same_appeal(buy), np.random.default_rng(1), lives, calendar_of(600))
    purchases = 400 * 2 * 0.02 * 550  # about as many were counted; two purchases of one day count once
    assert pace.visits == pytest.approx(1 / q, rel=5 / np.sqrt(purchases))
    assert pace.products == pytest.approx(3 * buy / q, rel=5 / np.sqrt(purchases))


def test_the_pace_follows_from_its_random_numbers_and_leaves_them_alone():
    def found(number):
        rng = np.random.default_rng(number)
        pace = pace_found(Journey(), same_appeal(0.3, 0.3), rng, lives_of(20, rate=0.1), calendar_of(60))
        assert rng.random() == np.random.default_rng(number).random()
        return pace

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_a_pace_where_nobody_buys_is_a_number_all_the_same():
    pace = pace_found(Journey(), same_appeal(0.0), np.random.default_rng(1), lives_of(), calendar_of(50))
    assert pace == Pace(visits=20.0, products=1.0)


def check_days_with_a_purchase(shop, options, lives):
    """On fresh random numbers, within what these lives and the two per customer of the search leave open."""
    simulator = options.simulator(shop)
    start = shop.demand().start
    days, customers, products = days_bought(simulator, start, lives, 7)
    own = days.reshape(-1, lives)
    per_life = own.var(axis=1, ddof=1).mean() / len(own)  # of the mean over the customers, one life of each
    error = np.sqrt(per_life * (1 / lives + 1 / 2))
    assert abs(days.mean() - expected_days(simulator, customers)) <= 4 * error
    assert products == pytest.approx(simulator.arrivals.pace.products, rel=0.1)


@pytest.mark.parametrize("customer", ["independent", "cascade", "logit", "seed"])
def test_the_seeds_starting_slates_sell_on_as_many_days_as_the_log_lets_expect(retail_shop, customer):
    check_days_with_a_purchase(retail_shop, JourneyOptions(customer=customer), lives=4)


@pytest.mark.parametrize("journey", [STILL, Journey(leave=0, boredom=0)])
def test_so_they_do_in_a_tiny_shop(tiny_shop, journey):
    check_days_with_a_purchase(tiny_shop, JourneyOptions(slate_size=8, journey=journey), lives=20)


@pytest.mark.parametrize(
    "journey", [Journey(), Journey(leave=1, patience=1), Journey(boredom=1, leave=0), Journey(fatigue=0.9)]
)
def test_a_pace_that_cannot_be_reached_ends_at_twenty(tiny_shop, journey):
    """All eight products are shown at each visit: customers are soon bored and leave, however often they come."""
    assert JourneyOptions(slate_size=8, journey=journey).simulator(tiny_shop).arrivals.pace.visits == 20.0


def test_the_pace_depends_neither_on_the_horizon_nor_on_the_slates_of_the_environment(tiny_shop):
    paces = [
        JourneyOptions(slate_size=size, journey=Journey(leave=0, horizon=horizon)).simulator(tiny_shop).arrivals.pace
        for size, horizon in ((3, None), (8, None), (3, 60), (1, 1000))
    ]
    assert len(set(paces)) == 1
    assert paces[0] != JourneyOptions(slate_size=3, journey=STILL).simulator(tiny_shop).arrivals.pace
