"""Lists for persons against plain loops, and what they must not look at."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents.baselines.personal_lists import PersonalLists

from selflearn_env.shop.people.journal import Journal

N = 3


@pytest.fixture(scope="module")
def journal(tiny_shop):
    return Journal.from_population(tiny_shop.customers, tiny_shop.states).by_day()


@pytest.fixture(scope="module")
def lists(tiny_shop, journal):
    return PersonalLists.from_history(tiny_shop.history_people, journal)


@pytest.fixture(scope="module")
def slates(lists):
    return lists.slates(N)


def test_each_shows_distinct_products(journal, slates):
    assert list(slates) == ["month", "taste", "person"]
    for name, shown in slates.items():
        assert shown.shape == (journal.day.size, N), name
        assert all(len(set(row)) == N for row in shown.tolist()), name


def test_the_months_best_are_those_of_the_history(journal, lists, slates):
    share = lists.people.months.share
    for visit in range(0, journal.day.size, 5):
        assert slates["month"][visit].tolist() == np.argsort(-share[journal.month[visit]], kind="stable")[:N].tolist()


def test_the_personal_list_has_the_greatest_rates(journal, lists, slates):
    persons = lists.people.foreseen(journal)
    visits = np.arange(journal.day.size)
    rates = lists.people.rates.of_visits(journal, visits, persons)
    shown = np.take_along_axis(rates, slates["person"], 1)
    np.testing.assert_allclose(shown, -np.sort(-rates, axis=1)[:, :N])


def test_lists_do_not_depend_on_what_the_visit_buys(tiny_shop, journal, slates):
    last = np.append(np.diff(journal.customer) != 0, True)  # of each customer
    product = journal.product.copy()
    hidden = last[journal.item_visit]
    product[hidden] = (product[hidden] + 3) % journal.products
    other = PersonalLists.from_history(tiny_shop.history_people, replace(journal, product=product)).slates(N)
    for name, shown in slates.items():
        np.testing.assert_array_equal(other[name], shown)
