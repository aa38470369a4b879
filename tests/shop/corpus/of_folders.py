"""Folders of Parquet files: parts that are one log, and what stands beside them."""

from __future__ import annotations

import gzip
import os
from functools import partial
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain

LOG = pa.Table.from_pandas(plain(), preserve_index=False)
FIRST, SECOND = LOG[:30], LOG[30:]
SPLITS = {
    "one part": (60,),
    "halves": (30, 60),
    "a row and the others": (1, 60),
    "six parts": (10, 20, 30, 40, 50, 60),
    "empty parts": (0, 0, 30, 30, 60, 60),
}


def with_column(part: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    place = part.column_names.index(name)
    cells = pa.nulls(len(part)) if pa.types.is_null(kind) else part[name].cast(kind, safe=False)
    return part.set_column(place, name, cells)


def renamed(part: pa.Table, old: str, new: str) -> pa.Table:
    return part.rename_columns([new if name == old else name for name in part.column_names])


# The second part, which fits the first.
FITS = {
    "columns backwards": SECOND.select(SECOND.column_names[::-1]),
    "one column more": SECOND.append_column("till", pa.array([1] * 30)),
    "other texts": with_column(SECOND, "product", pa.large_string()),
    "shared texts": with_column(SECOND, "product", pa.dictionary(pa.int32(), pa.string())),
    "views of texts": with_column(SECOND, "product", pa.string_view()),
}
DIFFERS = {
    f"{name} as {kind}": (
        with_column(SECOND, name, kind),
        f"column '{name}' is .*, but .* in the files before; write all",
    )
    for name, kind in (
        ("quantity", pa.int32()),
        ("quantity", pa.float64()),
        ("quantity", pa.string()),
        ("price", pa.float32()),
        ("price", pa.decimal128(9, 2)),
        ("time", pa.timestamp("ns")),
        ("time", pa.timestamp("us", "UTC")),
        ("time", pa.date32()),
        ("time", pa.string()),
    )
} | {
    "no customer": (SECOND.drop_columns("customer"), "there is no column 'customer', but there is one in 0.parquet"),
    "no price": (SECOND.drop_columns("price"), "there is no column 'price', but there is one in 0.parquet"),
    "another name": (renamed(SECOND, "customer", "user_id"), "there is no column 'customer', but there is one in 0"),
    "a name in capitals": (
        renamed(SECOND, "product", "PRODUCT"),
        "there is no column 'product', but there is one in 0",
    ),
    "a column twice": (SECOND.append_column("price", SECOND["price"]), "there are several columns 'price'"),
    "truth for quantity": (with_column(SECOND, "quantity", pa.bool_()), "column 'quantity' holds bool"),
    "other columns": (renamed(SECOND, "product", "till"), "there is no column 'product'"),
}


def folder_of(parts, folder):
    for number, part in enumerate(parts):
        pq.write_table(part, folder / f"{number}.parquet")
    return folder


def split(ends, folder):
    return folder_of([LOG[begin:end] for begin, end in pairwise((0, *ends))], folder)


def beside(add, folder):
    add(folder)
    return folder_of([FIRST, SECOND], folder)


def with_file(name, content, folder):
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(content)


def passed_over(folder):
    for name in PASSED_OVER:
        with_file(name, b"PAR1", folder)


def damaged(change, folder):
    folder_of([FIRST, SECOND], folder)
    path = folder / "1.parquet"
    path.write_bytes(change(path.read_bytes()))
    return folder


PASSED_OVER = [
    "_SUCCESS",
    "_metadata",
    ".part-2.parquet",
    "_temporary/2.parquet",
    ".0.parquet.crc",
    "README.md",
    "plot.png",
]
LOST = [
    "2.csv",
    "2.CSV",
    "2.tsv",
    "2.txt",
    "2.xlsx",
    "2.zip",
    "2.csv.gz",
    "2.parquet.gz",
    "2.parquet.zst",
    "2.parquet.part",
]
NESTED = ["2.parquet/part-0.parquet", "year=2024/month=1/2.parquet", "more/2.PQ"]
DAMAGE = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[:-100],
    "packed": gzip.compress,
    "a piece lost": lambda whole: whole[:200] + whole[260:],
    "a piece of zeros": lambda whole: whole[:20] + bytes(200) + whole[220:],
}

NO_FILES = {
    "a link to nothing": lambda folder: (folder / "2.parquet").symlink_to("gone"),
    "a link to itself": lambda folder: (folder / "2.parquet").symlink_to("2.parquet"),
    "a pipe": lambda folder: os.mkfifo(folder / "2.parquet"),
}


def only(name, folder):
    with_file(name, b"x", folder)
    return folder


CASES = [
    *(Case(name, partial(split, ends), ROWS, "plain") for name, ends in SPLITS.items()),
    *(Case(name, partial(folder_of, [FIRST, part]), ROWS, "plain") for name, part in FITS.items()),
    *(
        Case(f"second: {name}", partial(folder_of, [FIRST, part]), refused=rf"1\.parquet: {why}")
        for name, (part, why) in DIFFERS.items()
    ),
    Case(
        "first: no customer",
        partial(folder_of, [DIFFERS["no customer"][0], FIRST]),
        refused=r"0\.parquet: no column for",
    ),
    Case(
        "first: no price",
        partial(folder_of, [DIFFERS["no price"][0], FIRST]),
        refused=r"1\.parquet: there is a column for 'price', but there is none in 0\.parquet",
    ),
    Case("no rows in any", partial(folder_of, [LOG[:0]] * 2), refused="the log has no rows"),
    Case("no part", lambda folder: folder, refused="the folder has no file that ends in .parquet or .pq"),
    Case("beside: what is passed over", partial(beside, passed_over), ROWS, "plain"),
    *(
        Case(
            f"beside: {name}",
            partial(beside, partial(with_file, name, b"x")),
            refused=f"{name}: stands in a folder of Parquet",
        )
        for name in LOST
    ),
    *(
        Case(
            f"beside: {name}",
            partial(beside, partial(with_file, name, b"x")),
            refused="has a folder with Parquet files; put all",
        )
        for name in NESTED
    ),
    Case("only a folder of parts", partial(only, "a/0.parquet"), refused="has a folder with Parquet files; put all"),
    Case("only a CSV", partial(only, "log.csv"), refused="the folder has no file that ends in .parquet or .pq"),
    *(
        Case(f"damaged: {name}", partial(damaged, change), refused=r"1\.parquet: cannot be read as parquet: ")
        for name, change in DAMAGE.items()
    ),
    *(
        Case(
            f"beside: {name}", partial(beside, add), refused="2.parquet: a link to a file that is not there, or no file"
        )
        for name, add in NO_FILES.items()
        if os.name != "nt"
    ),
]
