"""Popular slates with some slots explored, against enumeration."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.baselines.exploring import ExploringAgent

N, P = 3, 8
SLATES = np.array(list(permutations(range(P), N)))
STATES = np.array([0, 100, 500])


@pytest.fixture
def agent(tiny_shop):
    return ExploringAgent(tiny_shop.history, N, np.random.default_rng(1), epsilon=0.4)


def chances(agent, state, slate):
    """As documented, slot by slot."""
    incidence = agent.incidence[state]
    found = []
    for slot, product in enumerate(slate.tolist()):
        left = [other for other in range(P) if other not in slate[:slot]]
        best = incidence[product] == max(incidence[other] for other in left)
        found.append(0.4 / len(left) + 0.6 * best)
    return found


def test_propensities_and_marginals_are_those_of_the_rule(agent):
    marginals = agent.marginals(STATES)
    for state, marginal in zip(STATES.tolist(), marginals, strict=True):
        found = agent.propensity(np.full(len(SLATES), state), SLATES)
        assert found == pytest.approx(np.array([chances(agent, state, slate) for slate in SLATES]))
        whole = found.prod(axis=1)
        assert whole.sum() == pytest.approx(1.0)
        for slot in range(N):
            assert marginal[slot] == pytest.approx(np.bincount(SLATES[:, slot], whole, P))


def test_it_shows_slates_as_often_as_it_says(agent):
    visits = 20_000
    shown = agent.act(np.full(visits, 100))
    assert all(len(set(slate)) == N for slate in shown[:500].tolist())
    expected = agent.marginals([100])[0]
    for slot in range(N):
        share = np.bincount(shown[:, slot], minlength=P) / visits
        assert share == pytest.approx(expected[slot], abs=4 * 0.5 / np.sqrt(visits))


def test_without_exploring_it_is_popular(tiny_shop):
    same = ExploringAgent(tiny_shop.history, N, np.random.default_rng(0), epsilon=0.0)
    states = np.arange(tiny_shop.states.size)
    popular = np.take_along_axis(
        same.incidence, make_agent("popular", history=tiny_shop.history, slate_size=N).act(states), 1
    )
    assert (np.take_along_axis(same.incidence, same.act(states), axis=1) == popular).all()


def test_it_goes_on_from_a_file(agent, tmp_path):
    agent.save(tmp_path / "agent.npz")
    again = load_agent(tmp_path / "agent.npz", own=[ExploringAgent])
    assert (again.act(STATES) == agent.act(STATES)).all()


def test_repeated_products_and_bad_input(agent, tiny_shop):
    assert agent.propensity([0], [[3, 3, 1]])[0, 1] == 0
    with pytest.raises(ValueError, match=r"epsilon is a probability, 0..1, got 2"):
        ExploringAgent(tiny_shop.history, N, np.random.default_rng(0), epsilon=2)
    with pytest.raises(NotImplementedError, match="eligible or not"):
        agent.act([0], np.ones(P, dtype=bool))
