"""A log that is in memory: its columns as Arrow arrays, and what a column may hold."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from selflearn_env.shop.reading.cleaning import INEXACT, decimal_text, exact_below
from selflearn_env.shop.reading.columns import find_columns

BATCH = 1_000_000  # rows taken over at once
EXACT = 2**53  # from here on, floating point numbers leave out whole ones
CODES, MEASURES = ("invoice", "product", "description", "customer"), ("quantity", "price")
WANTED = dict.fromkeys(CODES, "codes") | dict.fromkeys(MEASURES, "numbers") | {"time": "dates"}

# What cells may be where no type of their column says it.
KINDS: dict[str, tuple[type, ...]] = {
    "nothing": (type(None), type(pd.NA), type(pd.NaT)),
    "odd": (bool, np.timedelta64),  # which only look like whole numbers
    "text": (str,),
    "whole": (int, np.integer),
    "float": (float, np.floating),
    "decimal": (Decimal,),
    "moment": (datetime.datetime, np.datetime64),
    "day": (datetime.date,),
}


class ArrowTable(Protocol):
    """A table of Arrow, Polars or another library that speaks Arrow's interchange of tables."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class Source(Protocol):
    """The canonical columns of a log, in memory or streamed.

    Attributes:
        name: what to call the log in an error.
        chosen: canonical name -> name in the source.
        found: all names in the source.
        kinds: canonical name -> type of its cells, of the columns that are there.
        rows: how many there are.
        dropped: rows of the source that are not among them, per reason.
        remarks: what was understood in the reading, by subject.
    """

    name: str
    chosen: Mapping[str, str]
    found: Sequence[str]
    kinds: dict[str, pa.DataType]
    rows: int
    dropped: dict[str, int]
    remarks: dict[str, str]

    def label(self, row: int) -> Any:
        """What to call a row in an error."""

    def distinct(self, column: str) -> pd.Series:
        """The distinct cells of a column in the order of their first rows, which are the index; none is missing."""

    def batches(self, means: Mapping[str, pa.Array | None]) -> Iterator[pa.RecordBatch]:
        """Batches of `BATCH` rows, in which each cell stands for what it means.

        Args:
            means: column -> what each of its distinct cells means, or None where they are numbers or timestamps.
        """


class Table:
    """A source in memory."""

    def __init__(
        self,
        name: str,
        columns: Mapping[str, Any],
        chosen: Mapping[str, str],
        found: Sequence[str],
        labels: pd.Index | None = None,
    ):
        """Keeps the columns.

        Args:
            name: what to call the log.
            columns: canonical name -> its cells, each an Arrow array or what `as_arrow` takes.
            chosen: canonical name -> name in the source.
            found: all names in the source.
            labels: what to call the rows in an error, their numbers from 0 where it is None.
        """
        self.name, self.chosen, self.found = name, chosen, found
        self.rows = len(next(iter(columns.values())))
        self._labels = pd.RangeIndex(self.rows) if labels is None else labels
        self._columns = {column: as_arrow(cells, name, column, self._labels) for column, cells in columns.items()}
        self.kinds = {column: check_kind(cells.type, name, column) for column, cells in self._columns.items()}
        self._codes: dict[str, np.ndarray] = {}
        self.dropped: dict[str, int] = {}
        self.remarks: dict[str, str] = {}

    def label(self, row: int) -> Any:
        """See `Source`."""
        return self._labels[row]

    def distinct(self, column: str) -> pd.Series:
        """See `Source`."""
        encoded = self._columns[column].combine_chunks().dictionary_encode()
        try:
            encoded.validate(full=True)
        except pa.ArrowInvalid:
            raise ValueError(f"{self.name}: column {column!r} holds text that is not UTF-8; convert it") from None
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        first = np.zeros(len(encoded.dictionary) + 1, dtype=np.int64)
        first[codes[::-1]] = np.arange(self.rows)[::-1]  # of several, the last one written stays: the first row
        self._codes[column] = codes
        return pd.Series(encoded.dictionary.to_pandas().array, self._labels[first[:-1]], name=column)

    def batches(self, means: Mapping[str, pa.Array | None]) -> Iterator[pa.RecordBatch]:
        """See `Source`."""
        whole = {}
        for column, meaning in means.items():
            if meaning is None:
                cells = self._columns[column]
                safe = pa.types.is_timestamp(cells.type) and cells.type.unit != "ns"  # what is finer than us may go
                try:
                    whole[column] = cells.cast(BATCHED[column], safe=safe).combine_chunks()
                except pa.ArrowInvalid as error:
                    raise ValueError(f"{self.name}: column {column!r} is out of range: {error}") from None
        for begin in range(0, self.rows, BATCH):
            cells = []
            for column, meaning in means.items():
                if meaning is None:
                    cells.append(whole[column].slice(begin, BATCH))
                else:
                    codes = self._codes[column][begin : begin + BATCH]
                    cells.append(meaning.take(pa.array(codes, mask=codes < 0)))
            yield pa.record_batch(cells, names=list(means))


BATCHED = {"quantity": pa.float64(), "price": pa.float64(), "time": pa.timestamp("us")}


def table_of(source: Any, name: str, columns: str | Mapping[str, str]) -> Table:
    """A data frame or an Arrow table as a log."""
    if isinstance(source, pd.DataFrame):
        found = [str(each) for each in source.columns]
        chosen = find_columns(found, columns, name)
        cells = {canonical: source.iloc[:, found.index(each)] for canonical, each in chosen.items()}
    else:
        try:
            arrow = source if isinstance(source, pa.Table) else pa.table(source)
        except (pa.ArrowException, TypeError) as error:  # a single column, or types that Arrow has not
            raise TypeError(f"{name} cannot be taken over as one of Arrow: {str(error).splitlines()[0]}") from None
        found = arrow.column_names
        chosen = find_columns(found, columns, name)
        cells = {canonical: arrow.column(found.index(each)) for canonical, each in chosen.items()}
    return Table(name, cells, chosen, found)


def as_arrow(
    cells: pd.Series | Sequence | pa.Array | pa.ChunkedArray, source: str, column: str, labels: pd.Index
) -> pa.ChunkedArray:
    """A column as Arrow keeps it; where its cells are of several kinds, as text.

    Raises:
        ValueError: a cell is neither text, number nor date; the message names it.
    """
    if not isinstance(cells, pa.Array | pa.ChunkedArray):
        found = None
        if isinstance(cells, pd.Series) and isinstance(cells.dtype, pd.CategoricalDtype):
            cells = cells.astype(cells.cat.categories.dtype)
        if (isinstance(cells, pd.Series) and cells.dtype != object) or _of_one_kind(cells, column):
            with suppress(pa.ArrowException, OverflowError, TypeError, ValueError):
                found = pa.array(cells, from_pandas=True)
        if found is None:
            texts = [_as_text(cell, column, source, label) for label, cell in zip(labels, cells, strict=True)]
            found = pa.array(texts, pa.string())
        cells = found
    cells = pa.chunked_array([cells]) if isinstance(cells, pa.Array) else cells
    if pa.types.is_dictionary(cells.type):
        kind = plain_kind(cells.type)
        cells = pa.chunked_array([chunk.dictionary.cast(kind).take(chunk.indices) for chunk in cells.chunks], kind)
    if pa.types.is_floating(cells.type):
        return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    return cells.cast(plain_kind(cells.type))


def _kind(cell: type) -> str:
    return next((kind for kind, types in KINDS.items() if issubclass(cell, types)), "odd")


def _of_one_kind(cells: Iterable, column: str) -> bool:
    """Whether Arrow may be asked what cells are: of several kinds it takes one for another, a number for a date."""
    kinds = {_kind(each) for each in set(map(type, cells))} - {"nothing"}
    if kinds == {"moment"}:  # it would move all to the time zone of the first
        return len({str(getattr(cell, "tzinfo", None)) for cell in cells if _kind(type(cell)) == "moment"}) == 1
    return "odd" not in kinds and (len(kinds) < 2 or (column in MEASURES and kinds == {"whole", "float"}))


def _as_text(cell: Any, column: str, source: str, label: Any) -> str | None:
    """A cell of a column of several kinds as text."""
    kind, place = _kind(type(cell)), f"{source}: column {column!r}, row {label}"
    if kind == "nothing" or (kind in ("float", "decimal", "moment") and cell != cell):
        return None
    if kind == "text":
        try:
            cell.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{place}: {cell[:50]!r} has something that is no character; correct it") from None
        return str(cell)
    if kind == "whole":
        return str(cell)
    if kind == "decimal":
        return decimal_text(cell)
    if kind == "float":
        if column in MEASURES:  # in the form of machines: their point is no matter of the decimal mark of texts
            return f"{float(cell):.16e}"
        if column != "description" and abs(cell) >= exact_below(type(cell)):
            raise ValueError(f"{place}: {cell:.17g} {INEXACT}")
        return str(int(cell)) if cell % 1 == 0 else str(float(cell))
    if column == "time" and kind in ("moment", "day"):
        return cell.isoformat() if isinstance(cell, datetime.date) else str(cell)
    raise ValueError(
        f"{place}: {str(cell)[:50]!r} is {type(cell).__name__}, which is no {WANTED[column][:-1]}; convert it"
    )


def plain_kind(kind: pa.DataType) -> pa.DataType:
    """The type of the cells, however they are stored."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_decimal(kind) and kind.bit_width < 128:  # which little can be done with
        return pa.decimal128(kind.precision, kind.scale)
    text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind)
    return pa.string() if text else kind


def check_kind(kind: pa.DataType, source: str, column: str) -> pa.DataType:
    """The type of a column's cells.

    Raises:
        ValueError: such cells can mean nothing in this column.
    """
    types = pa.types
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    date = types.is_timestamp(kind) or types.is_date(kind)
    if types.is_timestamp(kind) and kind.tz is not None:
        try:
            pa.scalar(0, kind).as_py()
        except (ValueError, LookupError):
            raise ValueError(
                f"{source}: column {column!r} is in the time zone {kind.tz!r}, which is unknown; "
                f"convert it to a known one"
            ) from None
    if types.is_string(kind) or types.is_null(kind) or number or (column == "time" and date):
        return kind
    remedy = "text or dates" if column == "time" else "text or numbers"
    raise ValueError(f"{source}: column {column!r} holds {kind}, which are no {WANTED[column]}; convert it to {remedy}")
