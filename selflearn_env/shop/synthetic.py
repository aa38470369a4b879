"""A transaction log of any size, made from a shop: its customers, replicated, buy its products, in variants.

Each customer lives a fresh life with the first day, the rate and the segment of one of the shop's simulated customers,
drawn at random; one factor scales the rates so that the expected rows are those asked for. Visits fall on the days as
the shop's clock has it, with seasons and weekdays; each has the size of one of the shop's baskets, and the products
wanted in its state. A product is sold in several variants with uneven shares; or, where fewer are asked for than the
shop has, only the most bought are. As in real logs some lines are cancelled, some invoices name no customer, and some
correct the stock. Rows are in the order of time, no day is in two parts, and equal seeds give equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import brentq
from tqdm import tqdm

from selflearn_env.archive import write_atomically
from selflearn_env.core.journey.lives import expected_purchases
from selflearn_env.shop.shop import Shop

PART = 1_000_000  # rows of a part, up to the end of a day

# As in Online Retail.
CANCELLED, CORRECTED = 0.018, 0.0027  # rows that are cancelled, and that correct the stock, per row of a purchase
PRICE, SPREAD = 1.95, 1.0  # median of the products' prices, and standard deviation of their logarithms
UNITS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 24, 48])
UNITS_SHARE = np.array([0.19, 0.15, 0.07, 0.09, 0.02, 0.11, 0.03, 0.06, 0.18, 0.08, 0.02])
OPENS, OPEN = 8 * 60, 10 * 60  # minute of the day at which the shop opens, and for how many minutes
LIMITS = (-12.0, 7.0)  # of the logarithm of the factor of the rates
FIRST_INVOICE, FIRST_CUSTOMER = 536_365, 12_346
NOBODY = -1  # in the place of a customer
PURCHASE, CANCELLATION, CORRECTION = range(3)  # kinds of invoices
PREFIX = np.array(["", "C", ""])  # of their numbers


class Visits(NamedTuple):
    """The visits of all customers, V of them, in the order of time."""

    time: NDArray[np.float64]  # (V,) on the shop's clock
    customer: NDArray[np.int64]  # (V,) NOBODY where the invoice names none
    segment: NDArray[np.int64]  # (V,)


class Invoices(NamedTuple):
    """The invoices of a day, I of them."""

    passed: NDArray[np.float64]  # (I,) share of the day that has passed
    customer: NDArray[np.int64]  # (I,) NOBODY where the invoice names none
    kind: NDArray[np.int64]  # (I,)


class Lines(NamedTuple):
    """What is on these invoices, L lines."""

    invoice: NDArray[np.int64]  # (L,) position in `Invoices`
    good: NDArray[np.int64]  # (L,) position in `Goods`
    quantity: NDArray[np.int64]  # (L,)


class Goods(NamedTuple):
    """What is on sale, K goods."""

    code: pa.StringArray  # (K,)
    description: pa.StringArray  # (K,)
    price: NDArray[np.float64]  # (K,)
    product: NDArray[np.int64]  # (K,) the shop's product of which it is a variant
    share: NDArray[np.float64]  # (K,) of this product's purchases


def draw_visits(shop: Shop, rows: int, customers: int, rng: np.random.Generator) -> Visits:
    """The visits of so many customers, of which so many rows are expected.

    Raises:
        ValueError: there are too few rows for each customer to come once, or more than they can make.
    """
    known, calendar = shop.lives.lives, shop.lives.calendar()
    purchases = rows / (1 + CANCELLED + CORRECTED)
    without = shop.report.dropped.get("without a customer", 0) / shop.report.rows_read
    # Corrections have no customer either.
    nobody = max((without * rows - CORRECTED * purchases) / ((1 + CANCELLED) * purchases), 0.0)
    wanted = (1 - nobody) * purchases / basket_sizes(shop).mean()

    like = rng.integers(known.rate.size, size=customers)
    rate, leave = known.rate[like], known.leave[like]
    day = known.first_day[like]
    start = calendar.clock[day] + rng.random(customers) * np.diff(calendar.clock)[day]
    left = calendar.clock[-1] - start
    rate *= _rate_factor(rate, leave, left, wanted, rows)

    # A Poisson process until the customer leaves, if it does before the end.
    again = np.repeat(np.arange(customers), rng.poisson(rate * left))
    time = start[again] + rng.random(again.size) * left[again]
    time = time[np.lexsort((time, again))]
    earlier = np.arange(again.size) - np.searchsorted(again, again)
    stays = earlier < rng.geometric(np.maximum(leave, 1e-12))[again]

    customer = np.concatenate([np.arange(customers), again[stays]])
    time = np.concatenate([start, time[stays]])
    # Invoices that name no customer are like others.
    unnamed = rng.integers(customer.size, size=round(customer.size * nobody / (1 - nobody)))
    segment = known.segment[like[np.concatenate([customer, customer[unnamed]])]]
    customer = np.concatenate([customer, np.full(unnamed.size, NOBODY)])
    time = np.concatenate([time, time[unnamed]])
    # On a day on which the clock stands still nobody comes: such a first visit falls on the next one, if there is one.
    time = np.minimum(time, np.nextafter(calendar.clock[-1], 0))
    order = np.argsort(time, kind="stable")
    return Visits(time[order], customer[order], segment[order])


def _rate_factor(rate: NDArray, leave: NDArray, left: NDArray, wanted: float, rows: int) -> float:
    """The factor of the rates with which so many visits are expected, the first of each customer included."""

    def expected(logarithm: float) -> float:
        return rate.size + float(expected_purchases(np.exp(logarithm) * rate, leave, left).sum())

    least, most = LIMITS
    if not expected(least) < wanted < expected(most):
        bounds = [int(rows * expected(limit) / wanted) for limit in LIMITS]
        raise ValueError(
            f"{rate.size:,} customers, each of whom comes at least once, make {bounds[0]:,} to {bounds[1]:,} rows; "
            f"got rows={rows:,}; change it, or the number of customers"
        )
    return float(np.exp(brentq(lambda logarithm: expected(logarithm) - wanted, least, most)))


def basket_sizes(shop: Shop) -> NDArray[np.int64]:
    """(visits in the log,) products bought in each."""
    return np.bincount(shop.customers.item_visit)


def draw_goods(shop: Shop, goods: int, rng: np.random.Generator) -> Goods:
    """The most bought products, or variants of all: as many of each, or one more, the k-th with a share as 1 / k."""
    popular = np.argsort(-np.bincount(shop.customers.item_product, minlength=shop.products), kind="stable")
    product, variant = popular[np.arange(goods) % shop.products], np.arange(goods) // shop.products
    share = 1 / (1 + variant)
    share /= np.bincount(product, weights=share)[product]
    code, description = pa.array(shop.catalogue.ids[product]), pa.array(shop.catalogue.descriptions[product])
    if goods > shop.products:
        number = pa.array(variant + 1).cast(pa.string())
        code = pc.binary_join_element_wise(code, number, "-")
        description = pc.binary_join_element_wise(description, number, " NO ")
    price = np.maximum(np.round(PRICE * np.exp(SPREAD * rng.standard_normal(goods)), 2), 0.01)
    return Goods(code, description, price, product, share)


def draw_days(
    shop: Shop, visits: Visits, goods: Goods, rng: np.random.Generator, progress: bool = False
) -> Iterator[pa.Table]:
    """The rows of each day on which somebody comes."""
    calendar, first_date = shop.lives.calendar(), shop.customers.first_date
    incidence, sizes = shop.demand().incidence, basket_sizes(shop)
    edges = [*np.searchsorted(visits.time, calendar.clock[:-1]), visits.time.size]
    number = FIRST_INVOICE
    for day in tqdm(range(calendar.state.size), unit=" days", disable=not progress):
        today = slice(edges[day], edges[day + 1])
        if today.start == today.stop:
            continue
        passed = (visits.time[today] - calendar.clock[day]) / (calendar.clock[day + 1] - calendar.clock[day])
        states = calendar.state[day] + visits.segment[today] * calendar.segment_step
        size = sizes[rng.integers(sizes.size, size=states.size)]
        lines = draw_baskets(states, size, incidence, goods, rng)
        invoices, lines = add_exceptions(passed, visits.customer[today], lines, goods, rng)
        yield as_table(first_date + day, number, invoices, lines, goods)
        number += invoices.kind.size


def draw_baskets(
    states: NDArray[np.int64],
    size: NDArray[np.int64],
    incidence: NDArray[np.float32],
    goods: Goods,
    rng: np.random.Generator,
) -> Lines:
    """What visits (V,) in these states buy, so many lines each; as in real logs, a good may be on two of them."""
    visit = np.repeat(np.arange(size.size), size)
    good = np.empty(visit.size, dtype=np.int64)
    for state in np.unique(states):
        chance = np.cumsum(incidence[state].astype(np.float64)[goods.product] * goods.share)
        those = np.flatnonzero(states[visit] == state)
        good[those] = np.searchsorted(chance / chance[-1], rng.random(those.size), side="right")
    return Lines(visit, good, _units(visit.size, rng))


def add_exceptions(
    passed: NDArray[np.float64], customer: NDArray[np.int64], lines: Lines, goods: Goods, rng: np.random.Generator
) -> tuple[Invoices, Lines]:
    """A day's visits (V,) with cancellations, later that day, and corrections, which name nothing but a product."""
    back = np.flatnonzero(rng.random(lines.good.size) < CANCELLED)
    of, cancellation = np.unique(lines.invoice[back], return_inverse=True)
    later = passed[of] + (1 - passed[of]) * rng.random(of.size)
    wrong = rng.poisson(CORRECTED * lines.good.size)
    sizes = [customer.size, of.size, wrong]
    invoices = Invoices(
        passed=np.concatenate([passed, later, rng.random(wrong)]),
        customer=np.concatenate([customer, customer[of], np.full(wrong, NOBODY)]),
        kind=np.repeat([PURCHASE, CANCELLATION, CORRECTION], sizes),
    )
    correction = sum(sizes) - wrong + np.arange(wrong)
    return invoices, Lines(
        invoice=np.concatenate([lines.invoice, customer.size + cancellation, correction]),
        good=np.concatenate([lines.good, lines.good[back], rng.integers(goods.price.size, size=wrong)]),
        quantity=np.concatenate([lines.quantity, -lines.quantity[back], -_units(wrong, rng)]),
    )


def _units(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(size,) quantities."""
    return rng.choice(UNITS, size=size, p=UNITS_SHARE)


def as_table(date: int, number: int, invoices: Invoices, lines: Lines, goods: Goods) -> pa.Table:
    """The rows of a day in the order of time, its invoices numbered on; the date is in days since 1 January 1970."""
    minute = (OPENS + OPEN * invoices.passed).astype(np.int64)
    order = np.argsort(minute, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    digits = pa.array(number + place).cast(pa.string())
    numbers = pc.binary_join_element_wise(pa.array(PREFIX[invoices.kind]), digits, "")
    time = (date * 24 * 60 + minute) * 60_000_000
    rows = np.argsort(place[lines.invoice], kind="stable")
    invoice, good, quantity = (of[rows] for of in lines)
    customer, correcting = invoices.customer[invoice], invoices.kind[invoice] == CORRECTION
    return pa.table(
        {
            "InvoiceNo": numbers.take(pa.array(invoice)),
            "StockCode": goods.code.take(pa.array(good)),
            "Description": goods.description.take(pa.array(good, mask=correcting)),
            "Quantity": quantity,
            "InvoiceDate": pa.array(time[invoice], type=pa.timestamp("us")),
            "UnitPrice": np.where(correcting, 0.0, goods.price[good]),
            "CustomerID": pa.array(FIRST_CUSTOMER + customer, mask=customer == NOBODY),
        }
    )


def write_parts(out: Path, days: Iterator[pa.Table]) -> int:
    """Writes the days to parts, all of them or none; returns the rows."""
    written: list[Path] = []
    rows = 0
    try:
        for table in _joined(days):
            part = out / f"part-{len(written):04}.parquet"
            with write_atomically(part) as file:
                pq.write_table(table, file)
            written.append(part)
            rows += table.num_rows
    except BaseException:
        for part in written:
            part.unlink()
        raise
    return rows


def _joined(days: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """As many days at a time as make a part."""
    held: list[pa.Table] = []
    for table in days:
        held.append(table)
        if sum(day.num_rows for day in held) >= PART:
            yield pa.concat_tables(held)
            held.clear()
    if held:
        yield pa.concat_tables(held)
