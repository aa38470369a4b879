"""Shares by month and along the calendar, against loops."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.core.pooling import gamma_of
from selflearn_env.shop.people.present import (
    Present,
    choose_caution,
    daily_shares,
    monthly_shares,
    usual_shares,
)


def loop_daily(journal, visits, months, present, looking_back):
    """(incidence + weight) / (visits + weight / month), purchases and visits of other days weighted down."""
    table = np.zeros((90, 6))
    per_visit = sum(len(bought) for _, _, bought in visits) / len(visits)
    for day in range(90):
        weight = [
            0.0 if looking_back and at >= day else 0.5 ** (abs(day - at) / present.half_life) for _, at, _ in visits
        ]
        for product in range(6):
            bought = sum(w for w, (_, _, basket) in zip(weight, visits, strict=True) if product in basket)
            parent = per_visit * float(months.share[months.row_of_day[day], product])
            table[day, product] = (bought + present.weight) / (sum(weight) + present.weight / parent)
    return table / table.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("looking_back", [False, True])
def test_days_are_the_formula(journal, visits, looking_back, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.people.present.CELLS", 90 * 4)  # in two blocks of products
    months, present = monthly_shares(journal), Present(5.0, 2.0)
    found = daily_shares(journal, months, present, looking_back)
    np.testing.assert_allclose(found.share, loop_daily(journal, visits, months, present, looking_back), rtol=1e-5)
    assert found.row_of_day.tolist() == list(range(90))


def test_a_shop_that_looks_back_does_not_see_the_day_itself_or_later_ones(journal):
    months, present = monthly_shares(journal), Present(5.0, 2.0)
    before = daily_shares(journal.select(journal.day < 40), months, present, looking_back=True)
    every = daily_shares(journal, months, present, looking_back=True)
    per_visit = [part.product.size / part.day.size for part in (journal, journal.select(journal.day < 40))]
    assert per_visit[0] != per_visit[1]  # the only thing that the later days change is the month's scale
    np.testing.assert_allclose(before.share[:41], every.share[:41], rtol=0.05)
    assert not np.allclose(before.share[60], every.share[60], rtol=0.05)


def test_rows_sum_to_one_and_usual_shares_to_one(journal):
    for shares in (usual_shares(journal), monthly_shares(journal)):
        np.testing.assert_allclose(shares.share.sum(axis=1), 1, rtol=1e-5)
        assert shares.usual.sum() == pytest.approx(1)
    assert usual_shares(journal).row_of_day.tolist() == [0] * 90


def test_a_path_drawn_is_as_uncertain_as_its_gamma(journal):
    """With a half-life that never ends all days are one group: Gamma(purchases + weight), beside the scale."""
    months, present = usual_shares(journal), Present(1e9, 3.0)
    rng = np.random.default_rng(5)
    draws = np.array([daily_shares(journal, months, present, gamma=rng.standard_gamma).share[0] for _ in range(4000)])
    shape = np.bincount(journal.product, minlength=6) + 3.0
    rate = journal.day.size + 3.0 / (journal.product.size / journal.day.size * months.share[0])
    expected = rng.standard_gamma(shape, size=(4000, 6)) / rate
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(draws.mean(axis=0), expected.mean(axis=0), rtol=0.03)
    np.testing.assert_allclose(draws.std(axis=0), expected.std(axis=0), rtol=0.1)


def test_a_path_drawn_is_smooth(journal):
    months, present = monthly_shares(journal), Present(14.0, 0.5)
    drawn = daily_shares(journal, months, present, gamma=np.random.default_rng(6).standard_gamma).share[5:25]
    assert np.abs(np.diff(np.log(drawn), axis=0)).max() < 0.2


def test_caution_divides_the_variance():
    mean = np.repeat([0.5, 3.0, 40.0], 100_000)
    drawn = gamma_of(np.random.default_rng(2), 4.0)(mean).reshape(3, -1)
    np.testing.assert_allclose(drawn.mean(axis=1), [0.5, 3.0, 40.0], rtol=0.01)
    np.testing.assert_allclose(drawn.var(axis=1), [0.125, 0.75, 10.0], rtol=0.03)


def seasonal(schedule, products, rng):
    """One purchase in each visit, of a product that sells double in one of the four months."""
    share = 1.0 + (np.arange(products) % 4 == np.arange(4)[:, None])
    chance = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    product = [np.searchsorted(chance[month - 2], rng.random()) for month in schedule.month]
    start = np.arange(schedule.day.size + 1)
    return replace(schedule, product=np.array(product, dtype=np.int32), start=start, products=products)


def test_a_rich_log_is_drawn_as_it_is_and_a_thin_one_with_caution(schedule):
    """About 16 purchases of a product and month in the one, half of one in the other."""
    rich, thin = (seasonal(schedule, products, np.random.default_rng(0)) for products in (60, 2000))
    assert choose_caution(rich, monthly_shares(rich), np.random.default_rng(1)) <= 2
    assert choose_caution(thin, monthly_shares(thin), np.random.default_rng(1)) > 4
