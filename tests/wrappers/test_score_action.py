"""Slates of the greatest scores, against a plain sort."""

from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env.core.visits import Visits
from selflearn_env.wrappers import ScoreAction, VectorScoreAction
from selflearn_env.wrappers.score_action import Scores


def slate_by_hand(scores, slate_size):
    return sorted(range(len(scores)), key=lambda each: (-scores[each], each))[:slate_size]


@pytest.mark.parametrize(("products", "slate_size"), [(8, 1), (8, 3), (8, 8), (3675, 10)])
def test_slates_are_those_of_a_plain_sort(products, slate_size):
    """Of few different scores, so that many are equal."""
    scores = np.random.default_rng(1).integers(-2, 3, (40, products)) / np.float32(2)
    slates = Scores(SimpleNamespace(products=products), slate_size).slates(scores, Visits(np.zeros(40, dtype=int)))
    assert slates.tolist() == [slate_by_hand(row, slate_size) for row in scores.tolist()]
    assert slates.dtype == np.int64


@pytest.mark.parametrize("score", [-1, 0, 1])
def test_equal_scores_show_the_first_products_of_the_catalogue(score, single):
    env = ScoreAction(single())
    env.reset(seed=1)
    assert env.action(np.full(8, score, dtype=np.float32)).tolist() == [0, 1, 2]


def test_there_is_a_score_for_every_product(single, vector):
    env, envs = ScoreAction(single()), VectorScoreAction(vector(4))
    assert env.action_space == envs.single_action_space == gym.spaces.Box(-1, 1, (8,), np.float32)
    assert envs.action_space == gym.spaces.Box(-1, 1, (4, 8), np.float32)


def test_what_is_not_a_number_is_refused(single, vector):
    match = "an action of scores has a number for every product, got nan"
    env, envs = ScoreAction(single()), VectorScoreAction(vector(2))
    env.reset(seed=1)
    envs.reset(seed=1)
    scores = np.zeros((2, 8))
    scores[1, 6] = np.nan
    with pytest.raises(ValueError, match=match):
        env.step(scores[1])
    with pytest.raises(ValueError, match=match):
        envs.step(scores)
    env.step(scores[0])  # the visit is still there
