"""Drift in both faces: the same path from the same seed, counted in slates shown."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env import Drift, Rewards
from selflearn_env.core.customers import CUSTOMERS
from tests.envs.drifting import (
    COPIES,
    DRIFT,
    PREFERRING,
    SEED,
    STATES,
    N,
    P,
    single_of,
    steps_of,
    vector_of,
    visits_of,
    wishes,
)
from tests.envs.plain_lists import flat


@pytest.mark.parametrize("name", PREFERRING)
def test_a_vector_of_one_is_the_single_face(tiny_shop, name):
    env, envs = single_of(tiny_shop, customer=name, drift=DRIFT), vector_of(tiny_shop, 1, customer=name, drift=DRIFT)
    rng = np.random.default_rng(3)
    _, infos = envs.reset(seed=11)
    for visit in range(80):
        _, info = env.reset(seed=None if visit else 11)
        assert infos["state"][0] == info["state"]
        if visit % 9 == 0:
            np.testing.assert_array_equal(wishes(env), wishes(envs))
        slate = rng.integers(P, size=N)
        *_, info = env.step(slate)
        _, rewards, _, _, infos = envs.step(slate[None])
        assert infos["response"][0].tolist() == info["response"].tolist()
        assert rewards[0] == info["item_reward"].sum()


@pytest.mark.parametrize("name", PREFERRING)
def test_batches_that_fit_the_moves_are_single_visits_in_order(tiny_shop, name):
    drift = Drift(spread=1.5, half_life=30, every=12, vanish={0: 24}, appear={4: 16})
    rng = np.random.default_rng(3)
    slates = rng.integers(P, size=(20, 4, N))
    envs = vector_of(tiny_shop, 4, customer=name, drift=drift)
    envs.reset(seed=2)
    together = [envs.step(each)[-1]["response"].tolist() for each in slates]
    env = single_of(tiny_shop, customer=name, drift=drift)
    env.reset(seed=2)
    alone = []
    for slate in slates.reshape(-1, N):
        alone.append(env.step(slate)[-1]["response"].tolist())
        env.reset()
    assert np.concatenate(together).tolist() == alone


def test_a_batch_meets_the_customers_as_they_are_before_its_first_slate(tiny_shop):
    envs = vector_of(tiny_shop, 10, drift=Drift(spread=0, vanish={0: 25}, appear={1: 31}))
    envs.reset(seed=1)
    had = []
    for _ in range(6):
        chance = envs.simulator.response_probability(STATES[:1], [[0, 1, 2]])[0, :, 0]
        had.append((chance < 1).tolist())
        envs.step(np.tile([0, 1, 2], (10, 1)))
    assert had == [[True, False, True]] * 3 + [[False, False, True]] + [[False, True, True]] * 2


def test_nobody_wants_what_is_not_there(tiny_shop):
    """Exactly from its slate on, and up to it, in what happens."""
    env = single_of(tiny_shop, drift=Drift(spread=0.5, every=10, appear={6: 501}, vanish={0: 305}))
    responses = np.array([info["response"] for *_, info in slates_served(env, [0, 6, 1], 800, seed=3)])
    assert not responses[305:, 0].any()
    assert not responses[:501, 1].any()
    assert responses[:305, 0].any()
    assert responses[501:, 1].any()
    assert responses[305:501, 2].any()


def slates_served(env, slate, visits, seed=None):
    seen = []
    for _ in range(visits):
        env.reset(seed=seed)
        seen.append(env.step(slate))
        seed = None
    return seen


@pytest.mark.parametrize("moment", [24, 25, 26])
def test_an_event_comes_with_its_very_slate(tiny_shop, moment):
    env = single_of(tiny_shop, drift=Drift(spread=0, every=7, vanish={2: 25}))
    slates_served(env, [0, 1, 2], moment, seed=1)
    chance = env.simulator.response_probability(STATES, np.tile([2, 1, 0], (672, 1)))[:, 0, 0]
    assert (chance == 1).all() == (moment >= 25)


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_equal_seeds_drift_equally_and_others_do_not(tiny_shop, face):
    def run(seed):
        env = face(tiny_shop, drift=DRIFT)
        env.reset(seed=seed)
        seen = []
        for _ in range(20):
            seen.append(flat(env.step(np.broadcast_to([0, 1, 2], env.action_space.shape))))
            env.reset()
        return seen, wishes(env)

    (one, after), (same, same_after), (_, other_after) = run(7), run(7), run(8)
    assert one == same
    np.testing.assert_array_equal(after, same_after)
    assert (after != other_after).any(axis=0).all()


def test_drift_does_not_change_who_comes_nor_the_draws_of_rewards(tiny_shop):
    options = {"rewards": Rewards(buy=0.0, click=0.0, ignore=0.0, noise=1.0)}
    plain, drifting = vector_of(tiny_shop, 8, **options), vector_of(tiny_shop, 8, drift=DRIFT, **options)
    plain.reset(seed=5)
    drifting.reset(seed=5)
    different = False
    for one, other in zip(steps_of(plain, 30), steps_of(drifting, 30), strict=True):
        assert one[-1]["state"].tolist() == other[-1]["state"].tolist()
        assert one[-1]["item_reward"].tolist() == other[-1]["item_reward"].tolist()  # all of it is noise
        different |= (one[-1]["response"] != other[-1]["response"]).any()
    assert different


@pytest.mark.parametrize("batch", [1, 5])
def test_what_agents_show_changes_neither_the_drift_nor_who_comes(tiny_shop, batch):
    runs = []
    for number in (0, 1):
        envs = vector_of(tiny_shop, batch, drift=DRIFT)
        came = [envs.reset(seed=9)[1]["state"].tolist()]
        wished = []
        for step in range(60 // batch):
            came.append(steps_of(envs, 1, number * 1000 + step)[0][-1]["state"].tolist())
            wished.append(wishes(envs).tolist())
        runs.append((came, wished))
    assert runs[0] == runs[1]


def test_looking_at_the_simulator_changes_nothing(tiny_shop):
    looking, blind = (single_of(tiny_shop, drift=DRIFT) for _ in range(2))
    for visit in range(80):
        seed = None if visit else 3
        assert flat(looking.reset(seed=seed)) == flat(blind.reset(seed=seed))
        looking.simulator.optimal_slate(STATES)
        assert flat(looking.step([visit % 8, 1, 2])) == flat(blind.step([visit % 8, 1, 2]))
        assert looking.simulator.customers is looking.simulator.customers
    np.testing.assert_array_equal(wishes(looking), wishes(blind))


@pytest.mark.parametrize("name", sorted(CUSTOMERS))
def test_a_drift_without_spread_is_none_bit_for_bit(tiny_shop, name):
    options = {"customer": name, "rewards": Rewards(noise=0.5)}
    plain, still = (single_of(tiny_shop, drift=drift, **options) for drift in (None, Drift(spread=0, every=3)))
    assert flat(visits_of(plain, 60, seed=2)) == flat(visits_of(still, 60, seed=2))
    plain, still = (vector_of(tiny_shop, 9, drift=drift, **options) for drift in (None, Drift(spread=0, every=3)))
    plain.reset(seed=2)
    still.reset(seed=2)
    assert flat(steps_of(plain, 20)) == flat(steps_of(still, 20))
    for figure in ("optimal_slate", "random_reward"):
        np.testing.assert_array_equal(
            getattr(plain.simulator, figure)(STATES), getattr(still.simulator, figure)(STATES)
        )
    np.testing.assert_array_equal(wishes(plain), wishes(still))


def test_the_seeds_world_does_not_drift(tiny_shop):
    """Its customers do not care; but that products come and go is not up to them."""
    plain, drifting = (single_of(tiny_shop, SEED, drift=drift) for drift in (None, Drift(spread=1.2, every=7)))
    assert flat(visits_of(plain, 100, seed=2)) == flat(visits_of(drifting, 100, seed=2))
    np.testing.assert_array_equal(wishes(plain), wishes(drifting))


def shown_until_vanished(envs, actions, rows_shown):
    """Slates shown before the step at which product 0 is gone."""
    shown = 0
    for rows in rows_shown:
        if envs.simulator.response_probability([0], [[0, 1, 2]])[0, 0, 0] == 1:
            return shown
        envs.step(actions)
        shown += rows
    raise AssertionError("product 0 never vanished")


def test_next_step_counts_the_slates_that_were_shown(tiny_shop):
    actions = np.tile([0, 1, 2], (4, 1))
    envs = vector_of(tiny_shop, 4, autoreset_mode=AutoresetMode.NEXT_STEP, drift=Drift(spread=0, vanish={0: 12}))
    envs.reset(seed=1)
    assert shown_until_vanished(envs, actions, [4, 0] * 10) == 12

    envs.reset(seed=1)
    envs.step(actions)  # now half of the rows go one step ahead of the others
    envs.reset(options={"reset_mask": np.array([True, False, True, False])})
    assert shown_until_vanished(envs, actions, [2] * 10) + 4 == 12


def test_disabled_counts_the_slates_that_were_shown(tiny_shop):
    envs = vector_of(tiny_shop, 4, autoreset_mode=AutoresetMode.DISABLED, drift=Drift(spread=0, vanish={0: 12}))
    envs.reset(seed=1)
    here = []
    for _ in range(5):
        here.append(envs.simulator.response_probability([0], [[0, 1, 2]])[0, 0, 0] < 1)
        envs.step(np.tile([0, 1, 2], (4, 1)))
        envs.reset(options={"reset_mask": np.array([True, False, True, False])})
        envs.reset(options={"reset_mask": np.array([False, True, False, True])})
    assert here == [True, True, True, False, False]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_all_ways_to_go_on_see_the_same_drift(tiny_shop, mode):
    same_step, other = (vector_of(tiny_shop, 4, autoreset_mode=each, drift=DRIFT) for each in ("SAME_STEP", mode))
    same_step.reset(seed=6)
    other.reset(seed=6)
    for step in range(20):
        actions = (np.arange(12).reshape(4, 3) + step) % P
        expected, found = same_step.step(actions)[-1], other.step(actions)[-1]
        assert expected["response"].tolist() == found["response"].tolist()
        np.testing.assert_array_equal(wishes(same_step), wishes(other))
        if mode is AutoresetMode.NEXT_STEP:
            other.step(actions)
        else:
            other.reset(options={"reset_mask": np.ones(4, bool)})
        np.testing.assert_array_equal(wishes(same_step), wishes(other))


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_a_slate_that_is_refused_is_not_counted(tiny_shop, face):
    env = face(tiny_shop, drift=Drift(every=1))
    env.reset(seed=1)
    before = wishes(env)
    with pytest.raises(ValueError, match="is product 8, but the catalogue"):
        env.step(np.full(env.action_space.shape, 8))
    np.testing.assert_array_equal(wishes(env), before)
    env.step(np.zeros(env.action_space.shape, dtype=np.int64))
    assert (wishes(env) != before).any()


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_an_unseeded_reset_goes_on_in_time_and_a_seeded_one_starts_anew(tiny_shop, face):
    env = face(tiny_shop, drift=DRIFT)

    def serve(slates):
        for _ in range(slates):
            env.step(np.broadcast_to([0, 1, 2], env.action_space.shape))
            env.reset()

    env.reset(seed=4)
    begin = wishes(env)
    serve(10)
    later = wishes(env)
    env.reset()
    env.reset(options={})
    np.testing.assert_array_equal(wishes(env), later)
    serve(40)
    assert (wishes(env)[0] == -2.0 * N).all()  # product 0 has vanished
    env.reset(seed=4)
    np.testing.assert_array_equal(wishes(env), begin)
    serve(10)
    np.testing.assert_array_equal(wishes(env), later)
    env.reset(seed=5)
    np.testing.assert_array_equal(wishes(env), begin)  # all begin alike
    serve(10)
    assert (wishes(env) != later).any()


def test_a_reset_that_continues_with_a_mask_keeps_the_time(tiny_shop):
    envs = vector_of(tiny_shop, 4, drift=DRIFT)
    envs.reset(seed=4)
    steps_of(envs, 10)
    before = wishes(envs)
    envs.reset(options={"reset_mask": np.array([True, False, True, True])})
    np.testing.assert_array_equal(wishes(envs), before)


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("served", [0, 3, 26, 45])
def test_a_copy_of_a_single_face_in_mid_drift_continues_equally(tiny_shop, duplicate, served):
    env = single_of(tiny_shop, drift=DRIFT)
    env.reset(seed=4)
    visits_of(env, served)
    env.reset()
    twin = duplicate(env)
    seen = flat([twin.step([1, 2, 3]), *visits_of(twin, 40)])
    now = wishes(twin)
    assert (wishes(env) != now).any()  # the twin's time is its own
    assert flat([env.step([1, 2, 3]), *visits_of(env, 40)]) == seen
    np.testing.assert_array_equal(wishes(env), now)


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
@pytest.mark.parametrize("name", PREFERRING)
def test_a_copy_of_a_vector_face_in_mid_drift_continues_equally(tiny_shop, duplicate, mode, name):
    envs = vector_of(tiny_shop, 4, customer=name, autoreset_mode=mode, drift=DRIFT)
    envs.reset(seed=4)
    steps_of(envs, 7)
    twin = duplicate(envs)
    assert twin.simulator.customers is twin.simulator.customers
    np.testing.assert_array_equal(wishes(twin), wishes(envs))
    seen = flat(steps_of(twin, 20))
    assert flat(steps_of(envs, 20)) == seen
    np.testing.assert_array_equal(wishes(twin), wishes(envs))


# ---------------------------------------------------------------- drift as an option
