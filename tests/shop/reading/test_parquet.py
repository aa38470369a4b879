"""A log read by the engine that streams gives what the same log gives in memory."""

from __future__ import annotations

import datetime
import signal
import subprocess
import sys
import time
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn_env import Shop, load_transactions
from selflearn_env.datasets import ONLINE_RETAIL
from selflearn_env.shop.reading import tables
from selflearn_env.shop.reading.ledger import Ledger, Lines, read_ledger
from selflearn_env.shop.reading.options import Reading


def parts_of(log: pd.DataFrame, folder, count: int):
    """The folder, with the log in so many files of unequal length."""
    ends = [0, *np.sort(np.random.default_rng(0).choice(np.arange(1, len(log)), count - 1, replace=False)), len(log)]
    for part, (begin, end) in enumerate(pairwise(ends)):
        log.iloc[begin:end].to_parquet(folder / f"part-{part:02}.parquet", index=False)
    return folder


def assert_same(found: Ledger, expected: Ledger):
    """Equal to the last bit."""
    assert found.customers.tolist() == expected.customers.tolist()
    descriptions = [dict(zip(ledger.products, ledger.usual, strict=True)) for ledger in (found, expected)]
    assert descriptions[0] == descriptions[1]
    for name, one, other in zip(Lines._fields, found.lines, expected.lines, strict=True):
        assert one.dtype == other.dtype
        if name == "product":  # its number means nothing
            one, other = found.products[one], expected.products[other]
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(found.daily.customer, expected.daily.customer)
    np.testing.assert_array_equal(found.daily.day, expected.daily.day)
    np.testing.assert_array_equal(found.daily.amount, expected.daily.amount)
    assert (found.report.rows_read, found.report.dropped) == (expected.report.rows_read, expected.report.dropped)


def test_online_retail():
    assert_same(read_ledger(ONLINE_RETAIL), read_ledger(load_transactions(ONLINE_RETAIL)))


@pytest.mark.parametrize("options", [{}, {"history_share": 1.0, "period": "week"}, {"max_products": 5, "seed": 3}])
def test_the_shop_is_the_same_to_the_last_bit(busy_log, tmp_path, options):
    busy_log.to_parquet(tmp_path / "log.parquet")
    given = {"exclude_products": (), **options}
    assert Shop.from_transactions(tmp_path, **given).digest == Shop.from_transactions(busy_log, **given).digest


@pytest.mark.parametrize("rows_at_once", [7, 100, 10_000])
def test_parts_and_batches_make_no_difference(busy_log, tmp_path, monkeypatch, rows_at_once):
    monkeypatch.setattr(tables, "BATCH", rows_at_once)
    assert_same(read_ledger(parts_of(busy_log, tmp_path, 9)), read_ledger(busy_log))


def test_a_folder_can_be_loaded(busy_log, tmp_path):
    pd.testing.assert_frame_equal(
        load_transactions(parts_of(busy_log, tmp_path, 3)).frame, load_transactions(busy_log).frame
    )


def test_the_order_of_the_rows_is_kept_by_many_threads(tmp_path):
    rows = 600_000
    rng = np.random.default_rng(0)
    invoice = rng.integers(1000, size=rows)
    log = pd.DataFrame(
        {
            "invoice": invoice.astype(str),
            "product": rng.integers(50, size=rows).astype(str),
            "quantity": 1,
            "time": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(365, size=rows), unit="D"),
            "price": 1.0,
            "customer": invoice % 97,
        }
    )
    for part in range(6):
        log[part * 100_000 : (part + 1) * 100_000].to_parquet(tmp_path / f"{part}.parquet", row_group_size=5_000)
    assert_same(read_ledger(tmp_path), read_ledger(load_transactions(log)))


ROWS = 40
COLUMNS = {
    "codes as numbers": {"product": np.arange(ROWS) % 7 + 10_000, "invoice": np.arange(ROWS) // 3},
    "codes as floats": {"product": np.where(np.arange(ROWS) % 9, np.arange(ROWS) % 7 + 0.0, np.nan)},
    "codes with blanks": {"product": [f" {i % 7:03} " if i % 5 else "" for i in range(ROWS)]},
    "categories": {"product": pd.Categorical([f"p{i % 7}" for i in range(ROWS)])},
    "customers as floats": {"customer": np.where(np.arange(ROWS) % 9, np.arange(ROWS) % 4 + 100.0, np.nan)},
    "customers as text": {"customer": [f"{i % 4 + 8}.0" if i % 6 else None for i in range(ROWS)]},
    "customers with letters": {"customer": [f"c{i % 12}" for i in range(ROWS)]},
    "no customer twice": {"customer": [None, *range(1, ROWS)]},
    "quantities as text": {"quantity": [str(i % 5 - 1) if i % 8 else None for i in range(ROWS)]},
    "quantities as decimals": {"quantity": [Decimal(i % 5) / 4 for i in range(ROWS)]},
    "quantities as fractions": {"quantity": np.where(np.arange(ROWS) % 9, np.arange(ROWS) / 8, np.nan)},
    "small numbers": {"quantity": np.arange(ROWS, dtype=np.int8), "price": np.ones(ROWS, dtype=np.float32) / 3},
    "dates": {"time": [datetime.date(2023, 1, 1) + datetime.timedelta(days=3 * i) for i in range(ROWS)]},
    "dates as text": {"time": [f"{i % 28 + 1}.{i % 12 + 1}.2023 8:{i:02}" for i in range(ROWS)]},
    "nanoseconds": {"time": pd.date_range("2023-01-01", periods=ROWS, freq="D").astype("datetime64[ns]")},
    "a time zone": {"time": pd.date_range("2023-01-01 23:30", periods=ROWS, freq="D", tz="America/New_York")},
    "a missing time": {"time": pd.date_range("2023-01-01", periods=ROWS, freq="D").where(np.arange(ROWS) % 9 > 0)},
    "most invoices marked": {"invoice": [f"C{i // 2}" for i in range(ROWS)]},
    "some invoices marked": {"invoice": [f"C{i // 2}" if i % 4 == 0 else f"{i // 2}" for i in range(ROWS)]},
    "descriptions": {"description": [None if i % 5 == 0 else f" {'abc'[i % 3]}" for i in range(ROWS)]},
    "no description": {"description": np.full(ROWS, None)},
    "other columns": {name: ["x"] * ROWS for name in ("filename", "row", "file_index", "c0", "number", "Stored")},
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_cells_of_all_kinds(columns, tmp_path):
    log = pd.DataFrame(
        {
            "invoice": [str(i // 2) for i in range(ROWS)],
            "product": [f"p{i % 7}" for i in range(ROWS)],
            "quantity": [i % 5 - 1 for i in range(ROWS)],
            "time": pd.date_range("2023-01-01 12:00", periods=ROWS, freq="D"),
            "price": [i % 4 / 3 for i in range(ROWS)],
            "customer": [i % 4 for i in range(ROWS)],
        }
    ).assign(**columns)
    path = tmp_path / "it's a log.parquet"
    log.to_parquet(path)
    assert_same(read_ledger(path), read_ledger(load_transactions(path)))


def test_no_column_of_descriptions(busy_log, tmp_path):
    busy_log.drop(columns="description").to_parquet(tmp_path / "log.parquet")
    assert set(read_ledger(tmp_path).usual) == {None}


BAD = {
    "no number": {"quantity": ["1"] * 5 + ["two"] + ["three"] * 14},
    "too large a number": {"price": [1.0] * 7 + [1e300] + [np.inf] * 12},
    "no date": {"time": ["2023-01-01"] * 9 + ["soon"] * 11},
    "an ambiguous date": {"time": ["1/2/2023"] * 20},
    "numbers for dates": {"time": range(20)},
    "no customers": {"customer": [None] * 20},
    "no complete row": {"product": [None] * 20},
}


@pytest.mark.parametrize("columns", BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_named_as_in_memory(busy_log, tmp_path, columns):
    path = tmp_path / "log.parquet"
    busy_log[:20].assign(**columns).to_parquet(path)
    with pytest.raises(ValueError, match=r"log\.parquet: ") as expected:
        load_transactions(path)
    with pytest.raises(ValueError, match=r"log\.parquet: ") as found:
        Shop.from_transactions(path)
    assert str(found.value) == str(expected.value)


def test_rows_are_counted_through_all_parts(busy_log, tmp_path):
    for part in range(3):
        cells = ["x" if (part, i) == (2, 3) else "1" for i in range(10)]
        busy_log[:10].assign(quantity=cells).to_parquet(tmp_path / f"{part}.parquet")
    with pytest.raises(ValueError, match="column 'quantity', row 23: 'x' is not a number"):
        Shop.from_transactions(tmp_path)


def test_a_mapping_of_columns_and_a_date_format(busy_log, tmp_path):
    path = tmp_path / "log.parquet"
    log = busy_log.assign(time=busy_log["time"].dt.strftime("%d/%m/%y")).rename(columns={"time": 'the "day"'})
    log.to_parquet(path)
    given = {"columns": {"time": 'the "day"'}, "date_format": "%d/%m/%y"}
    shops = [Shop.from_transactions(source, **given) for source in (path, log)]
    assert shops[0].digest == shops[1].digest


def test_a_folder_without_parts(tmp_path):
    (tmp_path / "log.csv").write_text("nothing", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"the folder has no file that ends in \.parquet or \.pq"):
        Shop.from_transactions(tmp_path)


PARTS = {
    "a column less": (
        lambda log: log.drop(columns="price"),
        "there is no column 'price', but there is one in 0.parquet",
    ),
    "numbers for texts": (
        lambda log: log.assign(product=1),
        "column 'product' is int64, but string in the files before",
    ),
    "whole numbers": (lambda log: log.assign(price=1), "column 'price' is int64, but double in the files before"),
    "a time zone": (
        lambda log: log.assign(time=log["time"].dt.tz_localize("UTC")),
        r"column 'time' is timestamp\[us, tz=UTC\], but timestamp\[us\] in the files before",
    ),
}


@pytest.mark.parametrize(("change", "why"), PARTS.values(), ids=PARTS)
def test_parts_that_do_not_fit_each_other(busy_log, tmp_path, change, why):
    busy_log.to_parquet(tmp_path / "0.parquet")
    change(busy_log).to_parquet(tmp_path / "1.parquet")
    for read in (Shop.from_transactions, load_transactions):
        with pytest.raises(ValueError, match=r"1\.parquet: " + why):
            read(tmp_path)


def test_parts_may_be_stored_in_other_ways(busy_log, tmp_path):
    """Columns in another order, categories, and none but missing cells in a part."""
    parts = [busy_log[:200], busy_log[200:400].assign(customer=None, description=None), busy_log[400:]]
    parts[0].to_parquet(tmp_path / "0.parquet")
    parts[1][list(reversed(busy_log.columns))].to_parquet(tmp_path / "1.parquet")
    parts[2].assign(product=parts[2]["product"].astype("category")).to_parquet(tmp_path / "2.parquet")
    expected = read_ledger(load_transactions(pd.concat(parts)))
    assert_same(read_ledger(tmp_path), expected)
    assert_same(read_ledger(load_transactions(tmp_path)), expected)


@pytest.mark.parametrize("name", ["log[1].parquet", "lo*.parquet", "log?.parquet", "quantity=9/log1.parquet"])
def test_a_name_is_no_pattern_and_says_nothing_of_the_cells(busy_log, tmp_path, name):
    (tmp_path / "log1.parquet").write_bytes(b"another file")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    busy_log.to_parquet(path)
    assert_same(read_ledger(path), read_ledger(load_transactions(busy_log)))


def test_names_of_columns_differ_by_case(busy_log, tmp_path):
    path = tmp_path / "log.parquet"
    busy_log.assign(Quantity=1000).to_parquet(path)
    given = {name: name for name in busy_log}
    assert_same(read_ledger(path, Reading(given)), read_ledger(load_transactions(path, given)))


def test_a_column_with_the_name_of_the_row_number(busy_log, tmp_path):
    busy_log.assign(file_row_number=1).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(ValueError, match="a column called 'file_row_number' cannot be read; rename it"):
        Shop.from_transactions(tmp_path)


def test_a_broken_part(busy_log, tmp_path):
    busy_log.to_parquet(tmp_path / "0.parquet")
    (tmp_path / "1.parquet").write_bytes(b"PAR1 is how it begins")
    with pytest.raises(ValueError, match="cannot be read as parquet: "):
        Shop.from_transactions(tmp_path)


def test_a_part_without_rows(busy_log, tmp_path):
    busy_log.to_parquet(tmp_path / "1.parquet")
    busy_log[:0].to_parquet(tmp_path / "0.parquet")
    assert_same(read_ledger(tmp_path), read_ledger(load_transactions(busy_log)))


def test_a_repeated_heading(busy_log, tmp_path):
    table = pa.Table.from_pandas(busy_log, preserve_index=False)
    pq.write_table(table.append_column("product", table["product"]), tmp_path / "log.parquet")
    with pytest.raises(ValueError, match="several columns are called 'product'"):
        Shop.from_transactions(tmp_path, columns={name: name for name in busy_log})


INTERRUPTED = """
import signal, sys
from pathlib import Path
from selflearn_env.shop.reading.parquet import open_parquet

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have told its jobs to ignore it
try:
    with open_parquet("log", [Path(sys.argv[1])], "auto") as log:
        print("asks", flush=True)
        log._engine.execute("SELECT sum(a.range * b.range) FROM range(50000) a, range(50000) b").fetchall()
except KeyboardInterrupt as interrupt:
    print("interrupted", repr(interrupt), flush=True)
"""


def test_an_interrupted_query_is_an_interrupt(busy_log, tmp_path):
    """In a process of its own, so that no interrupt meets another test."""
    busy_log.to_parquet(tmp_path / "log.parquet")
    line = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "log.parquet")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "asks\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted KeyboardInterrupt()\n"
