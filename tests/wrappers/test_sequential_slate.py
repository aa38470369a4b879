"""One product at a time, against the bare environment shown whole slates and a plain account of the slots."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics, ReshapeObservation, TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorRecordEpisodeStatistics

from selflearn_env.wrappers import SequentialSlate, VectorSequentialSlate
from tests.envs.journeying import JOURNEY, flat

B, N, P = 5, 3, 8
SHOWN = {"response", "item_reward", "duplicates"}
EMPTY = [1, 0, 0, 0, 0, 0]  # of the first slot, and no choice


@pytest.fixture(params=[None, 5])
def candidates(request):
    return request.param


@pytest.fixture
def product_of(tiny_shop, candidates):
    """The product of a choice in a state, from the history."""
    incidence = tiny_shop.history.incidence().tolist()

    def product(state, choice):
        if candidates is None:
            return choice
        return sorted(range(P), key=lambda each: -incidence[state][each])[choice]

    return product


def made(choice, chosen, choices):
    """The choice that is made of what was asked for: the first that is left where it was made before."""
    return choice if choice not in chosen else next(each for each in range(choices) if each not in chosen)


def observed(seen, chosen, choices):
    """What is observed of a visit with these choices made."""
    filled = len(chosen)
    slots = [float(slot == filled) for slot in range(N)]
    shares = [(choice + 1) / choices for choice in chosen] + [0.0] * (N - filled)
    return np.array([*seen.tolist(), *slots, *shares], dtype=np.float32).tolist()


def assert_nothing_shown(info, state):
    assert set(info) == {"state"} | SHOWN
    np.testing.assert_array_equal(info["state"], state)
    for name in SHOWN:
        assert not np.any(info[name])
    assert not np.signbit(info["item_reward"]).any()  # 0 and not -0


def test_a_slate_is_put_together_slot_by_slot_and_then_shown(env_id, as_vector, candidates, product_of, single):
    env, bare = SequentialSlate(single(env_id, **as_vector), candidates), single(env_id, **as_vector)
    choices, rng, over, seed = candidates or P, np.random.default_rng(1), True, 3
    for _ in range(60):
        if over:
            seen, info = bare.reset(seed=seed)
            found, at_reset = env.reset(seed=seed)
            assert flat(at_reset) == flat(info)
            assert found.tolist() == observed(seen, [], choices)
            seed += 1
        state, chosen = info["state"], []
        for _ in range(N - 1):
            assert env.action_masks().tolist() == [choice not in chosen for choice in range(choices)]
            choice = int(rng.integers(choices))
            chosen.append(made(choice, chosen, choices))
            found, reward, *ends, between = env.step(choice)
            assert found.tolist() == observed(seen, chosen, choices)
            assert (type(reward), reward, ends) == (float, 0.0, [False, False])
            assert_nothing_shown(between, state)
            assert [type(between[key]) for key in between] == [type(info[key]) for key in between]
        choice = int(rng.integers(choices))
        chosen.append(made(choice, chosen, choices))
        found, *numbers, shown = env.step(choice)
        seen, *expected, info = bare.step(np.array([product_of(state, choice) for choice in chosen]))
        assert found.tolist() == observed(seen, [], choices)
        assert numbers == expected
        assert flat(shown) == flat(info)
        over = expected[1] or expected[2]
        assert over or env.action_masks().all()
    assert seed > 8


def test_the_rows_of_a_vector_fill_their_slots_side_by_side(env_id, as_vector, candidates, product_of, vector):
    envs = VectorSequentialSlate(vector(B, env_id, **as_vector), candidates)
    bare = vector(B, env_id, **as_vector)
    choices, rng, ends = candidates or P, np.random.default_rng(1), np.zeros(2, dtype=int)
    (found, at_reset), (seen, info) = envs.reset(seed=3), bare.reset(seed=3)
    assert flat(at_reset) == flat(info)
    for _ in range(60):
        assert found.tolist() == [observed(row, [], choices) for row in seen]
        asked, states = rng.integers(choices, size=(N, B)), info["state"].tolist()
        chosen = [[] for _ in range(B)]
        for slot in range(N):
            for row, choice in zip(chosen, asked[slot].tolist(), strict=True):
                row.append(made(choice, row, choices))
            if slot == N - 1:
                break
            found, reward, terminated, truncated, between = envs.step(asked[slot])
            assert found.tolist() == [observed(*row, choices) for row in zip(seen, chosen, strict=True)]
            assert (reward.dtype, terminated.dtype, truncated.dtype) == (np.float64, np.bool_, np.bool_)
            assert not np.any([reward, terminated, truncated])
            assert_nothing_shown(between, states)
            assert envs.action_masks().tolist() == [[each not in row for each in range(choices)] for row in chosen]
        found, *numbers, shown = envs.step(asked[-1])
        slates = [[product_of(*each) for each in zip([state] * N, row, strict=True)]
                  for state, row in zip(states, chosen, strict=True)]  # fmt: skip
        seen, *expected, info = bare.step(np.array(slates))
        assert flat(numbers) == flat(expected)
        assert envs.action_masks().all()
        if "final_obs" in info:
            last = info["final_obs"]
            info["final_obs"] = [None if row is None else observed(row, [], choices) for row in last]
        assert flat(shown) == flat(info)
        ends += np.sum(expected[1:], axis=1)
    assert ends[0] > 5
    assert (ends[1] > 5) == (env_id == JOURNEY)


def test_masks_are_of_a_visit_that_has_begun(single, vector):
    env, envs = SequentialSlate(single(observation="onehot")), VectorSequentialSlate(vector(B, observation="onehot"))
    for view in (env, envs):
        with pytest.raises(gym.error.ResetNeeded, match=r"begun: call reset\(\) before action_masks\(\)"):
            view.action_masks()
    env.reset(seed=1)
    for choice in range(N):
        assert env.action_masks().tolist() == [each >= choice for each in range(P)]
        env.step(choice)
    with pytest.raises(gym.error.ResetNeeded, match="the visit is over"):
        env.action_masks()


def test_the_slots_and_choices_observed_are_shares(candidates, single, vector):
    env = SequentialSlate(single(observation="onehot"), candidates)
    envs = VectorSequentialSlate(vector(2, observation="onehot"), candidates)
    assert env.observation_space == gym.spaces.Box(0, 1, (25 + 2 * N,), np.float32)
    assert env.action_space == envs.single_action_space == gym.spaces.Discrete(candidates or P)
    journey = single(JOURNEY, observation="journey")
    assert SequentialSlate(journey).observation_space.high.tolist() == [*journey.observation_space.high, *[1] * 2 * N]


def test_the_last_observation_of_a_life_has_an_empty_slate(vector):
    """Also as Stable-Baselines3 reads it, to value what a life that was cut short had still to come."""
    sb3 = pytest.importorskip("selflearn_env.wrappers.sb3")
    envs = sb3.SB3VecEnv(VectorSequentialSlate(vector(B, JOURNEY, observation="journey")))
    space, cut = envs.observation_space, 0
    envs.reset()
    for choices in np.random.default_rng(1).integers(P, size=(300, B)):
        *_, over, infos = envs.step(choices)
        for row in np.flatnonzero(over):
            last = infos[row]["terminal_observation"]
            assert last in space
            assert last[-2 * N :].tolist() == EMPTY
            cut += infos[row]["TimeLimit.truncated"]
    assert cut > 3


def test_who_keeps_to_the_masks_repeats_nothing(candidates, single, vector):
    env = SequentialSlate(single(observation="onehot"), candidates)
    envs = VectorSequentialSlate(vector(B, observation="onehot"), candidates)
    env.action_space.seed(1)
    envs.reset(seed=1)
    for seed in range(40):
        env.reset(seed=seed)
        for _ in range(N):
            *_, info = env.step(env.action_space.sample(mask=env.action_masks().astype(np.int8)))
            rows = envs.action_masks()
            assert (rows.shape, rows.dtype) == ((B, candidates or P), np.bool_)
            *_, infos = envs.step(np.array([np.flatnonzero(row)[seed % 3] for row in rows]))
        assert info["duplicates"] == 0
        assert not infos["duplicates"].any()


def test_a_reset_empties_the_slate(single, vector):
    env, envs = SequentialSlate(single(observation="onehot")), VectorSequentialSlate(vector(B, observation="onehot"))
    env.reset(seed=1)
    envs.reset(seed=1)
    env.step(1)
    envs.step(np.full(B, 1))
    for seen in (env.reset()[0], *envs.reset()[0]):
        assert seen[-2 * N :].tolist() == EMPTY
    assert env.action_masks().all()
    assert envs.action_masks().all()


def test_a_time_limit_under_it_counts_slates_and_one_over_it_products(single):
    under = SequentialSlate(single(JOURNEY, observation="journey", journey={"leave": 0}, max_episode_steps=2))
    over = TimeLimit(SequentialSlate(single(JOURNEY, observation="journey", journey={"leave": 0})), 4)
    for env, steps in ((under, 2 * N), (over, 4), (over, 4)):
        env.reset(seed=1)
        assert [env.step(step % N)[3] for step in range(steps)] == [False] * (steps - 1) + [True]
    with pytest.raises(gym.error.ResetNeeded, match="the visit is over"):
        under.step(0)


@pytest.mark.parametrize("under", [True, False])
def test_gymnasium_records_episodes_over_it_and_under_it(under, env_id, single, vector):
    """It writes into the infos; its figures come with the steps that end an episode, and change nothing else."""

    def recorded(env, record, view):
        return view(record(env)) if under else record(view(env))

    options = {"observation": "onehot"}
    env = recorded(single(env_id, **options), RecordEpisodeStatistics, SequentialSlate)
    envs = recorded(vector(B, env_id, **options), VectorRecordEpisodeStatistics, VectorSequentialSlate)
    twin = VectorSequentialSlate(vector(B, env_id, **options))
    env.reset(seed=1)
    envs.reset(seed=1)
    twin.reset(seed=1)
    total, ended = 0.0, 0
    for step in range(150):
        _, reward, terminated, truncated, info = env.step(step % P)
        total += reward
        assert ("episode" in info) == (terminated or truncated)
        if "episode" in info:
            assert info.pop("episode")["r"] == pytest.approx(total)
            total = 0.0
            env.reset()
        *found, infos = envs.step(np.full(B, step % P))
        *expected, plain = twin.step(np.full(B, step % P))
        over = found[2] | found[3]
        assert ("episode" in infos) == ("_episode" in infos) == over.any()
        ended += over.sum()
        assert flat(found) == flat(expected)
        assert flat({key: value for key, value in infos.items() if "episode" not in key}) == flat(plain)
    assert ended > 10


def test_what_was_returned_is_the_callers_to_write(env_id, single, vector):
    """Against twins whose returns are left alone."""
    options = {"observation": "onehot"}
    for make in (lambda: SequentialSlate(single(env_id, **options)),
                 lambda: VectorSequentialSlate(vector(B, env_id, **options))):  # fmt: skip
        env, twin = make(), make()
        seen, info = env.reset(seed=1)
        twin.reset(seed=1)
        env.action_space.seed(1)
        for _ in range(40):
            for array in (seen, *info.values()):
                if isinstance(array, np.ndarray):
                    array[...] = 0
            info.clear()
            action = env.action_space.sample()
            seen, *numbers, info = env.step(action)
            expected = twin.step(action)
            assert flat((seen, *numbers, info)) == flat(expected)
            if np.ndim(numbers[1]) == 0 and (numbers[1] or numbers[2]):
                (seen, info), (_, _) = env.reset(), twin.reset()


@pytest.mark.parametrize("bad", [-1, 5, 1.5, None])
def test_a_choice_there_is_not_is_refused_and_fills_no_slot(bad, single, vector):
    env = SequentialSlate(single(observation="onehot"), 5)
    envs = VectorSequentialSlate(vector(2, observation="onehot"), 5)
    env.reset(seed=1)
    envs.reset(seed=1)
    env.step(3)
    envs.step([3, 4])
    with pytest.raises(ValueError, match=rf"a choice is one of 0\.\.4, got \[{bad}"):
        env.step(bad)
    with pytest.raises(ValueError, match=r"a choice is one of 0\.\.4, got \[.*0"):
        envs.step([0, bad])
    assert np.flatnonzero(~env.action_masks()).tolist() == [3]
    assert [np.flatnonzero(~mask).tolist() for mask in envs.action_masks()] == [[3], [4]]
    assert env.step(0)[0][-2 * N : -N].tolist() == [0, 0, 1]


@pytest.mark.parametrize("bad", [[1, 2, 3], 1, [[1], [2]]])
def test_a_choice_for_each_visit_is_wanted(bad, single, vector):
    env, envs = SequentialSlate(single(observation="onehot")), VectorSequentialSlate(vector(2, observation="onehot"))
    env.reset(seed=1)
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=r"expected 2 choices, one per visit, got an array \("):
        envs.step(bad)
    with pytest.raises(ValueError, match=r"expected 1 choices, one per visit, got an array \(1, 1\)"):
        env.step([1])


@pytest.mark.parametrize("bad", [2, 9, 0, 4.0, "5"])
def test_there_must_be_enough_candidates_and_no_more_than_products(bad, single, vector):
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad!r}"):
        SequentialSlate(single(observation="onehot"), bad)
    with pytest.raises(ValueError, match=rf"candidates must be 3\.\.8, .*, got {bad!r}"):
        VectorSequentialSlate(vector(2, observation="onehot"), bad)


@pytest.mark.parametrize(("observation", "space"), [("tiers", "MultiDiscrete"), ("index", "Discrete")])
def test_slots_are_added_to_vectors_only(observation, space, single, vector):
    match = rf'make the environment with observation="onehot" \(or "journey"\), this one observes {space}\('
    with pytest.raises(ValueError, match=match):
        SequentialSlate(single(observation=observation))
    with pytest.raises(ValueError, match=match):
        VectorSequentialSlate(vector(2, observation=observation))


@pytest.mark.parametrize("wrapper", [FlattenObservation, lambda env: ReshapeObservation(env, (5, 5))])
def test_slots_are_added_to_one_axis_of_floats(wrapper, single):
    observation = "tiers" if wrapper is FlattenObservation else "onehot"
    with pytest.raises(ValueError, match=r"the slots are added to a vector: .*, this one observes Box\("):
        SequentialSlate(wrapper(single(observation=observation)))


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_rows_that_would_not_be_at_the_same_slot_are_refused(mode, vector):
    with pytest.raises(ValueError, match=rf"autoreset_mode must be SAME_STEP, is {mode}"):
        VectorSequentialSlate(vector(2, observation="onehot", autoreset_mode=mode))


def test_a_reset_of_some_rows_is_refused(vector):
    envs = VectorSequentialSlate(vector(2, observation="onehot"))
    envs.reset(seed=1)
    with pytest.raises(ValueError, match="reset_mask would renew only some of them"):
        envs.reset(options={"reset_mask": np.array([True, False])})
