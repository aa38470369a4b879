"""A log made from a shop is a log like others."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn_env import Shop, load_transactions
from selflearn_env.shop import synthetic
from tests.scripts.command import run


def made(out, *arguments):
    done = run("make_log.py", "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    return pd.concat([pd.read_parquet(part) for part in sorted(out.glob("*.parquet"))], ignore_index=True)


@pytest.fixture(scope="module")
def retail_log(tmp_path_factory):
    out = tmp_path_factory.mktemp("retail") / "log"
    return made(out, "--rows", "20_000", "--products", 500, "--customers", 300)


@pytest.fixture(scope="module")
def tiny_variants(shop, tmp_path_factory):
    return made(tmp_path_factory.mktemp("tiny") / "log", "--shop", shop, "--rows", "5_000", "--products", 500)


@pytest.fixture(params=["retail_log", "tiny_variants"])
def made_log(request):
    return request.getfixturevalue(request.param)


def test_equal_seeds_make_equal_rows(shop, tiny_variants, tmp_path):
    arguments = ["--shop", shop, "--rows", "5_000", "--products", 500]
    assert made(tmp_path / "again", *arguments, "--seed", 0).equals(tiny_variants)
    assert not made(tmp_path / "other", *arguments, "--seed", 1).equals(tiny_variants)


def test_columns_are_those_of_online_retail(retail_shop, tmp_path):
    rng = np.random.default_rng(0)
    goods = synthetic.draw_goods(retail_shop, 500, rng)
    days = synthetic.draw_days(retail_shop, synthetic.draw_visits(retail_shop, 2_000, 50, rng), goods, rng)
    synthetic.write_parts(tmp_path, days)
    read = pq.read_schema(tmp_path / "part-0000.parquet")
    assert {field.name: field.type for field in read} == {
        "InvoiceNo": pa.string(),
        "StockCode": pa.string(),
        "Description": pa.string(),
        "Quantity": pa.int64(),
        "InvoiceDate": pa.timestamp("us"),
        "UnitPrice": pa.float64(),
        "CustomerID": pa.int64(),
    }


def test_rows_are_in_the_order_of_time_and_an_invoice_is_one_visit(made_log):
    assert made_log["InvoiceDate"].is_monotonic_increasing
    begins = made_log["InvoiceNo"] != made_log["InvoiceNo"].shift()
    assert begins.sum() == made_log["InvoiceNo"].nunique()
    of_invoice = made_log.groupby("InvoiceNo")[["InvoiceDate", "CustomerID"]].nunique(dropna=False)
    assert (of_invoice == 1).all(axis=None)
    numbers = made_log["InvoiceNo"].str.removeprefix("C").astype(int).unique()
    assert (np.diff(numbers) == 1).all()


def test_a_product_has_one_price_and_one_description(made_log):
    sold = made_log[made_log["UnitPrice"] > 0].groupby("StockCode")[["UnitPrice", "Description"]].nunique()
    assert (sold == 1).all(axis=None)
    assert made_log["StockCode"].nunique() <= 500


def test_what_is_cancelled_was_bought_before_on_that_day(made_log):
    cancelled = made_log["InvoiceNo"].str.startswith("C")
    assert cancelled.mean() == pytest.approx(synthetic.CANCELLED, rel=0.5)
    keys = ["day", "StockCode", "units", "customer"]
    lines = made_log.assign(
        day=made_log["InvoiceDate"].dt.date,
        units=made_log["Quantity"].abs(),
        customer=made_log["CustomerID"].fillna(0),
        row=made_log.index,
    )
    bought = lines[~cancelled & (made_log["Quantity"] > 0)].drop_duplicates(keys)
    found = lines[cancelled].merge(bought, on=keys, how="left")
    assert (found["row_y"] < found["row_x"]).all()
    assert (made_log["Quantity"][cancelled] < 0).all()


def test_corrections_name_nothing_but_the_product(made_log):
    wrong = (made_log["Quantity"] < 0) & ~made_log["InvoiceNo"].str.startswith("C")
    assert 0 < wrong.mean() < 4 * synthetic.CORRECTED
    assert made_log["Description"][wrong].isna().all()
    assert made_log["CustomerID"][wrong].isna().all()
    assert (made_log["UnitPrice"][wrong] == 0).all()
    others = made_log[~wrong]
    assert others["Description"].notna().all()
    assert (others["UnitPrice"] > 0).all()


def test_as_many_rows_have_no_customer_as_in_the_log_of_the_shop(retail_log, retail_shop):
    share = retail_shop.report.dropped["without a customer"] / retail_shop.report.rows_read
    # Few corrections and equally long invoices: the share of the rows is nearly that of the invoices.
    assert retail_log.groupby("InvoiceNo")["CustomerID"].first().isna().mean() == pytest.approx(share, abs=0.04)
    assert retail_log["CustomerID"].nunique() == 300


def test_customers_come_when_the_shop_is_open_and_some_much_more_often(retail_log):
    assert not (retail_log["InvoiceDate"].dt.day_of_week == 5).any()  # on Saturdays nobody buys in Online Retail
    often = retail_log.groupby("CustomerID")["InvoiceNo"].nunique().sort_values()
    assert often.iloc[-30:].sum() > 0.25 * often.sum()
    assert often.iloc[0] == 1


def test_it_can_be_read_and_becomes_a_shop(made_log):
    read = load_transactions(made_log)
    assert read.report.dropped == {}
    again = Shop.from_transactions(read)
    assert 8 < again.products <= 500
    assert again.states.size == 672
    assert again.lives.lives.rate.size >= 50


def test_fewer_products_are_the_most_bought(retail_log, retail_shop):
    bought = np.bincount(retail_shop.customers.item_product)
    least = bought[np.isin(retail_shop.catalogue.ids, retail_log["StockCode"].unique())].min()
    assert (bought > least).sum() < 500


def test_variants_share_what_is_bought_of_a_product(tiny_variants):
    code = tiny_variants["StockCode"].str.split("-", expand=True)
    product, number = code[0], code[1]
    assert set(product) <= {f"P{product}" for product in range(8)}
    described = tiny_variants["Description"].dropna()
    assert (described == ("product " + product.str[1:] + " NO " + number)[described.index]).all()
    first = (number == "1").mean()
    expected = 1 / (1 / np.arange(1, 500 // 8 + 1)).sum()
    assert first == pytest.approx(expected, abs=5 * np.sqrt(expected / len(number)))


def test_baskets_hold_what_is_wanted_in_the_state(retail_shop):
    rng = np.random.default_rng(5)
    goods = synthetic.draw_goods(retail_shop, 5_000, rng)
    incidence, states = retail_shop.demand().incidence, np.array([30, 400])
    lines = synthetic.draw_baskets(states, np.array([300_000, 200_000]), incidence, goods, rng)
    assert np.bincount(lines.invoice).tolist() == [300_000, 200_000]
    ids = list(retail_shop.catalogue.ids)
    product = np.array([ids.index(code.rpartition("-")[0]) for code in goods.code.to_pylist()])
    for visit, state in enumerate(states):
        bought = np.bincount(product[lines.good[lines.invoice == visit]], minlength=len(ids))
        expected = bought.sum() * incidence[state] / incidence[state].sum()
        assert ((bought - expected) ** 2 / expected).sum() == pytest.approx(len(ids), abs=6 * np.sqrt(2 * len(ids)))


def with_lives(shop, clock=None, **known):
    """The parts of a shop that visits are drawn from, with other lives."""
    calendar = shop.lives.calendar()
    return SimpleNamespace(
        lives=SimpleNamespace(
            lives=replace(shop.lives.lives, **known),
            calendar=lambda: calendar if clock is None else replace(calendar, clock=clock),
        ),
        report=shop.report,
        customers=shop.customers,
    )


@pytest.mark.parametrize("leave", [0.0, 0.4])
def test_the_expected_rows_are_those_asked_for(retail_shop, leave):
    shop = with_lives(retail_shop, leave=np.full(retail_shop.lives.lives.rate.size, leave))
    rows = []
    for seed in range(20):
        visits = synthetic.draw_visits(shop, 200_000, 4_000, np.random.default_rng(seed))
        named = visits.customer[visits.customer != synthetic.NOBODY]
        assert np.unique(named).size == 4_000
        assert (np.diff(visits.time) >= 0).all()
        rows.append(visits.time.size * synthetic.basket_sizes(shop).mean())
    rows = np.array(rows) * (1 + synthetic.CANCELLED + synthetic.CORRECTED)
    assert rows.mean() == pytest.approx(200_000, abs=4 * rows.std() / np.sqrt(20))


def test_nobody_comes_after_the_clock_has_stopped(retail_shop):
    clock = retail_shop.lives.calendar().clock.copy()
    clock[-2] = clock[-1]
    last = np.full(retail_shop.lives.lives.rate.size, retail_shop.lives.days - 1)
    shop = with_lives(retail_shop, clock, first_day=last)
    shop.lives.lives.first_day[::2] = 0
    visits = synthetic.draw_visits(shop, 10_000, 200, np.random.default_rng(0))
    assert (visits.time < clock[-1]).all()


def days_of(rows):
    for day in range(rows):
        yield pa.table({"day": [day, day, day]})


def test_no_day_is_in_two_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "PART", 5)
    assert synthetic.write_parts(tmp_path, days_of(5)) == 15
    parts = [pq.read_table(part)["day"].to_pylist() for part in sorted(tmp_path.iterdir())]
    assert parts == [[0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3], [4, 4, 4]]


def test_a_log_that_fails_leaves_no_part(tmp_path, monkeypatch):
    def failing():
        yield from days_of(4)
        raise RuntimeError("no more")

    monkeypatch.setattr(synthetic, "PART", 5)
    with pytest.raises(RuntimeError, match="no more"):
        synthetic.write_parts(tmp_path, failing())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--out", "{out}", "--rows", "0"], 2, "argument --rows: must be at least 1, got 0"),
        (["--out", "{out}", "--products", "0"], 2, "argument --products: must be at least 1, got 0"),
        (["--out", "{out}", "--seed", "-1"], 2, "argument --seed: must be at least 0, got -1"),
        (["--out", "{out}", "--shop", "nothing.npz"], 1, "nothing.npz: there is no such file"),
        (["--out", "{shop}"], 1, "shop.npz"),
        (
            ["--out", "{out}", "--rows", "100", "--customers", "1_000"],
            1,
            "1,000 customers, each of whom comes at least once, make",
        ),
        (
            ["--out", "{out}", "--rows", "10_000_000_000", "--customers", "1"],
            1,
            "change it, or the number of customers",
        ),
        ([], 2, "--out"),
    ],
)
def test_mistakes_are_named(arguments, code, message, shop, tmp_path):
    given = [argument.format(out=tmp_path, shop=shop) for argument in arguments]
    done = run("make_log.py", *(["--shop", shop] if "--shop" not in given and given else []), *given)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


def test_parts_of_another_log_are_left_alone(shop, tmp_path):
    (tmp_path / "part-0007.parquet").write_bytes(b"kept")
    done = run("make_log.py", "--shop", shop, "--out", tmp_path)
    assert done.returncode == 1
    assert "has parts of another log; name another folder, or remove them" in done.stderr
    assert [part.read_bytes() for part in tmp_path.iterdir()] == [b"kept"]
