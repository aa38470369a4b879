"""Each fault that a shop put together by hand may have is found, and the message says where."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from selflearn_env import Shop
from selflearn_env.shop.history import Catalogue
from selflearn_env.shop.report import Report
from selflearn_env.testing import SHOP_RULES, check_shop
from selflearn_env.testing.contract import said


def changed(array, at, value, dtype=None):
    """A copy of an array with one number changed."""
    other = array.astype(dtype or array.dtype)
    other[at] = value
    return other


def with_customers(**parts):
    return lambda shop: replace(
        shop, customers=replace(shop.customers, **{n: f(shop.customers) for n, f in parts.items()})
    )


def with_history(**parts):
    return lambda shop: replace(shop, history=replace(shop.history, **{n: f(shop.history) for n, f in parts.items()}))


def with_catalogue(change):
    return lambda shop: replace(shop, catalogue=Catalogue(*change(shop.catalogue.ids, shop.catalogue.descriptions)))


def writeable(shop):
    other = replace(shop, catalogue=copy.copy(shop.catalogue))
    other.catalogue.ids.flags.writeable = False
    ids = other.catalogue.ids.copy()
    object.__setattr__(other.catalogue, "ids", ids)
    return other


FAULTS = [
    (with_catalogue(lambda ids, texts: (ids[::-1].copy(), texts)), "catalogue.ids: the codes must ascend"),
    (with_catalogue(lambda ids, texts: (ids, texts[1:].copy())), r"catalogue.descriptions: \(7,\) for 8 products"),
    (with_catalogue(lambda ids, texts: (ids[:7].copy(), texts[:7].copy())), "history.baskets: made for 672 states"),
    (with_customers(visit_state=lambda own: changed(own.visit_state, 3, 672)), r"customers.visit_state: \[672\] does"),
    (with_customers(item_product=lambda own: changed(own.item_product, 0, -1)), r"customers.item_product: \[-1\] does"),
    (with_customers(item_visit=lambda own: own.item_visit[1:].copy()), r"customers.item_product: shape"),
    (with_customers(visit_day=lambda own: own.visit_day + 1), "customers.visit_day: counts from the first visit"),
    (with_customers(visit_day=lambda own: own.visit_day.astype(float)), "customers.visit_day: must be int64"),
    (with_customers(visit_customer=lambda own: own.visit_customer[::-1].copy()), "must stand customer by customer"),
    (with_customers(item_visit=lambda own: own.item_visit[::-1].copy()), "items must stand visit by visit"),
    (
        with_customers(item_product=lambda own: changed(own.item_product, 1, own.item_product[0])),
        "a visit has the same product twice",
    ),
    (with_customers(customer_spend=lambda own: own.customer_spend[:2].copy()), "customer_spend: of 2 customers, but"),
    (with_customers(customer_spend=lambda own: changed(own.customer_spend, 0, np.nan)), "spend: must be finite"),
    (with_history(seen=lambda own: np.zeros_like(own.seen)), "history.seen: a product was bought in a state, but not"),
    (with_history(quantity=lambda own: np.ones_like(own.quantity)), "history.quantity: units of a product"),
    (
        with_history(quantity=lambda own: np.where(own.seen, np.nan, 0.0)),
        "history.quantity: must be finite",
    ),
    (with_history(segment_products=lambda own: ~own.segment_products), "history.segment_products: is not"),
    (lambda shop: replace(shop, report=Report(-1)), "report: a negative count"),
    (writeable, "catalogue.ids: can be written to"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_each_fault_is_found_and_said(change, message, tiny_shop):
    with pytest.raises(AssertionError, match=message):
        check_shop(change(tiny_shop))


def test_a_history_of_other_visits_is_found(tiny_shop):
    own = tiny_shop.history
    other = replace(own)
    vars(other)["purchases"] = own.purchases + 1
    with pytest.raises(AssertionError, match=r"history.purchases: is not what the visits of the history bought"):
        check_shop(replace(tiny_shop, history=other))


def test_shops_that_are_built_are_whole(tiny_shop, regulars_shop, tmp_path):
    check_shop(regulars_shop)
    tiny_shop.save(tmp_path / "shop.npz")
    check_shop(tmp_path / "shop.npz")


def test_a_file_that_changes_what_it_keeps_is_found(tiny_shop, monkeypatch):
    other = replace(tiny_shop, seed=5)
    monkeypatch.setattr(Shop, "load", lambda _: other)
    with pytest.raises(AssertionError, match="seed: is another once the shop is saved and loaded"):
        check_shop(tiny_shop)


def test_what_is_no_shop_is_named():
    with pytest.raises(TypeError, match="a shop is a Shop or the path of a saved one, got int"):
        check_shop(3)


def test_every_rule_says_in_words_what_it_demands():
    assert all(said(rule).endswith(".") for rule in SHOP_RULES)
