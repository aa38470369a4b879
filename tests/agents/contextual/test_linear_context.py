"""One linear model for all products: against numpy, against its texts, how it begins, and that it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.contextual import beginning, features
from selflearn_agents.contextual.features import LEADERS
from selflearn_agents.contextual.loops import FEATURES, LEAST, SURE, learn
from selflearn_agents.evaluation import evaluate

from selflearn_env import Shop
from selflearn_env.core.items import Items
from selflearn_env.core.pooling import Pooling
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.people.journal import Journal, states_by_day
from tests.agents.contextual.plain import candidates_of, features_of, row_of
from tests.agents.regulars.plain import seen_visits

N = 4
PEOPLE = "selflearn/RetailPeople-v0"
REWARDS = np.array([-2.0, 1.0, 5.0])


@pytest.fixture
def history(regulars_shop):
    return regulars_shop.history


@pytest.fixture
def seen(history):
    return in_order(seen_visits(np.random.default_rng(5), history.states.size, history.products, 60))


def in_order(seen):
    """With the items of each record in the order of time."""
    row = np.repeat(np.arange(len(seen)), np.diff(seen.record.start))
    order = np.lexsort((seen.record.day, row))
    return replace(seen, record=Items(seen.record.start, seen.record.product[order], seen.record.day[order]))


def agent_of(history, **hyperparameters):
    return make_agent("linear_context", history=history, slate_size=N, seed=3, **hyperparameters)


def respond(agent, seen, rng):
    """Shows what it would, and answers anything."""
    slates = agent.act(seen)
    responses = rng.integers(3, size=slates.shape).astype(np.int8)
    agent.update(seen, slates, responses, REWARDS[responses])
    return slates, (REWARDS[responses] + 2) / 7


def test_where_the_history_pools_nothing_all_products_are_usual_alike(history):
    group, incidence = features._incidence(replace(history, pooling=Pooling(())), history.baskets)
    assert group.tolist() == [0] * history.states.size
    bought = sum(row.sum() for row in history.purchases)
    expected = bought / (history.visits.sum() * history.products)
    np.testing.assert_allclose(incidence, np.full((1, history.products), expected), rtol=1e-6)


def test_features_and_values_are_those_of_the_text(history, seen):
    agent, incidence = agent_of(history), history.incidence()
    respond(agent, seen, np.random.default_rng(1))
    everything = np.tile(np.arange(history.products), (len(seen), 1))
    x, values = agent.features.describe(seen, everything), agent.values(seen)
    for visit in range(len(seen)):
        rows = np.array([row_of(features_of(agent, incidence, seen, visit, p)) for p in range(history.products)])
        np.testing.assert_allclose(x[visit], rows, rtol=1e-5, atol=1e-9)  # the agent's incidence has 4 bytes
        np.testing.assert_allclose(values[visit], -2 + 7 * rows @ agent.weights, rtol=1e-5, atol=1e-6)
    assert (np.abs(x).max(axis=(0, 1)) > 0).all()


@pytest.mark.parametrize("optimism", [0.0, 1.0, 30.0])
def test_slates_are_the_best_of_the_candidates(optimism, history, seen, monkeypatch):
    monkeypatch.setattr(features, "LEADERS", 9)
    agent, incidence = agent_of(history, optimism=optimism), history.incidence().astype(np.float32)
    for _ in range(3):
        everything = np.tile(np.arange(history.products), (len(seen), 1))
        x = agent.features.describe(seen, everything)
        variance = np.einsum("bpi,ij,bpj->bp", x, agent.covariance, x)
        scores = x @ agent.weights + optimism * np.sqrt(variance)
        left_out = 0
        for visit, slate in enumerate(agent.act(seen)):
            found = candidates_of(agent, incidence, seen, visit, 9)
            left_out += history.products - len(found)
            allowed = np.array([product in found for product in range(history.products)])
            best = -np.sort(-np.where(allowed, scores[visit], -np.inf))[:N]
            assert set(slate.tolist()) <= found
            np.testing.assert_allclose(scores[visit, slate], best, rtol=1e-9)
        assert left_out > 0
        respond(agent, seen, np.random.default_rng(2))


def test_what_it_learns_is_a_ridge_regression(history, seen):
    agent, rng = agent_of(history), np.random.default_rng(4)
    precision = np.linalg.inv(agent.covariance)
    moment = precision @ agent.weights
    for rows in np.split(np.arange(len(seen)), 12):
        some = seen.rows(rows)
        x = agent.features.describe(some, agent.act(some)).reshape(-1, len(FEATURES))
        _, y = respond(agent, some, rng)
        for row, reward in zip(x, y.reshape(-1), strict=True):
            m = np.clip(row @ np.linalg.solve(precision, moment), LEAST, SURE)
            precision += np.outer(row, row) / (m * (1 - m))
            moment += row * reward / (m * (1 - m))
        np.testing.assert_allclose(agent.weights, np.linalg.solve(precision, moment), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(agent.covariance, np.linalg.inv(precision), rtol=1e-6, atol=1e-12)


def test_a_batch_is_its_visits_one_after_the_other():
    rng, size = np.random.default_rng(6), len(FEATURES)
    x, rewards = rng.random((50, N, size)), rng.random((50, N))
    slates = np.stack([rng.permutation(20)[:N] for _ in range(50)])
    states = [[np.full(size, 0.05), np.eye(size), np.zeros((12, 2, 20))] for _ in range(2)]
    months = rng.integers(12, size=50)
    learn(slates, months, rewards, x, *states[0])
    for v in range(50):
        learn(slates[v : v + 1], months[v : v + 1], rewards[v : v + 1], x[v : v + 1], *states[1])
    for together, alone in zip(*states, strict=True):
        np.testing.assert_array_equal(together, alone)


def test_the_answers_are_of_the_product_and_as_if_there_were_none(history):
    agent, states = agent_of(history), np.arange(30)
    for _ in range(2):
        before, slates = agent.features.answers.copy(), agent.act(states)
        x = agent.features.describe(SeenVisits.of_states(states), slates)
        weights = agent.weights.copy()
        agent.update(states[:1], slates[:1], np.array([[2, 0, 0, 0]], dtype=np.int8), [[5.0, -2.0, -2.0, -2.0]])
        change = (agent.features.answers - before)[history.states.table[0, 1]]
        assert change[0].sum() == change[0, slates[0, 0]] == 1
        first = x[0, 0, :-1] @ weights[:-1]
        assert change[1, slates[0, 0]] == pytest.approx(max(first, LEAST))
    assert (agent.features.answers != 0).any(axis=(1, 2)).sum() == 1


def test_the_beginning_is_the_regression_of_the_text(history, monkeypatch):
    """Of the visits of some customers: weights, and how many observations count as one."""
    monkeypatch.setattr(features, "LEADERS", 9)
    agent, incidence = agent_of(history), history.incidence().astype(np.float32)
    agent.features.answers[:] = 0.0
    journal, states = Journal.from_population(history.baskets, history.states).by_day(), states_by_day(history.baskets)
    chosen = np.flatnonzero(journal.customer % 6 == 1)
    found = beginning._fit(agent.features, journal, states, history.baskets.first_date, chosen)

    rows, y, who = [], [], []
    for visit in chosen.tolist():
        first, nothing = journal.first[visit], np.zeros(1, dtype=np.int64)
        record = journal.logged.items.pieces(journal.start[[first]], journal.start[[visit]])
        record = replace(record, day=record.day + history.baskets.first_date)
        date = journal.day[[visit]] + history.baskets.first_date
        seen = SeenVisits(states[[visit]], nothing, date, nothing, nothing, nothing, record)
        basket = set(journal.product[journal.start[visit] : journal.start[visit + 1]].tolist())
        candidates = sorted(candidates_of(agent, incidence, seen, 0, 9))
        rows += list(agent.features.describe(seen, np.array([candidates]))[0])
        y += [float(product in basket) for product in candidates]
        who += [journal.customer[visit]] * len(candidates)
    told = [at for at, name in enumerate(FEATURES) if name not in ("either", "answers")]
    x, y, who = np.array(rows)[:, told], np.array(y), np.array(who)
    mean, deviation = np.array([beginning.PRIOR[FEATURES[at]] for at in told]).T
    m = np.clip(x[:, :3].sum(axis=1), LEAST, SURE)
    noise, belief = m * (1 - m), np.diag(deviation**-2)
    gram = (x / noise[:, None]).T @ x
    weights = mean + np.linalg.solve(gram + belief, x.T @ ((y - x @ mean) / noise))
    own = np.array([x[who == one].T @ ((y - x @ weights) / noise)[who == one] for one in np.unique(who)])
    repetition = max(1.0, np.trace(np.linalg.inv(gram + belief) @ own.T @ own) / len(told))
    assert repetition == pytest.approx(found.repetition)
    covariance = np.linalg.inv(gram / repetition + belief)
    weights = mean + covariance @ x.T @ ((y - x @ mean) / noise) / repetition
    np.testing.assert_allclose(found.weights[told], weights, rtol=1e-6, atol=1e-9)
    scaled = covariance + beginning.SCALE**2 * np.outer(weights, weights)
    np.testing.assert_allclose(found.covariance[np.ix_(told, told)], scaled, rtol=1e-6, atol=1e-12)


def test_customers_fitted_to_are_described_by_the_others(history, monkeypatch):
    shown, fitted = [], []
    see, gather = features.Features.see, beginning.gather

    def spy(self, history, baskets, journal):
        shown.append((set(baskets.visit_customer.tolist()), set(journal.customer.tolist())))
        see(self, history, baskets, journal)

    monkeypatch.setattr(features.Features, "see", spy)
    monkeypatch.setattr(beginning, "gather", lambda customer, *rest: fitted.append(customer) or gather(customer, *rest))
    agent_of(history)
    some, every = set(fitted[0].tolist()), set(history.baskets.visit_customer.tolist())
    assert some
    assert shown[0] == (every - some, every - some)
    assert shown[1] == (every, every)


def test_it_begins_with_what_sells_and_with_what_was_bought(history):
    agent, popular = (make_agent(name, history=history, slate_size=N) for name in ("linear_context", "popular"))
    states = np.arange(0, history.states.size, 7)
    pairs = zip(agent.act(states).tolist(), popular.act(states).tolist(), strict=True)
    assert np.mean([len(set(one) & set(other)) for one, other in pairs]) > 0.9 * N
    date, zero = np.array([19_500]), np.zeros(1, dtype=np.int64)
    rare = np.argsort(history.incidence()[0])[:2].astype(np.int32)
    record = Items(np.array([0, 4]), np.concatenate([rare, rare]), np.array([19_470, 19_470, 19_490, 19_490]))
    slate = agent.act(SeenVisits(zero, zero, date, zero + 10, zero + 2, zero, record))[0]
    assert set(rare.tolist()) <= set(slate.tolist())


def test_it_learns_that_nobody_buys_again(history, seen):
    """Whatever the customer has bought before is ignored, and all else is bought."""
    agent = agent_of(history)
    bought = agent.features.describe(seen, np.tile(np.arange(history.products), (len(seen), 1)))[:, :, 4] > 0
    before = np.take_along_axis(bought, agent.act(seen), 1).mean()
    for _ in range(20):
        slates = agent.act(seen)
        responses = np.where(np.take_along_axis(bought, slates, 1), 0, 2).astype(np.int8)
        agent.update(seen, slates, responses, REWARDS[responses])
    after = np.take_along_axis(bought, agent.act(seen), 1).mean()
    assert before > 0.5
    assert after < 0.5 * before


def test_where_nobody_is_known_it_learns_which_products_are_ignored(history):
    agent, states = agent_of(history), np.zeros(20, dtype=np.int64)
    bad = agent.act(states[:1])[0, 0]
    for _ in range(40):
        slates = agent.act(states)
        responses = np.where(slates == bad, 0, 2).astype(np.int8)
        agent.update(states, slates, responses, REWARDS[responses])
    assert bad not in agent.act(states[:1])[0]


def test_it_beats_what_it_begins_with(regulars_shop):
    gaps = {}
    for name in ("linear_context", "again", "hierarchical"):
        agent = make_agent(name, history=regulars_shop.history, slate_size=N, seed=0)
        result = evaluate(agent, PEOPLE, customers=2_000, batch=50, seed=0, progress=False, shop=regulars_shop)
        gaps[name] = (result.expected_reward - result.random).sum() / (result.optimal - result.random).sum()
    assert gaps["linear_context"] > gaps["again"] + 0.01
    assert gaps["linear_context"] > gaps["hierarchical"] + 0.1


def test_a_catalogue_smaller_than_its_lists(regulars_log, tmp_path):
    few = regulars_log[regulars_log["product"].isin([f"P{p:02}" for p in range(0, 60, 12)])]
    history = Shop.from_transactions(few).history
    assert history.products == 5 < LEADERS
    agent = make_agent("linear_context", history=history, slate_size=5, seed=1)
    seen = in_order(seen_visits(np.random.default_rng(5), history.states.size, 5, 60))
    for _ in range(3):
        slates = respond(agent, seen, np.random.default_rng(1))[0]
        np.testing.assert_array_equal(np.sort(slates, axis=1), np.tile(np.arange(5), (60, 1)))
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(load_agent(tmp_path / "agent.npz").values(seen), agent.values(seen))


def test_without_customers_who_come_again(regulars_log):
    """No record in the history: what the persons' model says of records is all that is known."""
    once = regulars_log[regulars_log["invoice"].isin(regulars_log.groupby("customer")["invoice"].first())]
    assert isinstance(once, pd.DataFrame)
    agent = agent_of(Shop.from_transactions(once).history)
    assert np.isfinite(agent.weights).all()
    for name in ("bought", "often", "share", "visits", "late", "known"):
        assert agent.weights[FEATURES.index(name)] == pytest.approx(beginning.PRIOR[name][0], abs=1e-9)


@pytest.mark.parametrize("optimism", [-1.0, float("nan"), "much"])
def test_a_bad_optimism_is_refused(history, optimism):
    with pytest.raises(ValueError, match="optimism counts standard deviations"):
        agent_of(history, optimism=optimism)
