"""The sample log: its script makes these bytes, and it reads as a shop's export does, however it was exported."""

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop, load_transactions
from selflearn_env.datasets import SALES
from selflearn_env.datasets.sales import make_sales

SUMMER, WINTER = (6, 7, 8), (11, 12)


@pytest.fixture(scope="module")
def shop():
    return Shop.from_transactions(SALES)


def test_the_script_makes_the_file():
    made = make_sales()
    assert made == SALES.read_bytes()
    assert len(made) < 150_000


def test_all_of_it_is_read():
    log = load_transactions(SALES)
    assert log.report.rows_read == SALES.read_bytes().count(b"\n") - 1
    assert sum(log.report.dropped.values()) == 0
    frame = log.frame
    assert frame["customer"].nunique() == 150
    assert frame["time"].dt.month.nunique() == 12
    assert 0 < (frame["quantity"] < 0).sum() < 0.05 * len(frame)
    assert 0 < frame["customer"].isna().sum() < 0.05 * len(frame)
    assert (frame["product"] == "POST").any()


def test_postage_is_not_for_sale(shop):
    assert shop.products == 120
    assert "POST" not in shop.catalogue.ids
    assert all(name == name.strip() and not name.isupper() for name in shop.catalogue.descriptions.tolist())


def test_each_season_has_its_goods(shop):
    month = shop.history.states.table[:, 1] + 1
    bought = np.asarray(shop.history.purchases)
    family = np.array([code[:2] for code in shop.catalogue.ids.tolist()])
    for code, season in (("SU", SUMMER), ("WI", WINTER)):
        in_season = bought[np.isin(month, season)].sum(axis=0)
        share = in_season[family == code].sum() / in_season.sum()
        of_all = bought[:, family == code].sum() / bought.sum()
        assert share > 1.5 * of_all, code


def test_customers_come_back_for_what_they_bought():
    frame = load_transactions(SALES).frame.dropna(subset="customer")
    bought = frame[(frame["quantity"] > 0) & (frame["product"] != "POST")]
    assert bought.groupby("customer")["time"].nunique().median() >= 4
    others = bought.assign(product=np.random.default_rng(0).permutation(bought["product"]))
    again, by_chance = (each.duplicated(["customer", "product"]).mean() for each in (bought, others))
    assert again > 1.5 * by_chance


def test_a_european_export_gives_the_same_shop(shop, tmp_path):
    sales = pd.read_csv(SALES, parse_dates=["date"], dtype={"customer_id": "string"})
    sales["total"] = (sales["quantity"] * sales.pop("unit_price")).round(2)
    path = tmp_path / "export.csv"
    sales.to_csv(path, sep=";", decimal=",", date_format="%d.%m.%Y", encoding="latin-1", index=False)
    assert "Café".encode("latin-1") in path.read_bytes()
    export = Shop.from_transactions(path)
    assert export.report.understood["price"] == "the total of the row"
    assert export.report.understood["revenue"] == shop.report.understood["revenue"]
    assert np.array_equal(export.catalogue.descriptions, shop.catalogue.descriptions)
    assert np.array_equal(export.history.purchases, shop.history.purchases)
