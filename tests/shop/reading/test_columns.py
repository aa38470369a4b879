"""Which column of a log holds what."""

import pytest

from selflearn_env.shop.reading.columns import CANONICAL, find_columns, price_is_total
from selflearn_env.shop.reading.errors import LogError
from selflearn_env.shop.reading.options import Reading

ONLINE_RETAIL = [
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
]
ONLINE_RETAIL_II = [
    *("Invoice", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "Price", "Customer ID", "Country"),
]


@pytest.mark.parametrize("headings", [ONLINE_RETAIL, ONLINE_RETAIL_II])
def test_published_headings_are_recognised(headings):
    assert find_columns(headings, "auto", "log") == dict(zip(CANONICAL, headings[:7], strict=True))


def test_canonical_names_are_recognised_in_any_order():
    assert find_columns(CANONICAL[::-1], "auto", "log") == {name: name for name in CANONICAL}


@pytest.mark.parametrize("variant", [str.upper, str.lower, lambda name: f" {name} ", lambda name: "_".join(name)])
def test_case_spaces_and_underscores_do_not_matter(variant):
    headings = [variant(name) for name in ONLINE_RETAIL]
    assert find_columns(headings, "auto", "log") == dict(zip(CANONICAL, headings[:7], strict=True))


def test_own_names():
    names = dict(zip(CANONICAL, ("bon", "artikel", "naam", "aantal", "datum", "prijs", "klant"), strict=True))
    assert find_columns(["winkel", *names.values()], names, "log") == names


@pytest.mark.parametrize("absent", ["invoice", "description", "price"])
def test_what_may_be_absent(absent):
    found = [name for name in CANONICAL if name != absent]
    assert find_columns(found, "auto", "log") == {name: name for name in found}


@pytest.mark.parametrize("missing", ["product", "quantity", "time", "customer"])
def test_missing_column_is_named_with_what_was_found(missing):
    found = [name for name in CANONICAL if name != missing]
    listed = ", ".join(map(repr, found))
    with pytest.raises(ValueError, match=rf"log\.csv: no column for '{missing}'; found {listed}\..*columns=") as error:
        find_columns(found, "auto", "log.csv")
    assert "\n" not in str(error.value)


def test_who_lacks_what_is_needed_learns_what_else_was_not_found():
    with pytest.raises(ValueError, match=r"no column for 'product'; nor for 'invoice', 'price', which a log may lack"):
        find_columns(["description", "quantity", "time", "customer", "Artikel"], "auto", "log")


@pytest.mark.parametrize("canonical", CANONICAL)
def test_a_mapping_names_what_is_not_recognised(canonical):
    headings = dict(zip(CANONICAL, ONLINE_RETAIL, strict=False)) | {canonical: "x"}
    assert find_columns([*headings.values(), "Country"], {canonical: "x"}, "log") == headings


def test_a_mapping_comes_before_what_is_recognised():
    found = [*CANONICAL, "when"]
    assert find_columns(found, {"time": "when"}, "log")["time"] == "when"
    chosen = find_columns(found, {"product": "description"}, "log")
    assert (chosen["product"], "description" in chosen) == ("description", False)


LOGS = {
    "dunnhumby": (
        ["household_key", "BASKET_ID", "DAY", "PRODUCT_ID", "QUANTITY", "SALES_VALUE", "TRANS_TIME"],
        {"time": "DAY"},
        ["BASKET_ID", "PRODUCT_ID", None, "QUANTITY", "DAY", "SALES_VALUE", "household_key"],
    ),
    "complete journey": (
        ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"],
        {},
        ["basket_id", "product_id", None, "quantity", "transaction_timestamp", "sales_value", "household_id"],
    ),
    "Ta Feng": (
        ["TRANSACTION_DT", "CUSTOMER_ID", "AGE_GROUP", "PRODUCT_ID", "AMOUNT", "ASSET", "SALES_PRICE"],
        {},
        [None, "PRODUCT_ID", None, "AMOUNT", "TRANSACTION_DT", "SALES_PRICE", "CUSTOMER_ID"],
    ),
    "a web shop": (
        ["order_id", "user_id", "sku", "product_name", "qty", "unit price", "created-at", "total"],
        {},
        ["order_id", "sku", "product_name", "qty", "created-at", "unit price", "user_id"],
    ),
    "a till": (
        ["transaction_id", "date", "item_id", "units", "amount", "client.no"],
        {},
        ["transaction_id", "item_id", None, "units", "date", "amount", "client.no"],
    ),
}


@pytest.mark.parametrize(("found", "columns", "expected"), LOGS.values(), ids=LOGS)
def test_headings_of_tills_and_public_logs(found, columns, expected):
    chosen = find_columns(found, columns, "log")
    assert [chosen.get(name) for name in CANONICAL] == expected


@pytest.mark.parametrize(("name", "total"), [("sales_value", True), ("amount", True), ("price", False), ("x", False)])
def test_a_heading_may_say_that_it_is_a_total(name, total):
    assert price_is_total(name) == total


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (["order_id", "basket_id"], "log: 'order_id', 'basket_id' may each be 'invoice'"),
        (["total", "revenue"], "log: 'total', 'revenue' may each be 'price'"),
    ],
)
def test_two_headings_for_one_column_are_both_named(found, complaint):
    with pytest.raises(LogError, match=complaint) as error:
        find_columns([*found, "product", "quantity", "time", "customer"], "auto", "log")
    canonical = complaint.split("'")[-2]
    assert str(error.value).endswith(f"columns={{'{canonical}': '{found[0]}'}}")
    assert error.value.for_command_line().endswith(f"--column {canonical}={found[0]}")


def test_an_amount_that_may_be_either():
    with pytest.raises(LogError, match="log: column 'Amount' may be 'quantity' or 'price'"):
        find_columns(["product", "Amount", "time", "customer"], "auto", "log")


def test_what_is_missing_is_asked_for_in_the_language_of_the_command_line():
    with pytest.raises(LogError) as error:
        find_columns(["product", "quantity", "wann"], "auto", "log")
    assert error.value.for_command_line().endswith("--column 'time=<its name>' --column 'customer=<its name>'")
    assert str(error.value).endswith("columns={'time': '<its name>', 'customer': '<its name>'}")


def test_mapping_to_a_column_that_is_not_there():
    with pytest.raises(ValueError, match="log: there is no column 'klant' for 'customer'; found 'a', 'b'"):
        find_columns(["a", "b"], {"customer": "klant"}, "log")


def test_mapping_of_an_unknown_name():
    with pytest.raises(ValueError, match="no meaning for 'client'; its keys are invoice, product"):
        find_columns(["a"], {"client": "a"}, "log")


def test_columns_of_another_type():
    with pytest.raises(TypeError, match="got 'online_retail'"):
        Reading(columns="online_retail")
