"""The rank correlation of two judges, with answers known beforehand."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from selflearn_agents import make_agent
from selflearn_agents.evaluation.logged import logged_days
from selflearn_agents.evaluation.shop_check.judging import judge
from selflearn_agents.evaluation.shop_check.ranking import agents_slates, merged, rank
from selflearn_agents.evaluation.shop_check.verdict import verdict
from selflearn_agents.evaluation.shop_check.worth import verdict_figures

from selflearn_env import Shop
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.shop.people.journal import Journal, states_by_day

NAMES = [("a",), ("b",), ("c",), ("d",)]


@pytest.fixture(scope="module")
def judges():
    """100 customers of 1 to 5 visits; hits and rewards of four lists, noisy, in about the same order."""
    rng = np.random.default_rng(3)
    customer = np.repeat(np.arange(100), rng.integers(1, 6, size=100))
    hits = rng.poisson([1.0, 0.9, 0.5, 0.1], size=(customer.size, 4)).astype(float)
    rewards = rng.normal([1.0, 1.1, 0.3, 0.2], 0.5, size=(customer.size, 4))
    return customer, hits, rewards


def test_the_correlation_is_spearmans(judges):
    customer, hits, rewards = judges
    found = rank(NAMES, hits, rewards, customer, np.random.default_rng(0))
    assert found.correlation == pytest.approx(spearmanr(hits.mean(axis=0), rewards.mean(axis=0)).statistic)
    assert [each.hits for each in found.lists] == sorted(hits.mean(axis=0), reverse=True)
    assert {each.names: each.reward for each in found.lists} == pytest.approx(
        dict(zip(NAMES, rewards.mean(axis=0), strict=True))
    )


def test_its_interval_is_that_of_customers_drawn_anew(judges):
    customer, hits, rewards = judges
    found = rank(NAMES, hits, rewards, customer, np.random.default_rng(0))
    rng, drawn = np.random.default_rng(1), []
    for _ in range(400):
        rows = np.concatenate([np.flatnonzero(customer == who) for who in rng.integers(100, size=100)])
        drawn.append(spearmanr(hits[rows].mean(axis=0), rewards[rows].mean(axis=0)).statistic)
    # Ranks of four lists take few values, so that quantiles jump: the shares at and beyond them must fit.
    assert np.mean(np.array(drawn) < found.low - 1e-9) <= 0.05
    assert np.mean(np.array(drawn) > found.high + 1e-9) <= 0.05
    assert found.low <= found.correlation <= found.high


def test_judges_who_agree_and_who_disagree(judges):
    customer, hits, _ = judges
    assert rank(NAMES, hits, 2 * hits - 1, customer, np.random.default_rng(0))[1:] == pytest.approx((1, 1, 1))
    assert rank(NAMES, hits, -hits, customer, np.random.default_rng(0))[1:] == pytest.approx((-1, -1, -1))


def test_two_lists_have_no_rank_correlation(judges):
    customer, hits, rewards = judges
    assert np.isnan(rank(NAMES[:2], hits[:, :2], rewards[:, :2], customer, np.random.default_rng(0)).correlation)


def test_equal_lists_count_once():
    one, other = np.array([[1, 2], [3, 4]]), np.array([[1, 2], [4, 5]])
    found = merged({"a": one, "b": other, "c": one[:, ::-1]})
    assert list(found) == [("a", "c"), ("b",)]
    np.testing.assert_array_equal(found["b",], other)


def test_states_are_those_of_the_days(tiny_shop):
    journal = Journal.from_population(tiny_shop.customers, tiny_shop.states).by_day()
    states = states_by_day(tiny_shop.customers)
    assert len(states) == journal.day.size
    np.testing.assert_array_equal(tiny_shop.states.table[states, 1], journal.month)


def test_agents_show_what_they_know_of_the_history(tiny_shop):
    states = np.array([5, 600, 5])
    slates = agents_slates(tiny_shop.history, states, None, 3)
    assert {"random", "bestsellers", "popular", "ucb", "hierarchical"} <= set(slates)
    assert not {"oracle", "myopic_oracle", "mabwiser", "personal", "again"} & set(slates)
    popular = make_agent("popular", history=tiny_shop.history, slate_size=3).act(states)
    np.testing.assert_array_equal(slates["popular"], popular)
    values = make_agent("ucb", history=tiny_shop.history, slate_size=3).values(states)
    np.testing.assert_array_equal(np.sort(slates["ucb"]), np.sort(np.argsort(-values, axis=1, kind="stable")[:, :3]))


def test_agents_that_know_customers_show_what_these_bought(tiny_shop):
    days = logged_days(tiny_shop, 10**6)
    seen = days.met_in(PeopleOptions(slate_size=3).simulator(tiny_shop))[1]
    slates = agents_slates(tiny_shop.history, days.state, seen, 3)
    again = make_agent("again", history=tiny_shop.history, slate_size=3)
    np.testing.assert_array_equal(slates["again"], again.act(seen))
    assert (slates["again"] != again.act(days.state)).any()
    assert {"personal", "item_neighbours"} <= set(slates)
    popular = make_agent("popular", history=tiny_shop.history, slate_size=3).act(days.state)
    np.testing.assert_array_equal(slates["popular"], popular)


def test_both_simulators_judge_the_same_lists(tiny_shop):
    real, judged = judge(tiny_shop, 3, np.random.default_rng(0))
    assert list(judged)[:2] == ["retail", "people"]
    lists = {name: {each.names: each.hits for each in of.ranking.lists} for name, of in judged.items()}
    assert lists["retail"] == lists["people"]
    names = {name for names in lists["retail"] for name in names}
    assert {"bestsellers", "again", "person", "personal", "random"} <= names
    for of in judged.values():
        assert of.headroom.random < of.headroom.optimal
        assert all(each.reward <= of.headroom.optimal + 1e-9 for each in of.ranking.lists)
        assert of.headroom.everybody <= 1
        assert (of.sold.best_reward >= of.sold.everybody_reward - 1e-9).all()
        assert of.sold.best_reward.mean() == pytest.approx(of.headroom.optimal)
        (one,) = (each.reward for each in of.ranking.lists if "bestsellers" in each.names)
        assert of.sold.everybody_reward.mean() >= one - 1e-9
    assert len(real.names) == real.hits.shape[1] == len(lists["retail"])
    assert not real.read
    found = verdict_figures(real, {name: of.sold for name, of in judged.items()})
    assert 0 < found["verdict.more.best.retail"] < 1
    assert "one list for everybody is as good as any" in verdict(found)


def test_without_customers_who_come_again_states_alone_judge(tiny_log):
    once = tiny_log.drop_duplicates(["customer", "product"])
    once = once[once["invoice"].isin(once.groupby("customer")["invoice"].first())]
    _, judged = judge(Shop.from_transactions(once), 3, np.random.default_rng(0))
    assert list(judged) == ["retail"]
    assert np.isnan(judged["retail"].headroom.personal)
