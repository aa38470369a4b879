"""What baskets keep to is found again in baskets that were drawn with it."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.core.people.world import Moods, Persons
from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.moods import _some, fit_moods
from selflearn_env.shop.people.present import Shares
from selflearn_env.shop.people.rates import Rates
from selflearn_env.shop.people.repeat import Repeat
from selflearn_env.shop.people.simulate import simulate

PRODUCTS, CATEGORIES = 60, 5


@pytest.fixture(scope="module")
def world():
    usual = np.random.default_rng(1).dirichlet(np.full(PRODUCTS, 4.0))
    shares = Shares(usual[None].astype(np.float32), usual, np.zeros(120, dtype=np.int64))
    return Rates(shares, np.ones((PRODUCTS, 1)), Activity(2.0, 6.0, 3.0, np.ones(12)), Repeat.none())


def persons_of(count):
    return Persons(np.ones((count, 1)), np.full(count, 6.0), np.zeros(count))


def fitted(world, moods, schedule):
    journal = simulate(replace(world, moods=moods), persons_of(schedule.customers), schedule, np.random.default_rng(2))
    return fit_moods(journal, world, lambda own: persons_of(own.day.size), np.random.default_rng(3))


def test_categories_and_freedom_are_found_again(world, schedule, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.people.moods.CATEGORIES", CATEGORIES)
    category = np.arange(PRODUCTS) % CATEGORIES
    found = fitted(world, Moods(category[None].astype(np.int16), 0.4), schedule)
    assert found is not None
    assert found.freedom == pytest.approx(0.4, rel=0.4)
    truth = category[:, None] == category
    share = (found.categories[:, :, None] == found.categories[:, None]).mean(axis=0)
    assert share[truth].mean() > 0.8
    assert share[~truth].mean() < 0.15


def test_baskets_that_keep_to_nothing(world, schedule):
    found = fitted(world, None, schedule)
    assert found is None or found.freedom > 5


def test_too_few_products_or_visits_have_no_categories(world, schedule):
    few = schedule.select(np.arange(schedule.day.size) < 4)
    assert fit_moods(few, world, lambda own: persons_of(own.day.size), np.random.default_rng(3)) is None


def test_of_a_large_log_every_so_many_customers_are_looked_at(schedule):
    customers, visits = np.unique(schedule.customer), schedule.day.size
    for most, step in ((2 * visits, 1), (visits, 1), (visits // 3, 3)):
        assert _some(schedule, most).day.size == np.isin(schedule.customer, customers[::step]).sum()
