"""Products that may not be shown: what may be, what comes of showing others, and exact figures of those that may be."""

import json
from itertools import permutations
from math import sqrt

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from selflearn_env import Drift, Stock
from tests.envs.drifting import (
    COPIES,
    DRIFT,
    PREFERRING,
    RETAIL,
    SEED,
    N,
    P,
    check_against_every_slate,
    loop_eligible,
    loop_factor,
    single_of,
    steps_of,
    vector_of,
    visits_of,
    wishes,
)
from tests.envs.journeying import BRISK
from tests.envs.peopling import visits_of as people_of
from tests.envs.plain_lists import flat
from tests.envs.test_drift_options import StubbornCustomers

JOURNEY, PEOPLE = "selflearn/RetailJourney-v0", "selflearn/RetailPeople-v0"
STOCK = Stock(out=0.4, lasts=20, every=4)
SCARCE = Stock(out=0.8, lasts=20, every=4)  # often fewer than a slate are in stock
WORLDS = {
    SEED: {},
    RETAIL: {"drift": DRIFT},
    JOURNEY: {"journey": BRISK},
}


def may_of(env):
    """What may be shown, by the masks of a face: of each slot the same, of each row the same."""
    masks = np.atleast_2d(env.action_masks()).reshape(-1, P)
    assert (masks == masks[0]).all()
    return masks[0].tolist()


# ---------------------------------------------------------------- what may be shown, and what is shown all the same


@pytest.mark.parametrize("stock", [STOCK, SCARCE])
@pytest.mark.parametrize("drift", [None, DRIFT])
def test_what_may_be_shown_follows_the_rules_from_the_seed_on(tiny_shop, stock, drift):
    env = single_of(tiny_shop, stock=stock, drift=drift)
    env.reset(seed=17)
    seen = []
    for served in range(60):
        seen.append(may_of(env))
        assert seen[-1] == loop_eligible(stock, 17, served, drift)
        assert env.simulator.eligible.tolist() == seen[-1]
        env.step([0, 1, 2])
        env.reset()
    assert min(map(sum, seen)) >= N
    assert len({tuple(each) for each in seen}) > 5


@pytest.mark.parametrize("env_id", WORLDS)
def test_a_slot_that_shows_what_may_not_be_shown_is_ignored_and_counted(tiny_shop, env_id):
    envs = vector_of(tiny_shop, 50, env_id=env_id, stock=STOCK, **WORLDS[env_id])
    rng, noticed = np.random.default_rng(1), 0
    _, infos = envs.reset(seed=1)
    assert not infos["unavailable"].any()
    for _ in range(20):
        absent, slates = ~np.array(may_of(envs)), rng.integers(P, size=(50, N))
        probability = envs.simulator.response_probability(envs.visits, slates)
        assert (probability[absent[slates]] == [1, 0, 0]).all()
        *_, infos = envs.step(slates)
        assert infos["unavailable"].tolist() == absent[slates].sum(axis=1).tolist()
        assert not infos["response"][absent[slates]].any()
        noticed += np.count_nonzero(infos["response"][absent[slates].any(axis=1)])
    assert noticed  # of the others in such slates some are not ignored


def test_what_happens_to_the_others_in_the_slate_is_what_the_simulator_says(tiny_shop):
    """In the cascade, whoever shows what is out of stock has wasted the slot, and nothing else."""
    rows = 20_000
    envs = vector_of(tiny_shop, rows, customer="cascade", stock=STOCK)
    _, infos = envs.reset(seed=3)
    slates = np.random.default_rng(3).permuted(np.tile(np.arange(P), (rows, 1)), axis=1)[:, :N]
    expected = envs.simulator.expected_reward(infos["state"], slates)
    surprise = envs.step(slates)[1] - expected
    assert not all(may_of(envs))
    assert abs(surprise.mean()) <= 4 * surprise.std(ddof=1) / sqrt(rows)


# ---------------------------------------------------------------- exact figures


@pytest.mark.parametrize("drift", [None, DRIFT])
@pytest.mark.parametrize("name", PREFERRING)
def test_best_and_random_slates_have_only_what_may_be_shown(tiny_shop, name, drift):
    env = single_of(tiny_shop, customer=name, stock=SCARCE, drift=drift)
    appeal, served = env.simulator.customers.appeal, 0
    for moment in (0, 5, 26, 41):
        visits_of(env, moment - served, seed=None if served else 17)
        if moment == 0:
            env.reset(seed=17)
        served = moment
        may = loop_eligible(SCARCE, 17, moment, drift)
        factor = [1.0] * P if drift is None else loop_factor(drift, 17, moment)
        factor = [each * here for each, here in zip(factor, may, strict=True)]
        check_against_every_slate(name, appeal, factor, env.simulator, 100 + moment, may=may)


@pytest.mark.parametrize("name", PREFERRING)
def test_best_slates_take_what_nobody_wants_where_too_little_is_wanted(tiny_shop, name):
    """Two of the products that may be shown are wanted; the third of a slate is one that may be shown, too."""
    customers = single_of(tiny_shop, customer=name).simulator.customers
    wanted = customers.drifted(np.array([9.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 9.0]))
    best = wanted.offered(np.array([1, 3, 4, 5])).optimal_slate(np.arange(20), single_of(tiny_shop).simulator.rewards)
    assert all({1, 5} < set(slate) <= {1, 3, 4, 5} and len(set(slate)) == N for slate in best.tolist())


@pytest.mark.parametrize("name", PREFERRING)
def test_of_customers_who_remember_too(tiny_shop, name):
    envs = vector_of(tiny_shop, 4, env_id=JOURNEY, journey=BRISK, customer=name, stock=STOCK)
    envs.reset(seed=2)
    steps_of(envs, 5)
    may = np.array(may_of(envs))
    check_every_slate_of_visits(envs.simulator, envs.visits, may)
    assert 3 < may.sum() < 8


def check_every_slate_of_visits(simulator, visits, may):
    """Best and random rewards of the first visits against the exact rewards of all slates that may be shown."""
    slates = np.array(list(permutations(np.flatnonzero(may), simulator.slate_size)))
    for row in range(2):
        one = visits.rows(np.array([row]))
        rewards = simulator.expected_reward(visits.rows(np.full(len(slates), row)), slates)
        best = simulator.optimal_slate(one)
        assert may[best].all()
        assert simulator.expected_reward(one, best)[0] == pytest.approx(rewards.max(), rel=1e-5)
        assert simulator.random_reward(one)[0] == pytest.approx(rewards.mean(), rel=1e-5)


def test_of_persons_too_and_they_buy_nothing_that_is_not_there(regulars_shop):
    stock = Stock(out=0.85, lasts=200, every=20)
    simulator = gym.make(PEOPLE, shop=regulars_shop, slate_size=2, stock=stock).unwrapped.simulator
    visits, run = people_of(simulator, 40, 1, 3)
    present = simulator.now(run)
    may, slates = present.eligible, np.tile([0, 1], (40, 1))
    check_every_slate_of_visits(present, visits, may)
    outcome = simulator.respond(visits, slates, run)
    before, after = visits.record, outcome.visits.record
    ends = zip(after.start[1:], after.counts() - before.counts(), strict=True)
    bought = np.concatenate([after.product[end - more : end] for end, more in ends])
    assert may[bought].all()
    assert bought.size == (outcome.response == 2).sum() + outcome.visits.basket.sum() > 5


def test_the_articles_customers_take_any_slate_of_what_is_there(tiny_shop):
    env = single_of(tiny_shop, SEED, stock=STOCK)
    env.reset(seed=1)
    simulator, may = env.simulator, np.array(may_of(env))
    assert not may.all()
    best, worst = np.flatnonzero(may)[:N], np.flatnonzero(~may)[:1]
    assert simulator.optimal_slate([5]).tolist() == [best.tolist()]
    plain = single_of(tiny_shop, SEED).simulator
    usual = plain.random_reward([5])
    np.testing.assert_allclose(simulator.random_reward([5]), usual)
    np.testing.assert_allclose(simulator.expected_reward([5], best[None]), usual)
    assert simulator.expected_reward([5], [[*worst, *best[1:]]]) < usual


def test_a_simulator_taken_earlier_keeps_describing_its_moment(tiny_shop):
    env = single_of(tiny_shop, stock=STOCK)
    assert env.simulator.eligible is None
    env.reset(seed=4)
    taken, now = env.simulator, wishes(env)
    may, random = may_of(env), taken.random_reward([3])
    visits_of(env, 30)
    assert may_of(env) != may
    assert taken.eligible.tolist() == may
    assert taken.random_reward([3]) == random
    env.reset(seed=4)
    np.testing.assert_array_equal(wishes(env), now)


# ---------------------------------------------------------------- faces, seeds, copies


@pytest.mark.parametrize("env_id", WORLDS)
def test_a_vector_of_one_is_the_single_face(tiny_shop, env_id):
    known = {"env_id": env_id, "stock": STOCK, **WORLDS[env_id]}
    env, envs = single_of(tiny_shop, **known), vector_of(tiny_shop, 1, **known)
    rng, over = np.random.default_rng(3), True
    _, infos = envs.reset(seed=11)
    for visit in range(60):
        if over:
            _, info = env.reset(seed=None if visit else 11)
        assert infos["state"][0] == info["state"]
        assert envs.action_masks().tolist() == [env.action_masks().tolist()]
        slate = rng.integers(P, size=N)
        _, reward, *ends, info = env.step(slate)
        _, rewards, _, _, infos = envs.step(slate[None])
        over = any(ends)
        assert rewards[0] == reward
        for name in ("response", "item_reward", "duplicates", "unavailable"):
            np.testing.assert_array_equal(infos[name][0], info[name])


def test_stock_changes_neither_who_comes_nor_the_drift(tiny_shop):
    plain, scarce = (vector_of(tiny_shop, 8, drift=Drift(spread=1.0, every=7), stock=stock) for stock in (None, STOCK))
    plain.reset(seed=5)
    scarce.reset(seed=5)
    for one, other in zip(steps_of(plain, 20), steps_of(scarce, 20), strict=True):
        assert one[-1]["state"].tolist() == other[-1]["state"].tolist()
    there, usual, now = np.array(may_of(scarce)), wishes(plain), wishes(scarce)
    np.testing.assert_array_equal(now[there], usual[there])
    assert (now[~there] == -2.0 * N).all()
    assert 0 < there.sum() < P


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_equal_seeds_have_equal_stock_whatever_is_shown_and_others_do_not(tiny_shop, face):
    def run(seed, number):
        env, seen = face(tiny_shop, stock=STOCK), []
        env.reset(seed=seed)
        rng = np.random.default_rng(number)
        for _ in range(15):
            seen.append(may_of(env))
            env.step(rng.integers(P, size=env.action_space.shape))
            env.reset()
        return seen

    assert run(7, 0) == run(7, 1)
    assert run(7, 0) != run(8, 0)


def test_where_everything_is_in_stock_all_is_as_without(tiny_shop):
    plain, full = (single_of(tiny_shop, stock=stock) for stock in (None, Stock(out=0, every=3, lasts=9)))
    assert set(plain.reset(seed=2)[1]) == {"state", "response", "item_reward", "duplicates"}  # fixed by design
    assert all(may_of(plain))
    expected, found = flat(visits_of(plain, 30, seed=2)), flat(visits_of(full, 30, seed=2))
    for visit in found:
        assert visit[-1].pop("unavailable") == 0
    assert found == expected
    assert all(may_of(full))
    np.testing.assert_array_equal(wishes(plain), wishes(full))


@pytest.mark.parametrize("duplicate", COPIES)
@pytest.mark.parametrize("face", [single_of, vector_of])
def test_a_copy_in_mid_episode_keeps_the_stock(tiny_shop, duplicate, face):
    env = face(tiny_shop, env_id=JOURNEY, journey=BRISK, stock=STOCK)
    env.reset(seed=4)
    slates = np.broadcast_to([1, 2, 3], env.action_space.shape)
    env.step(slates)
    twin = duplicate(env)

    def goes_on(world):
        seen = []
        for _ in range(15):
            *_, terminated, truncated, info = world.step(slates)
            seen.append((may_of(world), flat(info["response"])))
            if isinstance(terminated, bool) and (terminated or truncated):
                world.reset()
        return seen

    seen = goes_on(twin)
    assert goes_on(env) == seen
    assert len({tuple(may) for may, _ in seen}) > 1


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_all_ways_to_go_on_have_the_same_stock(tiny_shop, mode):
    same_step, other = (vector_of(tiny_shop, 4, autoreset_mode=each, stock=STOCK) for each in ("SAME_STEP", mode))
    same_step.reset(seed=6)
    other.reset(seed=6)
    for step in range(12):
        actions = (np.arange(12).reshape(4, 3) + step) % P
        expected, found = same_step.step(actions)[-1], other.step(actions)[-1]
        assert expected["unavailable"].tolist() == found["unavailable"].tolist()
        renewed = (
            other.step(actions)[-1]
            if mode is AutoresetMode.NEXT_STEP
            else other.reset(options={"reset_mask": np.ones(4, bool)})[1]
        )
        assert not renewed["unavailable"].any()
        assert may_of(same_step) == may_of(other)


@pytest.mark.parametrize("env_id", WORLDS)
def test_the_checkers_find_no_fault(tiny_shop, env_id, recwarn):
    env = gym.make(env_id, shop=tiny_shop, slate_size=N, stock=STOCK, disable_env_checker=False, **WORLDS[env_id])
    check_env(env.unwrapped, skip_render_check=True)
    env.action_space.seed(1)
    over = True
    for _ in range(30):
        if over:
            _, first = env.reset(seed=1)
        *_, terminated, truncated, info = env.step(env.action_space.sample())
        over = terminated or truncated
        assert {name: (type(value), np.shape(value)) for name, value in info.items()} == {
            name: (type(value), np.shape(value)) for name, value in first.items()
        }
    assert "unavailable" in info
    assert not [each for each in recwarn if "render" not in str(each.message)]


# ---------------------------------------------------------------- stock as an option


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_masks_have_the_shape_of_the_slots_and_need_a_visit(tiny_shop, face):
    env = face(tiny_shop, stock=STOCK)
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) before action_masks"):
        env.action_masks()
    env.reset(seed=1)
    assert env.action_masks().shape == (*env.action_space.shape[:-1], N * P)
    assert env.action_masks().dtype == np.bool_


def test_a_stock_may_be_a_mapping_out_of_json(tiny_shop):
    options = json.loads('{"stock": {"out": 0.4, "lasts": 20, "every": 4}}')
    one, other = gym.make(RETAIL, shop=tiny_shop, slate_size=N, **options), single_of(tiny_shop, stock=STOCK)
    assert flat(visits_of(one.unwrapped, 30, seed=2)) == flat(visits_of(other, 30, seed=2))
    again = gym.make(one.spec).unwrapped
    assert flat(visits_of(again, 30, seed=2)) == flat(visits_of(other, 30, seed=2))


@pytest.mark.parametrize("env_id", [RETAIL, JOURNEY])
@pytest.mark.parametrize(
    ("stock", "error", "match"),
    [
        (0.1, TypeError, r"stock is a selflearn_env\.Stock, a mapping with its fields, or None, got 0\.1"),
        ({"out": "1"}, TypeError, r"Stock\.out must be a number, got '1'"),
        ({"lots": 1}, TypeError, "Stock has no 'lots'"),
        ({"out": 2}, ValueError, r"Stock\.out is a share"),
    ],
)
def test_a_wrong_stock_is_named(tiny_shop, env_id, stock, error, match):
    with pytest.raises(error, match=match):
        single_of(tiny_shop, env_id, stock=stock)


@pytest.mark.parametrize("known", [{"stock": STOCK}, {"drift": Drift(vanish={0: 5})}])
def test_a_model_that_knows_no_slates_of_some_products_says_so_when_it_is_made(tiny_shop, known):
    class Drifting(StubbornCustomers):
        def drifted(self, factor):
            return self

    single_of(tiny_shop, customer=Drifting, drift=Drift()).reset(seed=1)
    with pytest.raises(NotImplementedError, match="Drifting has no method `offered`"):
        single_of(tiny_shop, customer=Drifting, **known)


def test_a_drift_that_leaves_no_slate_is_named(tiny_shop):
    with pytest.raises(ValueError, match=r"Drift\.appear and Drift\.vanish leave 2 products after 9 slates"):
        single_of(tiny_shop, drift=Drift(vanish=dict.fromkeys(range(6), 9)))
