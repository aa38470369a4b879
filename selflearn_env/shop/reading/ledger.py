"""What a shop is made from: the lines of a log as whole numbers, added batch by batch and kept in little memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.tables import totals
from selflearn_env.shop.reading.transactions import CANCELLED, TransactionLog

LATEST = 2**31  # days after 1970, and before it


class Lines(NamedTuple):
    """The lines of a log that have a customer, one per product of an invoice, in the order of the log."""

    customer: NDArray[np.int32]  # (R,) position among the customers
    invoice: NDArray[np.int32]  # (R,) number of the invoice, in the order of their first lines
    product: NDArray[np.int32]  # (R,) position among the products
    day: NDArray[np.int32]  # (R,) days since 1 January 1970
    quantity: NDArray[np.number]  # (R,) units, negative where returned
    purchase: NDArray[np.bool_]  # (R,) whether it is a purchase: a positive quantity and price, not cancelled

    def of(self, chosen: NDArray[np.bool_]) -> Lines:
        """The lines chosen (R,)."""
        return self if chosen.all() else self.at(np.flatnonzero(chosen))

    def at(self, places: NDArray[np.int64]) -> Lines:
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
        rows_read: rows of the source.
        dropped: rows left out, per reason; those without a customer come last.
    """

    customers: pd.Index
    products: NDArray[np.object_]
    usual: NDArray[np.object_]
    lines: Lines
    daily: Daily
    rows_read: int
    dropped: dict[str, int]

    @classmethod
    def of(cls, log: TransactionLog) -> Ledger:
        """The ledger of a log that is in memory."""
        frame = log.frame
        codes, values = {}, {}
        for column in ("invoice", "product", "description", "customer"):
            codes[column], values[column] = pd.factorize(frame[column])
        entries = Entries(**values)
        day = frame["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
        entries.add(**codes, day=day, quantity=frame["quantity"].to_numpy(), price=frame["price"].to_numpy())
        return entries.ledger(log.report.rows_read, log.report.dropped)


@dataclass
class Entries:
    """Lines on their way into a ledger, as codes: positions in the values given, -1 where there is none.

    Attributes:
        invoice: distinct values, as text.
        product: likewise.
        description: likewise.
        customer: likewise, or whole numbers.
    """

    invoice: pd.Index
    product: pd.Index
    description: pd.Index
    customer: pd.Index
    _columns: list[list[NDArray]] = field(default_factory=lambda: [[] for _ in Lines._fields])
    _daily: list[Daily] = field(default_factory=list)
    _called: list[tuple[NDArray, NDArray]] = field(default_factory=list)  # products with descriptions, and how often
    _rows: int = 0
    _marked: int = 0

    def __post_init__(self) -> None:
        self._cancelled = pd.Series(self.invoice).str.match(CANCELLED).to_numpy(dtype=bool)
        self._sorted = np.sort(np.array(self.description, dtype=object))
        self._rank = np.searchsorted(self._sorted, np.array(self.description, dtype=object))

    def add(
        self,
        *,
        invoice: NDArray,
        product: NDArray,
        description: NDArray,
        customer: NDArray,
        day: NDArray,
        quantity: NDArray,
        price: NDArray,
    ) -> None:
        """Adds complete rows; only description and customer may be missing."""
        self._rows += len(invoice)
        self._marked += int(np.count_nonzero(self._cancelled[invoice]))
        known = customer >= 0
        if not known.all():
            invoice, product, description = invoice[known], product[known], description[known]
            customer, day, quantity, price = customer[known], day[known], quantity[known], price[known]
        if not len(customer):
            return
        small = (quantity % 1 == 0).all() and np.abs(quantity).max() <= np.iinfo(np.int32).max
        codes = [column.astype(np.int32) for column in (customer, invoice, product, day)]
        units = quantity.astype(np.int32) if small else quantity
        for parts, part in zip(self._columns, [*codes, units, (quantity > 0) & (price > 0)], strict=True):
            parts.append(part)
        self._daily.append(_summed(customer, day, quantity * price))
        named = description >= 0
        pairs = product[named].astype(np.int64) * max(len(self.description), 1) + self._rank[description[named]]
        self._called.append(totals(pairs))

    def ledger(self, rows_read: int, dropped: dict[str, int]) -> Ledger:
        """All that was added, which is then given up; the source had so many rows, of which some were dropped before.

        Raises:
            ValueError: no row has a customer.
        """
        if not self._columns[0]:
            raise ValueError(f"no complete row has a customer; of {rows_read:,} rows, dropped {dropped}")
        lines = Lines._make(_joined(parts) for parts in self._columns)
        if self._marked < 0.5 * self._rows:  # where most invoices are marked so, the letter is part of the numbering
            np.logical_and(lines.purchase, ~self._cancelled[lines.invoice], out=lines.purchase)

        bought_by = np.flatnonzero(np.bincount(lines.customer, minlength=len(self.customer)))
        customers = self.customer[bought_by].sort_values()
        place = np.full(len(self.customer), -1, dtype=np.int32)
        place[bought_by] = customers.get_indexer(self.customer[bought_by])
        sold = np.flatnonzero(np.bincount(lines.product, minlength=len(self.product)))
        number = np.full(len(self.product), -1, dtype=np.int32)
        number[sold] = np.arange(len(sold))
        daily = Daily(*(np.concatenate(parts) for parts in zip(*self._daily, strict=True)))
        return Ledger(
            customers=customers,
            products=np.array(self.product, dtype=object)[sold],
            usual=self._usual()[sold],
            lines=lines._replace(
                customer=place[lines.customer], product=number[lines.product], invoice=_by_first(lines.invoice)
            ),
            daily=_summed(place[daily.customer], daily.day, daily.amount),
            rows_read=rows_read,
            dropped={**dropped, "without a customer": self._rows - len(lines.customer)},
        )

    def _usual(self) -> NDArray[np.object_]:
        """(products,) the description that comes most often with each; of several, the last one in the alphabet."""
        usual = np.full(len(self.product), None, dtype=object)
        pairs, often = totals(*(np.concatenate(parts) for parts in zip(*self._called, strict=True)))
        product, rank = np.divmod(pairs, max(len(self.description), 1))
        order = np.lexsort((rank, often, product))
        usual[product[order]] = self._sorted[rank[order]]  # the last one written stays
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


def _by_first(invoice: NDArray[np.int32]) -> NDArray[np.int32]:
    """(R,) the invoices numbered in the order in which they first come."""
    start = runs(invoice)
    numbers, first = np.unique(invoice[start], return_index=True)
    place = np.zeros(numbers[-1] + 1, dtype=np.int32)
    place[numbers[np.argsort(first)]] = np.arange(len(numbers))
    return place[invoice]


def runs(values: NDArray) -> NDArray[np.int64]:
    """Where a value follows that is not the one before."""
    new = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
