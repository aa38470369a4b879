"""The options of a shop: seeds, shares, segments, and what is said of those that cannot be used."""

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop, segment_customers
from selflearn_env.shop.fitting.rfm import rfm_table
from selflearn_env.shop.reading.transactions import load_transactions


@pytest.fixture
def build(busy_log, busy_segments):
    """Builds the shop of the busy log with these options."""
    return lambda **options: Shop.from_transactions(busy_log, **{"segments": busy_segments, **options})


def test_equal_seeds_make_equal_shops(build):
    assert build(seed=4).digest == build(seed=4).digest
    assert np.array_equal(build(seed=4).demand().incidence, build(seed=4).demand().incidence)


def test_other_seeds_split_the_customers_otherwise(build):
    shops = [build(seed=seed) for seed in range(5)]
    assert len({shop.history.purchases.tobytes() for shop in shops}) == 5
    assert len({shop.digest for shop in shops}) == 5


def test_other_seeds_draw_other_preferences_from_the_same_history(build):
    one, other = (build(seed=seed, history_share=1) for seed in (0, 1))
    assert np.array_equal(one.history.purchases, other.history.purchases)
    assert not np.array_equal(one.demand().incidence, other.demand().incidence)


@pytest.mark.parametrize(("share", "customers"), [(0.1, 3), (0.5, 15), (0.9, 27), (1, 30)])
def test_history_share_is_a_share_of_the_customers(build, share, customers):
    alone = {customer: str(customer) for customer in range(500, 530)}
    shop = build(history_share=share, segments=alone)
    assert shop.history.segment_products.any(axis=1).sum() == customers
    assert any(f"({customers} of 30 customers)" in remark for remark in shop.report.noted)


@pytest.mark.parametrize("share", [0, -0.5, 1.01, float("nan")])
def test_history_share_out_of_range(build, share):
    with pytest.raises(ValueError, match=rf"history_share is a share of the customers, 0 < share <= 1, got {share}"):
        build(history_share=share)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_history_share_that_leaves_a_side_empty(build, share):
    with pytest.raises(ValueError, match=f"history_share={share} leaves no customer on one side: the log has 30"):
        build(history_share=share)


@pytest.mark.parametrize(
    "given",
    [
        lambda segments: segments,
        pd.Series,
        lambda segments: {str(customer): label for customer, label in segments.items()},
        lambda segments: {float(customer): label for customer, label in segments.items()},
        lambda segments: pd.Series({str(customer): label for customer, label in segments.items()}),
        lambda segments: pd.Series(segments, dtype="category"),
    ],
    ids=["dict", "Series", "text keys", "float keys", "Series of text keys", "categories"],
)
def test_own_segments_however_given(build, busy_segments, given):
    shop = build(segments=given(busy_segments))
    assert shop.states.tiers[0].labels == ("new", "old")
    assert shop.digest == build().digest


def test_own_segments_of_named_customers(busy_log, busy_segments):
    named = busy_log.assign(customer="c" + busy_log["customer"].astype("str"))
    shop = Shop.from_transactions(named, segments={f"c{customer}": label for customer, label in busy_segments.items()})
    assert shop.history.visits.sum() > 0
    assert shop.states.tiers[0].labels == ("new", "old")


def test_seed_segments_are_the_default(busy_log):
    segments = segment_customers(rfm_table(load_transactions(busy_log)))
    shop = Shop.from_transactions(busy_log, history_share=1)
    assert shop.states.tiers[0].labels == ("Q1", "Q2", "Q3", "Q4")
    present = shop.history.segment_products.any(axis=1)
    assert [label for label, there in zip(("Q1", "Q2", "Q3", "Q4"), present, strict=True) if there] == sorted(
        set(segments)
    )
    # The same segments given by hand change nothing but the labels that have nobody.
    by_hand = Shop.from_transactions(busy_log, history_share=1, segments=segments)
    assert np.array_equal(
        by_hand.history.visits[by_hand.history.visits > 0], shop.history.visits[shop.history.visits > 0]
    )


@pytest.mark.parametrize("label", [None, float("nan")])
def test_customer_with_an_empty_label(build, busy_segments, label):
    segments = {**busy_segments, 507: label}
    with pytest.raises(ValueError, match=r"segments has no label for customer .*507"):
        build(segments=segments)


def test_customer_without_a_label(build, busy_segments):
    some = {customer: label for customer, label in busy_segments.items() if customer not in (507, 511)}
    with pytest.raises(ValueError, match=r"segments has no label for customer .*507.* \(2 have none\)"):
        build(segments=some)


@pytest.mark.parametrize("segments", ["Q1", 5])
def test_segments_of_another_type(build, segments):
    with pytest.raises(TypeError, match="segments"):
        build(segments=segments)


def test_unknown_period(build):
    with pytest.raises(ValueError, match="unknown period 'day'; known: half, week"):
        build(period="day")


@pytest.mark.parametrize("count", [0, -1])
def test_max_products_out_of_range(build, count):
    with pytest.raises(ValueError, match=f"max_products must be at least 1, got {count}"):
        build(max_products=count)


def test_max_products_is_whole(build):
    with pytest.raises((TypeError, ValueError), match=r"max_products .*2\.5"):
        build(max_products=2.5)


def test_excluding_a_product_that_is_not_there(build):
    with pytest.raises(ValueError, match="exclude_products names 'P99'"):
        build(exclude_products=["P01", "P99"])


def test_excluding_every_product(build):
    with pytest.raises(ValueError, match="no purchase of the history's customers is left"):
        build(exclude_products=[f"P{p:02}" for p in range(12)])


def test_excluding_all_that_simulated_customers_buy(busy_log, busy_segments):
    """Each customer buys a product of its own."""
    own = busy_log.assign(product="of " + busy_log["customer"].astype(str))
    options = {"segments": busy_segments, "history_share": 0.9}
    shop = Shop.from_transactions(own, **options)
    theirs = shop.catalogue.ids[shop.customers.purchases().sum(axis=0) > 0]
    with pytest.raises(ValueError, match=r"no purchase of simulated customers .* takes 27 of 30 customers; lower"):
        Shop.from_transactions(own, exclude_products=theirs.tolist(), **options)


def test_seed_may_be_a_numpy_integer(build, tmp_path):
    shop = build(seed=np.int64(4))
    assert shop.digest == build(seed=4).digest
    shop.save(tmp_path / "shop.npz")
    assert Shop.load(tmp_path / "shop.npz").seed == 4


@pytest.mark.parametrize("seed", [None, -1, 0.5])
def test_seed_is_a_whole_number(build, seed):
    with pytest.raises((TypeError, ValueError), match="seed"):
        build(seed=seed)
