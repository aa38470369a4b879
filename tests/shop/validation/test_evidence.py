"""What a log says on what follows a purchase: logs made by hand with known answers, and slow loops."""

from __future__ import annotations

from itertools import pairwise
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from selflearn_env import Shop
from selflearn_env.shop.validation.evidence import LAGS, SPANS, coming_back, rebuying

START = pd.Timestamp("2023-01-01 10:00")


def shop_of(baskets):
    """A shop whose simulated customers bought these baskets: (customer, day, products), each an invoice."""
    rows = [
        (str(invoice), f"P{product:03}", f"product {product}", 1, START + pd.Timedelta(day, "D"), 2.0, customer)
        for invoice, (customer, day, products) in enumerate(baskets)
        for product in products
    ]
    frame = pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])
    segments = dict.fromkeys(frame["customer"].unique().tolist(), "A")
    return Shop.from_transactions(frame, segments=segments, history_share=1.0)


def baskets_of(shop):
    """Of each customer the days with a purchase, in order, and what was bought on each: {customer: [(day, set)]}."""
    customers, found = shop.customers, {}
    for item, visit in zip(customers.item_product.tolist(), customers.item_visit.tolist(), strict=True):
        of = found.setdefault(int(customers.visit_customer[visit]), {})
        of.setdefault(int(customers.visit_day[visit]), set()).add(item)
    return {customer: sorted(days.items()) for customer, days in found.items()}


def span_of(days):
    """Which of the spans of days this is in."""
    return max(number for number, first in enumerate(SPANS) if first <= days)


def loop_rebuying(shop):
    """As `rebuying` says it, pair by pair."""
    found = baskets_of(shop)
    every = [basket for days in found.values() for _, basket in days]
    usual = sum(map(len, every)) / len(every)
    popularity = {product: sum(product in basket for basket in every) / len(every) for product in range(shop.products)}
    pairs, again, bought, expected = ([0.0] * len(SPANS) for _ in range(4))
    for days in found.values():
        own = []  # the span, the products in both, those expected, and those of the first
        for place, (day, basket) in enumerate(days):
            for later, other in days[place + 1 : place + 1 + LAGS]:
                foreseen = sum(popularity[product] for product in basket) * len(other) / usual
                own.append((span_of(later - day), len(basket & other), foreseen, len(basket)))
        factor = sum(each[1] for each in own) / sum(each[2] for each in own) if own else 0.0
        for span, both, foreseen, size in own:
            pairs[span] += 1
            again[span] += both
            bought[span] += size
            expected[span] += foreseen * factor
    divided = [both / max(size, 1) for both, size in zip(again, bought, strict=True)]
    return pairs, divided, [both / max(of, 1e-12) for both, of in zip(again, expected, strict=True)]


def loop_coming_back(shop):
    """Least squares with a level for each customer, and its error where customers are the units."""
    points = {}
    for customer, days in baskets_of(shop).items():
        own = [(log(len(basket)), log(later - day)) for (day, basket), (later, _) in pairwise(days)]
        if own:
            x_mean, y_mean = (sum(values) / len(own) for values in zip(*own, strict=True))
            points[customer] = [(x - x_mean, y - y_mean) for x, y in own]
    every = [point for own in points.values() for point in own]
    square = sum(x * x for x, _ in every)
    slope = sum(x * y for x, y in every) / square
    scores = [sum(x * (y - slope * x) for x, y in own) for own in points.values()]
    return slope, sqrt(sum(score**2 for score in scores)) / square, len(every)


def check_against_the_loops(shop):
    found, expected = rebuying(shop), loop_rebuying(shop)
    for values, of in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, of, rtol=1e-9, atol=1e-12)
    assert found.pairs.dtype == np.int64
    np.testing.assert_allclose(coming_back(shop), loop_coming_back(shop), rtol=1e-9, atol=1e-12)


def test_the_tiny_log_is_told_as_the_loops_tell_it(tiny_shop):
    check_against_the_loops(tiny_shop)


def test_the_embedded_log_is_told_as_the_loops_tell_it(retail_shop):
    check_against_the_loops(retail_shop)


@pytest.mark.parametrize("seed", range(4))
def test_any_log_is_told_as_the_loops_tell_it(seed):
    """Several invoices on a day, customers who came once, gaps of all spans."""
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.integers(0, 90, size=(6, 12)), axis=1)
    baskets = [
        (customer, int(day), rng.permutation(7)[: rng.integers(1, 7)].tolist())
        for customer, row in enumerate(days)
        for day in row[: 1 if customer == 5 else None]
    ]
    check_against_the_loops(shop_of(baskets))


def test_what_is_never_bought_again_within_thirty_days_is_far_below_what_is_expected_and_then_above():
    """One customer, a week from basket to basket, who goes round five baskets of two: each comes again after 35 days.

    All products are as popular, so every pair expects the same; of the six pairs that begin with a basket the fifth
    has both products, the others none.
    """
    visits = 40
    found = rebuying(shop_of([(1, 7 * k, [2 * (k % 5), 2 * (k % 5) + 1]) for k in range(visits)]))
    in_lag = [visits - lag for lag in range(1, 7)]
    #                       1-3  4-7        8-14       15-30                      31-60
    assert found.pairs.tolist() == [0, in_lag[0], in_lag[1], in_lag[2] + in_lag[3], in_lag[4] + in_lag[5], 0, 0, 0]
    assert found.again.tolist() == [0, 0, 0, 0, in_lag[4] / (in_lag[4] + in_lag[5]), 0, 0, 0]
    assert found.relative[:4].tolist() == [0] * 4
    assert found.relative[4] == pytest.approx(sum(in_lag) / (in_lag[4] + in_lag[5]))
    assert found.relative[4] > 3


def test_where_every_basket_is_the_same_all_is_bought_again_as_expected():
    found = rebuying(shop_of([(customer, 5 * k, [0, 1, 2]) for customer in (1, 2) for k in range(8)]))
    for span in (1, 2, 3):  # 5; 10; 15, 20, 25 and 30 days
        assert found.again[span] == 1
        assert found.relative[span] == pytest.approx(1)
    assert found.pairs.tolist() == [0, 2 * 7, 2 * 6, 2 * (5 + 4 + 3 + 2), 0, 0, 0, 0]


def test_pairs_reach_over_six_days_with_a_purchase_and_never_from_customer_to_customer():
    found = rebuying(shop_of([*((1, k, [0]) for k in range(8)), (2, 3, [0]), (2, 250, [0])]))
    assert found.pairs.tolist() == [7 + 6 + 5, 4 + 3 + 2, 0, 0, 0, 0, 0, 1]  # 1-3 days, 4-6 days, 247


def test_two_invoices_of_a_day_are_one_basket():
    one = shop_of([(1, 0, [0, 1]), (1, 0, [1, 2]), (1, 4, [2, 3]), (1, 4, [3]), (1, 12, [0, 3]), (1, 16, [1])])
    other = shop_of([(1, 0, [0, 1, 2]), (1, 4, [2, 3]), (1, 12, [0, 3]), (1, 16, [1])])
    for of_one, of_other in zip(
        [*rebuying(one), *coming_back(one)], [*rebuying(other), *coming_back(other)], strict=True
    ):
        np.testing.assert_array_equal(of_one, of_other)
    assert coming_back(one).pairs == 3


@pytest.mark.parametrize("slope", [-1, 1, 0])
def test_an_exact_slope_is_found_without_error(slope):
    """Baskets of 1, 2 and 4 products; who buys twice as much comes back in half, twice, or the same time."""
    baskets = []
    for customer, days in ((1, 16), (2, 32)):
        day = 0
        for size in (1, 2, 4, 2, 1, 4):
            baskets.append((customer, day, range(size)))
            day += int(days * float(size) ** slope)
        baskets.append((customer, day, [0]))
    found = coming_back(shop_of(baskets))
    assert found.slope == pytest.approx(slope, abs=1e-12)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.pairs == 12


def test_a_known_slope_is_found_within_its_error():
    """Many customers with a pace of their own, who come back after a random time that goes with the basket."""
    rng = np.random.default_rng(5)
    baskets, slope = [], -0.3
    for customer in range(120):
        pace, day = rng.uniform(10, 40), 0
        for _ in range(12):
            size = int(rng.integers(1, 9))
            baskets.append((customer, day, rng.permutation(12)[:size].tolist()))
            day += max(1, round(pace * size**slope * np.exp(rng.normal(scale=0.3))))
    found = coming_back(shop_of(baskets))
    assert found.pairs == 120 * 11
    assert abs(found.slope - slope) < 3 * found.error
    assert 0.005 < found.error < 0.03  # about 0.3 / sqrt(1320 x 0.45)


def test_what_customers_differ_in_is_not_taken_for_a_slope():
    """Who buys much comes seldom, but no customer comes later or sooner after a larger basket."""
    baskets = []
    for customer, usual, days in ((1, 2, 4), (2, 8, 32)):
        sizes = [usual, usual + 1, usual + 1, usual]
        gaps = [days, days, 2 * days, 2 * days]
        day = 0
        for size, gap in zip(sizes, gaps, strict=True):
            baskets.append((customer, day, range(size)))
            day += gap
        baskets.append((customer, day, [0]))
    found = coming_back(shop_of(baskets))
    assert found.slope == pytest.approx(0, abs=1e-12)


def test_a_log_of_equal_baskets_tells_no_slope():
    found = coming_back(shop_of([(customer, 5 * k, [0, 1]) for customer in (1, 2) for k in range(4)]))
    assert np.isnan(found.slope)
    assert np.isnan(found.error)
    assert found.pairs == 6
