"""What all customers' baskets say of the products, against a plain count."""

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.personal.baskets import FAITH, TRUSTS, Baskets
from selflearn_agents.personal.household import FADED, Household, monthly_purchases

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

N = 4
DATE = 19_400  # in February 2023
MONTH = 1


@pytest.fixture
def people(regulars_shop):
    return Household.of_history(regulars_shop.history)


@pytest.fixture
def baskets(regulars_shop):
    return Baskets.of_history(regulars_shop.history, Household.of_history(regulars_shop.history), N)


def visits_of(people, records, date=DATE):
    """Visits of customers 0, 1, ... with these records: lists of (product, date)."""
    state = np.full(len(records), np.flatnonzero(people.month_of_state == MONTH)[0])
    start = np.concatenate([[0], np.cumsum([len(record) for record in records])])
    product, day = np.array([item for record in records for item in record], dtype=np.int64).reshape(-1, 2).T
    nothing = np.zeros(len(records), dtype=np.int64)
    record = Items(start, product.astype(np.int32), day)
    return SeenVisits(state, np.arange(len(records)), np.full(len(records), date), nothing, nothing, nothing, record)


def test_each_purchase_counts_once_and_what_was_shown_not_at_all(people, baskets):
    slate = np.array([[10, 11, 12, 13]])
    first = visits_of(people, [[(1, DATE - 90), (2, DATE - 90), (10, DATE - 60)]])
    baskets.remember(first, slate, people, people.read(first))
    then = visits_of(people, [[(1, DATE - 90), (2, DATE - 90), (10, DATE - 60), (11, DATE), (3, DATE), (4, DATE)]])
    for _ in range(2):  # seen twice, counted once
        read = people.read(then)
        baskets.remember(then, slate, people, read)
    expected = np.zeros_like(baskets.bought)
    expected[10, [1, 2]] = 1.0  # November
    expected[11, 10] = read.fresh[2]  # December
    expected[MONTH, [3, 4]] = 1.0
    np.testing.assert_allclose(baskets.bought, expected)
    assert baskets.items == pytest.approx(expected.sum())
    theta = read.known.theta[0]
    withheld = 2 * people.share[MONTH, slate[0]] * (people.factors[slate[0]] @ theta)
    np.testing.assert_allclose(baskets.withheld[MONTH, slate[0]], withheld)
    assert np.count_nonzero(baskets.withheld) == N


def test_visits_told_late_count_no_purchase_again(people, baskets):
    items = [(1, DATE - 90), (2, DATE - 60), (10, DATE - 30), (3, DATE)]
    slates = np.array([[10, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]])
    for known, slate in ((3, 0), (1, 1), (2, 2), (4, 0)):  # the second and third are of visits before the first
        seen = visits_of(people, [items[:known]])
        baskets.remember(seen, slates[slate : slate + 1], people, people.read(seen))
    assert baskets.counted[0] == 4
    assert baskets.items == pytest.approx(people.read(seen).fresh.sum())
    assert set(np.flatnonzero(baskets.withheld.any(axis=0))) == set(slates[0])  # what was shown in the latest of them


def test_popularity_is_learned_as_the_formula_says(regulars_shop, people, baskets):
    before, certain = people.share.copy(), 1.0 + monthly_purchases(regulars_shop.history) / FADED
    records = [[(5, DATE - 1), (6, DATE - 1)] for _ in range(300)]
    seen = visits_of(people, records)
    read = people.read(seen)
    assert not baskets.remember(seen, np.tile(np.arange(20, 20 + N), (300, 1)), people, read)
    bought, theta = np.zeros_like(before), read.known.theta[0]
    bought[MONTH, [5, 6]] = 300.0
    expected = np.zeros_like(before)
    expected[MONTH] = 600.0 * before[MONTH] * (people.factors @ theta)
    shift, learned_from = baskets.learn(people)
    share = before * (certain + bought) / (certain + expected)
    np.testing.assert_allclose(people.share, share / share.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(people.norm, people.share @ people.factors[:, :-1])
    np.testing.assert_allclose(learned_from, bought)
    np.testing.assert_allclose(shift, np.log(people.share) - np.log(before), atol=1e-9)
    np.testing.assert_allclose(baskets.certain, certain + bought)
    assert people.share[MONTH, 5] > 2 * before[MONTH, 5]
    again, nothing = baskets.learn(people)
    np.testing.assert_allclose(again, 0.0, atol=1e-9)
    assert not nothing.any()


@pytest.mark.parametrize("tastes", [True, False])
def test_topics_are_trusted_as_far_as_baskets_bear_them_out(people, baskets, tastes):
    """Customers who bought of one kind, and go on so; or buy of all kinds from then on."""
    rng, slates = np.random.default_rng(0), np.tile(np.arange(56, 60), (60, 1))
    records = [[(20 * (c % 2) + p, DATE - 1) for p in range(6)] for c in range(60)]
    seen = visits_of(people, records)
    baskets.remember(seen, slates, people, people.read(seen))
    for visit in range(1, 8):
        for c, record in enumerate(records):
            kind = 20 * (c % 2) if tastes else 20 * int(rng.integers(2))
            record += [(kind + 6 + visit, DATE + visit), (kind + 13 - visit % 2, DATE + visit)]
        seen = visits_of(people, records, DATE + visit)
        baskets.remember(seen, slates, people, people.read(seen))
    assert not np.array_equal(baskets.log_likelihood, FAITH * np.log(TRUSTS))
    baskets.learn(people)
    assert (people.topic_trust > 0.9) == tastes


def test_nothing_is_learned_of_who_is_not_known(people, baskets):
    seen = SeenVisits.of_states(np.arange(5))
    assert not baskets.remember(seen, np.tile(np.arange(N), (5, 1)), people, people.read(seen))
    assert baskets.items == 0
    assert len(baskets.counted) == 0


@pytest.mark.parametrize("of_months", [True, False])
def test_the_prior_moves_with_what_is_learned(regulars_shop, of_months):
    agent = make_agent("personal", history=regulars_shop.history, slate_size=N, seed=0)
    month = agent.household.month_of_state
    if of_months:  # as if the pooling split the months first
        prior, members = agent.model.prior, np.argsort(month, kind="stable").reshape(12, -1)
        same_group = np.ones((1, members.shape[1], members.shape[1]), dtype=bool)
        prior = prior._replace(
            block=month.copy(), place=np.argsort(members, axis=None) % members.shape[1], members=members,
            common_variance=np.full((12, 60), 0.1, dtype=np.float32), level_variance=np.array([0.1]),
            same_group=same_group,
        )  # fmt: skip
        agent.model = Model(prior, N)
        agent._meet(agent.household)
    model = agent.model
    seen = visits_of(agent.household, [[(5, DATE - 1), (6, DATE - 1)] for _ in range(600)])
    mean, variance, before = model.prior_mean.copy(), model.common_variance.copy(), agent.household.share.copy()
    slates = agent.act(seen)
    agent.update(seen, slates, np.zeros(slates.shape, dtype=np.int8), np.full(slates.shape, -2.0))
    shift = np.log(agent.household.share) - np.log(before)
    np.testing.assert_allclose(model.prior_mean - mean, shift[month], atol=1e-4)
    assert model.prior_mean[seen.state[0], 5] > mean[seen.state[0], 5] + 0.5
    precision = 1 / variance
    if of_months:
        precision[MONTH, [5, 6]] += 150
    np.testing.assert_allclose(1 / model.common_variance, precision, rtol=1e-4)
