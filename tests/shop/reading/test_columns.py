"""Which column of a log holds what."""

import pytest

from selflearn_env.shop.reading.columns import CANONICAL, find_columns

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


def test_description_may_be_absent():
    found = [name for name in CANONICAL if name != "description"]
    assert find_columns(found, "auto", "log") == {name: name for name in found}


@pytest.mark.parametrize("missing", sorted(set(CANONICAL) - {"description"}))
def test_missing_column_is_named_with_what_was_found(missing):
    found = [name for name in CANONICAL if name != missing]
    listed = ", ".join(map(repr, found))
    with pytest.raises(ValueError, match=rf"log\.csv: no column for '{missing}'; found {listed}\..*columns=") as error:
        find_columns(found, "auto", "log.csv")
    assert "\n" not in str(error.value)


def test_mapping_must_name_every_needed_column():
    with pytest.raises(ValueError, match="log: no column for 'customer'; found 'a'"):
        find_columns(["a"], {name: "a" for name in CANONICAL if name != "customer"}, "log")


def test_mapping_to_a_column_that_is_not_there():
    with pytest.raises(ValueError, match="log: there is no column 'klant' for 'customer'; found 'a', 'b'"):
        find_columns(["a", "b"], {"customer": "klant"}, "log")


def test_mapping_of_an_unknown_name():
    with pytest.raises(ValueError, match="no meaning for 'client'; its keys are invoice, product"):
        find_columns(["a"], {"client": "a"}, "log")


def test_columns_of_another_type():
    with pytest.raises(TypeError, match="got 'online_retail'"):
        find_columns(ONLINE_RETAIL, "online_retail", "log")
