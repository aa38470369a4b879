"""The rules of shops, and the check of one shop by all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.tables import filled, values_at
from selflearn_env.shop.history import DatedBaskets
from selflearn_env.shop.shop import Shop
from selflearn_env.testing.contract import BrokenRuleError, try_rule

MANY = 2_000  # states of which everything is looked at; of a greater space so many


def check_shop(shop: Shop | str | Path) -> None:
    """Checks that a shop is whole: that its parts fit each other, and that it comes back equal from a file.

    `Shop.from_transactions` makes no other. This is for one that was put together, or whose parts were changed, by
    hand.

    Args:
        shop: the shop, or the path of a saved one.

    Raises:
        AssertionError: a rule is broken; the message says which, and where.
        FileNotFoundError: there is no such file.
        TypeError: it is no shop.
        ValueError: the file is no shop, or is broken.
    """
    if not isinstance(shop, Shop | str | Path):
        raise TypeError(f"a shop is a Shop or the path of a saved one, got {type(shop).__name__}")
    checked = shop if isinstance(shop, Shop) else Shop.load(shop)
    for rule in SHOP_RULES:
        try_rule(rule, checked, repr(checked))


def require(kept: Any, sentence: str) -> None:
    """Checks that a rule is kept.

    Raises:
        BrokenRuleError: it is not.
    """
    if not kept:
        raise BrokenRuleError(sentence)


def has_states_with_names(shop: Shop) -> None:
    """Each state has tier numbers, a name, and an index that is found again from both."""
    states = shop.states
    every = np.arange(states.size)[: max(1, MANY)]
    require(np.array_equal(states.encode(states.decode(every)), every), "states: `encode` does not undo `decode`")
    require(all(states.parse(states.label(state)) == state for state in every), "states: `parse` does not undo `label`")
    require(shop.history.segment.max() < len(states.tiers[0].labels), "history.segment: a segment without a label")


def has_products_with_codes(shop: Shop) -> None:
    """Products have codes that ascend, no two alike, and a description each."""
    ids, descriptions = shop.catalogue.ids, shop.catalogue.descriptions
    require(ids.ndim == 1 and len(ids) >= 1 and ids.dtype.kind == "U", "catalogue.ids: (P,) texts, at least one")
    require((ids[1:] > ids[:-1]).all(), "catalogue.ids: the codes must ascend, no two alike")
    require(descriptions.shape == ids.shape, f"catalogue.descriptions: {descriptions.shape} for {len(ids)} products")


def has_visits_within_its_states_and_products(shop: Shop) -> None:
    """Visits are of states, items of visits and products, in order; a product counts once per visit."""
    for name, baskets in (("history.baskets", shop.history.baskets), ("customers", shop.customers)):
        require(
            (baskets.states, baskets.products) == (shop.states.size, len(shop.catalogue)),
            f"{name}: made for {baskets.states} states and {baskets.products} products, the shop has "
            f"{shop.states.size} and {len(shop.catalogue)}",
        )
        _see_that_visits_are_in_order(name, baskets)
    spend = shop.customers.customer_spend
    customers = int(shop.customers.visit_customer.max(initial=-1)) + 1
    require(len(spend) >= customers, f"customers.customer_spend: of {len(spend)} customers, but {customers} visited")
    require(np.isfinite(spend).all(), "customers.customer_spend: must be finite")


def _see_that_visits_are_in_order(name: str, baskets: DatedBaskets) -> None:
    visits, items = len(baskets.visit_state), len(baskets.item_visit)
    require(visits > 0 and items > 0, f"{name}: nobody ever bought anything")
    for array, length, size in (
        ("visit_state", visits, baskets.states),
        ("visit_customer", visits, visits),
        ("visit_day", visits, 366 * 10_000),
        ("item_visit", items, visits),
        ("item_product", items, baskets.products),
    ):
        values = getattr(baskets, array)
        require(values.shape == (length,), f"{name}.{array}: shape {values.shape}, but there are {length}")
        require(values.dtype == np.int64, f"{name}.{array}: must be int64, is {values.dtype}")
        wrong = values[(values < 0) | (values >= size)]
        require(not wrong.size, f"{name}.{array}: {wrong[:1]} does not exist; they are 0..{size - 1}")
    require(baskets.visit_day.min() == 0, f"{name}.visit_day: counts from the first visit, which is on day 0")
    ascending = (np.diff(baskets.visit_customer) >= 0).all()
    require(ascending, f"{name}.visit_customer: visits must stand customer by customer")
    cells = baskets.item_visit * baskets.products + baskets.item_product
    require((np.diff(baskets.item_visit) >= 0).all(), f"{name}.item_visit: items must stand visit by visit")
    require(len(np.unique(cells)) == items, f"{name}: a visit has the same product twice; it counts once per visit")
    require(len(np.unique(baskets.item_visit)) == visits, f"{name}: a visit without any product is no purchase")


def has_a_history_that_adds_up(shop: Shop) -> None:
    """What the history counts by state is what its visits bought, and lies within what it has seen."""
    history = shop.history
    require(history.visits.sum() == len(history.baskets.visit_state), "history.visits: does not add up to its visits")
    cells, counts = history.baskets.bought()
    bought, seen = filled(history.purchases)[0], filled(history.seen)[0]
    require(
        np.array_equal(bought, cells) and np.array_equal(values_at(history.purchases, cells), counts),
        "history.purchases: is not what the visits of the history bought",
    )
    require((counts <= history.visits[cells // shop.products]).all(), "history.purchases: more than there were visits")
    require(np.isin(bought, seen).all(), "history.seen: a product was bought in a state, but not seen there")
    with_quantity = filled(history.quantity)[0]
    require(np.isin(with_quantity, seen).all(), "history.quantity: units of a product that was not seen in the state")
    require(np.isfinite(values_at(history.quantity, seen)).all(), "history.quantity: must be finite")
    by_segment = np.zeros_like(history.segment_products)
    by_segment[history.segment[seen // shop.products], seen % shop.products] = True
    require(
        np.array_equal(by_segment, history.segment_products),
        "history.segment_products: is not what was seen in the states of each segment",
    )


def has_rates_for_all(shop: Shop) -> None:
    """All pooled and drawn purchases per visit are finite and positive or 0, states visit with shares that add up."""
    some = np.arange(min(shop.states.size, MANY))
    pooled, demand = shop.history.incidence(some), shop.demand()
    for name, rates, rows in (("history.incidence", pooled, len(some)), ("demand", demand.incidence, shop.states.size)):
        require(rates.shape == (rows, shop.products), f"{name}: shape {rates.shape}, not one row per state")
        require(np.isfinite(rates).all() and (rates >= 0).all(), f"{name}: purchases per visit must be finite and >= 0")
    shares = demand.state_probability
    require((shares >= 0).all() and np.isclose(shares.sum(), 1.0), "how often each state visits: must add up to 1")
    slates = shop.history.best_sellers(min(10, shop.products))
    ordered = np.sort(slates, axis=1)
    require((ordered[:, 1:] > ordered[:, :-1]).all(), "history.best_sellers: a product stands twice in one slate")


def has_a_report_that_adds_up(shop: Shop) -> None:
    """Rows that were read were dropped for a reason or kept, and no count is negative."""
    report = shop.report
    counts = [report.rows_read, report.rows_kept, *report.dropped.values(), *report.noted.values()]
    require(all(count >= 0 for count in counts), f"report: a negative count in {report!r}")


def cannot_be_written_to(shop: Shop) -> None:
    """Arrays are shared by environments and agents, so none can be written to."""
    for name, array in _arrays(shop):
        require(not array.flags.writeable, f"{name}: can be written to; set array.flags.writeable = False")


def comes_back_equal(shop: Shop) -> None:
    """A shop that is saved and loaded, or pickled, is equal, has the same digest, and all that was fitted."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shop.npz"
        shop.save(path)
        loaded = Shop.load(path)
    for how, other in (("saved and loaded", loaded), ("pickled", pickle.loads(pickle.dumps(shop)))):
        for (name, one), (_, another) in zip(_arrays(shop), _arrays(other), strict=True):
            alike = one.dtype == another.dtype and np.array_equal(one, another, equal_nan=one.dtype.kind == "f")
            require(alike, f"{name}: is another array once the shop is {how}")
        for name in ("states", "seed", "report"):
            require(getattr(shop, name) == getattr(other, name), f"{name}: is another once the shop is {how}")
        require(shop.history.pooling == other.history.pooling, f"history.pooling: is another once the shop is {how}")
        require(shop.customers.pooling == other.customers.pooling, f"customers.pooling: is another once it is {how}")
        require(shop.digest == other.digest, f"digest: is another once the shop is {how}")
        require(
            set(shop._fits) == set(other._fits)
            and all(
                fit.heading == other._fits[name].heading
                and all(np.array_equal(array, other._fits[name].arrays[own]) for own, array in fit.arrays.items())
                for name, fit in shop._fits.items()
            ),
            f"people: what was fitted is another once the shop is {how}",
        )


def _arrays(shop: Shop) -> Iterator[tuple[str, NDArray]]:
    """All arrays of a shop, and those of its tables' filled cells, by name."""
    baskets = ("history.baskets", shop.history.baskets)
    for part, of in (("catalogue", shop.catalogue), ("history", shop.history), baskets, ("customers", shop.customers)):
        for field in fields(of):
            value = getattr(of, field.name)
            if isinstance(value, np.ndarray):
                yield f"{part}.{field.name}", value


SHOP_RULES: tuple[Callable[[Shop], None], ...] = (
    has_products_with_codes,
    has_states_with_names,
    has_visits_within_its_states_and_products,
    has_a_history_that_adds_up,
    has_rates_for_all,
    has_a_report_that_adds_up,
    cannot_be_written_to,
    comes_back_equal,
)
