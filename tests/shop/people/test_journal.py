"""The journal of a shop's customers, against loops."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.shop.people.journal import Journal


def items(journal, visit):
    return journal.product[journal.start[visit] : journal.start[visit + 1]].tolist()


@pytest.mark.parametrize("side", ["simulated", "history"])
def test_a_journal_has_the_visits_of_dated_baskets_in_the_order_of_customer_and_day(tiny_shop, side):
    customers = tiny_shop.customers if side == "simulated" else tiny_shop.history.baskets
    journal = Journal.from_population(customers, tiny_shop.states)
    assert (journal.customers, journal.products) == (20, 8)
    expected = sorted(
        (int(customers.visit_customer[visit]), int(customers.visit_day[visit]), visit)
        for visit in range(len(customers.visit_state))
    )
    for number, (customer, day, visit) in enumerate(expected):
        assert (journal.customer[number], journal.day[number]) == (customer, day)
        assert sorted(items(journal, number)) == sorted(customers.item_product[customers.item_visit == visit].tolist())
        assert journal.month[number] == tiny_shop.states.table[customers.visit_state[visit], 1]
    assert journal.item_visit.tolist() == [visit for visit in range(len(expected)) for _ in items(journal, visit)]


def test_repeated_are_products_of_earlier_visits(journal, visits):
    expected, known = [], set()
    for customer, _, bought in visits:
        expected += [(customer, product) in known for product in bought]
        known |= {(customer, product) for product in bought}
    assert journal.repeated.tolist() == expected


def test_records_are_all_that_was_bought_before(journal, visits, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.people.journal.EVENTS", 20)  # in many parts
    chosen = np.random.default_rng(0).permutation(len(visits))
    found = {}
    for some, start, events in journal.records(chosen):
        for number, visit in enumerate(some.tolist()):
            found[visit] = journal.product[events[start[number] : start[number + 1]]].tolist()
    for visit, (customer, _, _) in enumerate(visits):
        earlier = [product for who, _, bought in visits[:visit] if who == customer for product in bought]
        assert found[visit] == earlier


def test_selected_visits_keep_their_items(journal, visits):
    chosen = np.random.default_rng(1).random(len(visits)) < 0.5
    part = journal.select(chosen)
    expected = [visit for visit, keep in zip(visits, chosen, strict=True) if keep]
    assert [(part.customer[at], part.day[at], items(part, at)) for at in range(len(expected))] == expected


def test_visits_of_one_day_are_taken_together(journal, visits):
    days = {}
    for customer, day, bought in visits:
        days.setdefault((customer, day), set()).update(bought)
    found = journal.by_day()
    assert len(days) < len(visits)
    got = {(int(found.customer[at]), int(found.day[at])): set(items(found, at)) for at in range(found.day.size)}
    assert got == days


@pytest.mark.parametrize("groups", [1, 12])
def test_baskets_count_the_same_purchases(journal, groups):
    group = journal.month if groups == 12 else np.zeros_like(journal.month)
    baskets = journal.baskets(group, groups)
    assert baskets.visits().sum() == journal.day.size
    assert np.asarray(baskets.purchases()).sum(axis=0).tolist() == np.bincount(journal.product, minlength=6).tolist()


def test_parts_are_the_journal_some_customers_at_a_time(journal):
    everybody = replace(journal, customers=14)  # the last two never came
    parts = list(everybody.parts(8))
    assert len(parts) > 3
    assert all(part.product.size <= 8 or part.customers == 1 for part in parts)
    before = np.cumsum([0] + [part.customers for part in parts])
    assert before[-1] == 14
    customer = [part.customer + at for part, at in zip(parts, before, strict=False)]
    np.testing.assert_array_equal(np.concatenate(customer), journal.customer)
    for name in ("day", "product", "size"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(together, getattr(journal, name))
