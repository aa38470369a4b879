"""The one way from a source to its rows: columns cleaned, rows complete, each rule in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from selflearn_env.shop.reading.cleaning import (
    YEARS,
    are_totals,
    clean_codes,
    clean_customers,
    clean_invoices,
    clean_numerals,
    clean_texts,
    clean_times,
)
from selflearn_env.shop.reading.columns import listed, price_is_total
from selflearn_env.shop.reading.files import open_source
from selflearn_env.shop.reading.numbers import find_decimal, parse_numbers
from selflearn_env.shop.reading.options import Reading
from selflearn_env.shop.reading.tables import CODES, EXACT, MEASURES, Source

NEEDED = ("invoice", "product", "quantity", "time", "price")  # in every row, where there is such a column
CLEAN = {"invoice": clean_invoices, "product": clean_codes, "description": clean_texts, "customer": clean_customers}
CANCELLED = r"^[cC]\d"
TOTAL = "total"  # the reason of rows that add up others, among the columns of `NEEDED`
DAY = 86_400_000_000  # microseconds
EARLIEST, LATEST = (np.datetime64(f"{year}-01-01", "us").astype(np.int64) for year in (YEARS[0], YEARS[1] + 1))


class Rows(NamedTuple):
    """Complete rows of a log; codes are positions in the distinct values of the log, -1 where there is none."""

    invoice: NDArray[np.int32] | None  # (R,) None where the log has no invoices
    product: NDArray[np.int32]  # (R,)
    description: NDArray[np.int32]  # (R,)
    customer: NDArray[np.int32]  # (R,)
    time: NDArray[np.int64]  # (R,) microseconds since 1970
    quantity: NDArray[np.float64]  # (R,) units, negative where returned
    price: NDArray[np.float64]  # (R,) of one unit, in money; 0 where the log has none


class Log:
    """A log in canonical columns, read in batches.

    Attributes:
        name: what to call it in an error.
        values: distinct values of invoice, product, description and customer.
        priced: whether it has prices.
        invoiced: whether it has invoices.
        rows_read: rows of the source.
        dropped: rows left out, per reason; whole when the rows have been gone through.
        remarks: how the source was understood, by subject; whole likewise.
        cancelled: (invoices,) whether each is cancelled; known likewise.
    """

    cancelled: NDArray[np.bool_]

    def __init__(self, source: Source, reading: Reading):
        self.name, self._source = source.name, source
        self.rows_read, self.dropped = source.rows + sum(source.dropped.values()), dict(source.dropped)
        self.remarks = _columns(source.chosen, source.found) | source.remarks
        if not source.rows:
            raise ValueError(f"{self.name}: the log has no rows")
        self.values: dict[str, pd.Index] = {}
        self._means: dict[str, pa.Array | None] = {}
        for column in CODES:
            self._number(column)
        self._marked = are_marked(self.values["invoice"])
        self._totals = {column: np.flatnonzero(are_totals(self.values[column])) for column in ("invoice", "product")}
        if not len(self.values["customer"]):
            raise ValueError(
                f"{self.name}: column 'customer' is empty in all {source.rows:,} rows; a log needs customers"
            )
        self.priced, self.invoiced = "price" in source.kinds, "invoice" in source.kinds
        self._by_line = self.priced and (
            price_is_total(source.chosen["price"]) if reading.price_is == "auto" else reading.price_is == "total"
        )
        self._measure(reading.decimal)
        self._date(reading.date_format)
        if not self.invoiced:
            self.remarks["invoices"] = "none; the rows of a customer on one day make a visit"
        if self.priced:
            self.remarks["price"] = "the total of the row" if self._by_line else "the price of one unit"
        else:
            self.remarks["price"] = "none; segments follow from recency and frequency alone"

    def rows(self) -> Iterator[Rows]:
        """The complete rows, batch by batch; only description and customer may be missing.

        Raises:
            ValueError: a number or a date is out of range, or no row is complete.
        """
        counts = dict.fromkeys([*NEEDED, TOTAL], 0)
        begin = kept = marked = 0
        revenue = revenue_marked = 0.0
        for batch in self._source.batches(self._means):
            rows = self._complete(batch, begin, counts)
            begin, kept = begin + len(batch), kept + len(rows.product)
            spent = np.where(self.are_bought(rows), rows.quantity * rows.price, 0.0)
            revenue += float(spent.sum())
            if rows.invoice is not None:
                of_marked = self._marked[rows.invoice]
                marked += int(np.count_nonzero(of_marked))
                revenue_marked += float(spent[of_marked].sum())
            yield rows
        reasons = {column: f"without {column}" for column in NEEDED} | {TOTAL: "of a row that adds up others"}
        self.dropped |= {reasons[column]: count for column, count in counts.items() if count}
        if not kept:
            raise ValueError(f"{self.name}: no row is complete; dropped {self.dropped}")
        self.cancelled = self._marked if marks_count(marked, kept) else np.zeros_like(self._marked)
        if self.priced:
            revenue -= revenue_marked if self.cancelled.any() else 0.0
            self.remarks["revenue"] = f"{revenue:,.2f}, quantity x price of all purchases"

    def are_bought(self, rows: Rows) -> NDArray[np.bool_]:
        """(R,) whether each row is a purchase if it is not cancelled: a customer, a positive quantity and price."""
        bought = (rows.customer >= 0) & (rows.quantity > 0)
        return bought & (rows.price > 0) if self.priced else bought

    def _number(self, column: str) -> None:
        """Numbers what is in a column of codes, when cleaned."""
        if column not in self._source.kinds:
            self.values[column] = pd.Index([], dtype="str")
            return
        numbers, values = pd.factorize(CLEAN[column](self._source.distinct(column), self.name))
        self.values[column] = pd.Index(values)
        self._means[column] = pa.array(numbers.astype(np.int32), mask=numbers < 0)

    def _measure(self, decimal: str) -> None:
        """Makes floating point numbers of quantities and prices."""
        texts = {}
        for column in MEASURES:
            kind = self._source.kinds.get(column)
            if kind is not None:
                self._means[column] = None
                if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
                    texts[column] = clean_numerals(self._source.distinct(column))
        words = [text for column, text in texts.items() if pa.types.is_string(self._source.kinds[column])]
        mark = find_decimal(words, self.name, decimal)
        if words:
            self.remarks["decimal"] = {",": "comma", ".": "point"}[mark]
        for column, text in texts.items():
            own = mark if pa.types.is_string(self._source.kinds[column]) else "."
            self._means[column] = pa.array(parse_numbers(text, self.name, own), from_pandas=True)

    def _date(self, date_format: str | None) -> None:
        """Makes timestamps of the times."""
        kind = self._source.kinds["time"]
        if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
            self._means["time"] = None
            return
        times = clean_times(self._source.distinct("time"), self.name, date_format).to_numpy()
        self._means["time"] = pa.array(times, pa.timestamp("us"), from_pandas=True)

    def _complete(self, batch: pa.RecordBatch, begin: int, counts: dict[str, int]) -> Rows:
        """The complete rows of a batch; adds to `counts` those that are not."""
        cells = dict(zip(batch.schema.names, batch.columns, strict=True))
        kept = np.ones(len(batch), dtype=bool)
        for column in NEEDED:
            if column in cells:
                missing = cells[column].is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
                counts[column] += int(np.count_nonzero(kept & missing))
                kept &= ~missing
        arrays = {column: _array(each) for column, each in cells.items()}
        for column, codes in self._totals.items():
            if len(codes):
                adding = kept & np.isin(arrays[column], codes)
                counts[TOTAL] += int(np.count_nonzero(adding))
                kept &= ~adding
        for column in ("quantity", "price", "time"):
            if column in arrays:
                self._check_range(column, arrays[column], kept, begin)
        if not kept.all():
            arrays = {column: array[kept] for column, array in arrays.items()}
        if "description" not in arrays:
            arrays["description"] = np.full(len(arrays["product"]), -1, dtype=np.int32)
        quantity, price = arrays["quantity"], arrays.get("price", np.zeros(len(arrays["quantity"])))
        if self._by_line:
            price = np.divide(price, quantity, out=np.zeros_like(price), where=quantity != 0)
        needed = (arrays[column] for column in Rows._fields[1:-1])
        return Rows._make([arrays.get("invoice"), *needed, price])

    def _check_range(self, column: str, values: NDArray, kept: NDArray[np.bool_], begin: int) -> None:
        if column == "time":
            bad = kept & ((values < EARLIEST) | (values >= LATEST))
        else:
            bad = kept & ~(np.abs(values) < EXACT)
        if not bad.any():
            return
        at = int(bad.argmax())
        place = f"{self.name}: column {column!r}, row {self._source.label(begin + at)}"
        if column == "time":
            moment = str(values[at].astype("datetime64[us]")).replace("T", " ")
            raise ValueError(f"{place}: {moment} lies outside the years {YEARS[0]} to {YEARS[1]}")
        if np.isinf(values[at]):
            raise ValueError(f"{place}: '{values[at]}' is not a number")
        raise ValueError(f"{place}: {values[at]:g} is too large to be counted")


@contextmanager
def open_log(source: Any, reading: Reading) -> Iterator[Log]:
    """A source as a log, as long as the context lasts; see `load_transactions` for what is raised."""
    with open_source(source, reading) as opened:
        yield Log(opened, reading)


def are_marked(invoices: pd.Index) -> NDArray[np.bool_]:
    """(invoices,) whether each is marked as cancelled: its code is C and a number."""
    return pd.Series(invoices, dtype="str").str.match(CANCELLED).fillna(False).to_numpy(dtype=bool)


def marks_count(marked: int, rows: int) -> bool:
    """Whether the marks mean anything: where most rows have one, the letter is part of the numbering."""
    return marked < 0.5 * rows


def _array(cells: pa.Array) -> NDArray:
    """Codes with -1 for what is missing, numbers, or microseconds."""
    if pa.types.is_timestamp(cells.type):
        cells = cells.cast(pa.int64())
    if pa.types.is_integer(cells.type):
        cells = cells.fill_null(-1)
    return cells.to_numpy(zero_copy_only=False)


def _columns(chosen: Mapping[str, str], found: Sequence[str]) -> dict[str, str]:
    """What was taken for what, and what for nothing."""
    unused = [name for name in found if name not in chosen.values()]
    return {
        "columns": ", ".join(f"{canonical} from {name!r}" for canonical, name in chosen.items()),
        **({"not used": listed(unused)} if unused else {}),
    }
