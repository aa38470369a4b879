"""The adapter to Stable-Baselines3, against the vector environment that it adapts, and algorithms that use it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env.wrappers.ranker_choice import VectorRankerChoice
from selflearn_env.wrappers.sequential_slate import VectorSequentialSlate

sb3 = pytest.importorskip("stable_baselines3")
vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
SB3VecEnv = pytest.importorskip("selflearn_env.wrappers.sb3").SB3VecEnv

RETAIL, JOURNEY = "selflearn/Retail-v0", "selflearn/RetailJourney-v0"
WORLDS = [(RETAIL, "tiers"), (RETAIL, "index"), (RETAIL, "onehot"), (JOURNEY, "tiers"), (JOURNEY, "journey")]
N, B = 3, 6
SHORT = {"fatigue": 0.1, "boredom": 0.2, "leave": 0.1, "patience": 3, "horizon": 60}  # some leave before it


def vector(env_id, shop, num_envs=B, **known):
    options = {"shop": shop, "slate_size": N, **known}
    if env_id == JOURNEY:
        options["journey"] = SHORT
    return gym.make_vec(env_id, num_envs, vectorization_mode="vector_entry_point", **options)


def fixed(slate):
    """A ranker of one slate."""
    return lambda visits: np.tile(slate, (len(visits), 1))


def slates(number, steps, batch=B):
    return np.random.default_rng(number).integers(8, size=(steps, batch, N))


@pytest.mark.parametrize(("env_id", "observation"), WORLDS)
def test_transitions_are_those_of_the_vector_environment(env_id, observation, tiny_shop):
    adapted = SB3VecEnv(vector(env_id, tiny_shop, observation=observation))
    bare = vector(env_id, tiny_shop, observation=observation)
    assert adapted.num_envs == B
    assert adapted.observation_space == bare.single_observation_space
    assert adapted.action_space == bare.single_action_space
    adapted.seed(4)
    before = adapted.reset()
    np.testing.assert_array_equal(before, bare.reset(seed=4)[0])
    ends = {"terminated": 0, "truncated": 0}
    for actions in slates(1, 200):
        observation, reward, terminated, truncated, info = bare.step(actions)
        found = adapted.step(actions)
        np.testing.assert_array_equal(found[0], observation)
        assert found[0].dtype == observation.dtype
        np.testing.assert_array_equal(found[1], reward.astype(np.float32))
        assert found[1].dtype == np.float32
        np.testing.assert_array_equal(found[2], terminated | truncated)
        for row in range(B):
            if not (terminated[row] or truncated[row]):
                assert found[3][row] == {}
                continue
            last = info["final_obs"][row] if env_id == JOURNEY else before[row]
            assert set(found[3][row]) == {"terminal_observation", "TimeLimit.truncated"}
            np.testing.assert_array_equal(found[3][row]["terminal_observation"], last)
            assert found[3][row]["TimeLimit.truncated"] is bool(truncated[row])
            ends["terminated"] += int(terminated[row])
            ends["truncated"] += int(truncated[row])
        before = observation
    assert ends["terminated"] > 20
    assert (ends["truncated"] > 5) == (env_id == JOURNEY)


def test_seeding_is_for_the_next_reset_only(tiny_shop):
    envs = SB3VecEnv(vector(RETAIL, tiny_shop, observation="index"))

    def visits(seed=None):
        if seed is not None:
            envs.seed(seed)
        first = envs.reset().tolist()
        return [first, *(envs.step(actions)[0].tolist() for actions in slates(1, 5))]

    one, other, same, on = visits(4), visits(5), visits(4), visits()
    assert one == same
    assert one != other
    assert on not in (one, other)


def test_it_wants_visits_renewed_within_the_step(tiny_shop):
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED):
        envs = vector(RETAIL, tiny_shop, autoreset_mode=mode)
        with pytest.raises(ValueError, match=r"wants autoreset_mode=SAME_STEP, the default; this one has .*"):
            SB3VecEnv(envs)


def test_a_wrapped_environment_keeps_its_action(tiny_shop):
    envs = vector(JOURNEY, tiny_shop)
    adapted = SB3VecEnv(VectorRankerChoice(envs, [fixed([0, 1, 2]), fixed([5, 6, 7])]))
    assert adapted.action_space == gym.spaces.Discrete(2)
    bare = vector(JOURNEY, tiny_shop)
    adapted.seed(1)
    adapted.reset()
    bare.reset(seed=1)
    for choice in np.random.default_rng(1).integers(2, size=(20, B)):
        expected = bare.step(np.where(choice[:, None] == 0, [0, 1, 2], [5, 6, 7]))
        found = adapted.step(choice)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1].astype(np.float32))


def test_a_method_of_a_wrapper_answers_row_by_row(tiny_shop):
    adapted = SB3VecEnv(VectorSequentialSlate(vector(RETAIL, tiny_shop, observation="onehot")))
    assert adapted.has_attr("action_masks")
    assert not SB3VecEnv(vector(RETAIL, tiny_shop)).has_attr("action_mask")
    adapted.reset()
    adapted.step(np.arange(B) % 8)
    masks = adapted.env_method("action_masks")
    assert [np.flatnonzero(~mask).tolist() for mask in masks] == [[row % 8] for row in range(B)]
    assert [np.flatnonzero(~mask).tolist() for mask in adapted.env_method("action_masks", indices=[2, 1])] == [[2], [1]]


def test_the_rows_share_one_environment(tiny_shop):
    envs = vector(RETAIL, tiny_shop, render_mode="rgb_array")
    adapted = SB3VecEnv(envs)
    assert adapted.get_attr("shop") == [tiny_shop] * B
    assert adapted.get_attr("shop", indices=[0, 3]) == [tiny_shop] * 2
    assert adapted.get_attr("shop", indices=2) == [tiny_shop]
    assert adapted.env_is_wrapped(gym.Wrapper) == [False] * B
    with pytest.raises(NotImplementedError, match="the rows share one environment; set the attribute on `envs`"):
        adapted.set_attr("render_mode", None)
    adapted.reset()
    frames = adapted.get_images()
    assert len(frames) == B
    assert all(frame.ndim == 3 and frame.dtype == np.uint8 for frame in frames)
    assert adapted.render(mode="rgb_array").ndim == 3  # the frames, tiled
    assert SB3VecEnv(vector(RETAIL, tiny_shop)).get_images() == [None] * B
    adapted.close()


@pytest.mark.parametrize("env_id", [RETAIL, JOURNEY])
def test_a_monitor_on_top_sums_the_rewards_of_each_episode(env_id, tiny_shop):
    monitored = vec_env.VecMonitor(SB3VecEnv(vector(env_id, tiny_shop)))
    bare = vector(env_id, tiny_shop)
    monitored.seed(4)
    monitored.reset()
    bare.reset(seed=4)
    total, length, ended = [0.0] * B, [0] * B, 0
    for actions in slates(1, 150):
        _, reward, terminated, truncated, _ = bare.step(actions)
        infos = monitored.step(actions)[3]
        for row in range(B):
            total[row] += reward[row]
            length[row] += 1
            assert ("episode" in infos[row]) == (terminated[row] or truncated[row])
            if "episode" in infos[row]:
                assert infos[row]["episode"]["r"] == pytest.approx(total[row], abs=1e-4)
                assert infos[row]["episode"]["l"] == length[row]
                total[row], length[row], ended = 0.0, 0, ended + 1
    assert ended > 30


@pytest.mark.usefixtures("one_thread")
def test_ppo_learns_to_choose_the_better_of_two_slates(tiny_shop):
    """The products that earn most over all states, and those that earn least."""
    envs = vector(RETAIL, tiny_shop, 64, observation="onehot")
    world, states = envs.unwrapped, np.arange(tiny_shop.states.size)
    often = world.simulator.state_probability
    first = [
        world.simulator.response_probability(states, np.tile(np.roll(range(8), -product)[:N], (672, 1)))[:, 0]
        for product in range(8)
    ]
    order = np.argsort([often @ (chances @ [-2, 1, 5]) for chances in first])
    poor, good = order[:N], order[-N:]
    earned = [often @ world.simulator.expected_reward(states, np.tile(slate, (672, 1))) for slate in (poor, good)]
    assert earned[1] > earned[0] + 1

    model = sb3.PPO(
        "MlpPolicy", SB3VecEnv(VectorRankerChoice(envs, [fixed(poor), fixed(good)])), n_steps=16, batch_size=256,
        n_epochs=5, learning_rate=3e-3, gamma=0.0, seed=1, device="cpu",
    )  # fmt: skip
    model.learn(8 * 64 * 16)
    chosen = model.predict(world.view.by_state, deterministic=True)[0]
    assert often @ (chosen == 1) > 0.95


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("env_id", [RETAIL, JOURNEY])
def test_algorithms_run(env_id, tiny_shop):
    """PPO on slates as they are, and DQN on a choice of rankings."""
    ppo = sb3.PPO("MlpPolicy", SB3VecEnv(vector(env_id, tiny_shop)), n_steps=16, batch_size=48, seed=1, device="cpu")
    ppo.learn(300)
    assert ppo.num_timesteps >= 300
    ranked = SB3VecEnv(VectorRankerChoice(vector(env_id, tiny_shop), [fixed([0, 1, 2]), fixed([5, 6, 7])]))
    dqn = sb3.DQN("MlpPolicy", ranked, learning_starts=60, buffer_size=1000, train_freq=2, seed=1, device="cpu")
    dqn.learn(300)
    assert dqn.num_timesteps >= 300
    buffer = dqn.replay_buffer
    held = buffer.timeouts[: buffer.pos].astype(bool)
    assert held.any() == (env_id == JOURNEY)  # episodes cut short are bootstrapped
    assert not (held & ~buffer.dones[: buffer.pos].astype(bool)).any()


@pytest.mark.filterwarnings("error")
def test_models_are_saved_loaded_and_trained_on_with_callbacks(tiny_shop, tmp_path):
    evaluated = pytest.importorskip("stable_baselines3.common.callbacks").EvalCallback(
        vec_env.VecMonitor(SB3VecEnv(vector(RETAIL, tiny_shop, observation="onehot"))), eval_freq=2, verbose=0
    )
    envs = vec_env.VecMonitor(SB3VecEnv(vector(RETAIL, tiny_shop, observation="onehot")))
    model = sb3.PPO("MlpPolicy", envs, n_steps=4, batch_size=12, seed=1, device="cpu").learn(48, callback=evaluated)
    assert np.isfinite(evaluated.last_mean_reward)
    model.save(tmp_path / "model")
    again = sb3.PPO.load(tmp_path / "model", env=envs, device="cpu")
    observation = envs.reset()
    assert (
        again.predict(observation, deterministic=True)[0].tolist()
        == model.predict(observation, deterministic=True)[0].tolist()
    )
    again.learn(48, reset_num_timesteps=False)
    assert again.num_timesteps == 96
