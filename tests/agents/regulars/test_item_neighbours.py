"""What others bought with it: against plain loops, what the weight is chosen by, and where there is nothing to fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.regulars import item_neighbours, similarity
from selflearn_agents.regulars.similarity import SHRINK, similar_products

from selflearn_env import Shop
from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.people.journal import Journal
from tests.agents.regulars.plain import best, bought_before, seen_visits

N, K = 4, 7


@pytest.fixture
def history(regulars_shop):
    return regulars_shop.history


@pytest.fixture
def journal(history):
    return Journal.from_population(history.baskets, history.states).by_day()


@pytest.fixture(scope="module")
def pairs_shop():
    """Products come in pairs: half of the customers buy them together, the others one now and one the next time."""
    rng, rows = np.random.default_rng(4), []
    for customer in range(300):
        for pair in rng.choice(30, size=3, replace=False):
            for visit in range(2):
                day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(20 * visit + customer % 15))
                bought = [2 * pair, 2 * pair + 1] if customer % 2 else [2 * pair + (visit + customer // 2) % 2]
                rows += [(f"{customer}-{visit}", f"P{half:02}", "", 1, day, 2.0, customer) for half in bought]
    columns = ["invoice", "product", "description", "quantity", "time", "price", "customer"]
    return Shop.from_transactions(pd.DataFrame(rows, columns=columns))


def plain_similarity(journal):
    """(P, P) by sets of visits."""
    visits = [set(journal.item_visit[journal.product == product].tolist()) for product in range(journal.products)]
    found = np.zeros((journal.products, journal.products))
    for one, own in enumerate(visits):
        for two, other in enumerate(visits):
            if one != two:
                found[one, two] = len(own & other) / ((len(own) * len(other)) ** 0.5 + SHRINK)
    return found


@pytest.mark.parametrize("count", [1, K, 59, 500])
def test_the_neighbours_are_those_of_greatest_similarity(count, journal):
    neighbours, similarity = similar_products(journal, count)
    every = plain_similarity(journal)
    assert neighbours.shape == (60, min(count, 59))
    np.testing.assert_allclose(similarity, -np.sort(-every, axis=1)[:, : neighbours.shape[1]], rtol=1e-6)
    filled = similarity > 0
    np.testing.assert_allclose(np.take_along_axis(every, neighbours, 1)[filled], similarity[filled], rtol=1e-6)
    assert all(len(set(row[own])) == own.sum() for row, own in zip(neighbours, filled, strict=True))


def test_values_and_slates_are_those_of_the_text(history):
    agent = make_agent("item_neighbours", history=history, slate_size=N, seed=2, half_life=50, neighbours=K)
    agent._weight = 0.7
    seen = seen_visits(np.random.default_rng(8), history.states.size, history.products, 40)
    values, slates, order = agent.values(seen), agent.act(seen), np.argsort(agent._rank)
    incidence = history.incidence()
    for visit in range(len(seen)):
        expected, own = incidence[seen.state[visit]].copy(), bought_before(seen, visit, 50)
        for product, left in own.items():
            expected[product] += left
            for other, alike in zip(agent._neighbours[product], agent._similarity[product], strict=True):
                expected[other] += 0.7 * left * float(alike) / sum(own.values())
        np.testing.assert_allclose(values[visit], expected, rtol=1e-12)
        assert slates[visit].tolist() == best(values[visit], order, N)


def test_whoever_bought_one_of_a_pair_is_shown_the_other(pairs_shop):
    agent = make_agent("item_neighbours", history=pairs_shop.history, slate_size=N)
    partner = np.arange(60) + 1 - 2 * (np.arange(60) % 2)
    assert np.mean(agent._neighbours[:, 0] == partner) > 0.9
    assert agent.weight > 0
    zero = np.zeros(60, dtype=np.int64)
    record = Items(np.arange(61), np.arange(60, dtype=np.int32), zero + 19_000)
    slates = agent.act(SeenVisits(zero, np.arange(60), zero + 19_020, zero, zero + 1, zero, record))
    np.testing.assert_array_equal(slates[:, 0], np.arange(60))
    assert np.mean((slates[:, 1:] == partner[:, None]).any(axis=1)) > 0.9


def test_the_weight_is_that_of_most_hits(history, monkeypatch):
    seen = []

    def hits(journal, slates):
        seen.append(slates)
        return np.array([3, 5, 9, 9, 2, 1, 0][len(seen) - 1 : len(seen)])

    monkeypatch.setattr(item_neighbours, "real_hits", hits)
    agent = make_agent("item_neighbours", history=history, slate_size=N)
    assert agent.weight == item_neighbours.WEIGHTS[2]
    assert len({slates.tobytes() for slates in seen}) > 1


def test_similarities_of_the_weight_are_not_of_those_it_is_chosen_by(history, monkeypatch):
    fitted, scored = [], []
    similar = item_neighbours.similar_products
    monkeypatch.setattr(
        item_neighbours, "similar_products", lambda journal, count: fitted.append(journal) or similar(journal, count)
    )
    monkeypatch.setattr(
        item_neighbours, "real_hits", lambda journal, slates: scored.append(journal) or np.zeros(len(slates))
    )
    make_agent("item_neighbours", history=history, slate_size=N)
    first, last = fitted
    assert not set(first.customer) & set(scored[0].customer)
    assert set(first.customer) | set(scored[0].customer) <= set(last.customer)
    assert set(last.customer) == set(history.baskets.visit_customer)


def test_without_customers_who_come_again_it_is_again(regulars_log):
    once = regulars_log[regulars_log["invoice"].isin(regulars_log.groupby("customer")["invoice"].first())]
    history = Shop.from_transactions(once).history
    agent = make_agent("item_neighbours", history=history, slate_size=N)
    again = make_agent("again", history=history, slate_size=N)
    seen = seen_visits(np.random.default_rng(8), history.states.size, history.products, 40)
    assert agent.weight == 0
    np.testing.assert_array_equal(agent.values(seen), again.values(seen))


@pytest.mark.parametrize("bound", ["MOST_ITEMS", "MOST_PAIRS"])
def test_of_a_large_history_some_customers_are_looked_at(bound, history, monkeypatch):
    size = np.bincount(history.baskets.item_visit).astype(float)
    most = {"MOST_ITEMS": size.sum() / 2.5, "MOST_PAIRS": (size**2).sum() / 2.5}
    monkeypatch.setattr(similarity, bound, most[bound])
    similar, fitted = item_neighbours.similar_products, []
    monkeypatch.setattr(
        item_neighbours, "similar_products", lambda journal, count: fitted.append(journal) or similar(journal, count)
    )
    make_agent("item_neighbours", history=history, slate_size=N)
    assert set(fitted[-1].customer) == set(range(0, history.baskets.visit_customer.max() + 1, 3))


def test_a_saved_agent_continues_bit_for_bit(history, tmp_path):
    agent = make_agent("item_neighbours", history=history, slate_size=N, seed=6)
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    seen = seen_visits(np.random.default_rng(8), history.states.size, history.products, 40)
    assert loaded.weight == agent.weight
    np.testing.assert_array_equal(loaded.act(seen), agent.act(seen))
    np.testing.assert_array_equal(loaded.values(seen), agent.values(seen))


@pytest.mark.parametrize("neighbours", [0, 2.5, "all", True])
def test_neighbours_are_a_number_of_products(neighbours, history):
    with pytest.raises(ValueError, match="neighbours counts products and must be at least 1, got"):
        make_agent("item_neighbours", history=history, neighbours=neighbours)
