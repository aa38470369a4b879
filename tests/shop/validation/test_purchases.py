"""The comparison of simulated customers with visits that were not fitted, against plain loops and known answers."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from selflearn_env import Shop
from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling_fit import fit_pooling
from selflearn_env.core.tables import SparseTable
from selflearn_env.envs.options import Options
from selflearn_env.shop.validation import purchases
from selflearn_env.shop.validation.incidence import Incidence
from selflearn_env.shop.validation.overlap import overlap
from selflearn_env.shop.validation.purchases import (
    OURS,
    POPULARITY,
    WORLD,
    calibration,
    checks,
    gain_over,
    gains,
    habits,
    popularity,
    tiers,
)


@pytest.fixture(scope="module")
def compared(tiny_shop):
    return checks(tiny_shop, np.random.default_rng(4))


def items(baskets, visit):
    return baskets.item_product[baskets.item_visit == visit].tolist()


def whole(incidence):
    """(S, P) of all states."""
    return incidence.rows(np.arange(672)).astype(float)


def test_each_customer_is_compared_once_and_foreseen_from_others(tiny_shop, compared):
    others, _ = compared
    customers = tiny_shop.customers
    assert others.name == "other customers"
    groups = [set(part.checked.visit_customer.tolist()) for part in others.parts]
    assert [len(group) for group in groups] == [7, 7, 6]
    assert set().union(*groups) == set(range(20))
    assert others.visits == len(customers.visit_state)
    for part, group in zip(others.parts, groups, strict=True):
        own = [visit for visit, customer in enumerate(customers.visit_customer) if customer in group]
        assert part.checked.visit_state.tolist() == customers.visit_state[own].tolist()
        assert [items(part.checked, n) for n in range(len(own))] == [items(customers, visit) for visit in own]


def test_the_last_two_months_are_the_last_61_days(tiny_shop, compared):
    _, late = compared
    customers = tiny_shop.customers
    last = customers.visit_day.max()
    after = [visit for visit, day in enumerate(customers.visit_day) if day > last - 61]
    (part,) = late.parts
    assert part.checked.visit_state.tolist() == customers.visit_state[after].tolist()
    assert [items(part.checked, n) for n in range(len(after))] == [items(customers, visit) for visit in after]


def test_what_is_compared_leaves_no_trace_in_the_estimates(tiny_shop, compared):
    """Other purchases of the customers, or months, compared: every estimate stays as it is."""
    customers = tiny_shop.customers
    late = customers.visit_day > customers.visit_day.max() - 61
    hidden_in = [np.isin(customers.visit_customer, part.checked.visit_customer) for part in compared[0].parts]
    for hidden, at, number in [*((hidden, 0, number) for number, hidden in enumerate(hidden_in)), (late, 1, 0)]:
        other = customers.item_product.copy()
        other[hidden[customers.item_visit]] = (other[hidden[customers.item_visit]] + 3) % 8
        changed = replace(tiny_shop, customers=replace(customers, item_product=other))
        before, after = compared[at].parts[number], checks(changed, np.random.default_rng(4))[at].parts[number]
        assert (after.checked.item_product != before.checked.item_product).any()
        for name, incidence in before.incidence.items():
            if name != WORLD or (at, number) == (0, 0):  # later draws follow on earlier ones, which see the change
                np.testing.assert_array_equal(whole(after.incidence[name]), whole(incidence))


def test_gains_are_the_likelihood_above_one_rate(compared):
    for check in compared:
        found = gains(check)
        assert [gain.estimate for gain in found] == list(check.parts[0].incidence)
        assert found[0].mean == found[0].error == 0.0
        likelihood = {}
        for name in check.estimates:
            likelihood[name] = [
                sum(log(rates[state, product]) for product in items(part.checked, visit)) - sum(rates[state])
                for part, rates in ((part, whole(part.incidence[name])) for part in check.parts)
                for visit, state in enumerate(part.checked.visit_state)
            ]
        customers = np.concatenate([part.checked.visit_customer for part in check.parts])
        for gain in found:
            excess = np.subtract(likelihood[gain.estimate], likelihood[found[0].estimate])
            assert gain.mean == pytest.approx(excess.mean())
            sums = [(excess - excess.mean())[customers == customer].sum() for customer in set(customers.tolist())]
            assert gain.error == pytest.approx(np.sqrt(np.sum(np.square(sums))) / len(excess))


def test_a_gain_over_another_estimate_is_their_difference_paired(compared):
    for check in compared:
        mean = {gain.estimate: gain.mean for gain in gains(check)}
        found, error = gain_over(check, OURS, POPULARITY)
        assert found == pytest.approx(mean[OURS] - mean[POPULARITY])
        assert 0 < error < max(gain.error for gain in gains(check)[1:])


def test_the_log_is_foreseen_better_than_by_its_baselines(retail_shop):
    """Other customers are foreseen better by ours than by popularity, and that better than by the state alone."""
    others, late = (gains(check) for check in checks(retail_shop, np.random.default_rng(0)))
    mean = {gain.estimate: gain.mean for gain in others}
    assert mean[OURS] > mean["popularity over all visits"] + 2 > mean["the state's own counts, not pooled"] + 4
    assert mean[OURS] > mean[WORLD] > 0
    assert {gain.estimate: gain.mean for gain in late}[OURS] > late[1].mean


def test_calibration_is_the_loop_over_visits(compared):
    for check in compared:
        for estimate in (OURS, WORLD):
            sums = np.zeros((4, 10))  # foreseen, observed, squared difference, visits times products
            for part in check.parts:
                came, incidence = part.checked.visits(), whole(part.incidence[estimate])
                # What is equal but for the last ten bits of a 4-byte float, such as 1.0 and 1.00001, stays together.
                key = {pair: incidence[pair].astype(np.float32).view(np.uint32) // 1024 for pair in np.ndindex(672, 8)}
                pairs = sorted(key, key=key.get)
                running = np.cumsum([came[pair[0]] * incidence[pair] for pair in pairs])
                last = {key[pair]: so_far for pair, so_far in zip(pairs, running, strict=True)}
                decile = {pair: min(9, int(10 * last[key[pair]] / running[-1])) for pair in pairs}
                for customer in set(part.checked.visit_customer.tolist()):
                    difference = np.zeros(10)
                    for visit in np.flatnonzero(part.checked.visit_customer == customer):
                        state = int(part.checked.visit_state[visit])
                        bought = items(part.checked, visit)
                        for product in range(8):
                            group = decile[state, product]
                            sums[0, group] += incidence[state, product]
                            sums[1, group] += product in bought
                            sums[3, group] += 1
                            difference[group] += (product in bought) - incidence[state, product]
                    sums[2] += difference**2
            expected = np.stack([sums[0], sums[1], np.sqrt(sums[2])], axis=1) / sums[3][:, None]
            np.testing.assert_allclose(calibration(check, estimate), expected, rtol=1e-9)


def test_a_decile_without_products_has_no_figures(compared, monkeypatch):
    monkeypatch.setattr(purchases, "_deciles", lambda *_: np.zeros(2**purchases.BIN_BITS, dtype=np.int8))
    found = calibration(compared[0])
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


def test_popularity_counts_the_purchases_of_each_segment(tiny_shop, compared):
    for check in compared:
        curves = popularity(check)
        assert len(curves) == 4
        for segment, pair in enumerate(curves):
            for which, found in zip(("checked", "simulated"), pair, strict=True):
                counts = [0] * 8
                for baskets in (getattr(part, which) for part in check.parts):
                    for visit, product in zip(baskets.item_visit, baskets.item_product, strict=True):
                        counts[product] += tiny_shop.states.table[baskets.visit_state[visit], 0] == segment
                assert found.tolist() == sorted(counts, reverse=True)


def test_habits_of_visits_that_can_be_counted_by_hand(compared):
    baskets = Baskets(
        visit_state=np.array([0, 0, 5, 5]),
        visit_customer=np.array([0, 1, 0, 0]),
        item_visit=np.array([0, 0, 1, 2, 2, 2, 3]),
        item_product=np.array([1, 2, 1, 2, 3, 4, 2]),
        states=672,
        products=8,
    )
    part = compared[0].parts[0]
    log_habits, simulated = habits(replace(compared[0], parts=(part._replace(checked=baskets),)))
    assert log_habits.products == 7 / 4
    assert log_habits.spread == pytest.approx(np.std([2, 1, 3, 1]))
    assert log_habits.again == pytest.approx(2 / 7)  # customer 0 buys product 2 three times, the rest once
    assert 0 < simulated.products < 8


def test_simulated_visits_are_those_compared_in_the_drawn_world(tiny_shop):
    """How often each product is bought, in sum and one by one, is within four standard errors of what it should be.

    Each product of each of six parts is a count, whose squared error has the mean 1 and about the variance 2. With the
    incidence taken for the chance, the sum is nine standard errors off and the squared errors have a mean of 6.
    """
    bought, expected, variance = [], [], []
    for seed in range(2):
        for part in checks(tiny_shop, np.random.default_rng(seed))[0].parts:
            assert part.simulated.visit_state is part.checked.visit_state
            assert part.simulated.visit_customer is part.checked.visit_customer
            pairs = part.simulated.item_visit * 8 + part.simulated.item_product
            assert len(set(pairs.tolist())) == len(pairs)
            bought.append(np.bincount(part.simulated.item_product, minlength=8))
            chance = 1 - np.exp(-whole(part.incidence[WORLD])[part.checked.visit_state])
            expected.append(chance.sum(axis=0))
            variance.append((chance * (1 - chance)).sum(axis=0))
    assert np.sum(bought) == pytest.approx(np.sum(expected), abs=4 * np.sqrt(np.sum(variance)))
    squares = np.subtract(bought, expected) ** 2 / np.array(variance)
    assert squares.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / squares.size))


def figures(shop):
    """All that is compared."""
    found = checks(shop, np.random.default_rng(4))
    return [
        (gains(check), calibration(check), calibration(check, WORLD), popularity(check), habits(check))
        for check in found
    ]


def test_tables_that_keep_their_filled_cells_give_the_same_figures(tiny_shop, monkeypatch):
    expected = figures(tiny_shop)
    monkeypatch.setattr("selflearn_env.core.tables.DENSE", 0)
    for module in ("incidence", "purchases"):
        monkeypatch.setattr(f"selflearn_env.shop.validation.{module}.CELLS", 400)  # blocks of fifty states
    assert isinstance(tiny_shop.customers.purchases(), SparseTable)
    for ours, theirs in zip(figures(tiny_shop), expected, strict=True):
        for one, other in zip(ours[0], theirs[0], strict=True):
            assert one.estimate == other.estimate
            assert one[1:] == pytest.approx(other[1:], rel=1e-9)
        for one, other in zip(ours[1:3], theirs[1:3], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)
        np.testing.assert_array_equal(np.array(ours[3]), np.array(theirs[3]))
        assert ours[4] == theirs[4]


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
    assert found["month"].last > 0.1 > 0.05 > max(found[name].last for name in ("segment", "half", "weekday"))
    complete = fit_pooling(baskets, tiny_shop.states.shape)
    without = fit_pooling(baskets, tiny_shop.states.shape, [0, 2, 3])
    assert all(1 not in level.tiers for level in without.levels)
    gains_of = [sum(level.gain for level in pooling.levels) for pooling in (complete, without)]
    assert found["month"].last == pytest.approx(gains_of[0] - gains_of[1])


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


def test_a_comparison_that_the_log_does_not_allow_is_left_out(tiny_shop):
    customers = tiny_shop.customers
    short = replace(customers, visit_day=np.zeros_like(customers.visit_day))
    assert [check.name for check in checks(replace(tiny_shop, customers=short), np.random.default_rng(0))] == [
        "other customers"
    ]
    lonely = replace(customers, visit_customer=np.zeros_like(customers.visit_customer))
    assert [check.name for check in checks(replace(tiny_shop, customers=lonely), np.random.default_rng(0))] == [
        "the last two months"
    ]
    both = replace(short, visit_customer=lonely.visit_customer)
    with pytest.raises(ValueError, match=r"nothing to compare with: the shop has 1 simulated customers over 1 days"):
        checks(replace(tiny_shop, customers=both), np.random.default_rng(0))


def test_states_that_differ_in_nothing_share_no_products(tiny_log):
    shop = Shop.from_transactions(tiny_log, segments=dict.fromkeys(range(100, 140), "A"))
    found = overlap(Options(slate_size=3).simulator(shop))
    assert [name for name, share in found.items() if np.isnan(share)] == ["segment"]


def test_each_decile_has_a_tenth_of_the_purchases_foreseen_the_lowest_rates_first():
    rng = np.random.default_rng(6)
    rates, visits = rng.gamma(0.5, 0.1, size=(400, 50)), rng.integers(1, 9, size=400)
    decile = purchases._deciles(Incidence(lambda some: rates[some], rates.shape), visits)[purchases._bins(rates)]
    foreseen = np.bincount(decile.ravel(), (visits[:, None] * rates).ravel(), minlength=10)
    np.testing.assert_allclose(foreseen / foreseen.sum(), 0.1, atol=0.002)
    assert (np.diff(decile.ravel()[np.argsort(rates.ravel())].astype(int)) >= 0).all()
