"""Both faces over whole lives: checkers, seeds, copies, and the three ways to go on after a life."""

import warnings
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env import Journey
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.journey.lives import Pace
from tests.core.journey.small_worlds import journeys
from tests.envs.journeying import BRISK, JOURNEY, OBSERVED, N, P, both_of, flat, single_of, steps_of, vector_of

SAME_STEP, NEXT_STEP, DISABLED = AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED
BAD = np.full((4, N), -1)
SHOWN = ("response", "item_reward", "duplicates")


def slates(rng, rows=4):
    return rng.integers(P, size=(rows, N))


@pytest.mark.parametrize("observation", OBSERVED)
def test_checkers_find_no_fault(observation):
    env = gym.make(JOURNEY, observation=observation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
        pytest.importorskip("stable_baselines3.common.env_checker").check_env(env)


@pytest.mark.parametrize("observation", OBSERVED)
@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_vector_returns_what_its_spaces_say(tiny_shop, observation, mode):
    envs = vector_of(tiny_shop, 4, observation=observation, autoreset_mode=mode, journey=BRISK)
    assert envs.metadata["autoreset_mode"] is mode
    assert envs.observation_space == gym.vector.utils.batch_space(envs.single_observation_space, 4)
    rng, returned = np.random.default_rng(1), [envs.reset(seed=1)]
    for _ in range(60):
        returned.append(envs.step(slates(rng)))
        over = returned[-1][2] | returned[-1][3]
        if mode is DISABLED and over.any():
            returned.append(envs.reset(options={"reset_mask": over}))
    for seen, *numbers, infos in returned:
        assert envs.observation_space.contains(seen)
        assert [each.dtype for each in numbers] == [np.float64, np.bool_, np.bool_][: len(numbers)]
        shapes = {key: (value.dtype, value.shape) for key, value in infos.items() if "final" not in key}
        assert shapes == {
            "state": (np.int64, (4,)),
            "response": (np.int8, (4, N)),
            "item_reward": (np.float64, (4, N)),
            "duplicates": (np.int64, (4,)),
        }


@pytest.fixture(scope="module")
def own_shop(tiny_shop):
    """The same shop, for levels that are not those of its journeys."""
    return replace(tiny_shop)


@given(journey=journeys(), number=st.integers(0, 1000), observation=st.sampled_from(OBSERVED))
def test_the_observation_never_leaves_its_space(own_shop, journey, number, observation):
    with pytest.MonkeyPatch.context() as patch:  # the search takes long where little is bought
        patch.setattr("selflearn_env.envs.journey_options.find_pace", lambda *_: Pace(3.0, 1.2))
        faces = list(both_of(own_shop, observation=observation, journey=replace(journey, horizon=40 + number)))
    for env in faces:
        for seen in steps_of(env, 30, number, seed=number):
            assert env.observation_space.contains(seen[0])


@pytest.mark.parametrize("observation", OBSERVED)
@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_a_vector_of_one_is_the_single_face_over_many_lives(tiny_shop, customer, observation):
    options = {"customer": customer, "observation": observation, "journey": BRISK}
    env, envs = single_of(tiny_shop, **options), vector_of(tiny_shop, 1, **options)
    rng, ends = np.random.default_rng(3), []
    (seen, info), (observations, infos) = env.reset(seed=11), envs.reset(seed=11)
    for _ in range(300):
        np.testing.assert_array_equal(observations[0], seen)
        assert infos["state"][0] == info["state"]
        slate = rng.integers(P, size=N)
        seen, reward, terminated, truncated, info = env.step(slate)
        observations, rewards, terminations, truncations, infos = envs.step(slate[None])
        assert (rewards[0], terminations[0], truncations[0]) == (reward, terminated, truncated)
        for key in SHOWN:
            np.testing.assert_array_equal(infos[key][0], info[key])
        over = terminated or truncated
        assert ("final_obs" in infos) == ("_final_obs" in infos) == over
        if over:
            ends.append((terminated, truncated))
            np.testing.assert_array_equal(infos["final_obs"][0], seen)
            assert infos["_final_obs"].tolist() == [True]
            seen, info = env.reset()
    assert len(ends) > 3
    assert (True, True) not in ends


def test_lives_end_in_both_ways(tiny_shop):
    envs = vector_of(tiny_shop, 64, journey=BRISK)
    envs.reset(seed=1)
    ends = [envs.step(slates(np.random.default_rng(step), 64))[2:4] for step in range(60)]
    terminated, truncated = (np.array(each) for each in zip(*ends, strict=True))
    assert terminated.any()
    assert truncated.any()
    assert not (terminated & truncated).any()


@pytest.mark.parametrize("effect", [{"leave": 1.0, "patience": 1}, {"horizon": 26}])
def test_who_leaves_is_terminated_and_who_is_still_there_truncated(tiny_shop, effect):
    envs = vector_of(tiny_shop, 8, customer="seed", journey=Journey(**{"leave": 0} | effect))
    envs.reset(seed=1)
    for _ in range(100):
        empty_before = envs.visits.empty
        *_, terminated, truncated, infos = envs.step(np.zeros((8, N), dtype=np.int64))
        nothing = ~infos["response"].any(axis=1)
        if "leave" in effect:
            np.testing.assert_array_equal(terminated, nothing)
            assert (empty_before == 0).all()
        else:
            assert not terminated.any()
    assert (terminated | truncated).any() or "leave" in effect


def test_final_observations_are_told_where_a_life_ends_and_nowhere_else(tiny_shop):
    """Against a twin that waits for its reset, whose last observation stays in view."""
    options = {"observation": "journey", "journey": BRISK}
    envs, twin = (vector_of(tiny_shop, 4, autoreset_mode=mode, **options) for mode in (SAME_STEP, DISABLED))
    envs.reset(seed=3)
    twin.reset(seed=3)
    ended, rng = 0, np.random.default_rng(1)
    for _ in range(200):
        actions = slates(rng)
        observation, *ours, infos = envs.step(actions)
        last, *theirs, expected = twin.step(actions)
        assert flat(ours) == flat(theirs)
        over = theirs[1] | theirs[2]
        assert ("final_obs" in infos) == ("_final_obs" in infos) == over.any()
        if over.any():
            ended += over.sum()
            assert infos["_final_obs"].tolist() == over.tolist()
            assert infos["final_obs"].dtype == object
            for row in range(4):
                if over[row]:
                    np.testing.assert_array_equal(infos["final_obs"][row], last[row])
                    assert envs.single_observation_space.contains(infos["final_obs"][row])
                else:
                    assert infos["final_obs"][row] is None
            renewed, after = twin.reset(options={"reset_mask": over})
            np.testing.assert_array_equal(observation, renewed)
            np.testing.assert_array_equal(infos["state"], after["state"])
        else:
            np.testing.assert_array_equal(observation, last)
            np.testing.assert_array_equal(infos["state"], expected["state"])
    assert ended > 20


@pytest.mark.parametrize("observation", OBSERVED)
def test_final_observations_have_the_form_of_gymnasiums_own_vectors(tiny_shop, observation):
    options = {"shop": tiny_shop, "slate_size": N, "observation": observation, "journey": BRISK}
    own = vector_of(tiny_shop, 4, observation=observation, journey=BRISK)
    sync = gym.make_vec(JOURNEY, 4, "sync", vector_kwargs={"autoreset_mode": SAME_STEP}, **options)
    found = []
    for envs in (own, sync):
        envs.reset(seed=1)
        rng = np.random.default_rng(1)
        for _ in range(100):
            *_, infos = envs.step(slates(rng))
            if "final_obs" in infos and not infos["_final_obs"].all():
                row = int(np.argmax(infos["_final_obs"]))
                one = infos["final_obs"][row]
                none = infos["final_obs"][~infos["_final_obs"]]
                mask = infos["_final_obs"]
                found.append(
                    (infos["final_obs"].shape, type(one), np.asarray(one).dtype, none[0], mask.dtype, mask.shape)
                )
                break
    assert len(found) == 2
    assert found[0] == found[1]


def test_next_step_renews_what_is_over_without_reading_its_action(tiny_shop):
    envs, twin = (vector_of(tiny_shop, 4, journey=BRISK, autoreset_mode=mode) for mode in (NEXT_STEP, DISABLED))
    observation, infos = envs.reset(seed=5)
    twin.reset(seed=5)
    over, rng, renewals = np.zeros(4, bool), np.random.default_rng(2), 0
    for _ in range(150):
        actions = slates(rng)
        observation, rewards, terminated, truncated, infos = envs.step(np.where(over[:, None], BAD, actions))
        assert "final_obs" not in infos
        if over.any():
            renewals += 1
            assert not np.stack([rewards, terminated, truncated])[:, over].any()
            assert not any(infos[key][over].any() for key in SHOWN)
            assert (envs.visits.visits[over] == 0).all()
        assert (envs.visits.visits[~over] > 0).all()
        np.testing.assert_allclose(rewards, infos["item_reward"].sum(axis=1))
        assert envs.observation_space.contains(observation)
        np.testing.assert_array_equal(observation, envs.shop.states.decode(infos["state"]))
        over = terminated | truncated
    assert renewals > 20


@pytest.mark.parametrize("observation", OBSERVED)
def test_next_step_of_one_shows_the_last_observation_and_then_the_next_life(tiny_shop, observation):
    options = {"observation": observation, "journey": BRISK}
    env, envs = single_of(tiny_shop, **options), vector_of(tiny_shop, 1, autoreset_mode=NEXT_STEP, **options)
    rng, lives = np.random.default_rng(3), 0
    (seen, _), (observations, _) = env.reset(seed=11), envs.reset(seed=11)
    for _ in range(200):
        np.testing.assert_array_equal(observations[0], seen)
        slate = rng.integers(P, size=N)
        seen, reward, terminated, truncated, _ = env.step(slate)
        observations, rewards, *ends, _ = envs.step(slate[None])
        assert (rewards[0], ends[0][0], ends[1][0]) == (reward, terminated, truncated)
        np.testing.assert_array_equal(observations[0], seen)
        if terminated or truncated:
            seen, _ = env.reset()
            observations, *_ = envs.step(BAD[:1])
            lives += 1
    assert lives > 3


def test_disabled_waits_for_the_rows_that_are_over(tiny_shop):
    envs = vector_of(tiny_shop, 8, journey=BRISK, autoreset_mode=DISABLED)
    envs.reset(seed=5)
    rng, over = np.random.default_rng(1), np.zeros(8, bool)
    while not over.any() or over.all():
        *_, terminated, truncated, _ = envs.step(slates(rng, 8))
        over = terminated | truncated
    with pytest.raises(gym.error.ResetNeeded, match=rf"{over.sum()} visits are over, the first in row {over.argmax()}"):
        envs.step(slates(rng, 8))
    before = envs.visits
    _, infos = envs.reset(options={"reset_mask": over})
    for ours, theirs in zip(envs.visits.columns(), before.columns(), strict=True):
        np.testing.assert_array_equal(ours[~over], theirs[~over])
    assert (envs.visits.visits == 0).tolist() == over.tolist()
    np.testing.assert_array_equal(infos["state"], envs.visits.state)
    envs.step(slates(rng, 8))


def test_a_life_that_is_over_needs_a_reset(tiny_shop):
    env = single_of(tiny_shop, journey=BRISK)
    env.reset(seed=1)
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step([0, 1, 2])
        over = terminated or truncated
    with pytest.raises(gym.error.ResetNeeded, match="the visit is over, or none has begun: call reset"):
        env.step([0, 1, 2])
    env.reset()
    env.step([0, 1, 2])
