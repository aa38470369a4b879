"""What the cells of a log become, what is refused, and what becomes of every row."""

import numpy as np
import pandas as pd
import pytest

from selflearn_env import load_transactions


@pytest.fixture
def load(online_retail_rows):
    """Loads the four rows with some columns replaced."""
    return lambda date_format=None, **changes: load_transactions(
        online_retail_rows.assign(**changes), date_format=date_format
    )


def mixed(*cells):
    return pd.Series(cells, dtype=object)


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ([10002, 7, 8, 9], ["10002", "7", "8", "9"]),
        ([10002.0, 7.0, 8.0, 9.0], ["10002", "7", "8", "9"]),
        (mixed(10002, "010002", 10002.0, "10002"), ["10002", "010002", "10002", "10002"]),
        (mixed("10002", "010002", " 7 ", "a b"), ["10002", "010002", "7", "a b"]),
        (pd.Categorical(["10002", "010002", "7", "7"]), ["10002", "010002", "7", "7"]),
    ],
    ids=["int", "float", "mixed", "text", "categories"],
)
def test_product_codes(load, cells, codes):
    assert load(StockCode=cells).frame["product"].tolist() == codes
    assert load(InvoiceNo=cells).frame["invoice"].tolist() == codes


@pytest.mark.parametrize(
    "cells",
    [
        [10002.0, np.nan, 8.0, 9.0],
        mixed(10002, None, 8, 9),
        mixed(10002.0, None, 8.0, "9"),
        mixed("10002", "", "8", "9"),
    ],
    ids=["float", "int object", "mixed", "text"],
)
def test_rows_without_a_product_are_counted(load, cells):
    log = load(StockCode=cells)
    assert log.frame["product"].tolist() == ["10002", "8", "9"]
    assert log.report.dropped == {"without product": 1}
    assert (log.report.rows_read, log.report.rows_kept) == (4, 3)


@pytest.mark.parametrize(
    "cells",
    [
        [17850.0, 13047.0, 17850.0, np.nan],
        pd.array([17850, 13047, 17850, None], dtype="Int64"),
        ["17850", "13047", "17850", None],
        ["17850.0", "13047", " 17850 ", ""],
        mixed(17850, "13047", 17850.0, None),
    ],
    ids=["float", "int", "text", "text of floats", "mixed"],
)
def test_numbered_customers_are_equal_however_written(load, cells):
    customers = load(CustomerID=cells).frame["customer"]
    assert customers.dropna().tolist() == [17850, 13047, 17850]
    assert customers.isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["anna", "bob", "anna", None], ["anna", "bob", "anna"]),
        (["17850", "b-2", "17850", None], ["17850", "b-2", "17850"]),
        (["017850", "17850", "017850", None], ["017850", "17850", "017850"]),
        (mixed(17850.0, "bob", 17850, None), ["17850", "bob", "17850"]),
    ],
    ids=["names", "some numbers", "leading zero", "mixed types"],
)
def test_other_customers_stay_text(load, cells, names):
    assert load(CustomerID=cells).frame["customer"].dropna().tolist() == names


@pytest.mark.parametrize("cells", [[np.nan] * 4, [None] * 4, ["", " ", "", None]])
def test_no_customer_at_all(load, cells):
    with pytest.raises(ValueError, match="column 'customer' is empty in all 4 rows"):
        load(CustomerID=cells)


@pytest.mark.parametrize("bad", ["six", "1,006", np.inf])
@pytest.mark.parametrize(("heading", "name"), [("Quantity", "quantity"), ("UnitPrice", "price")])
def test_cell_that_is_no_number(load, heading, name, bad):
    cells = mixed(6, 1, bad, 2)
    with pytest.raises(ValueError, match=f"the DataFrame: column '{name}', row 2: '?{bad}'? is not a number"):
        load(**{heading: cells})


def test_fractional_quantities(load):
    assert load(Quantity=[0.5, -1, 3, 1]).frame["quantity"].tolist() == [0.5, -1, 3, 1]


@pytest.mark.parametrize("cells", [[40513.35, 40514.0, 40515.0, 40516.0], [20101201, 20101202, 20101203, 20101204]])
def test_numbers_are_no_dates(load, cells):
    with pytest.raises(
        ValueError, match=rf"the DataFrame: column 'time' holds numbers such as .*{cells[0]}.*not dates"
    ):
        load(InvoiceDate=cells)


def test_numbers_are_dates_where_the_format_says_so(load):
    log = load(InvoiceDate=[20101201, 20101202, 20101203, 20101204], date_format="%Y%m%d")
    assert log.frame["time"].tolist() == [pd.Timestamp(2010, 12, day) for day in (1, 2, 3, 4)]


def test_dates_with_a_time_zone_keep_their_clock(load, online_retail_rows):
    local = online_retail_rows["InvoiceDate"].dt.tz_localize("Europe/London")
    assert load(InvoiceDate=local).frame["time"].tolist() == online_retail_rows["InvoiceDate"].tolist()


def test_log_without_descriptions(online_retail_rows):
    frame = load_transactions(online_retail_rows.drop(columns="Description")).frame
    assert frame["description"].isna().all()
    assert len(frame) == 4


def test_every_row_is_kept_or_counted_with_its_reason():
    rows = pd.DataFrame(
        [
            ("1", "A", "a", "1", "2010-12-01", "1.0", "9"),
            ("C2", "A", "a", "-1", "2010-12-01", "1.0", "9"),
            ("3", "A", "a", "-2", "2010-12-01", "0.0", None),
            (None, "A", "a", "1", "2010-12-01", "1.0", "9"),
            ("5", None, "a", "1", "2010-12-01", "1.0", "9"),
            ("6", "A", None, "1", "2010-12-01", "1.0", "9"),
            ("7", "A", "a", None, "2010-12-01", "1.0", "9"),
            ("8", "A", "a", "1", None, "1.0", "9"),
            ("9", "A", "a", "1", "2010-12-01", None, "9"),
            (None, None, None, None, None, None, None),
        ],
        columns=["invoice", "product", "description", "quantity", "time", "price", "customer"],
    )
    log = load_transactions(rows)
    assert log.frame["invoice"].tolist() == ["1", "C2", "3", "6"]
    reasons = {"without invoice": 2, "without product": 1, "without quantity": 1, "without time": 1, "without price": 1}
    assert log.report.dropped == reasons
    assert log.report.rows_read == log.report.rows_kept + sum(reasons.values()) == 10
    assert list(log.report.noted.values()) == [1, 2, 1, 2]  # no customer, negative, cancelled, purchases


def test_no_complete_row(load):
    with pytest.raises(ValueError, match=r"no row is complete; dropped .*'without time': 4"):
        load(InvoiceDate=[None] * 4)


@pytest.mark.parametrize(
    ("changes", "bought"),
    [
        ({}, [True, False, False, False]),  # cancelled; free; no customer
        ({"UnitPrice": [1.0, 1.0, 1.0, 1.0]}, [True, False, True, False]),
        ({"Quantity": [0, 1, -3, 1]}, [False, False, False, False]),
        ({"InvoiceNo": ["c1", "2", "3", "4"]}, [False, False, False, False]),
        ({"InvoiceNo": ["CASH", "2", "3", "4"]}, [True, False, False, False]),
        ({"InvoiceNo": ["C1", "C2", "C3", "C4"]}, [True, False, False, False]),  # then C is no mark
    ],
)
def test_what_counts_as_a_purchase(load, changes, bought):
    assert load(**changes).purchases.tolist() == bought
