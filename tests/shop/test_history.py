"""What a shop knows is read-only, and best sellers are those of the state before those of its segment."""

from dataclasses import fields

import numpy as np
import pytest

from selflearn_env import Shop


@pytest.fixture(scope="module")
def busy_shop(busy_log, busy_segments):
    return Shop.from_transactions(busy_log, history_share=1, segments=busy_segments)


@pytest.mark.parametrize("size", [1, 4, 12])
def test_best_sellers(busy_shop, size):
    history, products = busy_shop.history, range(busy_shop.products)
    of_segment = [history.quantity[history.segment == g].sum(axis=0) for g in range(2)]
    slates = history.best_sellers(size)
    assert slates.shape == (busy_shop.states.size, size)
    for state, slate in enumerate(slates.tolist()):
        units, group = history.quantity[state], history.segment[state]
        own = sorted((p for p in products if history.seen[state, p]), key=lambda p: (-units[p], p))
        rest = sorted((p for p in products if p not in own), key=lambda p: (-of_segment[group][p], p))
        assert slate == (own + rest)[:size]


def test_best_sellers_of_the_retail_shop_are_distinct(retail_shop):
    slates = retail_shop.history.best_sellers(10)
    assert slates.shape == (672, 10)
    assert (np.diff(np.sort(slates, axis=1), axis=1) > 0).all()


def test_segment_of_each_state(busy_shop):
    for state, segment in enumerate(busy_shop.history.segment):
        assert busy_shop.states.label(state).startswith(("new_", "old_")[segment])


@pytest.mark.parametrize("part", ["catalogue", "history", "customers"])
def test_arrays_cannot_be_written(busy_shop, part):
    owner = getattr(busy_shop, part)
    arrays = [getattr(owner, f.name) for f in fields(owner) if isinstance(getattr(owner, f.name), np.ndarray)]
    assert arrays
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[-1]


def test_population_counts_are_the_purchases(busy_shop):
    customers = busy_shop.customers
    dense = np.zeros((busy_shop.states.size, busy_shop.products), dtype=int)
    for visit, product in zip(customers.item_visit.tolist(), customers.item_product.tolist(), strict=True):
        dense[customers.visit_state[visit], product] += 1
    assert np.array_equal(customers.purchases(), dense)
    assert customers.visits().tolist() == [
        customers.visit_state.tolist().count(state) for state in range(busy_shop.states.size)
    ]


def test_purchases_stay_within_visits(retail_shop):
    history = retail_shop.history
    assert (history.purchases <= history.visits[:, None]).all()
    assert (history.seen | (history.purchases == 0)).all()
    assert (history.segment_products[history.segment] | ~history.seen).all()
