"""The single face: its contract, its errors, and run that can be repeated, copied and continued."""

import copy
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from selflearn_env.envs.observations import OBSERVATIONS
from tests.envs.plain_lists import flat

INFO = {"state", "response", "item_reward", "duplicates"}


def episodes(env, count, first_seed=None, number=0):
    """Everything that a number of episodes return, with slates (repeats among them) that `number` sets."""
    rng, seed, seen = np.random.default_rng(number), first_seed, []
    for _ in range(count):
        seen.append(env.reset(seed=seed))
        seen.append(env.step(rng.integers(8, size=env.action_space.shape)))
        seed = None
    return seen


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_gymnasium_finds_no_fault(env_id, observation):
    env = gym.make(env_id, observation=observation).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
    assert env.observation_space == OBSERVATIONS[observation](env.shop.states).space


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_stable_baselines_finds_no_fault(env_id, observation):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env = gym.make(env_id, observation=observation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(env)
    assert env.action_space.nvec.tolist() == [env.unwrapped.shop.products] * 10


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_the_observation_is_the_state(single, observation):
    env = single(observation=observation)
    states = env.shop.states
    for number in range(30):
        seen, info = env.reset(seed=number)
        assert env.observation_space.contains(seen)
        tiers = states.decode([info["state"]])[0]
        expected = {
            "tiers": tiers,
            "index": info["state"],
            "onehot": np.concatenate([np.arange(size) == tier for size, tier in zip(states.shape, tiers, strict=True)]),
        }
        np.testing.assert_array_equal(seen, expected[observation])
        np.testing.assert_array_equal(env.step([0, 1, 2])[0], seen)


def test_info_has_the_same_keys_types_and_shapes_in_reset_and_step(single):
    env = single()
    _, at_reset = env.reset(seed=1)
    *_, at_step = env.step([0, 1, 1])
    for info in (at_reset, at_step):
        assert set(info) == INFO
        assert (type(info["state"]), type(info["duplicates"])) == (int, int)
        assert (info["response"].dtype, info["response"].shape) == (np.int8, (3,))
        assert (info["item_reward"].dtype, info["item_reward"].shape) == (np.float64, (3,))
    assert (at_reset["response"].any(), at_reset["item_reward"].any(), at_reset["duplicates"]) == (False, False, 0)
    assert (at_step["state"], at_step["duplicates"]) == (at_reset["state"], 1)


def test_an_episode_is_one_visit_and_the_reward_is_the_sum(single):
    env = single(rewards=gym.make("selflearn/Retail-v0").unwrapped.simulator.rewards)
    for seen in episodes(env, 50, first_seed=3)[1::2]:
        _, reward, terminated, truncated, info = seen
        assert (type(reward), terminated, truncated) == (float, True, False)
        assert info["item_reward"].tolist() == [(-2.0, 1.0, 5.0)[response] for response in info["response"]]
        assert reward == sum(info["item_reward"])


def test_equal_seeds_give_equal_streams(single):
    one, same, other = (flat(episodes(single(), 30, first_seed=seed)) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_a_seeded_reset_starts_anew_and_an_unseeded_one_continues(single):
    env = single()
    whole = flat(episodes(single(), 20, first_seed=7))
    assert flat(episodes(env, 10, first_seed=7)) == whole[:20]
    rng = np.random.default_rng(0)
    rng.integers(8, size=(10, 3))  # the slates of the first ten episodes
    for seen in range(20, 40, 2):
        assert flat(env.reset()) == whole[seen]
        assert flat(env.step(rng.integers(8, size=3))) == whole[seen + 1]
    assert flat(episodes(env, 10, first_seed=7)) == whole[:20]


def test_policies_with_one_seed_meet_the_same_visits(single):
    one, other = (episodes(single(), 30, first_seed=2, number=number) for number in (0, 1))
    assert flat(one[::2]) == flat(other[::2])
    assert flat(one[1::2]) != flat(other[1::2])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_in_mid_episode_continues_equally(single, duplicate):
    env = single()
    episodes(env, 5, first_seed=4)
    env.reset()
    twin = duplicate(env)
    assert flat(env.step([0, 1, 2])) == flat(twin.step([0, 1, 2]))
    assert flat(episodes(env, 20)) == flat(episodes(twin, 20))


def test_what_was_returned_stays_as_it_was_and_is_the_callers_to_write(single):
    env, twin = single(), single()
    seen = episodes(env, 10, first_seed=5)
    before = flat(seen)
    episodes(env, 10)
    assert flat(seen) == before

    episodes(twin, 10, first_seed=5)
    episodes(twin, 10)
    for _ in range(10):
        observation, info = env.reset()
        observation[...] = info["response"][...] = info["item_reward"][...] = 0
        twin.reset()
        assert flat(env.step([3, 2, 1])) == flat(twin.step([3, 2, 1]))


@pytest.mark.parametrize(
    ("action", "match"),
    [
        ([0, 1, 8], r"slates\[0, 2\] is product 8, but the catalogue has products 0\.\.7"),
        ([0, -1, 2], r"slates\[0, 1\] is product -1, but the catalogue has products 0\.\.7"),
        ([0, 1], r"expected product indexes of shape \(1, 3\).* got int64 of shape \(1, 2\)"),
        ([0, 1, 2, 3], r"expected product indexes .* got int64 of shape \(1, 4\)"),
        ([[0, 1, 2]], r"expected product indexes .* got int64 of shape \(1, 1, 3\)"),
        ([0.0, 1.0, 2.0], r"expected product indexes .* got float64 of shape \(1, 3\)"),
        (None, r"expected product indexes .* got object"),
    ],
)
def test_a_bad_slate_is_named_and_shown_to_nobody(single, action, match):
    env, twin = single(), single()
    env.reset(seed=1)
    with pytest.raises(ValueError, match=match):
        env.step(action)
    twin.reset(seed=1)
    assert flat(env.step([0, 1, 2])) == flat(twin.step([0, 1, 2]))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_a_slate_may_have_any_integer_type(single, dtype):
    env, twin = single(), single()
    env.reset(seed=1)
    twin.reset(seed=1)
    assert flat(env.step(np.array([5, 5, 1], dtype))) == flat(twin.step([5, 5, 1]))


def test_a_step_needs_a_visit(single):
    env = single()
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        env.step([0, 1, 2])
    env.reset(seed=1)
    env.step([0, 1, 2])
    with pytest.raises(gym.error.ResetNeeded, match="the visit is over, or none has begun: call reset"):
        env.step([0, 1, 2])
