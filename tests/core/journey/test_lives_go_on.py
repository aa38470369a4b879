"""The simulator of customers' lives: against a plain loop, hand-worked lives, and closed forms."""

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Pace
from selflearn_env.core.slates import repeats
from tests.core.journey.naive_journey import NaiveJourney
from tests.core.journey.small_worlds import (
    MODELS,
    N,
    P,
    calendar_of,
    journeys,
    lives_of,
    model_of,
    random_world,
    same_appeal,
    served,
    world_of,
)

STILL = Journey.off(returns=True)


def assert_tells_the_story(naive, visits, stories):
    """All fields of the visits, row by row."""
    for row, story in enumerate(stories):
        for name, expected in naive.fields(story).items():
            found = getattr(visits, name)[row].tolist()
            if name == "ignored":
                found = [sorted(product for product in slate if product >= 0) for slate in found]
            elif name == "bought_day":  # says nothing where nothing was bought
                found = [day if product >= 0 else 0 for day, product in zip(found, visits.bought[row], strict=True)]
            same = pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected
            assert found == same, name


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60)
@given(journey=journeys(), number=st.integers(0, 2**32), batch=st.integers(2, 5))
def test_lives_are_the_plain_loop_over_each_customer(name, journey, number, batch):
    rng = np.random.default_rng(number)
    simulator = random_world(rng, journey, name)
    naive, run = NaiveJourney(simulator), simulator.begin(rng)
    chance = deepcopy(run)  # the same draws, for the loop
    visits = simulator.start(batch, run)
    stories = [naive.comes(customer) for customer in chance.visits.take(batch).tolist()]
    for _ in range(12):
        assert_tells_the_story(naive, visits, stories)
        slates = rng.integers(P, size=(batch, N))
        draws, life = chance.responses.take(batch), chance.life.take(batch).tolist()
        outcome = simulator.respond(visits, slates, run)
        for row, story in enumerate(stories):
            attention = np.array([[naive.attention(story, product) for product in slates[row].tolist()]], np.float32)
            own = slates[row : row + 1]
            given_state = np.array([naive.fields(story)["state"]])
            attending = simulator.customers.attending(attention)
            response = attending.respond(given_state, own, repeats(own), draws[row : row + 1])[0]
            np.testing.assert_array_equal(outcome.response[row], response)
            stories[row], left, over = naive.goes_on(story, own[0].tolist(), response.tolist(), *life[row])
            assert (outcome.terminated[row], outcome.truncated[row]) == (left, over)
        assert_tells_the_story(naive, outcome.visits, stories)
        ended = outcome.terminated | outcome.truncated
        visits = simulator.restart(outcome.visits, ended, run)
        for row, customer in zip(np.flatnonzero(ended), chance.visits.take(int(ended.sum())), strict=True):
            stories[row] = naive.comes(int(customer))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=30)
@given(journey=journeys(), number=st.integers(0, 2**32), batch=st.integers(2, 70))
def test_a_batch_is_its_rows_one_by_one_bit_for_bit(name, journey, number, batch):
    rng = np.random.default_rng(number)
    simulator = random_world(rng, journey, name)
    visits, run = served(simulator, batch, 5, number)
    slates, alone = rng.integers(P, size=(batch, N)), deepcopy(run)
    together = simulator.respond(visits, slates, run)
    probability = simulator.response_probability(visits, slates)
    for row in range(batch):
        one = visits.rows(np.array([row]))
        np.testing.assert_array_equal(simulator.response_probability(one, slates[row : row + 1])[0], probability[row])
        single = simulator.respond(one, slates[row : row + 1], alone)
        for ours, theirs in zip(single.visits.columns(), together.visits.columns(), strict=True):
            np.testing.assert_array_equal(ours[0], theirs[row])
        for ours, theirs in zip(single[1:], together[1:], strict=True):
            np.testing.assert_array_equal(ours[0], theirs[row])


def lives_of_many(simulator, count, visits, number=0):
    """(visits, count) whether each is left, with the same slate shown again and again, and the last of the visits."""
    run = simulator.begin(np.random.default_rng(number))
    under_way, left, days = simulator.start(count, run), [], []
    for _ in range(visits):
        outcome = simulator.respond(under_way, np.tile(np.arange(N), (count, 1)), run)
        left.append(outcome.terminated)
        days.append(outcome.visits.time - under_way.time)
        under_way = outcome.visits
    return np.array(left), np.array(days), under_way


def near(share, exact, count):
    return abs(share - exact) <= 4 * np.sqrt(exact * (1 - exact) / count)


def test_buyers_leave_as_often_as_their_lives_say():
    lives = lives_of(3, leave=[0.0, 0.1, 0.6])
    simulator = world_of(STILL, model_of("independent", same_appeal(1.0)), lives, calendar_of(100_000))
    left, _, last = lives_of_many(simulator, 60_000, 2)
    for customer, leave in enumerate([0.0, 0.1, 0.6]):
        of = left[0][last.customer == customer]
        assert near(of.mean(), leave, of.size)


def test_who_does_not_buy_stays():
    """Not even a click makes one leave; without a purchase there is nothing to leave after."""
    lives = lives_of(leave=1.0)
    simulator = world_of(STILL, model_of("independent", same_appeal(0.0, click=0.5)), lives, calendar_of(100_000))
    left, _, _ = lives_of_many(simulator, 1000, 5)
    assert not left.any()


@pytest.mark.parametrize("patience", [1, 3])
def test_the_disappointed_leave_after_as_many_visits_as_they_have_patience(patience):
    journey = Journey(satiation=0, fatigue=0, boredom=0, delay=1, leave=0.3, patience=patience, segments=False)
    simulator = world_of(journey, model_of("independent", same_appeal(0.0)), calendar=calendar_of(100_000))
    left, _, last = lives_of_many(simulator, 20_000, 5)
    assert last.empty.tolist() == [5] * 20_000
    for visit, rate in enumerate(left.mean(axis=1), start=1):
        assert rate == 0 if visit < patience else near(rate, 0.3, 20_000)


def test_a_click_or_a_purchase_makes_patience_new():
    journey = Journey(satiation=0, fatigue=0, boredom=0, delay=1, leave=1.0, patience=2, segments=False)
    appeal = same_appeal(0.0)
    appeal[:, 1] = 0.0, 1.0  # is clicked
    appeal[:, 2] = 1.0, 1.0  # is bought
    simulator = world_of(journey, model_of("independent", appeal), calendar=calendar_of(100_000))
    run = simulator.begin(np.random.default_rng(0))
    visits, empty = simulator.start(1, run), []
    for product in (0, 1, 0, 2, 0, 0):
        outcome = simulator.respond(visits, [[product, 3, 4]], run)
        visits = outcome.visits
        empty.append((int(visits.empty[0]), bool(outcome.terminated[0])))
    assert empty == [(1, False), (0, False), (1, False), (0, False), (1, False), (2, True)]


def test_both_reasons_to_leave_work_together():
    """Patience of one visit, and a purchase in none of them: only disappointment; and the other way round."""
    journey = Journey(satiation=0, fatigue=0, boredom=0, delay=1, leave=0.3, patience=1, segments=False)
    buyers = world_of(journey, model_of("independent", same_appeal(1.0)), lives_of(leave=0.2), calendar_of(100_000))
    left, _, _ = lives_of_many(buyers, 40_000, 1)
    assert near(left.mean(), 0.2, 40_000)
    others = world_of(journey, model_of("independent", same_appeal(0.0)), lives_of(leave=0.2), calendar_of(100_000))
    left, _, _ = lives_of_many(others, 40_000, 1)
    assert near(left.mean(), 0.3, 40_000)


def test_gaps_are_exponential_on_the_clock():
    lives = lives_of(2, rate=[0.2, 0.01])
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives, calendar_of(20_000), Pace(2.5, 1.0))
    _, gaps, last = lives_of_many(simulator, 20_000, 1)
    for customer, rate in enumerate([0.2, 0.01]):
        found = gaps[0][last.customer == customer] * rate * 2.5
        assert stats.kstest(found, "expon").pvalue > 1e-4


@pytest.mark.parametrize("delay", [1.0, 1.5, 4.0])
def test_the_bored_come_later_by_the_factor_of_their_satisfaction(delay):
    """The same slate, always ignored: satisfaction 1, 1/2, 1/4, 1/8 after each visit, and gaps delay^(1 - that)."""
    journey = Journey(segments=False, satiation=0, fatigue=0, boredom=0, delay=delay, leave=0)
    simulator = world_of(journey, model_of("independent", same_appeal(0.0)), calendar=calendar_of(100_000))
    _, gaps, last = lives_of_many(simulator, 20_000, 4)
    assert last.satisfaction[0] == (0.125 if delay > 1 else 1.0)
    for mean, satisfaction in zip(gaps.mean(axis=1), [1.0, 0.5, 0.25, 0.125], strict=True):
        expected = delay ** (1 - satisfaction)
        assert abs(mean - expected) <= 4 * expected / np.sqrt(20_000)


@pytest.mark.parametrize("leave", [0.0, 0.05, 0.5])
def test_visits_of_those_who_always_buy_have_the_closed_form(leave):
    """Of a Poisson process that ends after each visit with p, the first included: (1 - p) (1 - exp(-rate p t)) / p."""
    rate, days, count = 0.4, 30, 30_000
    lives = lives_of(rate=rate, leave=leave)
    simulator = world_of(STILL, model_of("independent", same_appeal(1.0)), lives, calendar_of(days + 1))
    run = simulator.begin(np.random.default_rng(1))
    visits = simulator.start(count, run)
    total, rows = np.zeros(count), np.arange(count)
    while len(visits):
        outcome = simulator.respond(visits, np.tile(np.arange(N), (len(visits), 1)), run)
        total[rows] = outcome.visits.visits - 1
        stays = ~(outcome.terminated | outcome.truncated)
        rows, visits = rows[stays], outcome.visits.rows(stays)
    expected = rate * days if leave == 0 else (1 - leave) * -np.expm1(-rate * leave * days) / leave
    assert abs(total.mean() - expected) <= 4 * total.std() / np.sqrt(count)


def test_the_first_visit_is_on_the_customers_day_and_the_next_never_before():
    lives = lives_of(4, first_day=[0, 3, 9, 12], rate=[500.0] * 4)
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives, calendar_of(14))
    first = simulator.arrivals.first_visits(np.arange(4))
    assert (first.day.tolist(), first.last_visit.tolist()) == ([0, 3, 9, 12], [0, 3, 9, 12])
    outcome = simulator.respond(first, np.tile(np.arange(N), (4, 1)), simulator.begin(np.random.default_rng(2)))
    assert outcome.visits.day.tolist() == [1, 4, 10, 13]
    assert outcome.visits.last_visit.tolist() == [0, 3, 9, 12]
    assert outcome.visits.visits.tolist() == [1, 1, 1, 1]


class Soonest:
    """Draws of which nobody leaves, and everybody comes again at once."""

    def take(self, rows):
        return np.zeros((rows, 2))


def test_who_comes_again_at_once_comes_on_the_next_open_day():
    calendar = calendar_of(pace=[1, 1, 0, 0, 2, 1])
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives_of(4, first_day=[0, 1, 3, 5]), calendar)
    run = simulator.begin(np.random.default_rng(2))
    run.life = Soonest()
    outcome = simulator.respond(simulator.arrivals.first_visits(np.arange(4)), np.tile(np.arange(N), (4, 1)), run)
    assert outcome.visits.day.tolist() == [1, 4, 4, 5]
    assert outcome.truncated.tolist() == [False, False, False, True]


def test_customers_are_drawn_equally_often_and_on_their_first_day():
    lives = lives_of(5, first_day=[0, 2, 8, 20, 3])
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives, calendar_of(20))
    assert simulator.arrivals.positions == 4  # one comes after the horizon
    visits = simulator.start(40_000, simulator.begin(np.random.default_rng(5)))
    assert stats.chisquare(np.bincount(visits.customer, minlength=5)[[0, 1, 2, 4]]).pvalue > 1e-4
    np.testing.assert_array_equal(visits.day, lives.first_day[visits.customer])


def test_a_horizon_before_the_first_customer_is_named():
    with pytest.raises(ValueError, match="no customer has come by day 7, the horizon; the first comes on day 10"):
        world_of(STILL, model_of("seed", same_appeal(0.0)), lives_of(2, first_day=[11, 9]), calendar_of(7))


def test_who_would_come_after_the_horizon_is_truncated_on_the_last_own_day():
    lives = lives_of(2, first_day=[4, 9], rate=1e-9)
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives, calendar_of(10))
    first, run = simulator.arrivals.first_visits(np.arange(2)), simulator.begin(np.random.default_rng(0))
    outcome = simulator.respond(first, [[0, 1, 2]] * 2, run)
    assert (outcome.terminated.tolist(), outcome.truncated.tolist()) == ([False] * 2, [True] * 2)
    assert outcome.visits.day.tolist() == [4, 9]


def test_nobody_comes_on_a_closed_day_and_days_are_as_frequent_as_their_pace():
    """Visits at a constant rate on the clock: a day gets them in proportion to the clock that passes on it."""
    pace = np.tile([1.0, 0.0, 2.0, 0.5, 0.0], 200)
    simulator = world_of(STILL, model_of("seed", same_appeal(0.0)), lives_of(rate=0.05), calendar_of(pace=pace))
    run, counts = simulator.begin(np.random.default_rng(3)), np.zeros(5)
    visits = simulator.start(4000, run)
    while len(visits):
        outcome = simulator.respond(visits, np.tile(np.arange(N), (len(visits), 1)), run)
        visits = outcome.visits.rows(~outcome.truncated)
        counts += np.bincount(visits.day % 5, minlength=5)
    assert counts[[1, 4]].tolist() == [0, 0]
    assert stats.chisquare(counts[[0, 2, 3]], counts.sum() * np.array([1, 2, 0.5]) / 3.5).pvalue > 1e-4
