"""Data frames and tables of pandas, Arrow and Polars."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain
from tests.shop.corpus.kinds import READ, REFUSED, changed, complaint, odd, of_kind

BROKEN = pa.Array.from_buffers(
    pa.string(), ROWS, [None, pa.py_buffer(np.arange(ROWS + 1, dtype=np.int32)), pa.py_buffer(b"\xff" * ROWS)]
)


ROADS = {
    "arrow": lambda table: table,
    "pandas of arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
}
TAKEN = {"arrow": READ, "pandas of arrow": READ[::2], "polars": READ[1::2]}
PANDAS = {
    "quantity": ["int8", "uint16", "Int32", "float32", "Float64", "object", "str", "category", "Sparse[int64]"],
    "price": ["float32", "Float64", "object", "str", "category"],
    "time": ["datetime64[s]", "datetime64[ns]", "object", "str", "category"],
    **{column: ["object", "string[python]", "category"] for column in ("invoice", "product", "customer")},
}
MIXED = {
    "moments, dates and texts": (
        "time",
        lambda row, cell: (cell, cell.date(), str(cell), np.datetime64(cell))[row % 4],
    ),
    "whole numbers, fractions and texts": ("price", lambda row, cell: (cell, str(cell), Decimal(str(cell)))[row % 3]),
    "numpy's numbers": ("quantity", lambda row, cell: (np.int8(cell), np.float32(cell), int(cell))[row % 3]),
    "numpy's texts": ("product", lambda _, cell: np.str_(cell)),
}
NO_CELLS = {
    "truth": True,
    "a complex number": 1j,
    "bytes": b"a",
    "a list": ["a"],
    "a dict": {1: "a"},
    "a set": {"a"},
    "an array": np.ones(2),
    "a duration": pd.Timedelta(1, "D"),
    "numpy's duration": np.timedelta64(1, "D"),
    "a time of day": datetime.time(1),
    "an object": object(),
    "a table": pd.DataFrame({"a": [1, 2]}),
    "half a sign": "a\ud800",
}
ODD_FRAMES = {
    "several columns of a name": (lambda log: pd.concat([log, log[["product"]]], axis=1), "several columns are called"),
    "columns of two levels": (lambda log: pd.concat({"a": log}, axis=1), "no column for 'product'"),
    "columns without names": (
        lambda log: log.set_axis(range(7), axis=1),
        "numbers or dates are where the names",
    ),
    "a column as index": (lambda log: log.set_index("customer"), "no column for 'customer'"),
    "no rows": (lambda log: log[:0], "the log has no rows"),
    "no columns": (lambda log: log[[]], "found no columns"),
    "a column of pandas": (lambda log: log["price"], "the table cannot be taken over"),
    "a column of Polars": (lambda _: pl.Series([1]), "the table cannot be taken over"),
    "wide whole numbers of Polars": (lambda _: pl.DataFrame({"a": [1]}, {"a": pl.Int128}), "cannot be taken over"),
    "an array": (lambda log: log.to_numpy(), "got ndarray"),
    "a dict": (lambda log: log.to_dict("list"), "a path, a DataFrame or an Arrow table, got dict"),
    "a list": (lambda log: [log], "got list"),
    "a lazy frame": (lambda log: pl.from_pandas(log).lazy(), "got LazyFrame"),
    "periods": (
        lambda log: log.assign(time=log["time"].dt.to_period("D")),
        "'time' holds .*period.*, which are no dates",
    ),
    "two zones": (
        lambda _: with_cells("time", lambda row, cell: cell.tz_localize(("UTC", "Asia/Tokyo")[row % 2])),
        "'time', row 1: .* is not in the time zone of the first row; convert all times to one",
    ),
    "moments with and without a zone": (
        lambda _: with_cells("time", lambda row, cell: cell.tz_localize((None, "Asia/Tokyo")[row % 2])),
        "'time', row 1: .* is not in the time zone of the first row; convert all times to one",
    ),
    "numbers among dates": (
        lambda _: with_cells("time", lambda row, cell: 45000 if row == 7 else cell.date()),
        "'time', row 7: '45000' is not a date like",
    ),
    "truth among numbers": (
        lambda _: with_cells("quantity", lambda row, cell: True if row == 7 else cell),
        "'quantity', row 7: 'True' is bool, which is no number",
    ),
    "dates among codes": (
        lambda _: with_cells("product", lambda row, cell: datetime.date(2023, 3, 4) if row == 7 else cell),
        "'product', row 7: '2023-03-04' is date, which is no code",
    ),
    "merged codes": (
        lambda _: with_cells("customer", lambda row, _: 2.0**53 if row == 7 else 2**53 + row),
        "'customer', row 7: 9007199254740992 is a floating point number",
    ),
    "bytes that are no text": (lambda _: changed("product", BROKEN), "'product' holds text that is not UTF-8"),
}


def with_cells(column, cell):
    cells = [cell(row, each) for row, each in enumerate(plain()[column])]
    return plain().assign(**{column: pd.Series(cells, dtype=object)})


def by(road, column, kind, make, folder):
    return road(make(column, kind))


def in_pandas(column, kind, folder):
    return plain().astype({column: kind})


def with_one(column, cell, folder):
    return with_cells(column, lambda row, each: cell if row == 7 else each)


def mixed(column, cell, folder):
    return with_cells(column, cell)


def frame_of(make, folder):
    return make(plain())


CASES = [
    Case("as it is", lambda _: plain(), lines=ROWS, like="plain"),
    Case("batches", lambda _: pa.Table.from_pandas(plain()).to_reader(max_chunksize=7), lines=ROWS, like="plain"),
    Case("rows of one name", lambda _: plain().set_axis([0] * ROWS), lines=ROWS, like="plain"),
    Case("columns in another order", lambda _: plain().iloc[:, ::-1], lines=ROWS, like="plain"),
    *(
        Case(f"{column} as {kind}, {name}", partial(by, road, column, kind, of_kind), ROWS, "plain")
        for name, road in ROADS.items()
        for column, kind in TAKEN[name]
    ),
    *(
        Case(f"{column} as {kind}, arrow", partial(by, ROADS["arrow"], column, kind, odd), refused=complaint(column))
        for column, kind in REFUSED
    ),
    *(
        Case(f"{column} as {kind}, pandas", partial(in_pandas, column, kind), ROWS, "plain")
        for column, kinds in PANDAS.items()
        for kind in kinds
    ),
    *(
        Case(f"{column} of {name}", partial(mixed, column, cell), ROWS, "plain")
        for name, (column, cell) in MIXED.items()
    ),
    *(
        Case(
            f"{name} among {column}",
            partial(with_one, column, cell),
            refused=f"'{column}', row 7: .*; (convert|correct) it",
        )
        for column in ("product", "time")
        for name, cell in NO_CELLS.items()
    ),
    *(Case(name, partial(frame_of, make), refused=why) for name, (make, why) in ODD_FRAMES.items()),
]
