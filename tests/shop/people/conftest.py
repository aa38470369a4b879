"""A journal small enough for loops, and one of known persons."""

import numpy as np
import pytest

from selflearn_env.shop.people.journal import Journal


def make_journal(visits, month_of_day, products, customers=None):
    """From (customer, day, products) of each visit, in order."""
    size = [len(bought) for _, _, bought in visits]
    return Journal(
        customer=np.array([customer for customer, _, _ in visits], dtype=np.int64),
        day=np.array([day for _, day, _ in visits], dtype=np.int64),
        start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        product=np.array([product for _, _, bought in visits for product in bought], dtype=np.int32),
        month_of_day=np.asarray(month_of_day, dtype=np.int64),
        customers=customers or visits[-1][0] + 1,
        products=products,
    )


@pytest.fixture(scope="session")
def visits():
    """(customer, day, products) of the visits of 12 customers over 90 days; the last has one visit only."""
    rng = np.random.default_rng(3)
    found = []
    for customer in range(12):
        days = np.sort(rng.integers(90, size=1 if customer == 11 else int(rng.integers(2, 7))))
        for day in days.tolist():
            bought = np.flatnonzero(rng.random(6) < 0.3 + 0.3 * ((np.arange(6) + customer) % 3 == 0))
            found.append((customer, day, bought.tolist() or [0]))
    return found


@pytest.fixture(scope="session")
def journal(visits):
    """The same as a journal: 6 products, three months of 30 days."""
    return make_journal(visits, np.repeat([10, 11, 0], 30), 6)


@pytest.fixture(scope="session")
def schedule():
    """The visits, without purchases, of 600 customers over 120 days: 1 to 12 each, about 3,900."""
    rng = np.random.default_rng(8)
    visits = [
        (customer, int(day), [0])
        for customer in range(600)
        for day in np.sort(rng.choice(120, size=int(rng.integers(1, 13)), replace=False))
    ]
    return make_journal(visits, np.repeat([2, 3, 4, 5], 30), 60)
