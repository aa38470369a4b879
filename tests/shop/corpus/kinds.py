"""The types of Arrow in which a column of a log may come, and those in which it means nothing."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa

from tests.shop.corpus.contents import ROWS, plain

TEXT = [
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.large_string()),
]
NUMBER = [pa.float16(), pa.float32(), pa.decimal64(9, 2), pa.decimal128(20, 3), pa.string(), pa.string_view()]
GOOD = {
    **dict.fromkeys(("invoice", "product", "description", "customer"), TEXT),
    "quantity": [*NUMBER, pa.int8(), pa.int32(), pa.uint64(), pa.decimal32(5, 1), pa.dictionary(pa.int8(), pa.int64())],
    "price": [*NUMBER, pa.float64(), pa.dictionary(pa.int8(), pa.float64()), pa.dictionary(pa.int8(), pa.string())],
    "time": [
        *(pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ms", "UTC"), pa.timestamp("us", "Europe/Berlin")),
        *(pa.date32(), pa.date64(), pa.string(), pa.dictionary(pa.int16(), pa.string())),
    ],
}
ODD_CELLS = {
    pa.bool_(): True,
    pa.binary(): b"a",
    pa.duration("us"): datetime.timedelta(1),
    pa.time64("us"): datetime.time(1),
    pa.list_(pa.string()): ["a"],
    pa.struct({"a": pa.int8()}): {"a": 1},
    pa.map_(pa.string(), pa.int8()): [("a", 1)],
}
WANTED = {"quantity": "numbers", "price": "numbers", "time": "dates"}


def changed(column: str, cells: pa.Array) -> pa.Table:
    """The plain log with other cells in a column."""
    table = pa.Table.from_pandas(plain(), preserve_index=False)
    return table.set_column(table.column_names.index(column), column, cells)


def of_kind(column: str, kind: pa.DataType) -> pa.Table:
    """The plain log with a column stored in another type."""
    return changed(column, _as_kind(plain()[column], kind))


def _as_kind(cells: pd.Series, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        encoded = _as_kind(cells, kind.value_type).dictionary_encode()
        return pa.DictionaryArray.from_arrays(encoded.indices.cast(kind.index_type), encoded.dictionary)
    if pa.types.is_decimal(kind):
        return pa.array([Decimal(str(cell)) for cell in cells], kind)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.array(cells.astype("str")).cast(kind)
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.array(cells.dt.tz_localize(kind.tz), kind)
    if pa.types.is_date(kind):
        return pa.array(cells.dt.date, kind)
    if kind == pa.float16():
        return pa.array(cells.to_numpy().astype("float16"))
    return pa.array(cells).cast(kind)


def odd(column: str, kind: pa.DataType) -> pa.Table:
    """The plain log with a column of what means nothing in it."""
    return changed(column, pa.array([ODD_CELLS[kind]] * ROWS, kind))


READ = [(column, kind) for column, kinds in GOOD.items() for kind in kinds]
REFUSED = [(column, kind) for column in GOOD for kind in ODD_CELLS]


def complaint(column: str) -> str:
    """How a column of a type is refused, whatever road it came by."""
    return f"column '{column}' holds .*, which are no {WANTED.get(column, 'codes')}; convert it to"
