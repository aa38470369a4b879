"""What all views of the action keep to, in both faces, for whatever is exported."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from selflearn_env import wrappers
from selflearn_env.envs.observations import OBSERVATIONS
from tests.envs.journeying import JOURNEY, OBSERVED, RETAIL, flat

B, SEED = 5, "selflearn/Seed-v0"


def by_state(visits):
    """A ranker whose slates tell the states of the visits; a module's function, so that it can be pickled."""
    return (visits.state[:, None] + np.arange(3)) % 8


ARGUMENTS = {
    "CandidateScores": [{"candidates": 5}],
    "CandidateSubset": [{"candidates": 5}],
    "EmbeddingAction": [{"dimension": 3}],
    "RankerChoice": [{"rankers": [by_state, by_state]}],
    "SequentialSlate": [{}, {"candidates": 5}],
}
NAMES = [name for name in wrappers.__all__ if f"Vector{name}" in wrappers.__all__]
ALL = [(name, arguments) for name in NAMES for arguments in ARGUMENTS.get(name, [{}])]
AT_ONCE = [(name, arguments) for name, arguments in ALL if name != "SequentialSlate"]  # one step shows a slate


class View:
    """One view with its arguments, which wraps either face."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments

    def single(self, env):
        return getattr(wrappers, self.name)(env, **self.arguments)

    def vector(self, envs):
        return getattr(wrappers, f"Vector{self.name}")(envs, **self.arguments)


def named(view):
    return "-".join([view[0], *(f"{key}={value}" for key, value in view[1].items() if key != "rankers")])


@pytest.fixture(params=ALL, ids=named)
def view(request):
    return View(*request.param)


@pytest.fixture(params=AT_ONCE, ids=named)
def view_at_once(request):
    return View(*request.param)


def actions_of(space, count, number=0):
    space = copy.deepcopy(space)
    space.seed(number)
    return [space.sample() for _ in range(count)]


def steps_of(env, actions, seed=None):
    """What a reset and steps return; a single face is reset after each episode."""
    seen = [env.reset(seed=seed)]
    for action in actions:
        seen.append(env.step(action))
        if np.ndim(seen[-1][2]) == 0 and (seen[-1][2] or seen[-1][3]):
            seen.append(env.reset())
    return seen


@pytest.mark.parametrize("mode", AutoresetMode)
def test_the_vector_face_is_the_bare_one_shown_these_slates(mode, view_at_once, env_id, vector):
    envs, bare = view_at_once.vector(vector(B, env_id, autoreset_mode=mode)), vector(B, env_id, autoreset_mode=mode)
    assert flat(envs.reset(seed=3)) == flat(bare.reset(seed=3))
    ended = 0
    for action in actions_of(envs.action_space, 60):
        slates = envs.actions(action)
        assert (slates.shape, slates.dtype) == ((B, 3), np.int64)
        found, expected = envs.step(action), bare.step(slates)
        assert flat(found) == flat(expected)
        over = expected[2] | expected[3]
        ended += over.sum()
        if mode is AutoresetMode.DISABLED and over.any():
            renew = {"reset_mask": over}
            assert flat(envs.reset(options=dict(renew))) == flat(bare.reset(options=dict(renew)))
    assert ended > 10


def test_the_single_face_is_the_bare_one_shown_these_slates(view_at_once, env_id, single):
    env, bare = view_at_once.single(single(env_id)), single(env_id)
    over, seed, slates = True, 3, set()
    for action in actions_of(env.action_space, 60):
        if over:
            assert flat(env.reset(seed=seed)) == flat(bare.reset(seed=seed))
            seed += 1
        slate = env.action(action)
        slates.add(tuple(slate.tolist()))
        found, expected = env.step(action), bare.step(slate)
        assert flat(found) == flat(expected)
        over = expected[2] or expected[3]
    assert seed > 6
    assert len(slates) > 5


def test_a_vector_of_one_is_the_single_face(view, env_id, as_vector, single, vector):
    env, envs = view.single(single(env_id, **as_vector)), view.vector(vector(1, env_id, **as_vector))
    (seen, info), (observations, infos) = env.reset(seed=11), envs.reset(seed=11)
    ended = 0
    for action in actions_of(env.action_space, 150):
        np.testing.assert_array_equal(observations[0], seen)
        assert infos["state"][0] == info["state"]
        seen, *numbers, info = env.step(action)
        observations, *those, infos = envs.step(np.asarray(action)[None])
        assert [each[0] for each in those] == numbers
        for key in ("response", "item_reward", "duplicates"):
            np.testing.assert_array_equal(infos[key][0], info[key])
        over = numbers[1] or numbers[2]
        assert ("final_obs" in infos) == (over and env_id == JOURNEY)
        if over:
            ended += 1
            if env_id == JOURNEY:
                np.testing.assert_array_equal(infos["final_obs"][0], seen)
            seen, info = env.reset()
    assert ended > 3


def test_spaces_hold_what_is_observed_and_the_batch_is_of_the_single_ones(view, env_id, as_vector, single, vector):
    env, envs = view.single(single(env_id, **as_vector)), view.vector(vector(B, env_id, **as_vector))
    assert env.action_space == envs.single_action_space
    assert env.observation_space == envs.single_observation_space
    assert envs.action_space == batch_space(env.action_space, B)
    assert envs.observation_space == batch_space(env.observation_space, B)
    for seen in steps_of(env, actions_of(env.action_space, 20), seed=1):
        assert env.observation_space.contains(seen[0])
    for seen in steps_of(envs, actions_of(envs.action_space, 20), seed=1):
        assert envs.observation_space.contains(seen[0])


WORLDS = [(env_id, each) for env_id in (SEED, RETAIL) for each in OBSERVATIONS] + [(JOURNEY, each) for each in OBSERVED]
FITTING = [
    pytest.param(View(*each), *world, id="-".join([named(each), *world]))
    for each in ALL
    for world in WORLDS
    if each in AT_ONCE or world[1] in ("onehot", "journey")
]


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")  # it is the wrapper that is checked
@pytest.mark.parametrize(("fitting", "world", "observation"), FITTING)
def test_checkers_find_no_fault(fitting, world, observation, single):
    """The pictures, which no view changes, are checked in the next test."""
    env = fitting.single(single(world, observation=observation))
    check_env(env, skip_render_check=True)
    pytest.importorskip("stable_baselines3.common.env_checker").check_env(env, skip_render_check=True)


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("name", [name for name in NAMES if name != "RankerChoice"])
def test_checkers_find_no_fault_with_the_embedded_log_and_the_defaults(name, retail_shop):
    env = View(name, {}).single(gym.make(RETAIL, observation="onehot"))
    check_env(env)
    pytest.importorskip("stable_baselines3.common.env_checker").check_env(env)


def test_a_specification_makes_the_same_again(view, env_id, as_vector, single):
    env = view.single(single(env_id, **as_vector))
    again = env.spec.make()
    assert type(again) is type(env)
    assert again.unwrapped.shop is env.unwrapped.shop
    actions = actions_of(env.action_space, 20)
    assert flat(steps_of(env, actions, seed=1)) == flat(steps_of(again, actions, seed=1))


@pytest.mark.parametrize(("name", "arguments"), [each for each in ALL if each[0] != "RankerChoice"])
def test_a_specification_survives_json(name, arguments, tiny_shop, tmp_path):
    """But for rankers, which are functions."""
    tiny_shop.save(tmp_path / "shop.npz")
    options = {"shop": str(tmp_path / "shop.npz"), "slate_size": 3, "observation": "onehot"}
    env = View(name, arguments).single(gym.make(RETAIL, **options))
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert type(again) is type(env)
    assert again.spec == env.spec
    actions = actions_of(env.action_space, 20)
    assert flat(steps_of(env, actions, seed=1)) == flat(steps_of(again, actions, seed=1))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_in_mid_episode_goes_on_equally(duplicate, view, env_id, as_vector, single, vector):
    for env in (view.single(single(env_id, **as_vector)), view.vector(vector(B, env_id, **as_vector))):
        before, after = actions_of(env.action_space, 4), actions_of(env.action_space, 30, number=1)
        env.reset(seed=1)
        for action in before:
            *_, terminated, truncated, _ = env.step(action)
            if np.ndim(terminated) == 0 and (terminated or truncated):
                env.reset()
        twin = duplicate(env)
        assert twin is not env
        assert flat(env.step(after[0])) == flat(twin.step(after[0]))
        assert flat(steps_of(env, after)) == flat(steps_of(twin, after))


def test_an_action_for_each_visit_is_wanted(view_at_once, single, vector):
    env, envs = view_at_once.single(single()), view_at_once.vector(vector(B))
    env.reset(seed=1)
    envs.reset(seed=1)
    (one,), few = actions_of(env.action_space, 1), actions_of(envs.action_space, 1)[0][:3]
    with pytest.raises(ValueError, match=r"expected actions of shape \(1,.*\), one per visit, got \(1, 2"):
        env.step([one, one])
    with pytest.raises(ValueError, match=rf"expected actions of shape \({B},.*\), one per visit, got \(3,"):
        envs.step(few)


@pytest.mark.parametrize("through_make", [True, False])
def test_a_step_needs_a_visit(through_make, view, single, vector):
    env = single(observation="onehot")
    env = view.single(env if through_make else env.unwrapped)
    envs = view.vector(vector(B, observation="onehot"))
    (action,), (actions,) = actions_of(env.action_space, 1), actions_of(envs.action_space, 1)
    with pytest.raises(gym.error.ResetNeeded, match=r"begun: call reset\(\) before step\(\)"):
        env.step(action)
    with pytest.raises(gym.error.ResetNeeded, match=r"(no visit|none) has begun: call reset\(\) before step\(\)"):
        envs.step(actions)
    env.reset(seed=1)
    while not env.step(action)[2]:
        pass
    with pytest.raises(gym.error.ResetNeeded, match=r"the visit is over, or none has begun: call reset\(\)"):
        env.step(action)
    env.reset()
    env.step(action)


def test_gymnasium_makes_vectors_of_wrapped_ones(view, tiny_shop, single):
    options = {"shop": tiny_shop, "slate_size": 3, "observation": "onehot"}
    envs = gym.make_vec(RETAIL, 2, vectorization_mode="sync", wrappers=[view.single], **options)
    actions = actions_of(envs.action_space, 3)  # the third is the last of a slate that is made one by one
    observations, _ = envs.reset(seed=[4, 5])
    returned = [envs.step(each)[:3] for each in actions]
    for row in range(2):
        env = view.single(single(observation="onehot"))
        np.testing.assert_array_equal(observations[row], env.reset(seed=4 + row)[0])
        for action, (observation, reward, terminated) in zip(actions, returned, strict=True):
            seen, *numbers, _ = env.step(action[row])
            np.testing.assert_array_equal(observation[row], seen)
            assert [reward[row], terminated[row], False] == numbers
            if terminated[row]:
                break
    envs.close()


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("face", ["single", "vector"])
def test_ppo_learns_in_it(face, view, env_id, as_vector, single, vector):
    sb3 = pytest.importorskip("stable_baselines3")
    if face == "single":
        env = view.single(single(env_id, **as_vector))
    else:
        env = wrappers.SB3VecEnv(view.vector(vector(4, env_id, **as_vector)))
    model = sb3.PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, seed=1, device="cpu")
    before = copy.deepcopy(model.policy.state_dict())
    model.learn(64)
    assert model.num_timesteps == 64
    after = model.policy.state_dict()
    assert all(value.isfinite().all() for value in after.values())
    assert not all(value.equal(before[name]) for name, value in after.items())
