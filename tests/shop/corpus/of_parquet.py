"""Parquet files, written in every way that writers know."""

from __future__ import annotations

from functools import partial
from itertools import cycle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain
from tests.shop.corpus.kinds import READ, REFUSED, changed, complaint, odd, of_kind

WAYS = [
    {"compression": codec, "use_dictionary": encoded, "row_group_size": rows, "data_page_version": version}
    for codec, (encoded, rows, version) in zip(
        ("none", "snappy", "gzip", "brotli", "zstd", "lz4"), cycle([(True, 60, "1.0"), (False, 7, "2.0")]), strict=False
    )
] + [
    {"use_byte_stream_split": ["price"], "use_dictionary": False},
    {"column_encoding": {"quantity": "DELTA_BINARY_PACKED", "product": "DELTA_BYTE_ARRAY"}, "use_dictionary": False},
    {"write_page_checksum": True},
    {"write_statistics": False},
    {"store_schema": False},
    {"use_deprecated_int96_timestamps": True},
    {"coerce_timestamps": "ms"},
    {"data_page_size": 64},
    {"version": "1.0"},
]
SCHEMA = pa.Table.from_pandas(plain(), preserve_index=False)
TABLES = {
    "nested columns": SCHEMA.add_column(0, "more", pa.array([{"product": [{"price": 1}]}] * ROWS)),
    "columns backwards": SCHEMA.select(SCHEMA.column_names[::-1]),
    "a column without a name": SCHEMA.append_column("", pa.nulls(ROWS)),
    "a column of quotes": SCHEMA.append_column("a\"b'c;--\n", pa.nulls(ROWS)),
    "the engine's names": pa.table(
        [*SCHEMA.columns, *[pa.nulls(ROWS)] * 3], [*SCHEMA.column_names, "row", "log", "c0"]
    ),
}
WRONG = {
    "no rows": (SCHEMA[:0], "the log has no rows"),
    "no columns": (pa.table({}), "no column for 'product', 'quantity', 'time', 'customer'"),
    "a column twice": (SCHEMA.append_column("price", SCHEMA["price"]), "several columns are called 'price'"),
    "the engine's name": (SCHEMA.append_column("file_row_number", pa.nulls(ROWS)), "'file_row_number' cannot be read"),
    "no number": (
        changed("quantity", pa.array(["1"] * 7 + ["x"] * 53)),
        "column 'quantity', row 7: 'x' is not a number",
    ),
    "an endless number": (
        changed("price", pa.array([1.0] * 7 + [np.inf] * 53)),
        "'price', row 7: 'inf' is not a number",
    ),
    "no date": (changed("time", pa.array(["2023-01-01"] * 7 + ["x"] * 53)), "column 'time', row 7: 'x' is not a date"),
    "numbers for dates": (changed("time", pa.array(range(60))), "'time' holds numbers.*Settle it with date_format"),
    "dates long ago": (changed("time", pa.array([-(2**40)] * 60, pa.timestamp("s"))), "'time', row 0: .* lies outside"),
    "dates beyond": (
        changed("time", pa.array([2**50] * 60, pa.timestamp("s"))),
        "'time'.*is out of range",
    ),
    "an unknown zone": (
        changed("time", pa.array([0] * 60, pa.timestamp("s", "Mars/X"))),
        "the time zone 'Mars/X'.*known one",
    ),
    "merged codes": (changed("product", pa.array([2.0**53] * 60)), "'product', row 0: 9007199254740992 is a floating"),
    "a very long code": (
        changed("product", pa.array(["x" * 2**20] * 60)),
        "'product', row 0: a code has 200 characters",
    ),
    "nobody": (changed("customer", pa.nulls(ROWS)), "column 'customer' is empty in all 60 rows"),
    "nobody by name": (changed("customer", pa.array(["NA", r"\N", "#N/A"] * 20)), "column 'customer' is empty in all"),
    "no products": (changed("product", pa.nulls(ROWS)), "no row is complete"),
}
BYTES = {
    "nothing": (b"", "file size is 0 bytes"),
    "text": (b"invoice,product\n1,2\n", "Parquet magic bytes not found"),
    "the beginning": (b"PAR1" + bytes(40), "Parquet magic bytes not found"),
    "only marks": (b"PAR1PAR1", "cannot be read as parquet: "),
    "a footer of 2 GB": (b"PAR1" + bytes(40) + b"\xff\xff\xff\x7fPAR1", "footer"),
    "encrypted": (b"PAR1" + bytes(40) + b"\x10\0\0\0PARE", "encrypted metadata"),
}


def written(table, way, folder):
    pq.write_table(table, folder / "log.parquet", **way)
    return folder / "log.parquet"


def stored(make, column, kind, folder):
    return written(make(column, kind), {}, folder)


def with_bytes(content, folder):
    (folder / "log.parquet").write_bytes(content)
    return folder / "log.parquet"


CASES = [
    *(Case(", ".join(map(str, way.items())), partial(written, SCHEMA, way), ROWS, "plain") for way in WAYS),
    *(
        Case(f"{column} as {kind}", partial(stored, of_kind, column, kind), ROWS, "plain")
        for column, kind in READ[::4]  # the others are tried in memory
    ),
    *(Case(name, partial(written, table, {}), ROWS, "plain") for name, table in TABLES.items()),
    *(
        Case(f"{column} as {kind}", partial(stored, odd, column, kind), refused=rf"log\.parquet: {complaint(column)}")
        for column, kind in REFUSED[::8]  # each column and each type once
    ),
    *(
        Case(name, partial(written, table, {}), refused=rf"log\.parquet: .*{why}")
        for name, (table, why) in WRONG.items()
    ),
    *(
        Case(name, partial(with_bytes, content), refused=rf"log\.parquet: .*{why}")
        for name, (content, why) in BYTES.items()
    ),
]
