"""Logs without invoices, without prices, or with the totals of lines."""

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop, load_transactions, rfm_table


@pytest.fixture(scope="module")
def paid_log(busy_log):
    """The rows of the busy log that have a price and are not returned."""
    return busy_log[(busy_log["quantity"] > 0) & (busy_log["price"] > 0)].reset_index(drop=True)


def test_without_invoices_a_customer_and_a_day_make_the_visit(busy_log):
    days = busy_log["time"].dt.strftime("%Y-%m-%d")
    named = busy_log.assign(invoice=days + " " + busy_log["customer"].astype("str").fillna(""))
    found, expected = (Shop.from_transactions(log) for log in (busy_log.drop(columns="invoice"), named))
    assert found.digest == expected.digest
    assert found.report.understood["invoices"] == "none; the rows of a customer on one day make a visit"
    bought = busy_log["customer"].notna() & (busy_log["quantity"] > 0) & (busy_log["price"] > 0)
    visits = found.history.visits.sum() + found.customers.visits().sum()
    assert visits == named["invoice"][bought].nunique()


@pytest.mark.parametrize("way", ["frame", "csv", "parquet", "loaded"])
def test_without_invoices_by_every_road(busy_log, tmp_path, way):
    log = busy_log.drop(columns="invoice")
    expected = Shop.from_transactions(log).digest
    if way == "csv":
        log.to_csv(tmp_path / "log.csv", index=False)
    log.to_parquet(tmp_path / "log.parquet")
    sources = {"frame": log, "loaded": load_transactions(log)}
    assert Shop.from_transactions(sources.get(way, tmp_path / f"log.{way}")).digest == expected


def test_customers_whose_codes_look_cancelled_are_not(busy_log):
    log = busy_log.drop(columns="invoice").assign(customer="C" + busy_log["customer"].astype("str"))
    assert not load_transactions(log).cancelled.any()


def test_the_frame_of_a_log_without_invoices(busy_log):
    frame = load_transactions(busy_log.drop(columns="invoice")).frame
    assert len(frame) == 600
    assert frame["invoice"].notna().all()
    known = frame.dropna(subset=["customer"])
    assert known["invoice"].nunique() == len(set(zip(known["customer"], known["time"].dt.date, strict=True)))


@pytest.mark.parametrize("way", ["frame", "parquet", "loaded"])
def test_without_prices_segments_follow_from_recency_and_frequency(paid_log, tmp_path, way):
    log = paid_log.drop(columns="price")
    log.to_parquet(tmp_path / "log.parquet")
    source = {"frame": log, "parquet": tmp_path / "log.parquet", "loaded": load_transactions(log)}[way]
    shop = Shop.from_transactions(source)
    assert shop.report.understood["price"] == "none; segments follow from recency and frequency alone"
    assert "revenue" not in shop.report.understood
    priced = Shop.from_transactions(paid_log)
    assert shop.history.visits.sum() == priced.history.visits.sum()
    assert {name: len(centres) for name, centres in shop.history.segmentation.centres.items()} == {
        "recency": 4,
        "frequency": 4,
        "monetary": 1,
    }
    measures = ["frequency", "recency", "T"]
    pd.testing.assert_frame_equal(
        rfm_table(load_transactions(log))[measures], rfm_table(load_transactions(paid_log))[measures]
    )


def test_without_prices_what_has_a_quantity_is_bought(busy_log):
    log = load_transactions(busy_log.drop(columns="price"))
    expected = busy_log["customer"].notna() & (busy_log["quantity"] > 0) & ~busy_log["invoice"].str.startswith("C")
    assert log.purchases.tolist() == expected.tolist()
    assert log.frame["price"].isna().all()


def test_the_total_of_a_line_is_its_price_times_its_quantity(busy_log):
    totals = busy_log.assign(price=busy_log["price"] * busy_log["quantity"])
    found = load_transactions(totals, price_is="total")
    unit = load_transactions(busy_log)
    np.testing.assert_allclose(found.frame["price"], unit.frame["price"], rtol=1e-15)
    assert found.report.understood["price"] == "the total of the row"
    assert unit.report.understood["price"] == "the price of one unit"
    assert found.report.understood["revenue"] == unit.report.understood["revenue"]
    bought = unit.purchases
    expected = (busy_log["price"] * busy_log["quantity"])[bought].sum()
    assert unit.report.understood["revenue"] == f"{expected:,.2f}, quantity x price of all purchases"


@pytest.mark.parametrize(("heading", "options"), [("sales_value", {}), ("price", {"price_is": "total"})])
def test_a_heading_or_an_option_says_that_it_is_a_total(busy_log, heading, options):
    totals = busy_log.assign(price=busy_log["price"] * busy_log["quantity"]).rename(columns={"price": heading})
    one = Shop.from_transactions(totals, **options)
    assert one.digest == Shop.from_transactions(load_transactions(totals, **options)).digest
    other = Shop.from_transactions(totals, price_is="unit")
    assert one.report.understood["revenue"] != other.report.understood["revenue"]


def test_a_line_of_no_quantity_has_no_price():
    log = pd.DataFrame(
        {"product": "A", "quantity": [0, 2], "time": pd.Timestamp("2024-01-01"), "total": [3.0, 5.0], "customer": 1}
    )
    assert load_transactions(log).frame["price"].tolist() == [0.0, 2.5]


def test_the_report_says_what_was_taken_for_what_and_what_was_not_used(busy_log):
    log = busy_log.rename(columns={"customer": "user_id"}).assign(till=1)
    understood = load_transactions(log).report.understood
    assert "customer from 'user_id'" in understood["columns"]
    assert understood["not used"] == "'till'"
    assert str(load_transactions(log).report).startswith("columns: invoice from 'invoice'")


def test_how_a_log_was_read_is_kept_with_the_shop(busy_log, tmp_path):
    shop = Shop.from_transactions(busy_log)
    shop.save(tmp_path / "shop.npz")
    loaded = Shop.load(tmp_path / "shop.npz")
    assert loaded.report == shop.report
    assert loaded.digest == shop.digest
