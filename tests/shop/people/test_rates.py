"""The rate of a product in a visit, against the formula in loops."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.core.people.world import Persons
from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.present import Present, daily_shares, monthly_shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.people.repeat import CAPS, Repeat
from selflearn_env.shop.people.simulate import simulate


@pytest.fixture(params=["months", "days"])
def rates(journal, request):
    shares = monthly_shares(journal)
    if request.param == "days":
        shares = daily_shares(journal, shares, Present(7.0, 1.0))
    activity = Activity(2.0, 3.0, 1.5, np.linspace(0.8, 1.3, 12))
    factors = np.random.default_rng(2).gamma(1.0, 1.0, (6, 3))
    return Rates(shares, factors, activity, Repeat(np.full(len(CAPS), 1 / len(CAPS)), 2.0, 20.0))


@pytest.fixture
def persons(journal):
    """Of each visit; the caps reach from 0 to almost 1."""
    rng = np.random.default_rng(5)
    rows = journal.day.size
    return Persons(rng.dirichlet([1, 1, 1], size=rows), rng.gamma(2.0, 2.0, rows), np.linspace(0, 0.98, rows))


def loop_rates(rates, visits, journal, persons, visit):
    customer, day, _ = visits[visit]
    row = rates.shares.row_of_day[day]
    share, theta, activity = rates.shares.share[row].astype(float), persons.theta[visit], persons.activity[visit]
    own = np.zeros(6)
    for who, then, bought in visits[:visit]:
        for product in bought if who == customer else ():
            season = (share[product] / rates.shares.usual[product]) ** 0.5
            own[product] += season * 0.5 ** ((day - then) / rates.repeat.half_life)
    s = own.sum() / activity
    part = persons.cap[visit] * s / (s + rates.repeat.kappa)
    found = np.zeros(6)
    norm = sum(share[p] * rates.factors[p, k] * theta[k] for p in range(6) for k in range(3))
    for product in range(6):
        base = share[product] * sum(rates.factors[product, k] * theta[k] for k in range(3)) / norm
        again = persons.cap[visit] / (s + rates.repeat.kappa) * own[product]
        found[product] = (1 - part) * activity * base + again
    return rates.activity.level[journal.month[visit]] * found


def test_rates_are_the_formula_and_sum_to_what_the_visit_is_expected_to_bring(rates, journal, visits, persons):
    chosen = np.random.default_rng(0).permutation(journal.day.size)
    found = rates.of_visits(journal, chosen, persons.rows(chosen))
    for row, visit in zip(found, chosen, strict=True):
        np.testing.assert_allclose(row, loop_rates(rates, visits, journal, persons, visit))
    expected = rates.expected_size(journal, persons.activity)[chosen]
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-9)


def test_shares_of_the_items_bought_are_those_rates(rates, journal, persons):
    every = rates.of_visits(journal, np.arange(journal.day.size), persons)
    expected = np.log(every / every.sum(axis=1, keepdims=True))[journal.item_visit, journal.product]
    np.testing.assert_allclose(rates.log_shares(journal, persons), expected)


def test_later_purchases_change_no_earlier_rate(rates, journal, persons):
    at = int(np.flatnonzero(journal.customer == 5)[1])
    other = replace(journal, product=journal.product.copy())
    other.product[journal.start[at] :] = (other.product[journal.start[at] :] + 1) % 6
    rows = np.arange(at + 1)
    np.testing.assert_array_equal(
        rates.of_visits(journal, rows, persons.rows(rows)), rates.of_visits(other, rows, persons.rows(rows))
    )


def test_simulated_first_visits_buy_in_proportion_to_the_rates(rates, journal):
    """One product in each visit: a sample of the shares themselves."""
    times = 6000
    first = journal.select(journal.first == np.arange(journal.day.size))
    many = replace(
        first,
        customer=np.arange(12 * times),
        day=np.repeat(first.day, times),
        start=np.zeros(12 * times + 1, dtype=np.int64),
        product=np.empty(0, dtype=np.int32),
        customers=12 * times,
    )
    alone = replace(rates, activity=Activity(2.0, 3.0, 1.5, np.ones(12)))
    persons = Persons(np.tile([0.2, 0.5, 0.3], (12 * times, 1)), np.full(12 * times, 1e-9), np.full(12 * times, 0.5))
    drawn = simulate(alone, persons, many, np.random.default_rng(1))
    one = drawn.size == 1
    assert one.mean() > 0.99
    for customer in range(12):
        own = np.arange(customer * times, (customer + 1) * times)
        bought = np.bincount(drawn.product[drawn.start[own[one[own]]]], minlength=6) / one[own].sum()
        rate = alone.of_visits(many, own[:1], persons.rows(own[:1]))[0]
        np.testing.assert_allclose(bought, rate / rate.sum(), atol=4 * np.sqrt(0.25 / times))


def test_simulated_baskets_hold_no_product_twice_and_equal_seeds_are_equal(rates, journal):
    persons = Persons(np.tile([0.2, 0.5, 0.3], (12, 1)), np.full(12, 4.0), np.full(12, 0.9))
    drawn, same, other = (simulate(rates, persons, journal, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for visit in range(journal.day.size):
        own = drawn.product[drawn.start[visit] : drawn.start[visit + 1]].tolist()
        assert len(own) == len(set(own))
        assert 1 <= len(own) <= 6
    np.testing.assert_array_equal(drawn.product, same.product)
    assert drawn.product.tolist() != other.product.tolist()
