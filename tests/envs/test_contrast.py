"""Contrast between states, and which worlds and models a shop keeps."""

import gc
import weakref
from dataclasses import replace
from itertools import pairwise

import gymnasium as gym
import numpy as np
import pytest

from selflearn_env import Drift, Rewards
from selflearn_env.core.pooling import Level, Pooling
from selflearn_env.shop.fitting.demand import check_contrast
from tests.envs.drifting import (
    PREFERRING,
    RETAIL,
    SEED,
    SLATES,
    STATES,
    P,
    single_of,
    steps_of,
    vector_of,
    visits_of,
    wishes,
)
from tests.envs.plain_lists import flat

SHAPE = (2, 3, 2)
LEVELS = (Level((), 3.0, 0.0), Level((1,), 20.0, 0.0), Level((1, 0), 1.5, 0.0), Level((1, 0, 2), 7.0, 0.0))


def divided_level(level, contrast):
    """All visits together are no group of states: their weight stays."""
    return Level(level.tiers, level.weight / contrast if level.tiers else level.weight, level.gain)


class Means:
    """Stands in for a generator: each gamma variable is its mean."""

    def standard_gamma(self, shape):
        return shape


@pytest.mark.parametrize("contrast", [0.25, 1, 1.7, 40.0])
def test_contrast_divides_the_weights_of_the_posterior(contrast):
    """The mean and the draw themselves are tested with the pooling."""
    rng = np.random.default_rng(3)
    visits = rng.integers(0, 12, size=12)
    purchases = rng.integers(0, 12, size=(12, 4)) % (visits[:, None] + 1)
    divided = Pooling(tuple(divided_level(level, contrast) for level in LEVELS))
    found = Pooling(LEVELS).draw(visits, purchases, SHAPE, Means(), contrast)
    np.testing.assert_allclose(found, divided.mean(visits, purchases, SHAPE), rtol=1e-12)
    one, other = (np.random.default_rng(4) for _ in range(2))
    found = Pooling(LEVELS).draw(visits, purchases, SHAPE, one, contrast)
    np.testing.assert_array_equal(found, divided.draw(visits, purchases, SHAPE, other))


@pytest.mark.parametrize("contrast", [0.5, 3.0])
def test_a_shops_incidence_is_the_draw_with_divided_weights(tiny_shop, contrast):
    customers = tiny_shop.customers
    levels = tuple(divided_level(level, contrast) for level in customers.pooling.levels)
    rng = np.random.default_rng(np.random.SeedSequence(tiny_shop.seed).spawn(2)[1])
    expected = Pooling(levels).draw(customers.visits(), customers.purchases(), tiny_shop.states.shape, rng)
    np.testing.assert_allclose(tiny_shop.demand(contrast).incidence, expected, rtol=1e-6)


def test_the_embedded_log_s_world_is_a_plain_draw(retail_shop):
    customers, seed = retail_shop.customers, np.random.SeedSequence(retail_shop.seed).spawn(2)[1]
    counts = customers.visits(), customers.purchases(), retail_shop.states.shape
    plain = customers.pooling.draw(*counts, np.random.default_rng(seed), dtype=np.float32)
    np.testing.assert_array_equal(retail_shop.demand().incidence, plain)


def test_the_world_of_a_thin_log_is_drawn_with_caution(tiny_shop):
    customers, seed = tiny_shop.customers, np.random.SeedSequence(tiny_shop.seed).spawn(2)[1]
    counts = customers.visits(), customers.purchases(), tiny_shop.states.shape
    world = tiny_shop.demand().incidence
    cautious = customers.pooling.world(*counts, lambda: np.random.default_rng(seed), np.float32)
    np.testing.assert_array_equal(world, cautious)
    assert (world != customers.pooling.draw(*counts, np.random.default_rng(seed), dtype=np.float32)).any()


@pytest.mark.parametrize("one", [1, 1.0, np.float64(1), np.int64(1), np.float32(1)])
def test_contrast_one_is_the_default_bit_for_bit(tiny_shop, one):
    """In shops that have built nothing yet, so that none lends to the other."""
    plain, given = single_of(replace(tiny_shop)), single_of(replace(tiny_shop), contrast=one)
    np.testing.assert_array_equal(plain.simulator.customers.appeal, given.simulator.customers.appeal)
    assert flat(visits_of(plain, 40, seed=3)) == flat(visits_of(given, 40, seed=3))


def test_contrast_changes_what_is_wanted_and_not_who_comes(tiny_shop):
    plain, other = vector_of(tiny_shop, 16), vector_of(tiny_shop, 16, contrast=5)
    assert (wishes(plain) != wishes(other)).any()
    assert plain.reset(seed=3)[1]["state"].tolist() == other.reset(seed=3)[1]["state"].tolist()
    for one, its in zip(steps_of(plain, 20), steps_of(other, 20), strict=True):
        assert one[-1]["state"].tolist() == its[-1]["state"].tolist()
    assert plain.shop.history is other.shop.history


def test_more_contrast_widens_the_spread_between_states(retail_shop):
    """Variance over the states of the log-incidence of the 200 best sellers, each state weighted by its visits."""
    share = retail_shop.demand().state_probability
    best = np.argsort(-retail_shop.customers.purchases().sum(axis=0))[:200]
    spreads = []
    for contrast in (0.2, 1, 5, 25):
        incidence = np.log(np.maximum(retail_shop.demand(contrast).incidence[:, best], 1e-9))
        spreads.append((share @ (incidence - share @ incidence) ** 2).mean())
    assert all(more > 1.2 * less for less, more in pairwise(spreads)), spreads


@pytest.mark.parametrize("contrast", [0.2, 5.0])
@pytest.mark.parametrize("name", PREFERRING)
def test_the_start_earns_the_seeds_purchases_and_clicks_at_any_contrast(tiny_shop, contrast, name):
    simulator = single_of(tiny_shop, slate_size=P, customer=name, contrast=contrast).simulator
    shown = tiny_shop.demand(contrast).start
    earned = simulator.response_probability(STATES, shown).sum(axis=1)
    share = tiny_shop.customers.visits() / tiny_shop.customers.visits().sum()
    assert share @ earned[:, 1:] == pytest.approx([0.74326, 0.54326], abs=1e-5)


def test_the_calibration_holds_in_the_retail_shop(retail_shop):
    simulator = gym.make(RETAIL, contrast=5.0).unwrapped.simulator
    earned = simulator.response_probability(STATES, retail_shop.history.best_sellers(10)).sum(axis=1)
    assert simulator.state_probability @ earned[:, 1:] == pytest.approx([0.74326, 0.54326], abs=1e-5)


@pytest.mark.parametrize("face", [single_of, vector_of])
@pytest.mark.parametrize("env_id", [RETAIL, SEED])
@pytest.mark.parametrize("built", [False, True])
@pytest.mark.parametrize("contrast", [0, -1, 9e-7, 1.1e6, np.nan, np.inf, True, "2", None, [2.0]], ids=str)
def test_a_bad_contrast_is_named_when_the_environment_is_made(tiny_shop, face, env_id, built, contrast):
    shop = replace(tiny_shop)
    if built:
        shop.demand()
    match = rf"contrast is a factor > 0, 1 for what the log supports, got {contrast!r}".replace("[2.0]", r"\[2.0\]")
    with pytest.raises((TypeError, ValueError), match=match):
        face(shop, env_id=env_id, contrast=contrast)


def test_the_least_and_the_greatest_contrast_may_be_asked_for():
    assert [check_contrast(contrast) for contrast in (1e-6, 1e6)] == [1e-6, 1e6]


def test_what_the_log_supports_is_drawn_once_and_kept(tiny_shop):
    shop = replace(tiny_shop)
    kept = shop.demand()
    incidence = kept.incidence
    for contrast in (2.0, 3.0, 0.5):
        assert shop.demand(contrast).contrast == contrast
        assert (shop.demand(contrast).incidence != incidence).any()
    assert shop.demand() is shop.demand(1) is shop.demand(1.0) is kept
    assert kept.incidence is incidence
    assert replace(tiny_shop).demand() is not kept


def test_the_last_other_contrast_is_kept(tiny_shop):
    shop = replace(tiny_shop)
    shop.demand()
    two = shop.demand(2.0)
    assert shop.demand(2) is two
    shop.demand()
    assert shop.demand(2.0) is two
    past = weakref.ref(two)
    del two
    shop.demand(3.0)
    gc.collect()
    assert past() is None


def test_the_last_other_contrast_is_kept_when_the_default_comes_later(tiny_shop):
    shop = replace(tiny_shop)
    two = shop.demand(2.0)
    shop.demand()
    assert shop.demand(2.0) is two


@pytest.mark.parametrize("contrast", [1.0, 2.5])
@pytest.mark.parametrize("options", [{}, {"customer": "cascade", "customer_options": {"leave": 0.7}}])
def test_environments_of_equal_options_share_a_model(tiny_shop, contrast, options):
    def model(make, **more):
        options_copy = {**options, "customer_options": dict(options.get("customer_options", {}))}
        return make(tiny_shop, contrast=contrast, **{**options_copy, **more}).simulator.customers

    one = model(single_of)
    assert model(vector_of) is one
    assert model(single_of, visits="uniform", observation="onehot", rewards=Rewards(buy=2.0), drift=Drift()) is one
    assert model(single_of, slate_size=2) is not one
    assert model(single_of, customer="logit", customer_options={}) is not one
    assert model(single_of, customer="cascade", customer_options={"leave": 0.6}) is not one
    assert single_of(tiny_shop, contrast=contrast + 1, **options).simulator.customers is not one
    assert single_of(replace(tiny_shop), contrast=contrast, **options).simulator.customers is not one


def test_shared_models_give_each_environment_its_own_rewards_and_slates(tiny_shop):
    """The best slates of one must not be those of the other."""
    buy, click = (single_of(tiny_shop, rewards=rewards) for rewards in (Rewards(), Rewards(buy=-9.0, click=3.0)))
    assert buy.simulator.customers is click.simulator.customers
    for env in (buy, click):
        for state in (3, 300):
            every = env.simulator.expected_reward(np.full(len(SLATES), state), SLATES)
            best = env.simulator.expected_reward([state], env.simulator.optimal_slate([state]))
            assert best[0] == pytest.approx(every.max())


def test_few_models_are_kept_and_the_environments_go_on_without(tiny_shop):
    shop = replace(tiny_shop)
    first = single_of(shop, slate_size=1)
    expected, past = wishes_of_one(first), weakref.ref(first.simulator.customers)
    for leave in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        single_of(shop, customer="cascade", customer_options={"leave": leave})
    np.testing.assert_array_equal(wishes_of_one(first), expected)
    assert single_of(shop, slate_size=1).simulator.customers is not past()
    del first
    gc.collect()
    assert past() is None


def wishes_of_one(env):
    return env.simulator.expected_reward(STATES, STATES[:, None] % P)
