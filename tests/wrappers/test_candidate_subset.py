"""Slates of candidates, against a plain loop over their numbers."""

from itertools import product
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent

from selflearn_env.core.visits import Visits
from selflearn_env.wrappers import CandidateSubset, VectorCandidateSubset
from selflearn_env.wrappers.candidate_subset import Candidates, best_candidates

K, N, P = 5, 3, 8


@pytest.fixture
def history(tiny_shop):
    return tiny_shop.history


def slate_by_hand(incidence, numbers):
    """The slate of candidates' numbers in a state of this incidence (P,)."""
    candidates = sorted(range(len(incidence)), key=lambda each: (-incidence[each], each))[:K]
    slate = []
    for number in numbers:
        wanted = candidates[number]
        if wanted in slate:
            wanted = next(each for each in candidates if each not in slate)
        slate.append(wanted)
    return slate


def test_slates_are_those_of_a_plain_loop(history):
    """Every action, each in a state of its own."""
    actions = np.array(list(product(range(K), repeat=N)))
    states = np.random.default_rng(1).permutation(history.states.size)[: len(actions)]
    incidence = history.incidence().tolist()
    expected = [slate_by_hand(incidence[state], action) for state, action in zip(states, actions, strict=True)]
    slates = Candidates(history, N, K).slates(actions, Visits(states))
    assert slates.tolist() == expected
    assert slates.dtype == np.int64
    assert all(len(set(slate)) == N for slate in expected)


def test_the_best_candidate_not_yet_shown_takes_the_place_of_one_that_is():
    """Four products; the third sells best, then the first."""
    history = SimpleNamespace(products=4, incidence=lambda: np.array([[0.4, 0.1, 0.9, 0.2]]))
    view = Candidates(history, 3, 4)
    slates = [view.slates(np.array([action]), Visits(np.array([0])))[0].tolist() for action in ([3, 3, 3], [0, 0, 1])]
    assert slates == [[1, 2, 0], [2, 0, 3]]


def test_equal_incidence_ranks_in_catalogue_order():
    incidence = np.array([[0.1, 0.5, 0.1, 0.5, 0.1], [0.2, 0.2, 0.2, 0.2, 0.3]])
    history = SimpleNamespace(products=5, incidence=lambda: incidence)
    assert best_candidates(history, 2, 4).tolist() == [[1, 3, 0, 2], [4, 0, 1, 2]]


@pytest.mark.parametrize("k", [N, K, P])
def test_the_zero_action_shows_what_the_static_agent_does(history, k):
    """No incidence occurs twice in a state, so the agent's generator has no ties to break."""
    states = np.arange(history.states.size)
    assert all(len(set(row)) == P for row in history.incidence().tolist())
    popular = make_agent("popular", history=history, slate_size=N)
    slates = Candidates(history, N, k).slates(np.zeros((states.size, N), dtype=np.int64), Visits(states))
    np.testing.assert_array_equal(slates, popular.act(states))


def test_with_the_whole_catalogue_every_slate_can_be_shown(history):
    view, state = Candidates(history, N, P), np.array([5])
    every = {tuple(view.slates(np.array([action]), Visits(state))[0]) for action in product(range(P), repeat=N)}
    assert len(every) == P * (P - 1) * (P - 2)


def test_twenty_candidates_are_the_default(retail_shop):
    env = CandidateSubset(gym.make("selflearn/Retail-v0"))
    assert env.action_space == gym.spaces.MultiDiscrete([20] * 10)


@pytest.mark.parametrize("bad", [2, 9, 0, -1, 4.0, None])
def test_there_must_be_enough_candidates_and_no_more_than_products(bad, single, vector):
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad}"):
        CandidateSubset(single(), bad)
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad}"):
        VectorCandidateSubset(vector(2), bad)


@pytest.mark.parametrize("bad", [[0, 5, 1], [-1, 0, 1], [0.0, 1.0, 2.0]])
def test_a_number_of_no_candidate_is_refused(bad, single, vector):
    match = r"an action has the numbers of candidates, 0\.\.4, got \[\["
    env, envs = CandidateSubset(single(), K), VectorCandidateSubset(vector(2), K)
    env.reset(seed=1)
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=match):
        env.step(bad)
    with pytest.raises(ValueError, match=match):
        envs.step([[0, 1, 2], bad])
    env.step([0, 1, 2])  # the visit is still there
