"""Slates of embeddings, against a singular value decomposition and a plain loop over the products."""

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env.core.visits import Visits
from selflearn_env.wrappers import EmbeddingAction, VectorEmbeddingAction
from selflearn_env.wrappers.embedding_action import Embeddings

D, N, P = 3, 3, 8


@pytest.fixture
def history(tiny_shop):
    return tiny_shop.history


@pytest.fixture
def weight(history):
    return history.visits / history.visits.sum()


@pytest.fixture
def centred(history, weight):
    """(S, P) log incidence less its mean over the visits."""
    logs = np.log(history.incidence())
    return logs - np.average(logs, axis=0, weights=weight)


def score_by_hand(popularity, embeddings, action, product):
    return np.log(popularity[product]) + sum(
        number * embedding[product] for number, embedding in zip(action, embeddings, strict=True)
    )


def test_embeddings_are_the_directions_in_which_the_states_differ_most(history, weight, centred):
    """Three standard deviations long; up to the sign, which a decomposition leaves open."""
    _, singular, directions = np.linalg.svd(np.sqrt(weight)[:, None] * centred, full_matrices=False)
    embeddings = Embeddings(history, N, P - 1).embeddings
    assert embeddings.shape == (P - 1, P)
    for found, length, direction in zip(embeddings, singular, directions, strict=False):
        expected = 3 * length * direction
        np.testing.assert_allclose(found * np.sign(found @ expected), expected, atol=1e-9)


def test_an_action_of_one_goes_three_standard_deviations_of_the_states(history, weight, centred):
    for embedding in Embeddings(history, N, D).embeddings:
        place = centred @ embedding / (embedding @ embedding)  # (S,) of each state, as an action
        assert weight @ place == pytest.approx(0)
        assert weight @ place**2 == pytest.approx((1 / 3) ** 2)


def test_the_sign_is_that_of_the_state_that_weighs_most(history, weight, centred):
    for embedding in Embeddings(history, N, P - 1).embeddings:
        place = np.sqrt(weight) * (centred @ embedding)
        assert place[np.abs(place).argmax()] > 0


def test_fewer_dimensions_are_the_first_of_more(history):
    np.testing.assert_allclose(Embeddings(history, N, D).embeddings, Embeddings(history, N, P - 1).embeddings[:D])


def test_slates_are_those_of_a_plain_loop(history, weight):
    view, actions = Embeddings(history, N, D), np.random.default_rng(1).uniform(-1, 1, (300, D)).astype(np.float32)
    popularity = weight @ history.incidence()
    expected = []
    for action in actions.tolist():
        scores = [score_by_hand(popularity, view.embeddings.tolist(), action, product) for product in range(P)]
        expected.append(sorted(range(P), key=lambda product: -scores[product])[:N])
    slates = view.slates(actions, Visits(np.zeros(300, dtype=int)))
    assert slates.tolist() == expected
    assert slates.dtype == np.int64
    assert len({tuple(slate) for slate in expected}) > 10


def test_the_zero_action_shows_what_is_popular_over_all_visits(history, weight):
    popular = np.argsort(-(weight @ history.incidence()))[:N]
    slates = Embeddings(history, N, D).slates(np.zeros((672, D), dtype=np.float32), Visits(np.arange(672)))
    np.testing.assert_array_equal(slates, np.tile(popular, (672, 1)))


def test_eight_dimensions_are_the_default(retail_shop):
    env = EmbeddingAction(gym.make("selflearn/Retail-v0"))
    assert env.action_space == gym.spaces.Box(-1, 1, (8,), np.float32)


def test_there_are_no_more_dimensions_than_differences_between_states(retail_shop):
    with pytest.raises(ValueError, match=r"dimension must be 1\.\.671, got 672"):
        Embeddings(retail_shop.history, 10, 672)


@pytest.mark.parametrize("bad", [0, -1, 8, 2.0, None])
def test_a_dimension_there_is_not_is_refused(bad, single, vector):
    with pytest.raises(ValueError, match=rf"dimension must be 1\.\.7, got {bad}"):
        EmbeddingAction(single(), bad)
    with pytest.raises(ValueError, match=rf"dimension must be 1\.\.7, got {bad}"):
        VectorEmbeddingAction(vector(2), bad)


def test_what_is_not_a_number_is_refused(single, vector):
    match, bad = "an action has a number for every dimension, got", np.nan
    env, envs = EmbeddingAction(single(), D), VectorEmbeddingAction(vector(2), D)
    env.reset(seed=1)
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=match):
        env.step([0, bad, 0])
    with pytest.raises(ValueError, match=match):
        envs.step([[0, 0, 0], [0, bad, 0]])
    env.step([0, 0, 0])  # the visit is still there


def test_what_is_beyond_the_space_is_cut(single):
    env = EmbeddingAction(single(), D)
    env.reset(seed=1)
    assert env.action([9, -0.5, -np.inf]).tolist() == env.action([1, -0.5, -1]).tolist()
    assert env.action([9, -0.5, -np.inf]).tolist() != env.action([0.1, -0.5, -0.1]).tolist()
