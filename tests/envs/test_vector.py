"""The vector face: the single face row by row, and the three ways to go on after the end of an episode."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env.envs.observations import OBSERVATIONS
from tests.envs.plain_lists import flat

SAME_STEP, NEXT_STEP, DISABLED = AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED
GOOD = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 0], [1, 1, 2]])
BAD = np.full((4, 3), -1)


def run(envs, steps, number=0):
    rng = np.random.default_rng(number)
    return [envs.step(rng.integers(8, size=envs.action_space.shape)) for _ in range(steps)]


def nothing_shown(infos, rows=slice(None)):
    return not any(infos[key][rows].any() for key in ("response", "item_reward", "duplicates"))


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_a_vector_of_one_is_the_single_face(single, vector, observation):
    env, envs = single(observation=observation), vector(1, observation=observation)
    rng = np.random.default_rng(3)
    observations, infos = envs.reset(seed=11)
    for episode in range(50):
        seen, info = env.reset(seed=None if episode else 11)
        np.testing.assert_array_equal(observations[0], seen)
        assert infos["state"][0] == info["state"]
        slate = rng.integers(8, size=3)
        _, reward, terminated, truncated, info = env.step(slate)
        observations, rewards, terminations, truncations, infos = envs.step(slate[None])
        assert (rewards[0], terminations[0], truncations[0]) == (reward, terminated, truncated)
        assert set(infos) == set(info)
        for key in set(info) - {"state"}:  # the state is already the next visit's
            np.testing.assert_array_equal(infos[key][0], info[key])


@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("mode", AutoresetMode)
def test_returns_have_the_shapes_and_types_of_the_contract(vector, observation, mode):
    envs = vector(4, observation=observation, autoreset_mode=mode)
    assert envs.metadata["autoreset_mode"] is mode
    assert envs.action_space == gym.vector.utils.batch_space(envs.single_action_space, 4)
    observations, at_reset = envs.reset(seed=1)
    observed, rewards, terminations, truncations, at_step = envs.step(GOOD)
    for seen, info in ((observations, at_reset), (observed, at_step)):
        assert envs.observation_space.contains(seen)
        shapes = {key: (value.dtype, value.shape) for key, value in info.items()}
        assert shapes == {
            "state": (np.int64, (4,)),
            "response": (np.int8, (4, 3)),
            "item_reward": (np.float64, (4, 3)),
            "duplicates": (np.int64, (4,)),
        }
        by_state = OBSERVATIONS[observation](envs.shop.states).by_state
        np.testing.assert_array_equal(seen, by_state[info["state"]])
    assert nothing_shown(at_reset)
    np.testing.assert_allclose(rewards, at_step["item_reward"].sum(axis=1))
    assert at_step["duplicates"].tolist() == [0, 0, 0, 1]
    assert (rewards.dtype, terminations.tolist(), truncations.tolist()) == (np.float64, [True] * 4, [False] * 4)


def test_equal_seeds_give_equal_streams(vector):
    def stream(seed):
        envs = vector()
        return flat([envs.reset(seed=seed), *run(envs, 30)])

    assert stream(7) == stream(7)
    assert stream(7) != stream(8)


def test_an_unseeded_reset_continues_the_stream(vector):
    envs, twin = vector(), vector(autoreset_mode=DISABLED)
    coming = [envs.reset(seed=7)[1]["state"], *(seen[-1]["state"] for seen in run(envs, 5))]
    np.testing.assert_array_equal(twin.reset(seed=7)[1]["state"], coming[0])
    for states in coming[1:]:
        np.testing.assert_array_equal(twin.reset()[1]["state"], states)
    assert flat(envs.reset(seed=7)[1]["state"]) == flat(coming[0])


def test_policies_with_one_seed_meet_the_same_visits(vector):
    states, responses = [], []
    for number in (0, 1):
        envs = vector(16)
        first = envs.reset(seed=2)[1]["state"]
        seen = run(envs, 20, number)
        states.append([first.tolist(), *(info["state"].tolist() for *_, info in seen)])
        responses.append([info["response"].tolist() for *_, info in seen])
    assert states[0] == states[1]
    assert responses[0] != responses[1]


def test_next_step_renews_without_reading_the_action(vector):
    envs, twin = vector(autoreset_mode=NEXT_STEP), vector(autoreset_mode=SAME_STEP)
    _, infos = envs.reset(seed=5)
    _, expected = twin.reset(seed=5)
    for _ in range(10):
        np.testing.assert_array_equal(infos["state"], expected["state"])
        _, rewards, terminations, _, shown = envs.step(GOOD)
        _, same_rewards, _, _, expected = twin.step(GOOD)
        np.testing.assert_array_equal(shown["state"], infos["state"])
        np.testing.assert_array_equal(rewards, same_rewards)
        np.testing.assert_array_equal(shown["response"], expected["response"])
        assert terminations.all()
        _, rewards, terminations, truncations, infos = envs.step(BAD)
        assert (rewards.any(), terminations.any(), truncations.any()) == (False, False, False)
        assert nothing_shown(infos)


@pytest.mark.parametrize("unread", [BAD, np.full((4, 3), np.nan), GOOD.astype(np.uint64)], ids=["bad", "nan", "uint64"])
def test_a_renewing_step_takes_any_action(vector, unread):
    envs = vector(autoreset_mode=NEXT_STEP)
    envs.reset(seed=5)
    envs.step(GOOD)
    _, rewards, terminations, _, _ = envs.step(unread)
    assert (rewards.any(), terminations.any()) == (False, False)


@pytest.mark.parametrize("dtype", [np.int8, np.uint32, np.uint64])
def test_next_step_with_mixed_rows_takes_slates_of_any_integer_type(vector, dtype):
    outcomes = []
    for actions in (GOOD, GOOD.astype(dtype)):
        envs = vector(autoreset_mode=NEXT_STEP)
        envs.reset(seed=5)
        envs.step(actions)
        envs.reset(options={"reset_mask": np.array([True, False, True, False])})
        outcomes.append(flat(envs.step(actions)))
    assert outcomes[0] == outcomes[1]


def test_next_step_with_rows_at_different_stages(vector):
    envs = vector(autoreset_mode=NEXT_STEP)
    envs.reset(seed=5)
    _, _, _, _, before = envs.step(GOOD)
    fresh, over = [0, 2], [1, 3]
    _, renewed = envs.reset(options={"reset_mask": np.array([True, False, True, False])})
    np.testing.assert_array_equal(renewed["state"][over], before["state"][over])
    for _ in range(6):
        actions = GOOD.copy()
        actions[over] = -1  # not read
        _, rewards, terminations, _, infos = envs.step(actions)
        assert np.flatnonzero(terminations).tolist() == fresh
        assert (rewards[over] == 0).all()
        assert nothing_shown(infos, over)
        assert (infos["item_reward"][fresh] != 0).all()
        np.testing.assert_allclose(rewards, infos["item_reward"].sum(axis=1))
        np.testing.assert_array_equal(infos["state"][fresh], renewed["state"][fresh])
        renewed, fresh, over = infos, over, fresh


def test_next_step_names_the_row_of_a_bad_slate(vector):
    envs = vector(autoreset_mode=NEXT_STEP)
    envs.reset(seed=5)
    envs.step(GOOD)
    envs.reset(options={"reset_mask": np.array([False, True, False, True])})
    actions = GOOD.copy()
    actions[3, 2] = 8
    with pytest.raises(ValueError, match=r"slates\[3, 2\] is product 8, but the catalogue has products 0\.\.7"):
        envs.step(actions)
    _, _, terminations, _, _ = envs.step(GOOD)  # nothing happened
    assert terminations.tolist() == [False, True, False, True]


@pytest.mark.parametrize("rows", [3, 5])
def test_next_step_wants_a_row_for_each_visit(vector, rows):
    envs = vector(autoreset_mode=NEXT_STEP)
    envs.reset(seed=5)
    envs.step(GOOD)
    envs.reset(options={"reset_mask": np.array([True, False, True, False])})
    with pytest.raises(ValueError, match=rf"expected product indexes of shape \(4, 3\).* of shape \({rows}, 3\)"):
        envs.step(np.zeros((rows, 3), dtype=np.int64))


def test_disabled_waits_for_the_reset(vector):
    envs = vector(autoreset_mode=DISABLED)
    envs.reset(seed=5)
    _, _, _, _, before = envs.step(GOOD)
    envs.reset(options={"reset_mask": np.array([True, True, False, False])})
    with pytest.raises(gym.error.ResetNeeded, match="2 visits are over, the first in row 2: call reset"):
        envs.step(GOOD)
    _, infos = envs.reset(options={"reset_mask": np.array([False, False, True, True])})
    _, _, terminations, _, after = envs.step(GOOD)
    assert terminations.all()
    np.testing.assert_array_equal(after["state"], infos["state"])
    assert (after["state"] != before["state"]).any()


@pytest.mark.parametrize("mode", AutoresetMode)
def test_reset_mask_renews_the_masked_rows_only(vector, mode):
    envs, twin = vector(autoreset_mode=mode), vector(autoreset_mode=mode)
    _, before = envs.reset(seed=9)
    twin.reset(seed=9)
    coming = twin.reset()[1]["state"]
    mask = np.array([False, True, True, False])
    observations, after = envs.reset(options={"reset_mask": mask})
    np.testing.assert_array_equal(after["state"][~mask], before["state"][~mask])
    np.testing.assert_array_equal(after["state"][mask], coming[:2])
    np.testing.assert_array_equal(observations, envs.shop.states.decode(after["state"]))


@pytest.mark.parametrize(
    "mask", [[True, False], np.ones((4, 1), bool), [1, 0, 1, 0]], ids=["short", "table", "numbers"]
)
def test_a_mask_of_a_wrong_shape_or_type_is_refused(vector, mask):
    envs = vector()
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=r"reset_mask is \(4,\) bool, got (bool|int64) of shape"):
        envs.reset(options={"reset_mask": mask})


def test_a_mask_needs_visits_to_keep(vector):
    envs = vector()
    with pytest.raises(ValueError, match="reset_mask keeps some visits, but none has begun"):
        envs.reset(seed=1, options={"reset_mask": np.ones(4, bool)})


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda envs: pickle.loads(pickle.dumps(envs))])
def test_a_copy_continues_equally(vector, mode, duplicate):
    envs = vector(autoreset_mode=mode)
    envs.reset(seed=4)
    if mode is not DISABLED:
        run(envs, 7)
    twin = duplicate(envs)
    steps = 1 if mode is DISABLED else 20
    assert flat(run(envs, steps)) == flat(run(twin, steps))


@pytest.mark.parametrize("mode", [SAME_STEP, NEXT_STEP])
def test_what_was_returned_stays_as_it_was_and_is_the_callers_to_write(vector, mode):
    envs, twin = vector(autoreset_mode=mode), vector(autoreset_mode=mode)
    envs.reset(seed=5)
    seen = run(envs, 10)
    before = flat(seen)
    later = run(envs, 10)
    assert flat(seen) == before

    twin.reset(seed=5)
    run(twin, 10)
    for own, (observations, rewards, terminations, truncations, infos) in zip(later, flat(run(twin, 10)), strict=True):
        assert flat(own) == [observations, rewards, terminations, truncations, infos]
    for step in range(10):
        theirs, ours = envs.step(GOOD), twin.step(GOOD)
        assert flat(theirs) == flat(ours), f"step {step}"
        for array in (*theirs[:4], *theirs[4].values()):
            array[...] = np.logical_not(array)


def test_the_callers_slates_are_left_alone(vector):
    envs = vector(render_mode="ansi")
    envs.reset(seed=5)
    actions = GOOD.copy()
    envs.step(actions)
    np.testing.assert_array_equal(actions, GOOD)
    shown = envs.render()
    actions[:] = 7
    assert envs.render() == shown


@pytest.mark.parametrize(
    ("actions", "match"),
    [
        (
            np.where(np.eye(4, 3, -3) == 1, 8, GOOD),
            r"slates\[3, 0\] is product 8, but the catalogue has products 0\.\.7",
        ),
        (GOOD[:3], r"expected product indexes of shape \(4, 3\).* got int64 of shape \(3, 3\)"),
        (GOOD[:, :2], r"expected product indexes of shape \(4, 3\).* got int64 of shape \(4, 2\)"),
        (GOOD[0], r"expected product indexes of shape \(4, 3\).* got int64 of shape \(3,\)"),
        (GOOD.astype(float), r"expected product indexes of shape \(4, 3\).* got float64"),
    ],
    ids=["outside", "rows", "slots", "flat", "float"],
)
def test_a_bad_slate_is_named_and_shown_to_nobody(vector, actions, match):
    envs, twin = vector(), vector()
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=match):
        envs.step(actions)
    twin.reset(seed=1)
    assert flat(envs.step(GOOD)) == flat(twin.step(GOOD))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_step_needs_a_visit(vector, mode):
    envs = vector(autoreset_mode=mode)
    with pytest.raises(gym.error.ResetNeeded, match="no visit has begun: call reset"):
        envs.step(GOOD)
