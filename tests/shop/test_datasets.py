"""The embedded log and its shops."""

import numpy as np

from selflearn_env import datasets


def test_log_ships_with_its_attribution():
    licence = (datasets.ONLINE_RETAIL.parent / "LICENSE-online_retail.md").read_text(encoding="utf-8")
    for part in ("Chen", "10.24432/C5BW33", "CC BY 4.0"):
        assert part in licence


def test_shops_are_built_once(retail_shop, seed_shop):
    assert datasets.retail_shop() is retail_shop
    assert datasets.seed_shop() is seed_shop


def test_seed_shop_simulates_its_own_history(seed_shop):
    history, customers = seed_shop.history, seed_shop.customers
    assert np.array_equal(customers.purchases(), history.purchases)
    assert np.array_equal(customers.visits(), history.visits)


def test_retail_shop_holds_half_of_the_customers_out(retail_shop, seed_shop):
    history, customers = retail_shop.history, retail_shop.customers
    # The two halves share no visit, and together have at most the purchases of the whole log.
    assert 0 < history.visits.sum() < seed_shop.history.visits.sum()
    assert history.visits.sum() + customers.visits().sum() <= seed_shop.history.visits.sum()
    assert "belong to the history (2,186 of 4,372 customers)" in retail_shop.report.noted
