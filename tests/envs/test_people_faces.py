"""Both faces of a world of persons: checkers, seeds, copies, and what they return."""

import copy
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from tests.envs.peopling import OBSERVED, PEOPLE, WORLDS, N, flat, single_of, steps_of, vector_of


@pytest.mark.parametrize("observation", OBSERVED)
def test_checkers_find_no_fault(observation):
    env = gym.make(PEOPLE, observation=observation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
        pytest.importorskip("stable_baselines3.common.env_checker").check_env(env)


@pytest.mark.parametrize("observation", OBSERVED)
@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_vector_returns_what_its_spaces_say(regulars_shop, observation, mode):
    envs = vector_of(regulars_shop, 4, observation=observation, autoreset_mode=mode)
    rng, returned = np.random.default_rng(1), [envs.reset(seed=1)]
    for _ in range(30):
        returned.append(envs.step(rng.integers(60, size=(4, N))))
        over = returned[-1][2] | returned[-1][3]
        if mode is AutoresetMode.DISABLED and over.any():
            returned.append(envs.reset(options={"reset_mask": over}))
    for seen, *numbers, infos in returned:
        assert envs.observation_space.contains(seen)
        assert [each.dtype for each in numbers] == [np.float64, np.bool_, np.bool_][: len(numbers)]
        shapes = {key: (value.dtype, value.shape) for key, value in infos.items() if "final" not in key}
        assert shapes == {
            "state": (np.int64, (4,)),
            "customer": (np.int64, (4,)),
            "days_since": (np.int64, (4,)),
            "response": (np.int8, (4, N)),
            "item_reward": (np.float64, (4, N)),
            "duplicates": (np.int64, (4,)),
        }


@pytest.mark.parametrize("options", WORLDS, ids=str)
@pytest.mark.parametrize("observation", ["tiers", "journey"])
def test_a_vector_of_one_is_the_single_face(regulars_shop, options, observation):
    single = single_of(regulars_shop, observation=observation, **options)
    vector = vector_of(regulars_shop, 1, observation=observation, **options)
    for env in (single, vector):
        env.reset(seed=5)
    one, info = single.reset()
    many, infos = vector.reset()
    rng = np.random.default_rng(2)
    for _ in range(60):
        np.testing.assert_array_equal(one, many[0])
        assert {key: np.asarray(value).tolist() for key, value in info.items()} == {
            key: value[0].tolist() for key, value in infos.items() if "final" not in key
        }
        slate = rng.integers(60, size=N)
        one, reward, terminated, truncated, info = single.step(slate)
        many, rewards, ended, cut, infos = vector.step(slate[None])
        assert (reward, terminated, truncated) == (rewards[0], ended[0], cut[0])
        if terminated or truncated:
            one, fresh = single.reset()
            info = {**info, **{key: fresh[key] for key in ("state", "customer", "days_since") if key in fresh}}


@pytest.mark.parametrize("observation", ["record", "person"])
@pytest.mark.parametrize("face", [single_of, vector_of])
def test_equal_seeds_give_equal_lives(regulars_shop, face, observation):
    env = face(regulars_shop, observation=observation)
    first = flat(steps_of(env, 40, seed=3))
    assert flat(steps_of(env, 40, seed=3)) == first
    assert flat(steps_of(face(regulars_shop, observation=observation), 40, seed=3)) == first
    assert flat(steps_of(env, 40, seed=4)) != first


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"])
@pytest.mark.parametrize("face", [single_of, vector_of])
def test_copies_go_on_alike(regulars_shop, face, copied):
    env = face(regulars_shop, observation="record")
    steps_of(env, 10, seed=3)
    other = copied(env)
    assert flat(steps_of(env, 20)) == flat(steps_of(other, 20))


def test_what_the_info_tells_is_what_the_visits_are(regulars_shop):
    envs = vector_of(regulars_shop, 50)
    _, info = envs.reset(seed=1)
    rng = np.random.default_rng(1)
    for _ in range(10):
        visits = envs.visits
        assert info["customer"].tolist() == visits.customer.tolist()
        assert info["days_since"].tolist() == (visits.day - visits.last_visit).tolist()
        *_, info = envs.step(rng.integers(60, size=(50, N)))
    info["customer"][:] = -1  # a copy
    assert envs.visits.customer.min() >= 0
