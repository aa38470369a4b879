"""A log made from a shop is a log like others."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from selflearn_env import Shop, load_transactions
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.synthetic import rows as rows_of_log
from selflearn_env.shop.synthetic.goods import draw_goods, rates_of_goods
from selflearn_env.shop.synthetic.purchases import NOBODY, draw_purchases
from selflearn_env.shop.synthetic.visits import CANCELLED, CORRECTED, Habits, count_persons, draw_visits, unnamed_times
from selflearn_env.shop.validation.habits import habits as habits_of
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


@pytest.fixture(scope="module")
def people(retail_shop):
    return retail_shop.people


@pytest.fixture(params=["retail_log", "tiny_variants"])
def made_log(request):
    return request.getfixturevalue(request.param)


def test_equal_seeds_make_equal_rows(shop, tiny_variants, tmp_path):
    arguments = ["--shop", shop, "--rows", "5_000", "--products", 500]
    assert made(tmp_path / "again", *arguments, "--seed", 0).equals(tiny_variants)
    assert not made(tmp_path / "other", *arguments, "--seed", 1).equals(tiny_variants)


def goods_of(shop, people, goods):
    return draw_goods(shop.catalogue, people.months.usual, goods, np.random.default_rng(4))


def test_columns_are_those_of_online_retail(retail_shop, people, tmp_path):
    rng, goods = np.random.default_rng(0), goods_of(retail_shop, people, 500)
    purchases = draw_purchases(Habits.of(retail_shop), people, goods, 2_000, 50, rng)
    rows_of_log.write_parts(tmp_path, rows_of_log.draw_days(purchases, goods, retail_shop.customers.first_date, rng))
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


def test_customers_come_at_all_hours_and_products_cost_what_is_usual(retail_shop, people):
    rng, goods = np.random.default_rng(0), goods_of(retail_shop, people, 500)
    purchases = draw_purchases(Habits.of(retail_shop), people, goods, 2_000, 50, rng)
    rows = pa.concat_tables(rows_of_log.draw_days(purchases, goods, 14_000, rng)).to_pandas()
    first = rows[rows["Quantity"] > 0].groupby("InvoiceNo")["InvoiceDate"].first()
    hours = (first - first.dt.normalize()) / pd.Timedelta(hours=1)
    assert hours.between(8, 18).all()
    assert hours.mean() == pytest.approx(13, abs=5 * 10 / 12**0.5 / len(hours) ** 0.5)  # from 8 to 18, each alike
    price = np.log(goods.price)
    assert np.median(price) == pytest.approx(np.log(1.95), abs=0.2)
    assert price.std() == pytest.approx(1.0, abs=0.15)


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
    assert cancelled.mean() == pytest.approx(CANCELLED, rel=0.5)
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
    assert 0 < wrong.mean() < 4 * CORRECTED
    assert made_log["Description"][wrong].isna().all()
    assert made_log["CustomerID"][wrong].isna().all()
    assert (made_log["UnitPrice"][wrong] == 0).all()
    others = made_log[~wrong]
    assert others["Description"].notna().all()
    assert (others["UnitPrice"] > 0).all()


def test_as_many_rows_have_no_customer_as_in_the_log_of_the_shop(retail_log, retail_shop):
    share = retail_shop.report.dropped["without a customer"] / retail_shop.report.rows_read
    # Few corrections and equally long invoices: the share of the rows is nearly that of the invoices.
    invoices = retail_log[retail_log["Quantity"] > 0].groupby("InvoiceNo")["CustomerID"].first()
    assert invoices.isna().mean() == pytest.approx(share, abs=0.01)
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


def journal_of(purchases, people, customers, goods):
    """The visits of the customers who are named."""
    named = np.flatnonzero(purchases.customer != NOBODY)
    order = named[np.lexsort((purchases.time[named], purchases.customer[named]))]
    size = purchases.size[order]
    return Journal(
        customer=purchases.customer[order],
        day=np.searchsorted(purchases.clock, purchases.time[order], side="right") - 1,
        start=np.concatenate([[0], np.cumsum(size)]),
        product=np.concatenate([purchases.goods(slice(visit, visit + 1)) for visit in order.tolist()]),
        month_of_day=people.months.row_of_day,
        customers=customers,
        products=len(goods.product),
    )


def test_persons_have_the_habits_of_the_shop_s_customers(retail_shop, people):
    """Beside a few wholesalers, whom no distribution of this kind has: standard deviations come out smaller."""
    rng, goods, habits = np.random.default_rng(1), goods_of(retail_shop, people, 3675), Habits.of(retail_shop)
    assert len(goods.product) == retail_shop.products
    customers = count_persons(habits, people, 800_000, rng)
    purchases = draw_purchases(habits, people, goods, 800_000, customers, rng)
    made = habits_of(journal_of(purchases, people, customers, goods).by_day())
    log = habits_of(Journal.from_population(retail_shop.customers, retail_shop.states).by_day())
    assert made.repeat_share == pytest.approx(log.repeat_share, abs=4)
    assert made.basket_mean == pytest.approx(log.basket_mean, rel=0.07)
    assert made.basket_sd == pytest.approx(log.basket_sd, rel=0.25)
    assert made.basket_quantiles == pytest.approx(log.basket_quantiles, rel=0.1, abs=1)
    assert made.products_mean == pytest.approx(log.products_mean, rel=0.1)
    assert made.products_sd == pytest.approx(log.products_sd, rel=0.3)
    assert made.top_ten == pytest.approx(log.top_ten, abs=0.5)
    unnamed = (purchases.customer == NOBODY).mean()
    assert unnamed == pytest.approx(habits.nobody, abs=0.001)


def test_variants_are_wanted_as_their_product_is(retail_shop, people):
    goods = goods_of(retail_shop, people, 10_000)
    rates = rates_of_goods(people.rates, goods)
    found = np.stack([np.bincount(goods.product, weights=row, minlength=3675) for row in rates.shares.share[:5]])
    np.testing.assert_allclose(found, people.shares.share[:5], rtol=1e-5)
    assert rates.shares.share.flags.c_contiguous  # the loops read the goods of a time one after the other
    every, row = np.arange(10_000), np.zeros(10_000, dtype=np.int64)
    np.testing.assert_allclose(rates.shares.season(row, every), people.shares.season(row, goods.product), rtol=1e-5)


def test_what_is_bought_again_is_the_same_variant(retail_shop, people):
    rng, goods = np.random.default_rng(2), goods_of(retail_shop, people, 10 * 3675)
    purchases = draw_purchases(Habits.of(retail_shop), people, goods, 200_000, 2_000, rng)
    journal = journal_of(purchases, people, 2_000, goods)
    products = replace(journal, product=goods.product[journal.product].astype(np.int32), products=3675)
    # By chance two purchases of a product are of one variant in less than a fifth of the cases.
    assert (goods.share[goods.product == 0] ** 2).sum() < 0.2
    assert journal.repeated.sum() > 0.5 * products.repeated.sum()


def test_nothing_of_a_single_customer_is_used(retail_shop, people):
    """Neither rates, segments and spends nor purchases: the same comes out without them."""
    known = retail_shop.lives.lives
    nothing = np.full(known.rate.size, np.nan)
    lives = SimpleNamespace(
        lives=replace(known, first_day=known.first_day[::-1], rate=nothing, leave=nothing, spend=nothing),
        calendar=retail_shop.lives.calendar,
        model_of=lambda chosen: retail_shop.lives.model_of(chosen[::-1]),
    )
    bare = SimpleNamespace(lives=lives, report=retail_shop.report, people=people)
    goods = goods_of(retail_shop, people, 500)
    one, same = (
        draw_purchases(Habits.of(shop), people, goods, 5_000, 100, np.random.default_rng(3))
        for shop in (retail_shop, bare)
    )
    np.testing.assert_array_equal(one.time, same.time)
    np.testing.assert_array_equal(one.good, same.good)


def test_where_nobody_comes_twice_persons_come_once(tiny_log, tmp_path):
    once = tiny_log[tiny_log["invoice"] == tiny_log.groupby("customer")["invoice"].transform("first")]
    once.to_csv(tmp_path / "once.csv", index=False)
    done = run("build", tmp_path / "once.csv", "--out", tmp_path / "once.npz")
    assert done.returncode == 0, done.stderr
    log = made(tmp_path / "log", "--shop", tmp_path / "once.npz", "--rows", "5_000")
    assert len(log) == pytest.approx(5_000, rel=0.1)
    bought = log[(log["Quantity"] > 0)]
    assert (bought.groupby("CustomerID")["InvoiceNo"].nunique() == 1).all()


@pytest.mark.parametrize("stays", [True, False])
def test_the_expected_rows_are_those_asked_for(retail_shop, people, stays):
    habits = Habits.of(retail_shop)
    assert habits.lives is not None
    lives = tuple(replace(each, a=1e-6 if stays else 4.0, b=10.0) for each in habits.lives)
    habits, rows = replace(habits, lives=lives), []
    level = habits.level
    for seed in range(20):
        rng = np.random.default_rng(seed)
        activity = people.draw_newcomers(4_000, rng).activity
        visits = draw_visits(habits, activity, 200_000, rng)
        assert np.unique(visits.person).size == 4_000
        assert (np.diff(visits.time)[np.diff(visits.person) == 0] >= 0).all()
        day = np.searchsorted(habits.clock, visits.time, side="right") - 1
        named = np.maximum(level[day] * activity[visits.person], 1).sum()
        unnamed = unnamed_times(habits, visits, rng).size
        rows.append(named * (1 + unnamed / visits.time.size))
    found = np.array(rows) * (1 + CANCELLED + CORRECTED)
    assert found.mean() == pytest.approx(200_000, abs=4 * found.std() / np.sqrt(20))


def test_nobody_comes_after_the_clock_has_stopped(retail_shop, people):
    habits = Habits.of(retail_shop)
    clock, first = habits.clock.copy(), np.zeros_like(habits.first)
    clock[-2] = clock[-1]
    first[[0, -1]] = 0.5
    visits = draw_visits(
        replace(habits, clock=clock, first=first), np.full(200, 20.0), 10_000, np.random.default_rng(0)
    )
    assert (visits.time < clock[-1]).all()


def days_of(rows):
    for day in range(rows):
        yield pa.table({"day": [day, day, day]})


def test_no_day_is_in_two_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_of_log, "PART", 5)
    assert rows_of_log.write_parts(tmp_path, days_of(5)) == 15
    parts = [pq.read_table(part)["day"].to_pylist() for part in sorted(tmp_path.iterdir())]
    assert parts == [[0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3], [4, 4, 4]]


def test_a_log_that_fails_leaves_no_part(tmp_path, monkeypatch):
    def failing():
        yield from days_of(4)
        raise RuntimeError("no more")

    monkeypatch.setattr(rows_of_log, "PART", 5)
    with pytest.raises(RuntimeError, match="no more"):
        rows_of_log.write_parts(tmp_path, failing())
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
            ["--out", "{out}", "--rows", "2_000_000_000", "--customers", "1"],
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
