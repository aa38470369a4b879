"""The observation of a customer's life: what a shop really knows, as an onlooker notes it down visit by visit."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env import Journey
from selflearn_env.core.journey.visits import nothing_remembered
from selflearn_env.envs.observations import JourneyObservation
from tests.core.journey.small_worlds import STATES, calendar_of, model_of, same_appeal, world_of
from tests.envs.journeying import BRISK, JOURNEY, N, P, single_of, vector_of

STILL = Journey.off(returns=True)


class Onlooker:
    """Counts what the shop sees of one customer, and writes the observation down from its description."""

    def __init__(self, shop, days):
        self.states, self.products, self.days = shop.states, shop.products, days
        self.visits = self.empty = 0
        self.bought = []
        self.last_day = None

    def sees(self, day, slate, response):
        bought = [product for product, kind in zip(slate, response, strict=True) if kind == 2]
        self.visits += 1
        self.empty = 0 if any(response) else self.empty + 1
        self.bought = bought + self.bought
        self.last_day = day

    def observation(self, state, day):
        tiers = self.states.decode([state])[0]
        onehot = [float(tier == of) for size, tier in zip(self.states.shape, tiers, strict=True) for of in range(size)]
        since = 0 if self.last_day is None else (day - self.last_day) / self.days
        counts = [np.log(1 + count) for count in (self.visits, len(self.bought), self.empty)]
        recent = [(product + 1) / self.products for product in self.bought[:10]]
        return np.array(onehot + [since, *counts] + recent + [0.0] * (10 - len(recent)), np.float32)


@pytest.mark.parametrize("horizon", [None, 60, 700])
@pytest.mark.parametrize("effects", [{}, {"satiation": 0.0}, {"fatigue": 0, "boredom": 0, "delay": 1}])
def test_it_is_what_an_onlooker_notes_down(tiny_shop, horizon, effects):
    journey = Journey(**{"leave": 0.05, "boredom": 0.1, "horizon": horizon} | effects)
    env, rng, lives = single_of(tiny_shop, observation="journey", journey=journey), np.random.default_rng(3), 0
    onlooker, (seen, info) = Onlooker(tiny_shop, horizon or tiny_shop.lives.days), env.reset(seed=4)
    for _ in range(300):
        day = int(env.visits.day[0])
        np.testing.assert_allclose(seen, onlooker.observation(info["state"], day), rtol=1e-6, atol=1e-7)
        slate = rng.integers(P, size=N)
        seen, _, terminated, truncated, info = env.step(slate)
        onlooker.sees(day, slate.tolist(), info["response"].tolist())
        if terminated or truncated:
            last = onlooker.observation(info["state"], day)
            np.testing.assert_allclose(seen, last, rtol=1e-6, atol=1e-7)
            onlooker, (seen, info) = Onlooker(tiny_shop, horizon or tiny_shop.lives.days), env.reset()
            lives += 1
    assert lives > 2


def test_without_satiation_purchases_are_observed_all_the_same(tiny_shop):
    """The shop knows what it sold, whatever it does to the customer."""
    envs = vector_of(tiny_shop, 16, observation="journey", journey=STILL)
    envs.reset(seed=1)
    for _ in range(5):
        observation, *_ = envs.step(np.tile([0, 1, 2], (16, 1)))
    assert (observation[:, -10:] > 0).any()


def test_it_tells_nothing_of_satisfaction_nor_of_what_was_ignored(tiny_shop):
    env = single_of(tiny_shop, observation="journey", journey=BRISK)
    env.reset(seed=1)
    two = env.visits.rows(np.zeros(2, dtype=np.int64))
    for name, value in {"satisfaction": 0.25, "ignored": 3, "ignored_day": 2, "spend": 1e3, "customer": 7}.items():
        getattr(two, name)[1] = value
    one, other = env.view.observe(two)
    np.testing.assert_array_equal(one, other)


def test_the_space_is_a_box_of_known_bounds(tiny_shop, retail_shop):
    for shop, n in ((tiny_shop, N), (retail_shop, 10)):
        space = gym.make(JOURNEY, shop=shop, slate_size=n, observation="journey").observation_space
        width = sum(shop.states.shape)
        assert space.shape == (width + 14,)
        assert space.dtype == np.float32
        assert (space.low == 0).all()
        assert space.high.tolist() == [1.0] * (width + 1) + [20.0] * 3 + [1.0] * 10
    assert width == 25


def visits_with(products=8, **fields):
    """One visit, of a shop of so many products, with some fields set."""
    world = world_of(STILL, model_of("seed", same_appeal(0.0)), calendar=calendar_of(100))
    blank = nothing_remembered(1, N, products)
    return replace(
        world.arrivals.first_visits(np.array([0])), **blank | {name: np.array([of]) for name, of in fields.items()}
    )


@given(
    gap=st.integers(0, 99),
    visits=st.integers(0, 400_000_000),
    purchases=st.integers(0, 400_000_000),
    empty=st.integers(0, 400_000_000),
)
def test_counts_of_any_size_stay_in_the_space(gap, visits, purchases, empty):
    view = JourneyObservation(STATES, 8, 100)
    seen = view.observe(visits_with(day=gap, last_visit=0, visits=visits, purchases=purchases, empty=empty))[0]
    assert view.space.contains(seen)
    width = sum(STATES.shape)
    assert seen[width] == pytest.approx(gap / 100)
    assert seen[width + 1 : width + 4] == pytest.approx(np.log1p([visits, purchases, empty]), rel=1e-6)


@pytest.mark.parametrize("products", [1, 2, 8, 127, 128, 129, 3684, 32_768, 32_769])
def test_every_product_that_was_bought_has_a_number_of_its_own(products):
    view = JourneyObservation(STATES, products, 100)
    blank = nothing_remembered(1, N, products)["bought"]
    seen = []
    for product in {0, products // 2, products - 1}:
        bought = blank.copy()
        bought[0, 0] = product
        (one,) = view.observe(visits_with(products, bought=bought[0]))
        assert view.space.contains(one)
        assert one[-10] == pytest.approx((product + 1) / products)
        assert (one[-9:] == 0).all()
        seen.append(one[-10])
    assert len(set(seen)) == len(seen)


def test_every_observation_of_a_batch_is_that_of_its_row(tiny_shop):
    envs = vector_of(tiny_shop, 8, observation="journey", journey=BRISK)
    envs.reset(seed=1)
    for step in range(20):
        envs.step(np.random.default_rng(step).integers(P, size=(8, N)))
    together = envs.view.observe(envs.visits)
    for row in range(8):
        np.testing.assert_array_equal(envs.view.observe(envs.visits.rows(np.array([row])))[0], together[row])
