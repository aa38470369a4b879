"""The action that chooses between rankings, against the rankings themselves."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from selflearn_agents import make_agent

from selflearn_env.wrappers.ranker_choice import RankerChoice, Rankers, VectorRankerChoice

RETAIL, JOURNEY = "selflearn/Retail-v0", "selflearn/RetailJourney-v0"
IDS = [RETAIL, JOURNEY]
N, B = 3, 8


def vector(env_id, shop, **known):
    return gym.make_vec(env_id, B, vectorization_mode="vector_entry_point", shop=shop, slate_size=N, **known)


def single(env_id, shop, **known):
    return gym.make(env_id, shop=shop, slate_size=N, **known)


def fixed(slate):
    """A ranker of one slate."""
    return lambda visits: np.tile(slate, (len(visits), 1))


def by_state(visits):
    """A ranker whose slates tell the states of the visits."""
    return (visits.state[:, None] + np.arange(N)) % 8


@pytest.fixture
def popular(tiny_shop):
    return make_agent("popular", history=tiny_shop.history, slate_size=N)


@pytest.mark.parametrize("env_id", IDS)
def test_each_visit_is_shown_the_slate_of_the_ranker_chosen_for_it(env_id, tiny_shop, popular):
    """As the bare environment of the same seed is, one row at a time."""
    envs, bare = VectorRankerChoice(vector(env_id, tiny_shop), [by_state, fixed([7, 6, 5])]), vector(env_id, tiny_shop)
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(envs.reset(seed=3)[0], bare.reset(seed=3)[0])
    for _ in range(30):
        choice = rng.integers(2, size=B)
        states = bare.unwrapped.visits.state.tolist()
        slates = [
            [7, 6, 5] if chosen else [(state + k) % 8 for k in range(N)]
            for state, chosen in zip(states, choice.tolist(), strict=True)
        ]
        assert envs.actions(choice).tolist() == slates
        for found, expected in zip(envs.step(choice)[:4], bare.step(np.array(slates))[:4], strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("env_id", IDS)
def test_the_single_face_shows_the_slate_of_the_ranker_chosen(env_id, tiny_shop):
    bare = single(env_id, tiny_shop)
    env = RankerChoice(single(env_id, tiny_shop), [by_state, fixed([7, 6, 5])])
    rng = np.random.default_rng(1)
    over, seed = True, 3
    for _ in range(60):
        if over:
            np.testing.assert_array_equal(env.reset(seed=seed)[0], bare.reset(seed=seed)[0])
            seed += 1
        choice = int(rng.integers(2))
        state = bare.unwrapped.visits.state[0]
        slate = [7, 6, 5] if choice else [(state + k) % 8 for k in range(N)]
        found, expected = env.step(choice), bare.step(np.array(slate))
        np.testing.assert_array_equal(found[0], expected[0])
        assert found[1:4] == expected[1:4]
        np.testing.assert_array_equal(found[4]["response"], expected[4]["response"])
        over = found[2] or found[3]


def test_a_ranker_is_asked_once_for_all_its_visits_and_not_at_all_where_it_is_not_chosen(tiny_shop):
    envs = vector(JOURNEY, tiny_shop)
    envs.reset(seed=1)
    visits, asked = envs.unwrapped.visits, {0: [], 1: [], 2: []}

    def ranker(number):
        def rank(some):
            asked[number].append(some.customer.tolist())
            return np.tile([number, 3, 4], (len(some), 1))

        return rank

    choice = np.array([2, 0, 0, 2, 2, 2, 0, 2])
    slates = Rankers([ranker(number) for number in range(3)]).slates(choice, visits)
    assert slates.tolist() == [[number, 3, 4] for number in choice]
    customers = visits.customer
    assert asked == {0: [customers[choice == 0].tolist()], 1: [], 2: [customers[choice == 2].tolist()]}


def test_rankers_see_what_the_customer_remembers(tiny_shop):
    """The myopic oracle as a ranker earns what is best in each visit."""
    bare = vector(JOURNEY, tiny_shop)
    simulator = bare.unwrapped.simulator
    oracle = make_agent("myopic_oracle", history=tiny_shop.history, slate_size=N, simulator=simulator)
    envs = VectorRankerChoice(bare, [fixed([0, 1, 2]), oracle.act])
    envs.reset(seed=1)
    for _ in range(5):
        visits = envs.unwrapped.visits
        np.testing.assert_array_equal(envs.actions(np.ones(B, int)), simulator.optimal_slate(visits))
        envs.step(np.arange(B) % 2)
    assert (envs.unwrapped.visits.visits > 0).any()


@pytest.mark.parametrize("env_id", IDS)
def test_a_static_agent_is_a_ranker(env_id, tiny_shop, popular):
    envs = VectorRankerChoice(vector(env_id, tiny_shop), [fixed([0, 1, 2]), lambda visits: popular.act(visits.state)])
    env = RankerChoice(single(env_id, tiny_shop), [lambda visits: popular.act(visits.state)])
    states = envs.reset(seed=1)[1]["state"]
    np.testing.assert_array_equal(envs.actions(np.ones(B, dtype=int)), popular.act(states))
    state = env.reset(seed=1)[1]["state"]
    np.testing.assert_array_equal(env.action(0), popular.act([state])[0])


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")  # it is the wrapper that is checked
@pytest.mark.parametrize("observation", ["tiers", "index", "onehot"])
@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_finds_no_fault(env_id, observation, tiny_shop, popular):
    env = single(env_id, tiny_shop, observation=observation)
    rankers = [by_state, lambda visits: popular.act(visits.state)]
    # Rendering and closing are checked on an environment made anew; see the next test.
    check_env(RankerChoice(env, rankers), skip_render_check=True, skip_close_check=True)


def test_it_can_be_made_anew_from_its_specification(tiny_shop):
    env = RankerChoice(single(RETAIL, tiny_shop), [by_state])
    assert isinstance(env.spec.make(), RankerChoice)


@pytest.mark.parametrize("env_id", IDS)
def test_the_spaces_are_of_the_rankers_numbers(env_id, tiny_shop):
    rankers = (by_state, by_state, by_state)
    env, envs = RankerChoice(single(env_id, tiny_shop), rankers), VectorRankerChoice(vector(env_id, tiny_shop), rankers)
    assert env.action_space == envs.single_action_space == gym.spaces.Discrete(3)
    assert envs.action_space == gym.spaces.MultiDiscrete([3] * B)
    assert envs.observation_space == envs.unwrapped.observation_space
    env.reset(seed=1)
    envs.reset(seed=1)
    envs.action_space.seed(1)
    for _ in range(20):
        choice = envs.action_space.sample()
        assert ((choice >= 0) & (choice < 3)).all()
        envs.step(choice)


def test_rows_that_wait_for_their_next_visit_need_no_choice(tiny_shop):
    envs = VectorRankerChoice(vector(RETAIL, tiny_shop, autoreset_mode=AutoresetMode.NEXT_STEP), [by_state, by_state])
    envs.reset(seed=1)
    envs.step(np.zeros(B, dtype=int))
    _, reward, terminated, _, _ = envs.step(np.ones(B, dtype=int))
    assert not reward.any()
    assert not terminated.any()


@pytest.mark.parametrize("bad", [-1, 2, 7])
def test_a_number_of_no_ranker_is_refused(bad, tiny_shop):
    envs = VectorRankerChoice(vector(RETAIL, tiny_shop), [by_state, by_state])
    envs.reset(seed=1)
    choice = np.zeros(B, dtype=int)
    choice[4] = bad
    with pytest.raises(ValueError, match=rf"an action is the number of a ranker, 0\.\.1, got \[ *0 +0 +0 +0 +{bad}"):
        envs.step(choice)


@pytest.mark.parametrize("bad", [-1, 2])
def test_a_number_of_no_ranker_is_refused_by_the_single_face(bad, tiny_shop):
    env = RankerChoice(single(RETAIL, tiny_shop), [by_state, by_state])
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"an action is the number of a ranker, 0\.\.1, got"):
        env.step(bad)


@pytest.mark.parametrize("rankers", [[], ()])
def test_there_must_be_something_to_choose_from(rankers, tiny_shop):
    with pytest.raises(ValueError, match="there is nothing to choose from: rankers is empty"):
        RankerChoice(single(RETAIL, tiny_shop), rankers)
    with pytest.raises(ValueError, match="there is nothing to choose from: rankers is empty"):
        VectorRankerChoice(vector(RETAIL, tiny_shop), rankers)


@pytest.mark.parametrize(("face", "wrapper"), [(single, RankerChoice), (vector, VectorRankerChoice)])
def test_without_a_reset_gymnasium_says_so(face, wrapper, tiny_shop):
    env = wrapper(face(RETAIL, tiny_shop), [by_state])
    with pytest.raises(gym.error.ResetNeeded):
        env.step(env.action_space.sample())
