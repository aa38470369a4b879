"""The comparison of simulated customers with visits that were not fitted, against plain loops and known answers."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from selflearn_env.core.pooling import Baskets
from selflearn_env.envs.options import Options
from selflearn_env.shop.resemblance import (
    OURS,
    WORLD,
    calibration,
    checks,
    gains,
    habits,
    overlap,
    popularity,
    tiers,
)


@pytest.fixture(scope="module")
def compared(tiny_shop):
    return checks(tiny_shop, np.random.default_rng(4))


def items(baskets, visit):
    return baskets.item_product[baskets.item_visit == visit].tolist()


def test_the_third_group_shares_no_customer_with_those_fitted(tiny_shop, compared):
    third, _ = compared
    customers = tiny_shop.customers
    fitted, checked = set(third.fitted.visit_customer.tolist()), set(third.checked.visit_customer.tolist())
    assert not fitted & checked
    assert fitted | checked == set(range(20))
    assert len(checked) == 6
    assert len(third.fitted.visit_state) + len(third.checked.visit_state) == len(customers.visit_state)


def test_the_last_two_months_are_the_last_61_days(tiny_shop, compared):
    _, late = compared
    customers = tiny_shop.customers
    last = customers.visit_day.max()
    after = [visit for visit, day in enumerate(customers.visit_day) if day > last - 61]
    assert late.checked.visit_state.tolist() == customers.visit_state[after].tolist()
    assert [items(late.checked, n) for n in range(len(after))] == [items(customers, visit) for visit in after]
    assert len(late.fitted.visit_state) == len(customers.visit_state) - len(after)


def test_what_is_compared_leaves_no_trace_in_the_estimates(tiny_shop):
    """Other purchases of the third group, and of the last two months: every estimate stays as it is."""
    customers = tiny_shop.customers
    for at, check in enumerate(checks(tiny_shop, np.random.default_rng(4))):
        late = customers.visit_day > customers.visit_day.max() - 61
        hidden = late if at else np.isin(customers.visit_customer, check.checked.visit_customer)
        other = customers.item_product.copy()
        other[hidden[customers.item_visit]] = (other[hidden[customers.item_visit]] + 3) % 8
        changed = replace(tiny_shop, customers=replace(customers, item_product=other))
        again = checks(changed, np.random.default_rng(4))[at]
        assert (again.checked.item_product != check.checked.item_product).any()
        for name, incidence in check.incidence.items():
            if at == 0 or name != WORLD:  # the second draw follows on the first, whose fit sees other purchases
                np.testing.assert_array_equal(again.incidence[name], incidence)


def test_gains_are_the_likelihood_above_one_rate(compared):
    for check in compared:
        found = gains(check)
        assert [gain.estimate for gain in found] == list(check.incidence)
        assert found[0].mean == found[0].error == 0.0
        likelihood = {}
        for name, incidence in check.incidence.items():
            likelihood[name] = [
                sum(log(incidence[state, product]) for product in items(check.checked, visit)) - sum(incidence[state])
                for visit, state in enumerate(check.checked.visit_state)
            ]
        for gain in found:
            excess = np.subtract(likelihood[gain.estimate], likelihood[found[0].estimate])
            assert gain.mean == pytest.approx(excess.mean())
            customers = check.checked.visit_customer
            sums = [(excess - excess.mean())[customers == customer].sum() for customer in set(customers.tolist())]
            assert gain.error == pytest.approx(np.sqrt(np.sum(np.square(sums))) / len(excess))


def test_the_log_is_foreseen_better_than_by_its_baselines(retail_shop):
    """Other customers are foreseen better by ours than by popularity, and that better than by the state alone."""
    third, late = (gains(check) for check in checks(retail_shop, np.random.default_rng(0)))
    mean = {gain.estimate: gain.mean for gain in third}
    assert mean[OURS] > mean["popularity over all visits"] + 2 > mean["the state's own counts, not pooled"] + 4
    assert mean[OURS] > mean[WORLD] > 0
    assert {gain.estimate: gain.mean for gain in late}[OURS] > late[1].mean


def test_calibration_adds_up(compared):
    for check in compared:
        for estimate in (OURS, WORLD):
            foreseen, observed, count = calibration(check, estimate).T
            assert count.sum() == len(check.checked.item_product)
            assert (np.diff(foreseen[count > 0]) >= 0).all()
            weight = count[observed > 0] / observed[observed > 0]
            visits = len(check.checked.visit_state) * check.checked.products
            assert weight.sum() == pytest.approx(visits, rel=0.2)  # groups without a purchase are missing


def test_calibration_of_the_truth_is_the_diagonal(compared):
    check = compared[0]
    visits = check.checked.visits()[:, None]
    truth = check.checked.purchases() / np.maximum(visits, 1)
    foreseen, observed, _ = calibration(replace(check, incidence={"truth": truth}), "truth").T
    np.testing.assert_allclose(foreseen, observed)


def test_popularity_counts_the_purchases_of_each_segment(tiny_shop, compared):
    check = compared[0]
    curves = popularity(check, np.random.default_rng(1))
    assert len(curves) == 4
    for segment, (found, simulated) in enumerate(curves):
        counts = [0] * 8
        for visit, product in zip(check.checked.item_visit, check.checked.item_product, strict=True):
            counts[product] += tiny_shop.states.table[check.checked.visit_state[visit], 0] == segment
        assert found.tolist() == sorted(counts, reverse=True)
        assert (np.diff(simulated) <= 0).all()
        assert simulated.sum() == pytest.approx(found.sum(), rel=0.5)


def test_habits_of_visits_that_can_be_counted_by_hand(compared):
    baskets = Baskets(
        visit_state=np.array([0, 0, 5, 5]),
        visit_customer=np.array([0, 1, 0, 0]),
        item_visit=np.array([0, 0, 1, 2, 2, 2, 3]),
        item_product=np.array([1, 2, 1, 2, 3, 4, 2]),
        states=672,
        products=8,
    )
    log_habits, simulated = habits(replace(compared[0], checked=baskets), np.random.default_rng(2))
    assert log_habits.products == 7 / 4
    assert log_habits.spread == pytest.approx(np.std([2, 1, 3, 1]))
    assert log_habits.again == pytest.approx(2 / 7)  # customer 0 buys product 2 three times, the rest once
    assert 0 < simulated.products < 8


def test_simulated_habits_have_the_means_of_the_world(compared):
    check = compared[0]
    chance = 1 - np.exp(-check.incidence[WORLD][check.checked.visit_state])
    found = [habits(check, np.random.default_rng(seed))[1].products for seed in range(200)]
    assert np.mean(found) == pytest.approx(chance.sum(axis=1).mean(), rel=0.02)


def test_the_tier_that_matters_is_found(tiny_shop):
    rng = np.random.default_rng(6)
    state = rng.integers(672, size=3000)
    month = tiny_shop.states.table[state, 1]
    chance = np.where(np.arange(8) == (month % 8)[:, None], 0.8, 0.2)
    visit, product = np.nonzero(rng.random((3000, 8)) < chance)
    baskets = Baskets(state, rng.integers(60, size=3000), visit, product, 672, 8)
    found = {tier.name: tier for tier in tiers(tiny_shop.states, baskets)}
    assert list(found) == ["segment", "month", "half", "weekday"]
    assert found["month"].alone > 0.1 > 0.05 > max(found[name].alone for name in ("segment", "half", "weekday"))
    assert max(tier.last for name, tier in found.items() if name != "month") < 0.02


def test_overlap_is_the_share_of_common_products(tiny_shop):
    simulator = Options(slate_size=3).simulator(tiny_shop)
    best = [set(slate) for slate in simulator.optimal_slate(np.arange(672)).tolist()]
    labels = tiny_shop.states.table.tolist()
    for tier, (name, found) in enumerate(overlap(simulator).items()):
        assert name == tiny_shop.states.tiers[tier].name
        shared = []
        for one, other in ((a, b) for a in range(672) for b in range(a)):
            if [n for n in range(4) if labels[one][n] != labels[other][n]] == [tier]:
                shared.append(len(best[one] & best[other]) / 3)
        assert found == pytest.approx(np.mean(shared))


def test_too_short_a_log_is_an_error(tiny_shop):
    customers = tiny_shop.customers
    short = replace(tiny_shop, customers=replace(customers, visit_day=np.zeros_like(customers.visit_day)))
    with pytest.raises(ValueError, match=r"the last two months cannot be told from the others: .* over 1 days"):
        checks(short, np.random.default_rng(0))
    lonely = replace(tiny_shop, customers=replace(customers, visit_customer=np.zeros_like(customers.visit_customer)))
    with pytest.raises(ValueError, match=r"a third group of customers cannot be told .* 1 simulated customers"):
        checks(lonely, np.random.default_rng(0))
