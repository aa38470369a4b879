"""The rows of a synthetic log, as in Online Retail: some lines are cancelled, and some correct the stock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_env.archive import write_atomically
from selflearn_env.shop.synthetic.goods import Goods
from selflearn_env.shop.synthetic.purchases import NOBODY, Purchases
from selflearn_env.shop.synthetic.visits import CANCELLED, CORRECTED

PART = 1_000_000  # rows of a part, up to the end of a day

# As in Online Retail.
UNITS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 24, 48])
UNITS_SHARE = np.array([0.19, 0.15, 0.07, 0.09, 0.02, 0.11, 0.03, 0.06, 0.18, 0.08, 0.02])
OPENS, OPEN = 8 * 60, 10 * 60  # minute of the day at which the shop opens, and for how many minutes
FIRST_INVOICE, FIRST_CUSTOMER = 536_365, 12_346
PURCHASE, CANCELLATION, CORRECTION = range(3)  # kinds of invoices
PREFIX = np.array(["", "C", ""])  # of their numbers


class Invoices(NamedTuple):
    """The invoices of a day, I of them."""

    passed: NDArray[np.float64]  # (I,) share of the day that has passed
    customer: NDArray[np.int64]  # (I,) NOBODY where the invoice names none
    kind: NDArray[np.int64]  # (I,)


class Lines(NamedTuple):
    """What is on these invoices, L lines."""

    invoice: NDArray[np.int64]  # (L,) position in `Invoices`
    good: NDArray[np.integer]  # (L,) position in `Goods`
    quantity: NDArray[np.int64]  # (L,)


def draw_days(
    purchases: Purchases, goods: Goods, first_date: int, rng: np.random.Generator, progress: bool = False
) -> Iterator[pa.Table]:
    """The rows of each day on which somebody comes.

    Args:
        purchases: who buys what, and when.
        goods: what is on sale.
        first_date: the log's first day, in days since 1 January 1970.
        rng: draws quantities, cancellations and corrections.
        progress: whether it is shown.
    """
    clock, number = purchases.clock, FIRST_INVOICE
    edges = [*np.searchsorted(purchases.time, clock[:-1]), purchases.time.size]
    for day in tqdm(range(clock.size - 1), unit=" days", disable=not progress):
        today = slice(edges[day], edges[day + 1])
        if today.start == today.stop:
            continue
        passed = (purchases.time[today] - clock[day]) / (clock[day + 1] - clock[day])
        size = purchases.size[today]
        invoice, good = np.repeat(np.arange(size.size), size), purchases.goods(today)
        lines = Lines(invoice, good, _units(good.size, rng))
        invoices, lines = add_exceptions(passed, purchases.customer[today], lines, goods, rng)
        yield as_table(first_date + day, number, invoices, lines, goods)
        number += invoices.kind.size


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
