"""Nothing that the held-out customers did is in the history."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop
from selflearn_env.shop.people.storage import take_apart


@pytest.fixture(scope="module")
def held_out(tiny_log):
    """(rows,) whether a row of the tiny log is a held-out customer's."""
    alone = {customer: str(customer) for customer in range(100, 140)}
    shop = Shop.from_transactions(tiny_log, segments=alone)
    known = shop.history.segment_products.any(axis=1)
    names = [int(label) for label, there in zip(shop.states.tiers[0].labels, known, strict=True) if not there]
    assert len(names) == 20
    return tiny_log["customer"].isin(names)


def assert_same_history(one, other):
    assert one.catalogue.ids.tolist() == other.catalogue.ids.tolist()
    pairs = [(one.history, other.history, field) for field in fields(one.history) if field.name != "baskets"]
    pairs += [(one.history.baskets, other.history.baskets, field) for field in fields(one.history.baskets)]
    for ours, others, field in pairs:
        a, b = getattr(ours, field.name), getattr(others, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape) == (b.dtype, b.shape), field.name
            assert a.tobytes() == b.tobytes(), field.name
        else:
            assert a == b, field.name


CHANGES = {
    "quantity": lambda rows: rows.assign(quantity=rows["quantity"] * 40),
    "sign": lambda rows: rows.assign(quantity=rows["quantity"].where(rows.index % 3 > 0, -5)),
    "fractions": lambda rows: rows.assign(quantity=rows["quantity"] + 0.5),
    "price": lambda rows: rows.assign(price=rows["price"] * 1000),
    "product": lambda rows: rows.assign(product=np.roll(rows["product"], 17)),
    "invoice": lambda rows: rows.assign(invoice=rows["invoice"].where(rows.index % 4 > 0, "C" + rows["invoice"])),
    "time": lambda rows: rows.assign(time=rows["time"] - pd.Timedelta(days=500)),
    "later": lambda rows: rows.assign(time=rows["time"] + pd.to_timedelta(rows.index % 900, unit="D")),
    "fewer rows": lambda rows: rows.drop_duplicates("customer"),
    "more rows": lambda rows: pd.concat([rows, rows.assign(invoice="9" + rows["invoice"])]),
}
OPTIONS = {
    "default": {},
    "week": {"period": "week"},
    "own segments": {"segments": {customer: "AB"[customer % 2] for customer in range(100, 140)}},
    "few products": {"max_products": 5},
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("change", CHANGES)
def test_held_out_customers_leave_no_trace_in_the_history(tiny_log, held_out, change, options):
    log = tiny_log.assign(price=tiny_log["price"].astype(float))
    changed = pd.concat([log[~held_out], CHANGES[change](log[held_out])]).sort_index(kind="stable")
    before, after = (Shop.from_transactions(source, **OPTIONS[options]) for source in (log, changed))
    assert_same_history(before, after)


@pytest.mark.parametrize("change", ["sign", "product", "time", "fewer rows", "more rows"])
def test_held_out_customers_are_those_simulated(tiny_log, held_out, change):
    changed = pd.concat([tiny_log[~held_out], CHANGES[change](tiny_log[held_out])])
    before, after = (Shop.from_transactions(log, **OPTIONS["own segments"]) for log in (tiny_log, changed))
    assert not np.array_equal(before.customers.purchases(), after.customers.purchases())


@pytest.mark.parametrize("change", ["quantity", "product", "time"])
def test_known_customers_make_the_history(tiny_log, held_out, change):
    """The comparison can fail: the same change to the history's own customers is seen."""
    changed = pd.concat([CHANGES[change](tiny_log[~held_out]), tiny_log[held_out]])
    before, after = (Shop.from_transactions(log, **OPTIONS["own segments"]) for log in (tiny_log, changed))
    assert not np.array_equal(before.history.quantity, after.history.quantity)


@pytest.mark.parametrize("change", ["product", "later"])
def test_held_out_customers_leave_no_trace_in_the_history_s_people(tiny_log, held_out, change):
    changed = pd.concat([tiny_log[~held_out], CHANGES[change](tiny_log[held_out])]).sort_index(kind="stable")
    before, after = (Shop.from_transactions(log).history_people for log in (tiny_log, changed))
    assert take_apart(before).heading == take_apart(after).heading
    assert np.array_equal(before.months.share, after.months.share)
    assert np.array_equal(before.taste.shape, after.taste.shape)
