"""The same content gives the same shop, by whatever road it comes."""

import gzip
import zipfile
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn_env import Shop, load_transactions


def as_csv(log, path, **options):
    log.to_csv(path, index=False, **options)
    return path


def as_gzip(log, path):
    path.write_bytes(gzip.compress(as_csv(log, path.with_suffix(".csv"), sep="\t").read_bytes()))
    return path


def as_zip(log, path):
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(as_csv(log, path.with_suffix(".csv")), "a till/log.csv")
        packed.writestr("__MACOSX/._log.csv", b"of no interest")
    return path


def as_workbook(log, path):
    with pd.ExcelWriter(path) as workbook:
        log[:100].to_excel(workbook, sheet_name="2023", index=False)
        log[100:].rename(columns={"customer": "Customer ID"}).to_excel(workbook, sheet_name="2024", index=False)
    return path


def as_parquet(log, path):
    log.to_parquet(path)
    return path


def as_parts(log, path):
    path.mkdir()
    for part in range(3):
        log[part * 200 : (part + 1) * 200].to_parquet(path / f"{part}.parquet")
    return path


ROADS = {
    "csv": lambda log, folder: as_csv(log, folder / "log.csv"),
    "excel of Europe": lambda log, folder: as_csv(
        log, folder / "log.csv", sep=";", decimal=",", encoding="cp1252", date_format="%d.%m.%Y %H:%M:%S"
    ),
    "unicode of Windows": lambda log, folder: as_csv(log, folder / "log.txt", sep="\t", encoding="utf-16"),
    "pipes": lambda log, folder: as_csv(log, folder / "log.csv", sep="|", encoding="utf-8-sig", lineterminator="\r\n"),
    "missing as a database writes it": lambda log, folder: as_csv(log, folder / "log.csv", na_rep=r"\N"),
    "missing as R writes it": lambda log, folder: as_csv(log, folder / "log.csv", na_rep="NA"),
    "gzip": lambda log, folder: as_gzip(log, folder / "log.tsv.gz"),
    "zip": lambda log, folder: as_zip(log, folder / "log.zip"),
    "xlsx": lambda log, folder: as_workbook(log, folder / "log.xlsx"),
    "parquet": lambda log, folder: as_parquet(log, folder / "log.parquet"),
    "parts": lambda log, folder: as_parts(log, folder / "log"),
    "frame": lambda log, _: log,
    "frame of objects": lambda log, _: log.astype(object),
    "frame of texts": lambda log, _: log.astype({"time": "str", "price": "str", "customer": "str"}),
    "frame of decimals": lambda log, _: log.assign(price=[Decimal(str(price)) for price in log["price"]]),
    "arrow": lambda log, _: pa.Table.from_pandas(log),
    "arrow batches": lambda log, _: pa.Table.from_pandas(log).to_reader(max_chunksize=7),
    "polars": lambda log, _: pl.from_pandas(log).with_columns(pl.col("product").cast(pl.Categorical)),
    "loaded": lambda log, _: load_transactions(log),
}


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_every_road_gives_the_same_shop(busy_log, tmp_path, road):
    expected = Shop.from_transactions(busy_log)
    found = Shop.from_transactions(road(busy_log, tmp_path))
    assert found.digest == expected.digest
    assert found.report.understood["revenue"] == expected.report.understood["revenue"]


WAYS = {
    "frame": lambda log, _: log,
    "csv": ROADS["csv"],
    "parquet": ROADS["parquet"],
    "arrow": ROADS["arrow"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("column", ["customer", "product", "invoice"])
def test_whole_numbers_beyond_floating_point_stay_distinct(busy_log, tmp_path, way, column):
    large = 2**53 + np.arange(600)
    log = busy_log.assign(**{column: pd.array(large, dtype="Int64").to_numpy(dtype=object)})
    log.loc[::7, "customer"] = None  # a column with missing cells must not turn to floating point
    found = load_transactions(way(log, tmp_path)).frame[column]
    expected = [str(number) for number in (np.delete(large, np.s_[::7]) if column == "customer" else large)]
    assert found.dropna().astype("str").tolist() == expected


@pytest.mark.parametrize("column", ["customer", "product", "invoice"])
def test_whole_numbers_that_floating_point_has_merged_are_refused(busy_log, column):
    log = busy_log.assign(**{column: 2.0**53 + np.arange(600)})
    with pytest.raises(ValueError, match=f"column '{column}', row 0: 9007199254740992 is a floating point number"):
        load_transactions(log)


MISSING = ["", " ", "nan", "NaN", "NA", "N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "None", r"\N"]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("text", MISSING)
def test_what_writes_missing_is_nobody(busy_log, tmp_path, way, text):
    cells = busy_log["customer"].astype("str").fillna(text)
    found = load_transactions(way(busy_log.assign(customer=cells), tmp_path)).frame["customer"]
    pd.testing.assert_series_equal(found, load_transactions(busy_log).frame["customer"])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("text", MISSING)
def test_what_writes_missing_is_no_number_and_no_date(busy_log, tmp_path, way, text):
    log = busy_log.astype({"price": "str", "quantity": "str", "time": "str"})
    log.loc[[3, 5], "price"], log.loc[[8], "quantity"], log.loc[[11], "time"] = text, text, text
    dropped = load_transactions(way(log, tmp_path)).report.dropped
    assert dropped == {"without quantity": 1, "without time": 1, "without price": 2}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_customer_that_is_no_number_splits_no_other(busy_log, tmp_path, way):
    cells = busy_log["customer"].astype("str").where(np.arange(600) % 2 == 0, busy_log["customer"].astype("str") + ".0")
    cells[0] = "staff"
    customers = load_transactions(way(busy_log.assign(customer=cells), tmp_path)).frame["customer"]
    assert set(customers.dropna()) == {"staff", *(str(number) for number in range(500, 530))}


def kind_of(*cells):
    return [cells[row % len(cells)] for row in range(600)]


REFUSED = {
    "truth as quantity": ({"quantity": kind_of(True, False)}, "'quantity' holds bool, which are no numbers"),
    "dates as price": ({"price": pd.date_range("2023", periods=600)}, r"'price' holds timestamp\[\w+\], which are no"),
    "durations as price": ({"price": pd.to_timedelta(range(600))}, r"'price' holds duration\[\w+\], which are no"),
    "complex prices": ({"price": np.ones(600) * 1j}, r"'price', row 0: '1j' is complex\w*, which is no number"),
    "truth among numbers": (
        {"quantity": kind_of(1, 2.5, True)},
        "'quantity', row 2: 'True' is bool, which is no number",
    ),
    "lists as products": ({"product": kind_of(["a"], ["b"])}, "'product'.* (holds list|is list, which is no code)"),
    "structs as customers": (
        {"customer": kind_of({"a": 1}, {"a": 2})},
        "'customer'.* (holds struct|is dict, which is no code)",
    ),
    "bytes as invoices": ({"invoice": kind_of(b"a", b"b")}, "'invoice', row 0: .* is bytes, which is no code"),
    "the end of all time": ({"time": kind_of("2023-01-01", "9999-12-31")}, "'time', row 1: 9999-12-31.* lies outside"),
    "the year 0": ({"time": kind_of("2023-01-01", "0000-01-01")}, "'time', row 1: 0000-01-01 .* lies outside"),
    "a very long code": ({"product": kind_of("a", "b" * 201)}, "'product', row 1: a code has 200 characters at most"),
}


@pytest.mark.parametrize(("columns", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(busy_log, columns, complaint):
    with pytest.raises(ValueError, match=f"^the DataFrame: column {complaint}"):
        load_transactions(busy_log.assign(**columns))


@pytest.mark.parametrize("way", ["parquet", "arrow"])
@pytest.mark.parametrize("name", ["truth as quantity", "dates as price", "lists as products", "structs as customers"])
def test_what_cannot_be_meant_is_refused_by_its_type(busy_log, tmp_path, way, name):
    columns, complaint = REFUSED[name]
    with pytest.raises(ValueError, match=f"column {complaint}"):
        load_transactions(WAYS[way](busy_log.assign(**columns), tmp_path))


def test_a_long_description_is_cut(busy_log):
    found = load_transactions(busy_log.assign(description="x" * 10_000)).frame["description"]
    assert set(found) == {"x" * 500}


def test_a_code_that_ends_in_nul_is_the_code(busy_log):
    log = busy_log.assign(product=busy_log["product"] + kind_of("", "\0"))
    assert Shop.from_transactions(log).digest == Shop.from_transactions(busy_log).digest


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_line_that_adds_up_others_is_no_row(busy_log, tmp_path, way):
    last = busy_log[-1:].assign(invoice="Grand Total:", quantity=busy_log["quantity"].sum(), customer=501)
    report = load_transactions(way(pd.concat([busy_log, last]), tmp_path)).report
    assert report.dropped == {"of a row that adds up others": 1}
    assert report.rows_kept == 600


@pytest.mark.parametrize("way", ["parquet", "arrow"])
def test_a_time_zone_that_nobody_knows(busy_log, tmp_path, way):
    table = pa.Table.from_pandas(busy_log)
    there = table["time"].cast(pa.timestamp("us", "Mars/Phobos"))
    table = table.set_column(table.column_names.index("time"), "time", there)
    pq.write_table(table, tmp_path / "log.parquet")
    with pytest.raises(ValueError, match="column 'time' is in the time zone 'Mars/Phobos', which is unknown"):
        load_transactions({"parquet": tmp_path / "log.parquet", "arrow": table}[way])


def test_moments_beyond_all_calendars(busy_log):
    table = pa.Table.from_pandas(busy_log)
    times = pa.array([2**62] * 600, pa.timestamp("s"))
    with pytest.raises(ValueError, match="the table: column 'time' is out of range"):
        load_transactions(table.set_column(table.column_names.index("time"), "time", times))
