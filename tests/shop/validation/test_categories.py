"""Categories found from what is bought together, and pairs of one category, against plain loops."""

from itertools import product

import numpy as np
import pytest

from selflearn_env.shop.validation.categories import category_pairs, find_categories, halves
from tests.shop.people.conftest import make_journal

CATEGORIES = 3


@pytest.fixture(scope="module")
def faithful():
    """300 customers who visit four times over two months and buy four products, mostly of a category of their own."""
    rng = np.random.default_rng(5)
    visits = []
    for customer in range(300):
        own = np.arange(8) * CATEGORIES + customer % CATEGORIES
        for day in np.sort(rng.choice(60, size=4, replace=False)).tolist():
            stray = rng.integers(24, size=4)
            bought = np.where(rng.random(4) < 0.8, rng.choice(own, size=4, replace=False), stray)
            visits.append((customer, day, np.unique(bought).tolist()))
    return make_journal(visits, np.repeat([0, 1], 30), 24)


def test_halves_share_no_customer(faithful):
    first, second = halves(faithful)
    assert not set(first.customer.tolist()) & set(second.customer.tolist())
    assert first.day.size + second.day.size == faithful.day.size


def test_categories_are_found_again(faithful, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.validation.categories.CATEGORIES", CATEGORIES)
    found = find_categories(halves(faithful)[0], np.random.default_rng(0))
    groups = {frozenset(np.flatnonzero(found == category).tolist()) for category in range(CATEGORIES)}
    assert groups == {frozenset(range(first, 24, CATEGORIES)) for first in range(CATEGORIES)}


def test_pairs_are_those_of_the_loop(faithful):
    journal, category = halves(faithful)[1], np.arange(24) % CATEGORIES
    category[:2] = -1
    baskets = [
        [item for item in journal.product[journal.start[visit] : journal.start[visit + 1]].tolist() if item > 1]
        for visit in range(journal.day.size)
    ]

    def share(pairs):
        different = [category[a] == category[b] for a, b in pairs if a != b]
        return np.mean(different) if different else None

    within = [share(product(basket, basket)) for basket in baskets]
    across = [
        share(product(baskets[visit], baskets[visit + 1]))
        for visit in range(journal.day.size - 1)
        if journal.customer[visit] == journal.customer[visit + 1]
    ]
    found = category_pairs(journal, category)
    assert found.within == pytest.approx(100 * np.mean([one for one in within if one is not None]))
    assert found.across == pytest.approx(100 * np.mean([one for one in across if one is not None]))
    assert found.within > 60
    assert found.independent == pytest.approx(100 / CATEGORIES, abs=6)


def test_where_nothing_is_bought_twice_there_are_no_categories():
    journal = make_journal([(0, 0, [0]), (1, 1, [1])], [0, 0], 4)
    category = find_categories(journal, np.random.default_rng(0))
    assert category.tolist() == [-1] * 4
    assert all(np.isnan(category_pairs(journal, category)))
