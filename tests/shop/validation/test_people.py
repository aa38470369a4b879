"""The comparison of the persons' model with visits that were not fitted, against plain loops; figures reached."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from selflearn_env.shop.people.fit import fit_people
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.validation.people import (
    DRAW,
    STEPS,
    figures,
    gains,
    habits,
    hits,
    last_months,
    other_customers,
    simulated,
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
    check = compared[0]
    found, known = 0, 0
    for part in check.parts:
        persons, journal = part.people.foreseen(part.checked), part.checked
        rates = replace(part.people.rates, shares=part.followed or part.people.months)
        for visit in range(journal.day.size):
            row = rates.of_visits(journal, np.array([visit]), persons.rows(np.array([visit])))[0]
            best = set(np.argsort(-row)[:3].tolist())
            own = set(journal.product[journal.start[visit] : journal.start[visit + 1]].tolist())
            before = set(journal.product[journal.start[journal.first[visit]] : journal.start[visit]].tolist())
            found += len(best & own)
            known += len((best & own) - before)
    personal = next(hit for hit in hits(check, shown=3) if hit.slate == "personal")
    assert personal.found == pytest.approx(found / check.customer.size)
    assert personal.new == pytest.approx(known / check.customer.size)


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


def test_figures_are_named(journal, compared):
    people = fit_people(journal, np.random.default_rng(0))
    found = figures(compared, simulated(journal, people, np.random.default_rng(1)))
    for name in ("nats.other_customers.taste", "nats.last_months.present", "simulated.repeat_share", "hits.personal"):
        assert np.isfinite(found[name])


def test_too_small_logs_are_refused(journal):
    few = replace(journal.select(journal.customer < 5), customers=5)
    with pytest.raises(ValueError, match="has 5 simulated customers; it takes 6"):
        other_customers(few, np.random.default_rng(0))
    with pytest.raises(ValueError, match="takes more than 61"):
        last_months(journal.select(journal.day < 40), np.random.default_rng(0))


@pytest.mark.slow
def test_the_embedded_log_is_foreseen_as_far_as_it_can_be(retail_shop):
    journal = Journal.from_population(retail_shop.customers, retail_shop.states)
    others = {gain.step: gain for gain in gains(other_customers(journal, np.random.default_rng(0)))}
    late = {gain.step: gain for gain in gains(last_months(journal, np.random.default_rng(0)))}
    by_state = {gain.estimate: gain for gain in gains_by_state(checks(retail_shop, np.random.default_rng(0))[0])}
    assert others["popularity"].level == pytest.approx(by_state["popularity over all visits"].mean, abs=0.05)
    assert others["repeat"].level > 24.5
    assert others["activity"].level > 27.5
    assert others["taste"].level > 29.0
    assert others["taste"].gain - 2 * others["taste"].gain_error > 0.6
    assert late["taste"].level > 26
    assert late["present"].level > 33


@pytest.mark.slow
def test_simulated_visits_are_like_those_of_the_embedded_log(retail_shop):
    days = Journal.from_population(retail_shop.customers, retail_shop.states).by_day()
    people = fit_people(days, np.random.default_rng(0))
    log_has, found = habits(days), habits(simulated(days, people, np.random.default_rng(0)))
    assert found.repeat_share == pytest.approx(30, abs=2)
    assert found.basket_mean == pytest.approx(log_has.basket_mean, rel=0.05)
    assert found.basket_sd == pytest.approx(log_has.basket_sd, rel=0.1)
    assert found.products_mean == pytest.approx(log_has.products_mean, abs=3)
