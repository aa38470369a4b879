"""Slates of re-ranked candidates, against a plain loop over their scores."""

import math
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent

from selflearn_env.core.visits import Visits
from selflearn_env.wrappers import CandidateScores, VectorCandidateScores
from selflearn_env.wrappers.candidate_scores import Reranking

K, N, P = 5, 3, 8


@pytest.fixture
def history(tiny_shop):
    return tiny_shop.history


def fake(*rows):
    """A history of these incidences (S, P)."""
    return SimpleNamespace(products=len(rows[0]), incidence=lambda: np.array(rows))


def slate_by_hand(incidence, action):
    """The slate of an action in a state of this incidence (P,)."""
    candidates = sorted(range(len(incidence)), key=lambda each: (-incidence[each], each))[: len(action)]
    score = {each: math.log(incidence[each]) + more for each, more in zip(candidates, action, strict=True)}
    return sorted(candidates, key=lambda each: -score[each])[:N]  # of equal ones the better candidate stays first


def test_slates_are_those_of_a_plain_loop(history):
    rng = np.random.default_rng(1)
    states = np.arange(history.states.size)
    actions = rng.uniform(-1, 1, (states.size, K)).astype(np.float32)
    incidence = history.incidence().tolist()
    expected = [slate_by_hand(incidence[state], actions[state].tolist()) for state in states]
    slates = Reranking(history, N, K).slates(actions, Visits(states))
    assert slates.tolist() == expected
    assert slates.dtype == np.int64
    assert all(len(set(slate)) == N for slate in expected)
    zero = Reranking(history, N, K).slates(0 * actions, Visits(states))
    assert (zero != slates).any(axis=1).mean() > 0.5


def test_an_action_of_one_is_worth_a_factor_of_e():
    view = Reranking(fake([0.1, 0.1 * (math.e - 0.01), 0.1 * (math.e + 0.01), 0.01]), 1, 4)
    # Best first the candidates are 2, 1, 0, 3.
    slates = view.slates(
        np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [-1, 0, 1, 0], [-1, -1, 0, 0]]), Visits(np.zeros(4, int))
    )
    assert slates.tolist() == [[2], [1], [0], [2]]


def test_equal_scores_rank_as_the_history_does():
    view = Reranking(fake([0.1, 0.2, 0.1, 0.2], [0.1, 0.1, 0.1, 0.1]), 3, 4)
    slates = view.slates(np.full((2, 4), 0.5), Visits(np.array([0, 1])))
    assert slates.tolist() == [[1, 3, 0], [0, 1, 2]]


@pytest.mark.parametrize("k", [N, K, P])
def test_the_zero_action_shows_what_the_static_agent_does(history, k):
    """No incidence occurs twice in a state, so the agent's generator has no ties to break."""
    states = np.arange(history.states.size)
    assert all(len(set(row)) == P for row in history.incidence().tolist())
    popular = make_agent("popular", history=history, slate_size=N)
    slates = Reranking(history, N, k).slates(np.zeros((states.size, k), dtype=np.float32), Visits(states))
    np.testing.assert_array_equal(slates, popular.act(states))


def test_twenty_candidates_are_the_default(retail_shop):
    env = CandidateScores(gym.make("selflearn/Retail-v0"))
    assert env.action_space == gym.spaces.Box(-1, 1, (20,), np.float32)


@pytest.mark.parametrize("bad", [2, 9, 0, -1, 4.0, None])
def test_there_must_be_enough_candidates_and_no_more_than_products(bad, single, vector):
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad}"):
        CandidateScores(single(), bad)
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad}"):
        VectorCandidateScores(vector(2), bad)


def test_what_is_not_a_number_is_refused(single, vector):
    match = "an action has a number for every candidate, got nan"
    env, envs = CandidateScores(single(), K), VectorCandidateScores(vector(2), K)
    env.reset(seed=1)
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=match):
        env.step([0, 0, np.nan, 0, 0])
    with pytest.raises(ValueError, match=match):
        envs.step([[0, 0, 0, 0, 0], [0, 0, 0, 0, np.nan]])
    env.step([0, 0, 0, 0, 0])  # the visit is still there
