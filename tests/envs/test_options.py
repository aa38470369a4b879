"""The options: what each changes, and what is said of one that does not exist."""

import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env import Rewards
from selflearn_env.envs.options import Options
from selflearn_env.envs.worlds import retail_env, retail_vector_env, seed_env, seed_vector_env

SINGLE, VECTOR = [seed_env, retail_env], [seed_vector_env, retail_vector_env]
GOOD = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 0], [1, 1, 2]])


@pytest.mark.parametrize("make", SINGLE + VECTOR)
@pytest.mark.parametrize("size", [1, 5, np.int64(8)])
def test_slate_size_is_the_size_of_the_action(make, tiny_shop, size):
    env = make(shop=tiny_shop, slate_size=size)
    assert env.action_space.shape[-1] == size
    env.reset(seed=1)
    *_, info = env.step(np.broadcast_to(np.arange(size), env.action_space.shape))
    assert info["response"].shape == env.action_space.shape


@pytest.mark.parametrize("make", SINGLE + VECTOR)
def test_rewards_set_what_a_response_earns(make, tiny_shop):
    env = make(shop=tiny_shop, slate_size=8, rewards=Rewards(buy=100.0, click=10.0, ignore=1.0))
    kinds = set()
    for seed in range(60):
        env.reset(seed=seed)
        *_, info = env.step(np.broadcast_to(np.arange(8), env.action_space.shape))
        np.testing.assert_array_equal(info["item_reward"], 10.0 ** info["response"])
        kinds.update(info["response"].ravel().tolist())
    assert kinds == {0, 1, 2}


def test_noise_changes_the_rewards_and_nothing_else(vector):
    plain, noisy = vector(rewards=Rewards()), vector(rewards=Rewards(noise=2.0))
    _, one = plain.reset(seed=4)
    _, other = noisy.reset(seed=4)
    for _ in range(30):
        np.testing.assert_array_equal(one["state"], other["state"])
        *_, one = plain.step(GOOD)
        *_, other = noisy.step(GOOD)
        np.testing.assert_array_equal(one["response"], other["response"])
        assert (one["item_reward"] != other["item_reward"]).any()


def test_visits_come_as_in_the_log_or_uniformly(single):
    log, uniform = single(visits="log"), single(visits="uniform")
    visits = log.shop.customers.visits()
    np.testing.assert_allclose(log.simulator.state_probability, visits / visits.sum())
    np.testing.assert_allclose(uniform.simulator.state_probability, 1 / 672)


def test_the_customer_model_does_not_change_who_comes(single):
    seed, independent = single(customer="seed"), single(customer="independent")
    slates = np.array([[0, 1, 2], [7, 6, 5]])
    assert np.ptp(seed.simulator.expected_reward([9, 9], slates)) == 0
    assert np.ptp(independent.simulator.expected_reward([9, 9], slates)) > 0
    for number in range(20):
        assert seed.reset(seed=number)[1]["state"] == independent.reset(seed=number)[1]["state"]


@pytest.mark.parametrize("make", SINGLE + VECTOR)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_shop_may_be_the_path_of_a_saved_one(make, kind, tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "tiny.npz")
    one, other = make(shop=kind(tmp_path / "tiny.npz"), slate_size=3), make(shop=tiny_shop, slate_size=3)
    assert one.shop.digest == tiny_shop.digest
    states = np.arange(672)
    slates = np.tile([3, 1, 4], (672, 1))
    np.testing.assert_array_equal(
        one.simulator.expected_reward(states, slates), other.simulator.expected_reward(states, slates)
    )


@pytest.mark.parametrize("make", SINGLE + VECTOR)
def test_a_shop_file_that_is_not_there_is_named(make, tmp_path):
    path = tmp_path / "none.npz"
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        make(shop=path)


@pytest.mark.parametrize("make", SINGLE + VECTOR)
@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("slatesize", "unexpected keyword argument 'slatesize'; did you mean 'slate_size'?"),
        ("observations", "unexpected keyword argument 'observations'; did you mean 'observation'?"),
        ("rendermode", "unexpected keyword argument 'rendermode'; did you mean 'render_mode'?"),
        (
            "xyz",
            "unexpected keyword argument 'xyz'; known: shop, slate_size, observation, customer, customer_options, ",
        ),
    ],
)
def test_an_unknown_option_is_a_type_error_that_says_which_exist(make, tiny_shop, name, match):
    with pytest.raises(TypeError, match=match.replace("?", r"\?")):
        make(shop=tiny_shop, **{name: 3})


def test_gymnasium_passes_the_message_on(env_id):
    with pytest.raises(TypeError, match="unexpected keyword argument 'slatesize'; did you mean 'slate_size'"):
        gym.make(env_id, slatesize=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'slatesize'; did you mean 'slate_size'"):
        gym.make_vec(env_id, 2, slatesize=3)


@pytest.mark.parametrize("make", SINGLE + VECTOR)
@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("observation", "tier", "unknown observation 'tier'; did you mean 'tiers'.; known: tiers, index, onehot"),
        ("observation", None, "unknown observation None; known: tiers, index, onehot"),
        ("observation", ["tiers"], r"unknown observation \['tiers'\]; known: tiers, index, onehot"),
        ("customer", "independant", "unknown customer 'independant'; did you mean 'independent'.; known: seed"),
        ("visits", "logs", "unknown visits 'logs'; did you mean 'log'.; known: log, uniform"),
        ("render_mode", "human", "unknown render_mode 'human'; known: ansi, rgb_array"),
        ("slate_size", 9, r"slate_size must be 1\.\.8, the size of the catalogue, got 9"),
        ("slate_size", 0, r"slate_size must be 1\.\.8, the size of the catalogue, got 0"),
        ("slate_size", 2.0, r"slate_size must be 1\.\.8, the size of the catalogue, got 2.0"),
        ("slate_size", True, r"slate_size must be 1\.\.8, the size of the catalogue, got True"),
    ],
)
def test_an_unknown_value_is_named_with_those_that_exist(make, tiny_shop, name, value, match):
    with pytest.raises(ValueError, match=match):
        make(**{"shop": tiny_shop, "slate_size": 3, name: value})


@pytest.mark.parametrize("make", SINGLE + VECTOR)
@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("shop", 5, "shop is a Shop or the path of a saved one, got int"),
        ("rewards", (5, 1, -2), r"rewards is a selflearn_env\.Rewards, got \(5, 1, -2\)"),
        ("rewards", None, r"rewards is a selflearn_env\.Rewards, got None"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(make, tiny_shop, name, value, match):
    with pytest.raises(TypeError, match=match):
        make(**{"shop": tiny_shop, name: value})


@pytest.mark.parametrize("make", VECTOR)
def test_the_vector_face_has_an_autoreset_mode_and_a_number_of_rows(make, tiny_shop):
    assert make(shop=tiny_shop, slate_size=3).metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    for mode in AutoresetMode:
        for spelt in (mode, mode.value):
            made = make(shop=tiny_shop, slate_size=3, autoreset_mode=spelt)
            assert made.metadata["autoreset_mode"] is mode
    assert "autoreset_mode" not in type(made).metadata
    with pytest.raises(ValueError, match="num_envs must be at least 1, got 0"):
        make(0, shop=tiny_shop, slate_size=3)
    for number in (10**30, 2**63, 2**24 + 1):
        with pytest.raises(ValueError, match=f"num_envs is at most 16,777,216, got {number}"):
            make(number, shop=tiny_shop, slate_size=3)


@pytest.mark.parametrize("make", VECTOR)
def test_an_unknown_autoreset_mode_is_named_with_those_that_exist(make, tiny_shop):
    with pytest.raises(ValueError, match=r"autoreset_mode 'sometimes'.*SameStep"):
        make(shop=tiny_shop, slate_size=3, autoreset_mode="sometimes")


@pytest.mark.parametrize("make", SINGLE)
def test_the_single_face_has_no_autoreset_mode(make, tiny_shop):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'autoreset_mode'; only the vector face has it"):
        make(shop=tiny_shop, autoreset_mode=AutoresetMode.SAME_STEP)


def test_options_are_made_whole_and_never_change():
    options = Options()
    changed = options.changed((), slate_size=4)
    assert (options.slate_size, changed.slate_size) == (10, 4)
    with pytest.raises(AttributeError, match="cannot assign to field 'slate_size'"):
        options.slate_size = 5


def test_making_an_environment_warns_of_nothing(env_id, tiny_shop):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(env_id, shop=tiny_shop, slate_size=3, render_mode="rgb_array")
        env.reset(seed=1)
        assert env.step(env.action_space.sample())[2] is True
