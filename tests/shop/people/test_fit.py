"""The fit as a whole: small logs, logs without regulars, known worlds, the embedded log."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.core.people.world import Persons
from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.fit import _Split, fit_people
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Present, Shares, daily_shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.people.repeat import CAPS, Repeat
from selflearn_env.shop.people.simulate import simulate


@pytest.fixture(scope="module")
def known(schedule):
    """A world of 60 products with three tastes, whose persons follow their record to 0.7, and a journal of it."""
    rng = np.random.default_rng(9)
    usual = rng.dirichlet(np.full(60, 2.0))
    shares = Shares(usual[None].astype(np.float32), usual, np.zeros(120, dtype=np.int64))
    factors = np.where(np.arange(60)[:, None] % 3 == np.arange(3), 2.6, 0.2)
    rates = Rates(shares, factors, Activity(2.0, 6.0, 3.0, np.ones(12)), Repeat(np.eye(len(CAPS))[5], 2.0, np.inf))
    persons = Persons(
        rng.dirichlet([0.4, 0.4, 0.4], size=schedule.customers),
        rng.gamma(2.0, 3.0, size=schedule.customers),
        np.full(schedule.customers, CAPS[5]),
    )
    return rates, persons, simulate(rates, persons, schedule, rng)


def test_a_known_world_is_recovered(known, monkeypatch):
    rates, persons, journal = known
    people = fit_people(journal, np.random.default_rng(0))
    assert people.choice.topics in (2, 4, 8)
    assert people.choice.repeat.cap == pytest.approx(0.7, abs=0.12)
    assert people.choice.repeat.half_life >= 100
    assert people.activity.mean == pytest.approx(6.0, rel=0.1)
    expected = rates.log_shares(journal, persons.rows(journal.customer)).sum() / journal.day.size
    found = people.rates.log_shares(journal, people.foreseen(journal)).sum() / journal.day.size
    # The persons have to be inferred from their earlier visits, which costs, but not half of what they are worth.
    alike = Persons(np.ones((journal.day.size, 1)), np.full(journal.day.size, 6.0), np.zeros(journal.day.size))
    flat = Rates(rates.shares, np.ones((60, 1)), rates.activity, rates.repeat)
    popular = flat.log_shares(journal, alike).sum() / journal.day.size
    assert popular < found - 0.5 * (expected - popular)
    drawn = people.draw_persons(journal, np.random.default_rng(1))
    assert np.corrcoef(np.log(drawn.activity), np.log(persons.activity))[0, 1] > 0.5
    newcomers = people.draw_newcomers(10_000, np.random.default_rng(2))
    spread = (newcomers.theta**2).sum(axis=1).mean() - (newcomers.theta.mean(axis=0) ** 2).sum()
    true = (persons.theta**2).sum(axis=1).mean() - (persons.theta.mean(axis=0) ** 2).sum()
    assert spread == pytest.approx(true, rel=0.4)
    monkeypatch.setattr("selflearn_env.shop.people.fit.ITEMS", 500)  # some customers at a time
    drawn = people.draw_persons(journal, np.random.default_rng(1))
    assert np.corrcoef(np.log(drawn.activity), np.log(persons.activity))[0, 1] > 0.5


def test_what_is_foreseen_follows_the_present_where_there_is_one(journal):
    split, present = _Split(journal, journal), Present(5.0, 2.0)
    split.follow(present)
    np.testing.assert_array_equal(split.shares.share, daily_shares(journal, split.months, present).share)
    split.follow(None)
    assert split.shares is split.months


def test_where_nobody_comes_back_nothing_is_bought_again_and_nobody_has_a_taste_to_show(known):
    _, _, journal = known
    once = journal.select(journal.first == np.arange(journal.day.size))
    people = fit_people(once, np.random.default_rng(0))
    assert not people.choice.repeat.happens
    assert people.choice.repeat_gain == 0.0
    assert people.choice.topics == 1
    persons = people.draw_newcomers(100, np.random.default_rng(2))
    assert (persons.cap == 0).all()
    assert (persons.theta == 1).all()


def test_products_that_come_and_go_are_followed(schedule):
    """Half of the products are hardly sold for a month and sold for a month, by turns that begin in mid-month."""
    rng = np.random.default_rng(3)
    share = np.ones((120, 60))
    share[(np.arange(120) + 15) % 60 < 30, :30] = 0.05
    share /= share.sum(axis=1, keepdims=True)
    shares = Shares(share.astype(np.float32), share.mean(axis=0), np.arange(120))
    rates = Rates(shares, np.ones((60, 1)), Activity(2.0, 6.0, 3.0, np.ones(12)), Repeat.none())
    persons = Persons(np.ones((600, 1)), rng.gamma(2.0, 3.0, size=600), np.zeros(600))
    people = fit_people(simulate(rates, persons, schedule, rng), np.random.default_rng(0))
    assert people.choice.present is not None
    assert people.choice.present_gain > 0.3
    assert people.days is not None
    without, sold = (people.days.share[day, :30].sum() for day in (60, 30))
    assert sold > 2 * without


def test_where_nothing_comes_or_goes_no_present_is_followed(known):
    _, _, journal = known
    assert fit_people(journal, np.random.default_rng(0)).choice.present_gain < 0.05


@pytest.mark.parametrize("customers", [1, 2, 20])
def test_tiny_logs_can_be_fitted_and_drawn(tiny_shop, customers):
    journal = Journal.from_population(tiny_shop.customers, tiny_shop.states)
    journal = replace(journal.select(journal.customer < customers), customers=customers)
    people = fit_people(journal, np.random.default_rng(0))
    persons = people.draw_persons(journal, np.random.default_rng(1))
    assert persons.theta.shape == (customers, people.choice.topics)
    np.testing.assert_allclose(persons.theta.sum(axis=1), 1)
    assert (persons.activity > 0).all()
    for rates in (people.rates, people.draw(journal, np.random.default_rng(2))):
        visits = np.arange(journal.day.size)
        found = rates.of_visits(journal, visits, persons.rows(journal.customer))
        assert (found >= 0).all()
        expected = rates.expected_size(journal, persons.activity[journal.customer])
        np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-9)


def test_equal_generators_give_equal_fits(tiny_shop):
    journal = Journal.from_population(tiny_shop.customers, tiny_shop.states)
    one, same = (fit_people(journal, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.taste.shape, same.taste.shape)
    np.testing.assert_array_equal(one.choice.repeat.weight, same.choice.repeat.weight)
    first, second = (people.draw_persons(journal, np.random.default_rng(4)) for people in (one, same))
    np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_array_equal(first.cap, second.cap)
