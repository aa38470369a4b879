"""What records say, against loops, and known caps."""

from math import log

import numpy as np
import pytest

from selflearn_env.shop.people.present import monthly_shares
from selflearn_env.shop.people.repeat import CAPS, Evidence, Repeat, fit_repeat, remember

HALF_LIFE = 20.0


def loop_record(visits, shares, visit):
    """n_p f_p^0.5 of each product in the record that a visit finds."""
    customer, day, _ = visits[visit]
    row = shares.row_of_day[day]
    record = {}
    for who, then, bought in visits[:visit]:
        if who == customer:
            for product in bought:
                season = (float(shares.share[row, product]) / shares.usual[product]) ** 0.5
                record[product] = record.get(product, 0.0) + season * 0.5 ** ((day - then) / HALF_LIFE)
    return record


def test_memory_is_the_loop(journal, visits, monkeypatch):
    monkeypatch.setattr("selflearn_env.shop.people.journal.EVENTS", 20)
    shares = monthly_shares(journal)
    memory = remember(journal, shares, HALF_LIFE)
    item = 0
    for visit, (_, _, bought) in enumerate(visits):
        record = loop_record(visits, shares, visit)
        assert memory.total[visit] == pytest.approx(sum(record.values()))
        for product in bought:
            share = record[product] / sum(record.values()) if product in record else 0.0
            assert memory.own[item] == pytest.approx(share)
            item += 1


def test_nothing_is_forgotten_with_an_infinite_half_life(journal, visits):
    shares = monthly_shares(journal)
    total = remember(journal, shares, np.inf).total
    last = np.flatnonzero(journal.customer == 3)[-1]
    season = (shares.share[journal.month[last]] / shares.usual) ** 0.5
    assert total[last] == pytest.approx(
        sum(season[product] for who, _, bought in visits[:last] if who == 3 for product in bought)
    )


def test_likelihood_and_posterior_are_the_loop(journal):
    shares, base = monthly_shares(journal), np.full(journal.product.size, 0.2)
    memory, activity = remember(journal, shares, HALF_LIFE), np.linspace(1, 3, journal.day.size)
    evidence = Evidence.collect(base, memory, activity, journal.item_visit)
    found = evidence.likelihood(2.0)
    for visit in range(journal.day.size):
        remembered = memory.total[visit] / activity[visit]
        for at, cap in enumerate(CAPS):
            part = cap * remembered / (remembered + 2.0)
            own = range(journal.start[visit], journal.start[visit + 1])
            value = sum(log(((1 - part) * 0.2 + part * memory.own[item]) / 0.2) for item in own)
            assert found[visit, at] == pytest.approx(value)
    repeat = Repeat(np.arange(1, 9) / 36, 2.0, HALF_LIFE)
    foreseen, posterior = repeat.foreseen(journal.customer, evidence), repeat.posterior(journal.customer, evidence)
    for customer in range(12):
        own = np.flatnonzero(journal.customer == customer)
        for at, visit in enumerate(own):
            weight = repeat.weight * np.exp(found[own[:at]].sum(axis=0))
            assert foreseen[visit] == pytest.approx(weight @ CAPS / weight.sum())
        weight = repeat.weight * np.exp(found[own].sum(axis=0))
        np.testing.assert_allclose(posterior[customer], weight / weight.sum())


def test_known_caps_and_kappa_are_recovered():
    """Half of the customers follow their record to 0.28 at most, half to 0.84."""
    rng = np.random.default_rng(2)
    customer = np.repeat(np.arange(400), 10)
    remembered = np.tile(np.arange(10.0), 400)
    part = np.where(customer % 2, CAPS[2], CAPS[6]) * remembered / (remembered + 3.0)
    visit = np.repeat(np.arange(4000), 8)
    # Ten products in the record, with a share of 0.1 each in it and of 0.01 without it; others of 0 and 0.01.
    follows = rng.random(visit.size) < part[visit]
    excess = np.where(follows | (rng.random(visit.size) < 10 * 0.01), 0.1 / 0.01, 0.0) - 1
    known = remembered[visit] > 0
    evidence = Evidence(4000, visit[known], remembered[visit[known]], excess[known])
    repeat, gain = fit_repeat(customer, evidence, HALF_LIFE)
    assert repeat.kappa == pytest.approx(3.0, rel=0.2)
    assert repeat.cap == pytest.approx(0.56, abs=0.04)
    assert repeat.weight[1:4].sum() == pytest.approx(0.5, abs=0.1)
    assert repeat.weight[5:].sum() == pytest.approx(0.5, abs=0.1)
    assert gain > 1000


def test_without_a_record_that_foresees_nothing_is_bought_again(journal):
    shares, base = monthly_shares(journal), np.full(journal.product.size, 0.2)
    first = journal.select(journal.first == np.arange(journal.day.size))
    evidence = Evidence.collect(base[: first.product.size], remember(first, shares, 9.0), np.ones(12), first.item_visit)
    repeat, gain = fit_repeat(first.customer, evidence, 9.0)
    assert not repeat.happens
    assert (repeat.cap, gain) == (0.0, 0.0)
    misled = Evidence(12, np.arange(12), np.ones(12), np.full(12, -1.0))  # what was bought is never in the record
    assert not fit_repeat(np.arange(12), misled, 9.0)[0].happens
