"""The registered ids: what each makes, in every way that Gymnasium makes it."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from selflearn_env import Journey, Rewards, face
from selflearn_env.envs import SlateEnv, SlateVectorEnv


def test_seed_is_the_seeds_world(seed_shop):
    env = gym.make("selflearn/Seed-v0").unwrapped
    assert env.shop is seed_shop
    assert env.shop.products == 3684
    assert env.action_space.nvec.tolist() == [3684] * 10
    assert env.observation_space.nvec.tolist() == [4, 12, 2, 7]
    assert env.simulator.rewards.noise == 1.0
    np.testing.assert_allclose(env.simulator.state_probability, 1 / 672)


def test_retail_is_the_held_out_customers(retail_shop):
    env = gym.make("selflearn/Retail-v0").unwrapped
    assert env.shop is retail_shop
    assert env.action_space.nvec.tolist() == [retail_shop.products] * 10
    assert env.simulator.rewards.noise == 0.0
    visits = retail_shop.customers.visits()
    np.testing.assert_allclose(env.simulator.state_probability, visits / visits.sum())


def test_retail_journey_is_the_same_customers_who_come_back(retail_shop):
    env, visit = gym.make("selflearn/RetailJourney-v0").unwrapped, gym.make("selflearn/Retail-v0").unwrapped
    assert env.shop is retail_shop
    assert env.action_space == visit.action_space
    assert env.observation_space == visit.observation_space
    assert env.simulator.rewards == visit.simulator.rewards
    assert env.simulator.customers is visit.simulator.customers
    assert env.simulator.arrivals.lives is retail_shop.lives.lives
    assert (env.simulator.arrivals.journey, env.simulator.lasting, visit.simulator.lasting) == (Journey(), True, False)


def test_both_faces_hold_the_same_world(env_id, tiny_shop):
    env = gym.make(env_id, shop=tiny_shop, slate_size=3).unwrapped
    envs = gym.make_vec(env_id, 2, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=3).unwrapped
    assert (type(env), type(envs)) == (SlateEnv, SlateVectorEnv)
    assert env.shop is tiny_shop
    assert envs.shop is tiny_shop
    assert envs.single_action_space == env.action_space
    assert envs.single_observation_space == env.observation_space
    assert envs.simulator.rewards == env.simulator.rewards
    states, slates = np.arange(8), np.random.default_rng(1).integers(8, size=(8, 3))
    for answer in ("expected_reward", "response_probability"):
        one, other = (getattr(each.simulator, answer)(states, slates) for each in (env, envs))
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(env.simulator.state_probability, envs.simulator.state_probability)


@pytest.mark.parametrize("mode", ["sync", "vector_entry_point", None])
def test_gymnasium_makes_vectors_in_each_mode(env_id, tiny_shop, mode):
    envs = gym.make_vec(env_id, 3, vectorization_mode=mode, shop=tiny_shop, slate_size=2)
    observations, infos = envs.reset(seed=[1, 2, 3] if mode == "sync" else 1)
    assert envs.observation_space.contains(observations)
    assert infos["response"].shape == (3, 2)
    _, rewards, terminations, _, infos = envs.step(np.array([[0, 1], [2, 2], [3, 4]]))
    assert terminations.tolist() == [True] * 3
    assert infos["duplicates"].tolist() == [0, 1, 0]
    np.testing.assert_allclose(rewards, infos["item_reward"].sum(axis=1))
    assert isinstance(envs, SlateVectorEnv) == (mode != "sync")
    envs.close()


def test_sync_rows_are_the_single_face(env_id, tiny_shop):
    envs = gym.make_vec(env_id, 2, vectorization_mode="sync", shop=tiny_shop, slate_size=2)
    env = gym.make(env_id, shop=tiny_shop, slate_size=2)
    _, infos = envs.reset(seed=[4, 5])
    _, rewards, *_ = envs.step(np.array([[0, 1], [2, 3]]))
    for row, (seed, slate) in enumerate([(4, [0, 1]), (5, [2, 3])]):
        _, info = env.reset(seed=seed)
        assert (infos["state"][row], rewards[row]) == (info["state"], env.step(np.array(slate))[1])
    envs.close()


def test_a_spec_makes_the_same_environment_again(env_id):
    env = gym.make(env_id, slate_size=4, observation="onehot", visits="uniform")
    for spec in (env.spec, copy.deepcopy(env.spec), EnvSpec.from_json(env.spec.to_json())):
        again = gym.make(spec)
        assert again.spec == env.spec
        assert again.observation_space == env.observation_space
        assert again.action_space == env.action_space
        assert again.reset(seed=3)[1]["state"] == env.reset(seed=3)[1]["state"]
    assert gym.spec(env_id).id == env_id


def test_a_spec_with_a_saved_shop_makes_it_again(env_id, tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "tiny.npz")
    env = gym.make(env_id, shop=str(tmp_path / "tiny.npz"), slate_size=4)
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.shop.digest == tiny_shop.digest


def test_a_vector_spec_makes_the_same_vector_again(env_id):
    envs = gym.make_vec(env_id, 3, vectorization_mode="vector_entry_point", slate_size=4)
    again = gym.make_vec(envs.spec)
    assert again.num_envs == 3
    assert again.action_space == envs.action_space
    np.testing.assert_array_equal(again.reset(seed=3)[1]["state"], envs.reset(seed=3)[1]["state"])


def test_a_shop_given_to_an_environment_is_not_copied(env_id, tiny_shop):
    """It never changes, and a large one is tens of megabytes."""
    env = gym.make(env_id, shop=tiny_shop, slate_size=3)
    assert env.spec.kwargs["shop"] is tiny_shop
    assert gym.make(env.spec).unwrapped.shop is tiny_shop


def test_a_specification_with_rewards_survives_json(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "shop.npz")
    rewards = Rewards(buy=7, noise=0.5)
    spec = gym.make("selflearn/Retail-v0", shop=str(tmp_path / "shop.npz"), slate_size=3, rewards=rewards).spec
    made = EnvSpec.from_json(spec.to_json()).make()
    assert made.unwrapped.simulator.rewards == rewards


def test_a_mistake_does_not_print_the_shop(tiny_shop):
    with pytest.raises(TypeError) as mistake:
        gym.make("selflearn/Retail-v0", shop=tiny_shop, slatesize=3)
    assert len(str(mistake.value)) < 500


def test_a_face_is_what_is_within_the_wrappers(tiny_shop):
    env = gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=3)
    envs = gym.make_vec("selflearn/Retail-v0", 2, vectorization_mode="vector_entry_point", shop=tiny_shop, slate_size=3)
    assert face(env) is env.unwrapped
    assert face(gym.wrappers.vector.RecordEpisodeStatistics(envs)) is envs.unwrapped
    assert (face(env).shop, face(env).visits) == (tiny_shop, None)
    with pytest.raises(TypeError, match="expected an environment of selflearn_env, got CartPoleEnv"):
        face(gym.make("CartPole-v1"))
