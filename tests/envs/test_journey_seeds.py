"""Whole lives that can be repeated, copied and continued, in both faces, and with the tools of Gymnasium."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from packaging.version import Version

from selflearn_env import Journey
from selflearn_env.core.customers import CUSTOMERS
from tests.envs.journeying import BRISK, JOURNEY, N, P, flat, single_of, steps_of, vector_of

SAME_STEP, NEXT_STEP = AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP
COPIES = [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))]
SHOWN = ("response", "item_reward", "duplicates")


def slates(rng, rows=4):
    return rng.integers(P, size=(rows, N))


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_equal_seeds_give_equal_lives(tiny_shop, face):
    one, same, other = (flat(steps_of(face(tiny_shop, journey=BRISK), 80, seed=seed)) for seed in (7, 7, 8))
    assert one == same
    assert one != other


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_a_seeded_reset_starts_anew_and_an_unseeded_one_goes_on(tiny_shop, face):
    env = face(tiny_shop, journey=BRISK)
    first = flat(steps_of(env, 40, seed=7))
    later = flat(steps_of(env, 40))
    assert first != later
    assert flat(steps_of(env, 40, seed=7)) == first
    assert flat(steps_of(env, 40)) == later


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_a_copy_of_a_single_face_in_mid_life_continues_equally(tiny_shop, customer, duplicate):
    env = single_of(tiny_shop, customer=customer, observation="journey", journey=Journey(boredom=0.1))
    env.reset(seed=4)
    for _ in range(5):
        if any(env.step([0, 1, 2])[2:4]):
            env.reset()
    twin = duplicate(env)
    assert flat([env.step([0, 1, 4])]) == flat([twin.step([0, 1, 4])])
    assert flat(steps_of(env, 60)) == flat(steps_of(twin, 60))


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("mode", [SAME_STEP, NEXT_STEP])
def test_a_copy_of_a_vector_face_in_mid_life_continues_equally(tiny_shop, mode, duplicate):
    envs = vector_of(tiny_shop, 4, observation="journey", autoreset_mode=mode, journey=BRISK)
    steps_of(envs, 7, seed=4)
    twin = duplicate(envs)
    rngs = [np.random.default_rng(9) for _ in range(2)]
    for _ in range(60):
        one, other = (flat(each.step(slates(rng))) for each, rng in zip((envs, twin), rngs, strict=True))
        assert one == other


def test_what_was_returned_stays_as_it_was_and_is_the_callers_to_write(tiny_shop):
    options = {"observation": "journey", "journey": BRISK}
    envs, twin = vector_of(tiny_shop, 4, **options), vector_of(tiny_shop, 4, **options)
    seen = steps_of(envs, 30, seed=5)
    before = flat(seen)
    steps_of(twin, 30, seed=5)
    for step in range(30):
        actions = slates(np.random.default_rng(step))
        theirs, ours = envs.step(actions), twin.step(actions)
        assert flat(theirs) == flat(ours), f"step {step}"
        final = [array for array in theirs[4].get("final_obs", []) if array is not None]
        for array in (*theirs[:4], *(theirs[4][key] for key in ("state", *SHOWN)), *final):
            array[...] = np.logical_not(array)
    assert flat(seen) == before


def test_rows_do_not_depend_on_what_is_shown_to_others(tiny_shop):
    """Until the first of them is over: whose chances come next depends on how many are renewed."""
    runs = []
    for shown in ([0, 1, 2], [5, 6, 7]):
        envs = vector_of(tiny_shop, 4, observation="journey", journey=Journey(leave=0, horizon=2000))
        envs.reset(seed=5)
        rows = []
        for _ in range(6):
            observation, rewards, *_, infos = envs.step(np.array([[0, 3, 4], shown, [1, 1, 2], shown]))
            assert "final_obs" not in infos
            rows.append(flat([observation[[0, 2]], rewards[[0, 2]], infos["response"][[0, 2]]]))
        runs.append(rows)
    assert runs[0] == runs[1]


# ---------------------------------------------------------------- with the tools of Gymnasium


@pytest.mark.skipif(
    Version(gym.__version__) < Version("1.4"), reason="before 1.4 they do not count right where autoreset is SAME_STEP"
)
def test_gymnasiums_own_statistics_count_whole_lives(tiny_shop):
    options = {"shop": tiny_shop, "slate_size": N, "journey": BRISK}
    envs = RecordEpisodeStatistics(gym.make_vec(JOURNEY, 4, "vector_entry_point", **options))
    envs.reset(seed=1)
    rng, returns, lengths, found = np.random.default_rng(1), np.zeros(4), np.zeros(4), 0
    for _ in range(80):
        _, rewards, terminated, truncated, infos = envs.step(slates(rng))
        returns += rewards
        lengths += 1
        for row in np.flatnonzero(terminated | truncated):
            assert infos["episode"]["r"][row] == pytest.approx(returns[row])
            assert infos["episode"]["l"][row] == lengths[row]
            returns[row] = lengths[row] = 0
            found += 1
    assert found > 10


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_a_life_can_be_watched(tiny_shop, mode):
    env = single_of(tiny_shop, render_mode=mode, journey=BRISK)
    env.reset(seed=1)
    shown = env.render()
    env.step([0, 1, 2])
    assert type(env.render()) is type(shown)
    envs = vector_of(tiny_shop, 3, render_mode=mode, journey=BRISK)
    envs.reset(seed=1)
    for _ in range(10):
        envs.step(np.tile([0, 1, 2], (3, 1)))
        assert len(envs.render()) == 3


@pytest.mark.parametrize("vectorization", ["sync", "vector_entry_point", None])
def test_gymnasium_makes_vectors_in_each_mode(tiny_shop, vectorization):
    envs = gym.make_vec(JOURNEY, 3, vectorization, shop=tiny_shop, slate_size=N, observation="journey", journey=BRISK)
    observations, _ = envs.reset(seed=[1, 2, 3] if vectorization == "sync" else 1)
    for _ in range(30):
        assert envs.observation_space.contains(observations)
        observations, *_ = envs.step(np.array([[0, 1, 2], [3, 3, 4], [5, 6, 7]]))
    envs.close()
