"""From a log to a shop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import Pooling
from selflearn_env.core.pooling_fit import fit_pooling
from selflearn_env.core.segmentation import SEGMENTS, Segmentation
from selflearn_env.core.states import StateSpace
from selflearn_env.core.tables import DENSE, table, totals
from selflearn_env.shop.calendar import state_of, state_space
from selflearn_env.shop.fitting.rfm import fit_segmentation, measures
from selflearn_env.shop.history import Catalogue, DatedBaskets, History, Parts, Population
from selflearn_env.shop.merchandise import excluded_products
from selflearn_env.shop.reading.ledger import Ledger, Lines, read_ledger, runs
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.report import Report


class Sides(NamedTuple):
    """A log that has been stocked and split."""

    catalogue: Catalogue
    states: StateSpace
    segment: NDArray[np.int64]  # (C,) segment of each customer of the log
    segmentation: Segmentation | None
    spend: NDArray[np.float64]  # (C,) money per day with a line
    past: Lines  # of the history's customers
    simulated: Lines  # of the others; where the whole log is history, the same object as `past`
    report: Report


class Counts(NamedTuple):
    """What the lines of both sides come to."""

    catalogue: Catalogue
    states: StateSpace
    segmentation: Segmentation | None
    report: Report
    units: dict[str, Any]  # the tables of a history that count all lines
    bought: DatedBaskets  # of the history's customers
    own: DatedBaskets  # of the simulated customers; the same object where the lines are the same
    customer_spend: NDArray[np.float64]  # of the simulated customers who bought


def build_shop(
    source: Any,
    reading: Reading,
    *,
    history_share: float,
    seed: int,
    segments: Mapping[Any, str] | pd.Series | None,
    period: str,
    max_products: int | None,
    exclude_products: str | Collection[str],
) -> Parts:
    """Does the work of `Shop.from_transactions`, where the arguments are described.

    Of a large log, no copy must stay longer than it is needed: each step is a function that returns less than it took.
    """
    if not (isinstance(history_share, Real) and 0 < history_share <= 1):
        raise ValueError(f"history_share is a share of the customers, 0 < share <= 1, got {history_share!r}")
    if max_products is not None and not (isinstance(max_products, int | np.integer) and max_products >= 1):
        raise ValueError(f"max_products must be at least 1, got {max_products!r}")
    if not (isinstance(seed, int | np.integer) and seed >= 0):
        raise ValueError(f"seed is a whole number >= 0, got {seed!r}")
    counts = _counts(
        _sides(source, reading, float(history_share), int(seed), segments, period, exclude_products, max_products)
    )
    baskets = [counts.bought] if counts.own is counts.bought else [counts.bought, counts.own]
    poolings = _fits(baskets, counts.states)
    history = History(
        states=counts.states,
        baskets=counts.bought,
        **counts.units,
        pooling=poolings[0],
        segmentation=counts.segmentation,
    )
    population = Population(**vars(counts.own), customer_spend=counts.customer_spend, pooling=poolings[-1])
    return Parts(counts.catalogue, history, population, counts.report, int(seed), {})


def _sides(
    source: Any,
    reading: Reading,
    history_share: float,
    seed: int,
    segments: Mapping[Any, str] | pd.Series | None,
    period: str,
    exclude_products: str | Collection[str],
    max_products: int | None,
) -> Sides:
    """Reads the log, finds segments and stock, and parts the history from the simulated customers."""
    ledger = read_ledger(source, reading)
    in_history = _split(len(ledger.customers), history_share, np.random.SeedSequence(seed).spawn(2)[0])
    rfm = measures(ledger)
    spend = np.bincount(ledger.daily.customer, weights=ledger.daily.amount) / (rfm["frequency"].to_numpy() + 1.0)
    segment, labels, segmentation = _segments(rfm, ledger.customers, in_history, segments)
    states = state_space(labels, period)

    dropped = dict(ledger.report.dropped)
    lines, catalogue = _stocked(ledger, in_history, exclude_products, max_products, dropped)
    past = lines.where(in_history[lines.customer])
    if not past.purchase.any():
        raise ValueError("no purchase of the history's customers is left after cleaning; is the log too small?")
    simulated = past if history_share == 1 else lines.where(~in_history[lines.customer])
    if not simulated.purchase.any():
        raise ValueError(
            f"no purchase of simulated customers is left after cleaning: history_share={history_share} takes "
            f"{in_history.sum()} of {len(in_history)} customers; lower it, or give 1 to simulate the history itself"
        )
    present = np.count_nonzero(np.bincount(simulated.customer))
    noted = {
        "are purchases": int(lines.purchase.sum()),
        f"belong to the history ({int(in_history.sum()):,} of {len(in_history):,} customers)": len(past.customer),
        f"belong to simulated customers ({present:,} customers)": len(simulated.customer),
    }
    report = replace(ledger.report, dropped=dropped, noted=noted)
    return Sides(catalogue, states, segment, segmentation, spend, past, simulated, report)


def _counts(sides: Sides) -> Counts:
    """What the lines come to, which are then given up."""
    segment, states, products = sides.segment, sides.states, len(sides.catalogue)
    units = _units(sides.past, segment, states, products)
    bought, customers = _baskets(sides.past, segment, states, products)
    own = bought
    if sides.simulated is not sides.past:
        own, customers = _baskets(sides.simulated, segment, states, products)
    return Counts(
        catalogue=sides.catalogue,
        states=states,
        segmentation=sides.segmentation,
        report=sides.report,
        units=units,
        bought=bought,
        own=own,
        customer_spend=sides.spend[customers],
    )


def _split(customers: int, history_share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """(customers,) whether each belongs to the history; which ones depends on their number and the seed only."""
    in_history = np.zeros(customers, dtype=bool)
    order = np.random.default_rng(seed).permutation(customers)
    in_history[order[: round(history_share * customers)]] = True
    if not in_history.any() or (history_share < 1 and in_history.all()):
        raise ValueError(
            f"history_share={history_share} leaves no customer on one side: the log has {customers}; "
            f"give a log with more customers, or history_share=1 to use the whole log as history"
        )
    return in_history


def _segments(
    rfm: pd.DataFrame,
    customers: pd.Index,
    in_history: NDArray[np.bool_],
    given: Mapping[Any, str] | pd.Series | None,
) -> tuple[NDArray[np.int64], tuple[str, ...], Segmentation | None]:
    """The segment number of each customer, the labels, and the rule, unless the segments are the user's own."""
    if given is None:
        # The clusters are the history's, so that nothing an agent reads depends on the held-out customers.
        segmentation = fit_segmentation(rfm[in_history])
        return segmentation.numbers(rfm), SEGMENTS, segmentation
    if not isinstance(given, Mapping | pd.Series):
        raise TypeError(f"segments is None, a mapping or a Series, customer -> label, got {given!r}")
    by_key = {_key(key): str(label) for key, label in given.items() if not pd.isna(label)}
    missing = [customer for customer in customers if _key(customer) not in by_key]
    if missing:
        raise ValueError(f"segments has no label for customer {missing[0]} ({len(missing)} have none)")
    assigned = pd.Series([by_key[_key(customer)] for customer in customers])
    labels = tuple(sorted(set(by_key.values())))
    return pd.Categorical(assigned, categories=labels).codes.astype(np.int64), labels, None


def _key(customer: Any) -> str:
    """One spelling of a customer, so that 17850, 17850.0 and "17850" name the same."""
    return str(customer).removesuffix(".0")


def _stocked(
    ledger: Ledger,
    in_history: NDArray[np.bool_],
    exclude: str | Collection[str],
    max_products: int | None,
    dropped: dict[str, int],
) -> tuple[Lines, Catalogue]:
    """The lines of products that stay, and these products; adds to `dropped` what does not."""
    lines, ids = ledger.lines, pd.Index(ledger.products)
    stays = ~ids.isin(excluded_products(ids, pd.Series(ledger.usual, index=ids), exclude))
    chosen = stays[lines.product]
    reason = "of a product that is no merchandise" if isinstance(exclude, str) else "of an excluded product"
    dropped[reason] = int(np.count_nonzero(~chosen))
    lines = lines.where(chosen)
    if max_products is not None:
        bought = lines.where(lines.purchase & in_history[lines.customer])
        pairs = np.unique(bought.product.astype(np.int64) << 32 | bought.invoice)
        invoices = np.bincount(pairs >> 32, minlength=len(ids))
        most = np.lexsort((ids, -invoices))[:max_products]
        stays = np.zeros(len(ids), dtype=bool)
        stays[most[invoices[most] > 0]] = True
        chosen = stays[lines.product]
        dropped[f"of a product beyond the {max_products:,} most bought"] = int(np.count_nonzero(~chosen))
        lines = lines.where(chosen)
    kept = np.flatnonzero(np.bincount(lines.product, minlength=len(ids)))
    names = ledger.products[kept].astype(np.str_)
    order = np.argsort(names, kind="stable")
    usual = ledger.usual[kept]
    texts = np.where(usual == None, names, usual).astype(np.str_)  # noqa: E711  element by element
    number = np.full(len(ids), -1, dtype=np.int32)
    number[kept[order]] = np.arange(len(kept))
    return lines._replace(product=number[lines.product]), Catalogue(names[order], texts[order])


def _fits(baskets: Sequence[Baskets], states: StateSpace) -> list[Pooling]:
    """How each of the baskets pools: most of the work, and done in numpy, which lets threads run side by side."""
    fit = partial(fit_pooling, shape=states.shape)
    if states.size * baskets[0].products > DENSE:
        return list(map(fit, baskets))  # one at a time: each takes a gigabyte or more
    with ThreadPoolExecutor() as threads:
        return list(threads.map(fit, baskets))


def _units(lines: Lines, segment: NDArray[np.int64], states: StateSpace, products: int) -> dict[str, Any]:
    """The tables of a history that count all lines: quantity, seen and segment_products."""
    cells = state_of(segment[lines.customer], lines.day, states)
    cells *= products
    cells += lines.product
    cells, quantity = totals(cells, lines.quantity)
    # The type follows from the history's own rows: whole units where they are whole and small enough.
    whole = bool((quantity % 1 == 0).all()) and np.abs(quantity).max() <= np.iinfo(np.int32).max
    shape = states.size, products
    segment_products = np.zeros((states.shape[0], products), dtype=bool)
    segment_products[segment[lines.customer], lines.product] = True
    return {
        "quantity": table(cells, quantity.astype(np.int32 if whole else np.float64), shape),
        "seen": table(cells, np.ones(len(cells), dtype=bool), shape),
        "segment_products": segment_products,
    }


def _baskets(
    lines: Lines, segment: NDArray[np.int64], states: StateSpace, products: int
) -> tuple[DatedBaskets, NDArray[np.integer]]:
    """What was bought, and the customers (C,) who did.

    A visit per customer and invoice, in the state and on the day of its first line; the customers are numbered anew.
    """
    purchases = lines.where(lines.purchase)
    key = purchases.customer.astype(np.int64) << 32 | purchases.invoice
    start = runs(key)  # the lines of an invoice mostly stand together, so that there is less to sort
    keys, first, visit = np.unique(key[start], return_index=True, return_inverse=True)
    # A customer's visits stand in the order of its own lines: the numbers of invoices are those of the whole log.
    order = np.lexsort((first, keys >> 32))
    first, visit = first[order], np.argsort(order, kind="stable")[visit]
    cells = np.repeat(visit, np.diff(start, append=len(key))) * products
    cells += purchases.product
    cells.sort()
    item_visit, item_product = np.divmod(cells[runs(cells)], products)
    began = purchases.take(start[first])
    customers, customer = np.unique(began.customer, return_inverse=True)
    day = began.day.astype(np.int64)
    baskets = DatedBaskets(
        visit_state=state_of(segment[began.customer], began.day, states),
        visit_customer=customer,
        item_visit=item_visit,
        item_product=item_product,
        states=states.size,
        products=products,
        visit_day=day - day.min(),
        first_date=int(day.min()),
    )
    return baskets, customers
