"""What Gymnasium itself offers, over our environments: its vector modes, its wrappers, its plugins."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import (
    ClipReward,
    FlattenObservation,
    FrameStackObservation,
    NormalizeReward,
    RecordEpisodeStatistics,
    TimeAwareObservation,
    TimeLimit,
)
from gymnasium.wrappers import vector as of_vectors

import selflearn_env

IDS = ["selflearn/Seed-v0", "selflearn/Retail-v0", "selflearn/RetailJourney-v0"]
JOURNEY = IDS[-1]
N = 3

pytestmark = pytest.mark.parametrize("env_id", IDS)


def single(env_id, shop, **known):
    return gym.make(env_id, shop=shop, slate_size=N, **known)


def several(env_id, shop, num_envs=3, mode="vector_entry_point", **known):
    return gym.make_vec(env_id, num_envs, vectorization_mode=mode, shop=shop, slate_size=N, **known)


def test_the_plugin_is_registered_by_name(env_id, tiny_shop):
    gym.register_envs(selflearn_env)
    assert gym.spec(env_id).id == env_id
    assert gym.make(f"selflearn_env:{env_id}", shop=tiny_shop, slate_size=N).spec.id == env_id


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_copies_side_by_side_do_what_each_does_alone(env_id, mode, tiny_shop):
    """In Gymnasium's own loop and in processes of their own."""
    envs = several(env_id, tiny_shop, mode=mode, vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP})
    alone = [single(env_id, tiny_shop) for _ in range(3)]
    try:
        found, _ = envs.reset(seed=[4, 5, 6])
        expected = [env.reset(seed=seed)[0] for env, seed in zip(alone, (4, 5, 6), strict=True)]
        assert found.tolist() == np.array(expected).tolist()
        for slates in np.random.default_rng(1).integers(8, size=(12, 3, N)):
            found, reward, terminated, truncated, _ = envs.step(slates)
            for row, (env, slate) in enumerate(zip(alone, slates, strict=True)):
                seen, earned, *over, _ = env.step(slate)
                assert [earned, *over] == [reward[row], terminated[row], truncated[row]]
                seen = env.reset()[0] if any(over) else seen
                assert found[row].tolist() == seen.tolist()
    finally:
        envs.close()


def test_a_flat_observation_is_a_vector_of_fixed_size(env_id, tiny_shop):
    for observation in ("tiers", "index", "onehot"):
        env = FlattenObservation(single(env_id, tiny_shop, observation=observation))
        seen, _ = env.reset(seed=1)
        assert env.observation_space.shape == (672 if observation == "index" else 25,)
        assert seen in env.observation_space
        assert seen.sum() == (1 if observation == "index" else 4)


def test_wrappers_of_the_single_face_work_together(env_id, tiny_shop):
    bare = single(env_id, tiny_shop, observation="onehot")
    stacked = TimeAwareObservation(TimeLimit(single(env_id, tiny_shop, observation="onehot"), 2))
    env = RecordEpisodeStatistics(FrameStackObservation(NormalizeReward(ClipReward(stacked, -1, 1)), 2))
    env.action_space.seed(1)
    env.reset(seed=1)
    bare.reset(seed=1)
    action = env.action_space.sample()
    *_, info = env.step(action)
    assert info["response"].tolist() == bare.step(action)[-1]["response"].tolist()


def test_a_time_limit_cuts_a_life(env_id, tiny_shop):
    env = RecordEpisodeStatistics(TimeLimit(single(env_id, tiny_shop), 4))
    lengths = []
    for seed in range(30):
        env.reset(seed=seed)
        earned, over = 0.0, False
        while not over:
            _, reward, terminated, truncated, info = env.step([0, 1, 2])
            earned, over = earned + reward, terminated or truncated
        assert info["episode"]["r"] == pytest.approx(earned)
        lengths.append(info["episode"]["l"])
    assert max(lengths) == (4 if env_id == JOURNEY else 1)


@pytest.mark.parametrize(
    "wrapper",
    [
        of_vectors.FlattenObservation,
        lambda envs: of_vectors.ClipReward(envs, -1, 1),
        of_vectors.NormalizeReward,
    ],
    ids=["FlattenObservation", "ClipReward", "NormalizeReward"],
)
def test_wrappers_of_the_vector_face_change_what_they_say_and_nothing_else(wrapper, env_id, tiny_shop):
    renewed = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # Gymnasium's views of observations take no other
    envs, bare = wrapper(several(env_id, tiny_shop, **renewed)), several(env_id, tiny_shop, **renewed)
    envs.reset(seed=1)
    bare.reset(seed=1)
    for slates in np.random.default_rng(1).integers(8, size=(20, 3, N)):
        _, reward, *over, info = envs.step(slates)
        _, _, *expected, known = bare.step(slates)
        assert np.array(over).tolist() == np.array(expected).tolist()
        assert reward.shape == (3,)
        assert info["state"].tolist() == known["state"].tolist()
        assert envs.unwrapped.visits.state.tolist() == bare.unwrapped.visits.state.tolist()
    envs.close()


def test_the_passive_checker_has_nothing_to_say(env_id, tiny_shop, recwarn):
    env = gym.make(env_id, shop=tiny_shop, slate_size=N, disable_env_checker=False)
    env.action_space.seed(1)
    over = True
    for _ in range(60):
        if over:
            env.reset(seed=1)
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    env.close()
    assert not recwarn.list
