"""`mabwiser` against MABWiser itself, in a plain loop."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import evaluate

P, N = 8, 3
WITHOUT_CONTEXTS = ("EpsilonGreedy", "Popularity", "Random", "Softmax", "ThompsonSampling", "UCB1")
WITH_CONTEXTS = ("LinGreedy", "LinTS", "LinUCB")


@pytest.fixture
def library():
    return pytest.importorskip("mabwiser.mab")


def agent_of(shop, slate_size=N, seed=0, **hyperparameters):
    return make_agent("mabwiser", history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


def rewards_for(slates, rng):
    return np.zeros(slates.shape, dtype=np.int8), rng.choice([-2.0, 1.0, 5.0], size=slates.shape)


def check(slate, expectations):
    best = sorted(expectations.values(), reverse=True)[: len(slate)]
    assert [expectations[product] for product in slate.tolist()] == pytest.approx(best)


@pytest.mark.parametrize("batch", [1, 4])
def test_ucb1_has_one_bandit_per_state_fitted_to_the_history(batch, library, tiny_shop):
    history, rng = tiny_shop.history, np.random.default_rng(1)
    agent = agent_of(tiny_shop, policy="UCB1", policy_options={"alpha": 0.3})
    often = np.argsort(-history.visits)[:3]
    assert history.visits[often].min() > 1
    bandits = {}
    for _ in range(60 // batch):
        states = often[rng.integers(3, size=batch)]
        slates = agent.act(states)
        for state, slate in zip(states.tolist(), slates, strict=True):
            if state not in bandits:
                bandits[state] = library.MAB(list(range(P)), library.LearningPolicy.UCB1(0.3))
                rows = [
                    (product, float(visit < history.purchases[state, product]))
                    for product in range(P)
                    for visit in range(history.visits[state])
                    if history.purchases[state, product]
                ]
                bandits[state].fit([product for product, _ in rows], [reward for _, reward in rows])
            check(slate, bandits[state].predict_expectations())
        responses, rewards = rewards_for(slates, rng)
        agent.update(states, slates, responses, rewards)
        for state in set(states.tolist()):
            some = states == state
            bandits[state].partial_fit(slates[some].ravel(), (rewards[some].ravel() + 2) / 7)


def test_linucb_has_one_bandit_that_sees_the_tiers(library, tiny_shop):
    rng = np.random.default_rng(2)
    agent = agent_of(tiny_shop, policy="LinUCB", policy_options={"alpha": 0.5})
    bandit = library.MAB(list(range(P)), library.LearningPolicy.LinUCB(0.5))
    shape, table = tiny_shop.states.shape, tiny_shop.states.table
    contexts = np.array([np.concatenate([np.eye(m)[k] for m, k in zip(shape, row, strict=True)]) for row in table])
    bandit.fit([], [], contexts[:0])
    for step in range(20):
        states = rng.integers(672, size=3)
        slates = agent.act(states)
        for slate, expectations in zip(slates, bandit.predict_expectations(contexts[states]), strict=True):
            check(slate, expectations)
        slates = slates[:, : 1 + step % N]  # the first slots alone may be shown
        responses, rewards = rewards_for(slates, rng)
        agent.update(states, slates, responses, rewards)
        bandit.partial_fit(slates.ravel(), (rewards.ravel() + 2) / 7, contexts[np.repeat(states, slates.shape[1])])


@pytest.mark.parametrize("policy", WITHOUT_CONTEXTS + WITH_CONTEXTS)
def test_every_policy_serves_also_where_the_history_has_nothing(policy, library, tiny_shop):
    agent = agent_of(tiny_shop, policy=policy)
    visits = tiny_shop.history.visits
    states = np.array([visits.argmax(), visits.argmin()])
    assert visits[states[1]] == 0
    rng = np.random.default_rng(3)
    for _ in range(5):
        slates = agent.act(states)
        assert all(len(set(slate)) == N for slate in slates.tolist())
        agent.update(states, slates, *rewards_for(slates, rng))


def test_these_are_all_policies(library):
    known = vars(library.LearningPolicy).items()
    assert {name for name, kind in known if isinstance(kind, type)} == {*WITHOUT_CONTEXTS, *WITH_CONTEXTS}


def test_thompson_sampling_takes_a_click_or_a_purchase_for_a_success(library, tiny_shop):
    agent = agent_of(tiny_shop, 2, policy="ThompsonSampling")
    state = int(tiny_shop.history.visits.argmin())
    for rewards in ([1.0, -2.0], [5.0, -2.0], [1.0, -2.0]) * 40:
        agent.update([state], [[3, 6]], [[0, 0]], [rewards])
    slates = np.concatenate([agent.act([state]) for _ in range(20)])
    assert (slates == 3).any(axis=1).all()  # 120 successes against an even draw
    assert not (slates == 6).any()


def test_ties_break_by_the_generator(library, tiny_shop):
    """In a state without a history all expectations are 0."""
    state = int(tiny_shop.history.visits.argmin())
    first = {int(agent_of(tiny_shop, 1, seed).act([state])[0, 0]) for seed in range(60)}
    assert first == set(range(P))


def test_values_are_not_known(library, tiny_shop):
    with pytest.raises(NotImplementedError, match="expectations, with the exploration in them"):
        agent_of(tiny_shop).values([0])


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"policy": "UCB2"}, "unknown policy 'UCB2'; known: EpsilonGreedy, "),
        ({"policy_options": {"alfa": 1}}, "policy_options do not fit UCB1: .*alfa.*; got {'alfa': 1}"),
        ({"policy_options": {"alpha": -1}}, "policy_options do not fit UCB1: .*; got {'alpha': -1}"),
        ({"policy_options": {"alpha": "x"}}, "policy_options do not fit UCB1: .*; got {'alpha': 'x'}"),
        ({"policy_options": 3}, "policy_options are names and values, got 3"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, library, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)


def test_without_the_library_it_says_how_to_get_it(tiny_shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "mabwiser.mab", None)
    with pytest.raises(ImportError, match='pip install "mabwiser>=2'):
        agent_of(tiny_shop)


@pytest.mark.parametrize("policy", ["UCB1", "LinUCB"])
def test_an_evaluation_can_look_at_a_copy(policy, library, tiny_shop):
    agent = agent_of(tiny_shop, policy=policy)
    result = evaluate(agent, "selflearn/Retail-v0", 30, 10, shop=tiny_shop, slate_size=N, progress=False)
    assert result.real_hits > 0
