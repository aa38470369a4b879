"""A log reads the same whatever it is stored as, and a file that cannot be read says so."""

import csv
import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn_env import load_transactions
from selflearn_env.shop.reading.columns import CANONICAL

FORMATS = {
    "utf8.csv": lambda rows, path: rows.to_csv(path, index=False, encoding="utf-8"),
    "bom.csv": lambda rows, path: rows.to_csv(path, index=False, encoding="utf-8-sig"),
    "latin1.csv": lambda rows, path: rows.to_csv(path, index=False, encoding="latin-1"),
    "windows.csv": lambda rows, path: rows.to_csv(path, index=False, lineterminator="\r\n"),
    "us.csv": lambda rows, path: rows.to_csv(path, index=False, date_format="%m/%d/%Y %H:%M:%S"),
    "numbered.csv": lambda rows, path: rows.to_csv(path),
    "LOG.CSV": lambda rows, path: rows.to_csv(path, index=False),
    "log.xlsx": lambda rows, path: rows.to_excel(path, index=False),
    "log.parquet": lambda rows, path: rows.to_parquet(path),
    "nanoseconds.parquet": lambda rows, path: rows.astype({"InvoiceDate": "datetime64[ns]"}).to_parquet(path),
}


def written(rows, folder, name):
    path = folder / name
    FORMATS.get(name, FORMATS["log.parquet"])(rows, path)
    return path


@pytest.fixture
def expected():
    """What the four rows are in canonical columns."""
    return pd.DataFrame(
        {
            "invoice": ["536365", "C536366", "536367", "536368"],
            "product": ["85123A", "010002", "10002", "POST"],
            "description": ["HEART HOLDER", 'MUG, £5\nor "café"', "MUG", "POSTAGE"],
            "quantity": [6, -1, 3, 1],
            "time": pd.to_datetime(["2010-12-01 08:26", "2010-12-01 09:00", "2010-12-13 10:05", "2011-01-02 00:00"]),
            "price": [2.55, 5.0, 0.0, 18.0],
            "customer": pd.array([17850, 13047, 17850, None], dtype="Int64"),
        }
    )


def test_dataframe(online_retail_rows, expected):
    pd.testing.assert_frame_equal(load_transactions(online_retail_rows).frame, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_file(online_retail_rows, expected, tmp_path, name):
    path = written(online_retail_rows, tmp_path, name)
    pd.testing.assert_frame_equal(load_transactions(path).frame, expected)
    pd.testing.assert_frame_equal(load_transactions(str(path)).frame, expected)


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
@pytest.mark.parametrize(
    "headings",
    [
        ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID"],
        list(CANONICAL),
    ],
    ids=["Online Retail II", "canonical"],
)
def test_other_headings(online_retail_rows, expected, tmp_path, name, headings):
    renamed = online_retail_rows.rename(columns=dict(zip(online_retail_rows.columns, headings, strict=False)))
    path = tmp_path / name
    {"utf8.csv": renamed.to_csv, "log.xlsx": renamed.to_excel, "log.parquet": renamed.to_parquet}[name](
        path, index=False
    )
    pd.testing.assert_frame_equal(load_transactions(path).frame, expected)


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
def test_own_mapping(online_retail_rows, expected, tmp_path, name):
    path = written(online_retail_rows, tmp_path, name)
    mapping = dict(zip(CANONICAL, online_retail_rows.columns, strict=False))
    mapping["product"] = "Description"
    found = load_transactions(path, columns=mapping).frame
    pd.testing.assert_frame_equal(found, expected.assign(product=expected["description"]))


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
def test_codes_of_digits_keep_their_zeros(online_retail_rows, tmp_path, name):
    rows = online_retail_rows.assign(StockCode=["10002", "010002", "0010002", "7"])
    path = written(rows, tmp_path, name)
    assert load_transactions(path).frame["product"].tolist() == ["10002", "010002", "0010002", "7"]


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
def test_codes_that_look_like_missing_values(online_retail_rows, tmp_path, name):
    rows = online_retail_rows.assign(StockCode=["NA", "N/A", "n/a", "<NA>"])
    path = written(rows, tmp_path, name)
    assert load_transactions(path).frame["product"].tolist() == ["NA", "N/A", "n/a", "<NA>"]


@pytest.mark.parametrize("numbers", [[10002, 7, 10, 10002], [10002.0, 7.0, 10.0, 10002.0]], ids=["int", "float"])
@pytest.mark.parametrize("name", ["log.xlsx", "log.parquet"])
def test_numeric_codes_of_a_file_become_text(online_retail_rows, tmp_path, name, numbers):
    path = written(online_retail_rows.assign(StockCode=numbers), tmp_path, name)
    assert load_transactions(path).frame["product"].tolist() == ["10002", "7", "10", "10002"]


def test_dates_as_text_in_a_workbook(online_retail_rows, expected, tmp_path):
    times = online_retail_rows["InvoiceDate"].dt.strftime("%m/%d/%Y %H:%M")
    path = written(online_retail_rows.assign(InvoiceDate=times), tmp_path, "log.xlsx")
    assert load_transactions(path).frame["time"].tolist() == expected["time"].tolist()


def test_every_sheet_of_a_workbook_is_read(online_retail_rows, tmp_path):
    """The workbook of Online Retail II has one sheet per year; a log that loses a year loses it silently."""
    path = tmp_path / "two_years.xlsx"
    with pd.ExcelWriter(path) as workbook:
        online_retail_rows.to_excel(workbook, sheet_name="Year 2009-2010", index=False)
        online_retail_rows.to_excel(workbook, sheet_name="Year 2010-2011", index=False)
    report = load_transactions(path).report
    assert report.rows_read == 2 * len(online_retail_rows)
    assert report.understood["sheets"] == "'Year 2009-2010', 'Year 2010-2011'"


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
def test_row_of_a_bad_cell(online_retail_rows, tmp_path, name):
    """A table's first row of data is line 2 of a spreadsheet, and row 0 of a Parquet file."""
    path = written(online_retail_rows.assign(Quantity=["6", "-1", "three", "1"]), tmp_path, name)
    row = 2 if name.endswith("parquet") else 4
    with pytest.raises(ValueError, match=rf"{name}: column 'quantity', row {row}: 'three' is not a number"):
        load_transactions(path)


@pytest.mark.parametrize("name", ["utf8.csv", "log.xlsx", "log.parquet"])
def test_log_without_rows(online_retail_rows, tmp_path, name):
    path = written(online_retail_rows.iloc[:0], tmp_path, name)
    with pytest.raises(ValueError, match=f"{name}: the log has no rows"):
        load_transactions(path)


@pytest.mark.parametrize("name", ["log.csv", "log.xlsx", "log.parquet"])
def test_file_without_content(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=name):
        load_transactions(tmp_path / name)


@pytest.mark.parametrize("name", ["log.xlsx", "log.parquet"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_broken_file(online_retail_rows, tmp_path, name, share):
    """A share of 0 stands for a text that was given the wrong ending."""
    path = written(online_retail_rows, tmp_path, name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))] or b"invoice,product\n1,2\n")
    with pytest.raises(ValueError, match=f"{name}: cannot be read as"):
        load_transactions(path)


def test_damaged_parquet_is_refused_by_name(online_retail_rows, tmp_path):
    """Damage to a value cannot be told from a value; what is said names the file."""
    path = written(online_retail_rows, tmp_path, "log.parquet")
    whole, rng = path.read_bytes(), np.random.default_rng(5)

    def complaint_about(content):
        path.write_bytes(content)
        try:
            load_transactions(path)
        except ValueError as error:
            return str(error)
        return None

    damaged = [bytearray(whole) for _ in range(50)]
    for content in damaged:
        content[rng.integers(len(whole))] ^= int(rng.integers(1, 256))
    complaints = list(filter(None, map(complaint_about, damaged)))
    assert complaints
    assert [complaint for complaint in complaints if "log.parquet: " not in complaint] == []


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: there is no such file"):
        load_transactions(tmp_path / "nowhere.csv")


def test_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="the folder has no file that ends in"):
        load_transactions(tmp_path)


def test_unknown_ending(tmp_path):
    (tmp_path / "log.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"log\.json: a log ends in \.csv, .*\.parquet.*, not '\.json'"):
        load_transactions(tmp_path / "log.json")


def test_neither_path_nor_frame(online_retail_rows):
    with pytest.raises(TypeError, match="a path, a DataFrame or an Arrow table, got dict"):
        load_transactions(online_retail_rows.to_dict())


def test_dataframe_with_a_repeated_heading(online_retail_rows):
    repeated = pd.concat([online_retail_rows, online_retail_rows[["StockCode"]]], axis=1)
    with pytest.raises(ValueError, match=r"the DataFrame: .*'StockCode'"):
        load_transactions(repeated)


def test_dataframe_is_left_as_it_is(online_retail_rows):
    before = online_retail_rows.copy()
    frame = load_transactions(online_retail_rows).frame
    frame["quantity"] *= 2
    frame.loc[0, "product"] = "changed"
    pd.testing.assert_frame_equal(online_retail_rows, before)


def test_a_sheet_with_some_of_the_columns_must_not_get_lost(online_retail_rows, tmp_path):
    path = tmp_path / "log.xlsx"
    with pd.ExcelWriter(path) as workbook:
        online_retail_rows.to_excel(workbook, sheet_name="one", index=False)
        online_retail_rows.rename(columns={"CustomerID": "Kunde"}).to_excel(workbook, sheet_name="two", index=False)
    with pytest.raises(ValueError, match="sheet 'two': no column for 'customer'"):
        load_transactions(path)


def test_a_sheet_of_notes_is_no_part_of_the_log(online_retail_rows, tmp_path):
    path = tmp_path / "log.xlsx"
    with pd.ExcelWriter(path) as workbook:
        pd.DataFrame({"notes": ["exported on Monday"]}).to_excel(workbook, sheet_name="notes", index=False)
        online_retail_rows.to_excel(workbook, sheet_name="log", index=False)
    report = load_transactions(path).report
    assert report.dropped == {"of sheet 'notes', which has other headings": 1}
    assert report.rows_kept == report.rows_read - 1 == len(online_retail_rows)


def test_two_columns_for_one_name_are_not_guessed(online_retail_rows):
    rows = online_retail_rows.assign(Price=online_retail_rows["UnitPrice"])
    with pytest.raises(ValueError, match="'UnitPrice', 'Price' may each be 'price'"):
        load_transactions(rows)


def test_csv_with_a_repeated_heading(online_retail_rows, tmp_path):
    path = tmp_path / "log.csv"
    repeated = pd.concat([online_retail_rows, online_retail_rows[["UnitPrice"]] * 7], axis=1)
    repeated.to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"log\.csv: .*'UnitPrice'"):
        load_transactions(path)


def test_a_stray_cell_at_the_end_of_a_sheet(online_retail_rows, tmp_path):
    """Whoever sets aside memory for every cell before it needs 17 billion; a column that is not read does no harm."""
    path = tmp_path / "log.xlsx"
    online_retail_rows.to_excel(path, index=False)
    workbook = openpyxl.load_workbook(path)
    workbook.active["XFD1048576"] = "x"
    workbook.save(path)
    report = load_transactions(path).report
    assert report.dropped == {"without invoice": 1}
    assert report.rows_kept == len(online_retail_rows)
    assert report.understood["empty rows"] == f"{2**20 - 2 - len(online_retail_rows):,}, not counted as rows"


def test_cells_of_several_kinds_in_a_workbook(online_retail_rows, expected, tmp_path):
    """Numbers stored as text, which Excel marks with a green corner, beside numbers, and dates beside moments."""
    path = tmp_path / "log.xlsx"
    online_retail_rows.to_excel(path, index=False)
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.active
    sheet["F2"], sheet["D3"], sheet["E5"] = "2,55", "-1", datetime.date(2011, 1, 2)
    workbook.save(path)
    pd.testing.assert_frame_equal(load_transactions(path).frame, expected)


@pytest.mark.parametrize(("cell", "complaint"), [("D3", "column 'quantity', row 3"), ("F3", "column 'price', row 3")])
def test_truth_in_a_workbook_is_no_number(online_retail_rows, tmp_path, cell, complaint):
    path = tmp_path / "log.xlsx"
    online_retail_rows.to_excel(path, index=False)
    workbook = openpyxl.load_workbook(path)
    workbook.active[cell] = True
    workbook.save(path)
    with pytest.raises(ValueError, match=rf"log\.xlsx: {complaint}: 'True' is bool, which is no number; convert it"):
        load_transactions(path)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.text('"\n,;\t| C0.9a', max_size=8),
    st.sampled_from(["NA", "nan", "1.0", "2.0", "17", "-3", "9007199254740993", "007"]),
)
LINES = st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, st.integers(-3, 9), st.sampled_from([0.0, 0.25, 1234.5]))


@settings(max_examples=75)
@given(st.lists(LINES, min_size=1, max_size=8), st.sampled_from(",;|\t"), st.sampled_from(",."))
def test_a_csv_of_any_texts_reads_like_its_frame(lines, separator, decimal):
    """Unless it is refused, which is right where lines within quotes look like rows."""
    log = pd.DataFrame(lines, columns=["invoice", "product", "description", "customer", "quantity", "price"])
    log = log.assign(time=pd.Timestamp("2024-02-13"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        log.to_csv(path, index=False, sep=separator, decimal=decimal, quoting=csv.QUOTE_ALL)
        try:
            found = load_transactions(path)
        except ValueError as error:
            if "a quote that opens" not in str(error):
                with pytest.raises(ValueError, match=r"the DataFrame: "):
                    load_transactions(log)
            return
    expected = load_transactions(log)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.report.rows_read, found.report.dropped) == (expected.report.rows_read, expected.report.dropped)
