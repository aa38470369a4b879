"""The comparison of the persons' model with visits that were not fitted, against plain loops; gains reached."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from selflearn_env.shop.people.fit import fit_people
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.validation.baskets import real_hits
from selflearn_env.shop.validation.habits import (
    LATE,
    TURNS,
    Habits,
    habits,
    products_per_customer,
    repeat_shares,
    simulated,
)
from selflearn_env.shop.validation.hits import hits
from selflearn_env.shop.validation.persons import (
    DRAW,
    STEPS,
    comes_again,
    gains,
    has_earlier_days,
    last_months,
    other_customers,
)
from selflearn_env.shop.validation.purchases import checks
from selflearn_env.shop.validation.purchases import gains as gains_by_state


@pytest.fixture(scope="module")
def journal(tiny_shop):
    return Journal.from_population(tiny_shop.customers, tiny_shop.states)


@pytest.fixture(scope="module")
def compared(journal):
    return [check(journal, np.random.default_rng(4)) for check in (other_customers, last_months)]


def test_each_customer_is_foreseen_from_others(journal, compared):
    others, late = compared
    groups = [set(part.checked.customer.tolist()) for part in others.parts]
    assert [len(group) for group in groups] == [7, 7, 6]
    for part, group in zip(others.parts, groups, strict=True):
        assert not group & set(part.fitted.customer.tolist())
        assert part.scored.all()
    (part,) = late.parts
    assert part.fitted.day.max() <= journal.day.max() - 61
    assert (part.checked.day[part.scored] > journal.day.max() - 61).all()


def test_levels_are_the_likelihood_above_one_rate(compared):
    """With all products' rates of the last step, worked out one by one."""
    for check in compared:
        likelihood = []
        for part in check.parts:
            persons, journal = part.people.foreseen(part.checked), part.checked
            rates = replace(part.people.rates, shares=part.followed or part.people.months)
            same = part.fitted.size.mean()
            for visit in np.flatnonzero(part.scored):
                row = rates.of_visits(journal, np.array([visit]), persons.rows(np.array([visit])))[0]
                own = journal.product[journal.start[visit] : journal.start[visit + 1]]
                base = len(own) * log(same / 8) - same
                likelihood.append(sum(log(row[product]) for product in own) - row.sum() - base)
        np.testing.assert_allclose(check.likelihood["present"], likelihood, rtol=1e-5)


def test_popularity_foresees_what_it_foresees_in_the_check_by_state(tiny_shop, compared):
    """The groups of customers are the same there, and what persons are like makes no difference to this step."""
    for check, by_state in zip(compared, checks(tiny_shop, np.random.default_rng(4)), strict=True):
        assert check.name == by_state.name
        found = next(gain for gain in gains(check) if gain.step == "popularity")
        expected = next(gain for gain in gains_by_state(by_state) if gain.estimate == "popularity over all visits")
        assert (found.level, found.error) == pytest.approx((expected.mean, expected.error), rel=1e-4)


def test_gains_are_paired_differences_with_customers_as_units(compared):
    for check in compared:
        found = gains(check)
        assert [gain.step for gain in found] == [*STEPS, DRAW]
        before = np.zeros(check.customer.size)
        for gain in found:
            own = check.likelihood[gain.step]
            assert gain.level == pytest.approx(own.mean())
            difference = own - before
            assert gain.gain == pytest.approx(difference.mean())
            sums = [(difference - difference.mean())[check.customer == who].sum() for who in set(check.customer)]
            assert gain.gain_error == pytest.approx(np.sqrt(np.sum(np.square(sums))) / own.size)
            before = own


def test_hits_are_counted_in_the_baskets(compared):
    """The greatest rates, of all products and of those that the customer has not bought, one visit at a time."""
    check = compared[0]
    found, new, foreseen = 0, 0, 0.0
    for part in check.parts:
        persons, journal = part.people.foreseen(part.checked), part.checked
        rates = replace(part.people.rates, shares=part.followed or part.people.months)
        for visit in range(journal.day.size):
            row = rates.of_visits(journal, np.array([visit]), persons.rows(np.array([visit])))[0]
            ranked = np.argsort(-row).tolist()
            own = set(journal.product[journal.start[visit] : journal.start[visit + 1]].tolist())
            before = set(journal.product[journal.start[journal.first[visit]] : journal.start[visit]].tolist())
            found += len(set(ranked[:3]) & own)
            foreseen += (1 - np.exp(-row[ranked[:3]])).sum()
            new += len(set([product for product in ranked if product not in before][:3]) & own)
    named = {hit.slate: hit for hit in hits(check, shown=3)}
    assert named["personal"].found == pytest.approx(found / check.customer.size)
    assert named["personal"].foreseen == pytest.approx(foreseen / check.customer.size)
    assert named["new_personal"].found == pytest.approx(new / check.customer.size)


def test_real_hits_are_common_products(journal):
    slates = np.random.default_rng(1).permuted(np.tile(np.arange(8), (journal.day.size, 1)), axis=1)[:, :3]
    expected = [
        len(set(slate) & set(journal.product[journal.start[visit] : journal.start[visit + 1]].tolist()))
        for visit, slate in enumerate(slates.tolist())
    ]
    assert real_hits(journal, slates).tolist() == expected


def test_of_a_large_log_some_customers_are_enough(compared, monkeypatch):
    check = compared[0]
    monkeypatch.setattr("selflearn_env.shop.validation.hits.MOST_VISITS", check.customer.size // 3)
    sizes = np.concatenate([part.checked.size[part.checked.customer % 3 == 0] for part in check.parts])
    assert {hit.slate: hit for hit in hits(check, shown=8)}["best_sellers"].found == pytest.approx(sizes.mean())


def test_what_is_compared_leaves_no_trace_in_what_is_fitted(journal, compared):
    group = np.isin(journal.customer, compared[0].parts[0].checked.customer)
    other = journal.product.copy()
    hidden = group[journal.item_visit]
    other[hidden] = (other[hidden] + 3) % 8
    changed = other_customers(replace(journal, product=other), np.random.default_rng(4))
    before, after = compared[0].parts[0].people, changed.parts[0].people
    np.testing.assert_array_equal(after.rates.shares.share, before.rates.shares.share)
    np.testing.assert_array_equal(after.taste.shape, before.taste.shape)
    assert after.choice.present_gain == before.choice.present_gain


def test_habits_are_the_loop(journal):
    found = habits(journal)
    sizes, again, different = [], 0, {}
    for visit in range(journal.day.size):
        own = journal.product[journal.start[visit] : journal.start[visit + 1]].tolist()
        known = different.setdefault(int(journal.customer[visit]), set())
        again += sum(product in known for product in own)
        known.update(own)
        sizes.append(len(own))
    assert found.basket_mean == pytest.approx(np.mean(sizes))
    assert found.repeat_share == pytest.approx(100 * again / sum(sizes))
    assert found.products_mean == pytest.approx(np.mean([len(known) for known in different.values()]))


def test_what_is_bought_again_by_earlier_visits_is_the_loop(journal):
    bought, again = np.zeros((2, len(TURNS)))
    for visit in range(journal.day.size):
        turn = int(visit - journal.first[visit])
        if turn < TURNS[0]:
            continue
        span = max(place for place, first in enumerate(TURNS) if first <= turn)
        known = set(journal.product[journal.start[journal.first[visit]] : journal.start[visit]].tolist())
        own = journal.product[journal.start[visit] : journal.start[visit + 1]].tolist()
        bought[span] += len(own)
        again[span] += sum(product in known for product in own)
    some = bought > 0
    np.testing.assert_allclose(repeat_shares(journal)[some], 100 * again[some] / bought[some])
    assert np.isnan(repeat_shares(journal)[~some]).all()
    late = np.array(TURNS) >= LATE
    assert habits(journal).repeat_share_late == pytest.approx(100 * again[late].sum() / bought[late].sum())
    assert products_per_customer(journal).sum() == np.unique(journal.pair).size


def test_whether_anybody_comes_again(journal):
    assert comes_again(journal)
    firsts = journal.select(np.arange(journal.day.size) == journal.first)
    assert not comes_again(firsts)
    assert has_earlier_days(journal)
    assert not has_earlier_days(journal.select(journal.day > journal.day.max() - 61))


def test_too_small_logs_are_refused(journal):
    few = replace(journal.select(journal.customer < 5), customers=5)
    with pytest.raises(ValueError, match="has 5 simulated customers; it takes 6"):
        other_customers(few, np.random.default_rng(0))
    with pytest.raises(ValueError, match="takes more than 61"):
        last_months(journal.select(journal.day < 40), np.random.default_rng(0))


@pytest.fixture(scope="module")
def embedded(retail_shop):
    """800 of the 2,167 customers of the embedded log: enough for tastes to be found, in a third of the time."""
    journal = Journal.from_population(retail_shop.customers, retail_shop.states)
    return replace(journal.select(journal.customer < 800), customers=800)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "topics", "steps", "least"),
    [
        (other_customers, [(1, 4)], ("popularity", "month", "repeat", "activity", "present"), 27.5),
        (last_months, [], ("popularity", "month", "repeat", "taste", "present"), 36.0),
    ],
)
def test_each_step_foresees_more_of_the_embedded_log(embedded, check, topics, steps, least):
    """Of other customers, fitted three times, few topics are enough; of the last months all numbers are tried."""
    found = {gain.step: gain for gain in gains(check(embedded, np.random.default_rng(0), *topics))}
    for step in steps:
        assert found[step].gain > 2 * found[step].gain_error, step
    assert found["taste"].gain > 0
    assert found["present"].level > least
    assert found[DRAW].gain > -2.5  # drawn with caution, a world keeps most of this


@pytest.mark.slow
def test_simulated_visits_are_like_those_of_the_embedded_log(embedded):
    days = embedded.by_day()
    people = fit_people(days, np.random.default_rng(0), (4,))
    draws = [habits(simulated(days, people, np.random.default_rng(seed))) for seed in range(5)]
    log_has, found = habits(days), Habits(*(np.mean(figure, axis=0) for figure in zip(*draws, strict=True)))
    assert found.repeat_share == pytest.approx(log_has.repeat_share, abs=4)
    assert found.basket_mean == pytest.approx(log_has.basket_mean, rel=0.05)
    assert found.basket_sd == pytest.approx(log_has.basket_sd, rel=0.2)  # a few wholesalers make it
    assert found.products_mean == pytest.approx(log_has.products_mean, abs=4)
    assert found.top_ten == pytest.approx(log_has.top_ten, rel=0.1)
