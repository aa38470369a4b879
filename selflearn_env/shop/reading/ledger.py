"""What a shop is made from: the lines of a log as whole numbers, added batch by batch and kept in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.tables import totals
from selflearn_env.shop.reading.log import DAY, Log, Rows, open_log
from selflearn_env.shop.reading.memory import give_back
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.reading.transactions import TransactionLog
from selflearn_env.shop.report import Report

LATEST = 2**31  # days after 1970, and before it


class Lines(NamedTuple):
    """The lines of a log that have a customer, one per product of an invoice, in the order of the log."""

    customer: NDArray[np.int32]  # (R,) position among the customers
    invoice: NDArray[np.int32]  # (R,) number of the invoice, in the order of their first lines
    product: NDArray[np.int32]  # (R,) position among the products
    day: NDArray[np.int32]  # (R,) days since 1 January 1970
    quantity: NDArray[np.number]  # (R,) units, negative where returned
    purchase: NDArray[np.bool_]  # (R,) whether it is a purchase: a positive quantity and price, not cancelled

    def where(self, chosen: NDArray[np.bool_]) -> Lines:
        """The lines chosen (R,)."""
        return self if chosen.all() else self.take(np.flatnonzero(chosen))

    def take(self, places: NDArray[np.int64]) -> Lines:
        """The lines at some places."""
        return Lines._make(column[places] for column in self)


class Daily(NamedTuple):
    """What each customer spent on each day with a line, in the order of customers and days."""

    customer: NDArray[np.int64]  # (D,) position among the customers
    day: NDArray[np.int64]  # (D,) days since 1 January 1970
    amount: NDArray[np.float64]  # (D,) in money, cancellations deducted


@dataclass(frozen=True)
class Ledger:
    """A log, as far as a shop needs it.

    Attributes:
        customers: in ascending order, those of the lines.
        products: (Q,) codes, those of the lines, in no particular order.
        usual: (Q,) the description that each product has most often, None where it has none.
        lines: the lines that have a customer.
        daily: what they come to.
        report: what became of the rows of the log; those without a customer are the last that were dropped.
    """

    customers: pd.Index
    products: NDArray[np.object_]
    usual: NDArray[np.object_]
    lines: Lines
    daily: Daily
    report: Report


def read_ledger(source: Any, reading: Reading = Reading()) -> Ledger:  # noqa: B008  it never changes
    """The ledger of whatever `load_transactions` reads, or of what it gave.

    Raises:
        FileNotFoundError, TypeError, ValueError: as for `load_transactions`; or no complete row has a customer.
    """
    with _opened(source, reading) as log:
        entries = _Entries(log)
    give_back()
    return entries.ledger()


@contextmanager
def _opened(source: Any, reading: Reading) -> Iterator[Log]:
    if not isinstance(source, TransactionLog):
        with open_log(source, reading) as log:
            yield log
        return
    empty = [column for column in ("price", "description") if source.frame[column].isna().all()]
    with open_log(source.frame.drop(columns=empty), Reading()) as log:
        log.rows_read, log.dropped = source.report.rows_read, dict(source.report.dropped)
        yield log
        revenue = {"revenue": log.remarks["revenue"]} if log.priced else {}
        log.remarks = source.report.understood | revenue  # of these rows, should the frame have changed


class _Entries:
    """The rows of a log, gone through once, on their way into a ledger."""

    def __init__(self, log: Log):
        self._log = log
        self._columns: list[list[NDArray]] = [[] for _ in Lines._fields]
        self._daily: list[Daily] = []
        self._called: list[tuple[NDArray, NDArray]] = []  # products with descriptions, and how often
        texts = np.array(log.values["description"], dtype=object)
        self._texts = np.sort(texts)
        self._rank = np.searchsorted(self._texts, texts)
        rows = 0
        for batch in log.rows():
            rows += len(batch.product)
            self._add(batch)
        if not self._columns[0]:
            raise ValueError(f"no complete row has a customer; of {log.rows_read:,} rows, dropped {log.dropped}")
        self._without = rows - sum(map(len, self._columns[0]))

    def _add(self, rows: Rows) -> None:
        known = rows.customer >= 0
        if not known.all():
            rows = Rows._make(None if column is None else column[known] for column in rows)
        if not len(rows.customer):
            return
        day = rows.time // DAY
        small = (rows.quantity % 1 == 0).all() and np.abs(rows.quantity).max() <= np.iinfo(np.int32).max
        invoice = np.zeros(0, dtype=np.int32) if rows.invoice is None else rows.invoice
        codes = [column.astype(np.int32) for column in (rows.customer, invoice, rows.product, day)]
        units = rows.quantity.astype(np.int32) if small else rows.quantity
        for parts, part in zip(self._columns, [*codes, units, self._log.are_bought(rows)], strict=True):
            parts.append(part)
        self._daily.append(_summed(rows.customer, day, rows.quantity * rows.price))
        named = rows.description >= 0
        pairs = rows.product[named].astype(np.int64) * max(len(self._texts), 1) + self._rank[rows.description[named]]
        self._called.append(totals(pairs))

    def ledger(self) -> Ledger:
        """The ledger of all rows, which are then given up."""
        log, products, buyers = self._log, self._log.values["product"], self._log.values["customer"]
        lines = Lines._make(_joined(parts) for parts in self._columns)
        if not log.invoiced:  # a day's rows of a customer are one visit
            lines = lines._replace(invoice=_numbered((lines.customer.astype(np.int64) << 32) + lines.day + LATEST))
        else:
            if log.cancelled.any():
                np.logical_and(lines.purchase, ~log.cancelled[lines.invoice], out=lines.purchase)
            lines = lines._replace(invoice=_numbered(lines.invoice))
        bought_by = np.flatnonzero(np.bincount(lines.customer, minlength=len(buyers)))
        customers = buyers[bought_by].sort_values()
        place = np.full(len(buyers), -1, dtype=np.int32)
        place[bought_by] = customers.get_indexer(buyers[bought_by])
        sold = np.flatnonzero(np.bincount(lines.product, minlength=len(products)))
        number = np.full(len(products), -1, dtype=np.int32)
        number[sold] = np.arange(len(sold))
        daily = Daily(*(np.concatenate(parts) for parts in zip(*self._daily, strict=True)))
        return Ledger(
            customers=customers,
            products=np.array(products, dtype=object)[sold],
            usual=self._usual(len(products))[sold],
            lines=lines._replace(customer=place[lines.customer], product=number[lines.product]),
            daily=_summed(place[daily.customer], daily.day, daily.amount),
            report=Report(
                log.rows_read, log.dropped | {"without a customer": self._without}, understood=dict(log.remarks)
            ),
        )

    def _usual(self, products: int) -> NDArray[np.object_]:
        """(products,) the description that comes most often with each; of several, the last one in the alphabet."""
        usual = np.full(products, None, dtype=object)
        pairs, often = totals(*(np.concatenate(parts) for parts in zip(*self._called, strict=True)))
        product, rank = np.divmod(pairs, max(len(self._texts), 1))
        order = np.lexsort((rank, often, product))
        usual[product[order]] = self._texts[rank[order]]  # the last one written stays
        return usual


def _joined(parts: list[NDArray]) -> NDArray:
    """The parts one after the other; they are given up."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _summed(customer: NDArray, day: NDArray, amount: NDArray) -> Daily:
    """The amounts of each customer and day. Neighbouring lines first: most lines of a day stand together."""
    key = (customer.astype(np.int64) << 32) + (day.astype(np.int64) + LATEST)
    start = runs(key)
    key, total = totals(key[start], np.add.reduceat(amount, start))
    return Daily(key >> 32, (key & (2**32 - 1)) - LATEST, total)


def _numbered(key: NDArray[np.integer]) -> NDArray[np.int32]:
    """(R,) the keys (R,) as numbers, in the order in which they first come."""
    start = runs(key)
    _, first, of = np.unique(key[start], return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int32)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.repeat(place[of], np.diff(start, append=len(key)))


def runs(values: NDArray) -> NDArray[np.int64]:
    """Where a value follows that is not the one before."""
    new = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
