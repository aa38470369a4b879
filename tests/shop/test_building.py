"""A shop against slow code that reads the log row by row."""

import calendar
from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop, load_transactions


def by_hand(log, segment_of, period):
    """Visits, purchases, quantity, seen and segment products as dictionaries, one row at a time."""
    visit_state, bought, quantity, in_segment = {}, set(), Counter(), set()
    for row in log.itertuples():
        if row.customer is pd.NA:
            continue
        segment, day = segment_of[row.customer], row.time
        part = int(day.day > 15) if period == "half" else (day.day - 1) // 7
        state = f"{segment}_{calendar.month_name[day.month]}_{part}_{calendar.day_name[day.weekday()]}"
        quantity[state, row.product] += row.quantity  # an entry of 0 is seen all the same
        in_segment.add((segment, row.product))
        if not row.invoice.startswith("C") and row.quantity > 0 and row.price > 0:
            visit = (row.customer, row.invoice)
            bought.add((visit_state.setdefault(visit, state), visit, row.product))  # a visit is where it began
    purchases = Counter((state, product) for state, _, product in bought)
    return Counter(visit_state.values()), purchases, quantity, in_segment


def filled(table, shop):
    """A table (S, P) as (state label, product) -> value, of the cells that are not zero."""
    cells = zip(*np.nonzero(table), strict=True)
    return {(shop.states.label(s), str(shop.catalogue.ids[p])): table[s, p] for s, p in cells}


def history_customers(log, **options):
    """Which customers form the history: where each is a segment of its own, those whose segment has products."""
    alone = {customer: str(customer) for customer in log["customer"].dropna().unique()}
    shop = Shop.from_transactions(log, segments=alone, **options)
    present = shop.history.segment_products.any(axis=1)
    return {int(label) for label, there in zip(shop.states.tiers[0].labels, present, strict=True) if there}


@pytest.mark.parametrize("period", ["half", "week"])
def test_history_as_defined(busy_log, busy_segments, period):
    shop = Shop.from_transactions(
        busy_log, history_share=1.0, segments=busy_segments, period=period, exclude_products=()
    )
    visits, purchases, quantity, in_segment = by_hand(busy_log, busy_segments, period)
    history, labels = shop.history, ("new", "old")
    assert shop.states.shape == (2, 12, {"half": 2, "week": 5}[period], 7)
    assert {shop.states.label(s): history.visits[s] for s in np.flatnonzero(history.visits)} == visits
    assert filled(history.purchases, shop) == purchases
    assert filled(history.quantity, shop) == {cell: units for cell, units in quantity.items() if units}
    assert filled(history.seen, shop).keys() == quantity.keys()
    found = {(labels[g], str(shop.catalogue.ids[p])) for g, p in np.argwhere(history.segment_products)}
    assert found == in_segment


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_baskets_of_the_history_customer_by_customer(busy_log, busy_segments, share):
    """Each customer's visits, as days and sets of products; customers have numbers in the order of their codes."""
    shop = Shop.from_transactions(busy_log, segments=busy_segments, seed=3, history_share=share, exclude_products=())
    chosen = history_customers(busy_log, seed=3) if share < 1 else set(busy_log["customer"].dropna())
    visits = {}
    for row in busy_log.itertuples():
        if row.customer in chosen and not row.invoice.startswith("C") and row.quantity > 0 and row.price > 0:
            visit = visits.setdefault((row.customer, row.invoice), (row.time.date().toordinal(), set()))
            visit[1].add(row.product)
    expected = {}
    for (customer, _), (day, products) in visits.items():
        expected.setdefault(customer, []).append((day, sorted(products)))
    baskets, found = shop.history.baskets, {}
    for visit, (customer, day) in enumerate(zip(baskets.visit_customer, baskets.visit_day, strict=True)):
        products = shop.catalogue.ids[np.sort(baskets.item_product[baskets.item_visit == visit])].tolist()
        found.setdefault(int(customer), []).append((date(1970, 1, 1).toordinal() + baskets.first_date + day, products))
    assert baskets.visit_day.min() == 0
    assert [sorted(found[number]) for number in range(len(found))] == [sorted(expected[c]) for c in sorted(expected)]
    assert shop.history.baskets.same_as(shop.customers) == (share == 1)


def test_history_and_simulated_customers_share_nothing(busy_log, busy_segments):
    chosen = history_customers(busy_log, seed=3)
    shop = Shop.from_transactions(busy_log, seed=3, segments=busy_segments)
    of_history = busy_log["customer"].isin(chosen)
    visits, purchases, quantity, _ = by_hand(busy_log[of_history], busy_segments, "half")
    assert filled(shop.history.purchases, shop) == purchases
    assert filled(shop.history.seen, shop).keys() == quantity.keys()
    assert shop.history.visits.sum() == visits.total()
    visits, purchases, *_ = by_hand(busy_log[~of_history], busy_segments, "half")
    assert filled(shop.customers.purchases(), shop) == purchases
    assert shop.customers.visits().sum() == visits.total()


def test_cancellations_count_in_quantity_and_seen_only():
    log = pd.DataFrame(
        [
            *(("1", "A", 5, 1.0), ("C2", "A", -2, 1.0), ("C3", "B", -4, 1.0), ("4", "C", -1, 1.0), ("5", "D", 3, 0.0)),
            *(("6", "A", 1, 1.0), ("6", "A", 1, 1.0)),
        ],
        columns=["invoice", "product", "quantity", "price"],
    ).assign(time=pd.Timestamp("2024-05-08"), customer=1)
    shop = Shop.from_transactions(log, history_share=1, segments={1: "all"})
    history, state = shop.history, shop.states.parse("all_May_0_Wednesday")
    assert shop.catalogue.ids.tolist() == ["A", "B", "C", "D"]
    assert history.quantity[state].tolist() == [5 - 2 + 1 + 1, -4, -1, 3]
    assert history.seen[state].tolist() == [True] * 4
    assert history.purchases[state].tolist() == [2, 0, 0, 0]
    assert history.visits[state] == 2
    assert history.visits.sum() == 2


def test_fractional_units_are_kept(busy_log, busy_segments):
    halves = busy_log.assign(quantity=busy_log["quantity"] / 2)
    options = {"segments": busy_segments, "history_share": 1}
    whole, half = (Shop.from_transactions(log, **options).history.quantity for log in (busy_log, halves))
    assert np.array_equal(2 * half, whole)


def test_catalogue_is_sorted_and_described(busy_log, busy_segments):
    log = busy_log.assign(
        description=busy_log["description"].where(busy_log["product"] != "P03"),
    )
    rare = log.index[(log["product"] == "P05") & log["customer"].notna()][:1]
    log.loc[rare, "description"] = "a typing error"
    shop = Shop.from_transactions(log.sample(frac=1, random_state=1), segments=busy_segments)
    ids, descriptions = shop.catalogue.ids.tolist(), shop.catalogue.descriptions.tolist()
    assert ids == [f"P{p:02}" for p in range(12)]
    assert descriptions == [f"product {p}" if p != 3 else "P03" for p in range(12)]
    assert len(shop.catalogue) == shop.products == shop.history.products == 12


@pytest.mark.parametrize("size", [1, 5, 11])
def test_max_products_ranks_by_the_history_only(busy_log, busy_segments, size):
    chosen = history_customers(busy_log, seed=1)
    visits_of = {product: set() for product in busy_log["product"]}
    for row in busy_log.itertuples():
        if row.customer in chosen and not row.invoice.startswith("C") and row.quantity > 0 and row.price > 0:
            visits_of[row.product].add(row.invoice)
    ranked = sorted(visits_of, key=lambda product: (-len(visits_of[product]), product))
    held_out = busy_log[busy_log["customer"].notna() & ~busy_log["customer"].isin(chosen)]
    craze = pd.concat([held_out.assign(invoice=f"9{n}", product=ranked[-1], quantity=99, price=1.0) for n in range(9)])
    for log in (busy_log, pd.concat([busy_log, craze])):
        shop = Shop.from_transactions(log, seed=1, segments=busy_segments, max_products=size)
        assert shop.catalogue.ids.tolist() == sorted(ranked[:size])


def test_max_products_beyond_the_catalogue_keeps_all(busy_log, busy_segments):
    assert Shop.from_transactions(busy_log, segments=busy_segments, max_products=100).products == 12


def test_excluded_products(busy_log, busy_segments):
    shop = Shop.from_transactions(busy_log, segments=busy_segments, exclude_products=["P01", "P07"])
    assert shop.catalogue.ids.tolist() == [f"P{p:02}" for p in range(12) if p not in (1, 7)]
    assert (
        shop.report.dropped["of an excluded product"]
        == (busy_log["product"].isin(["P01", "P07"]) & busy_log["customer"].notna()).sum()
    )


def test_every_row_is_in_the_shop_or_counted_with_its_reason(busy_log, busy_segments):
    log = pd.concat([busy_log, busy_log[:4].assign(price=np.nan), busy_log[:1].assign(product="POST", customer=501)])
    report = Shop.from_transactions(log, segments=busy_segments, max_products=7).report
    read, no_customer = 600 + 4 + 1, int(busy_log["customer"].isna().sum())
    assert report.rows_read == read
    beyond = report.dropped["of a product beyond the 7 most bought"]
    assert beyond > 0
    assert report.dropped == {
        "without price": 4,
        "without a customer": no_customer,
        "of a product that is no merchandise": 1,
        "of a product beyond the 7 most bought": beyond,
    }
    of_history, simulated = (
        next(count for remark, count in report.noted.items() if side in remark) for side in ("history", "simulated")
    )
    assert report.rows_kept == of_history + simulated == read - no_customer - 4 - 1 - beyond


def test_shop_of_a_loaded_log_is_the_shop_of_its_source(busy_log, busy_segments, tmp_path):
    path = tmp_path / "log.csv"
    busy_log.to_csv(path, index=False)
    sources = (busy_log, load_transactions(busy_log), path)
    assert len({Shop.from_transactions(source, segments=busy_segments).digest for source in sources}) == 1


def test_options_of_reading_reach_the_reader(busy_log, busy_segments):
    odd = busy_log.assign(time=busy_log["time"].dt.strftime("%y.%d.%m %H:%M:%S")).rename(columns={"customer": "klant"})
    names = {name: name for name in busy_log.columns} | {"customer": "klant"}
    shop = Shop.from_transactions(odd, columns=names, date_format="%y.%d.%m %H:%M:%S", segments=busy_segments)
    assert shop.digest == Shop.from_transactions(busy_log, segments=busy_segments).digest


@pytest.mark.parametrize("units", [3_000_000_000, 2**40])
def test_large_quantities_are_counted(tiny_log, units):
    log = tiny_log.assign(quantity=units)
    history = Shop.from_transactions(log, history_share=1.0, exclude_products=()).history
    assert history.quantity.sum(dtype=float) == units * len(log)
    assert history.quantity.min() >= 0


def test_a_quantity_beyond_counting_is_named(tiny_log):
    log = tiny_log.assign(quantity=tiny_log["quantity"].astype(float).where(tiny_log.index != 5, 1e19))
    with pytest.raises(ValueError, match="column 'quantity', row 5: 1e\\+19 is too large to be counted"):
        Shop.from_transactions(log)
