"""The world of customers' lives: what is left of it when its effects are off, and shops of every kind."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from selflearn_env import Drift, Journey, Rewards, Shop
from selflearn_env.core.customers import CUSTOMERS
from tests.envs.journeying import JOURNEY, OFF, RETAIL, STATES, STILL, N, P, flat, single_of, steps_of, vector_of

SAME_STEP, NEXT_STEP, DISABLED = AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED
FINAL = {"final_obs", "_final_obs"}
WORLDS = [
    {},
    {"observation": "index", "visits": "uniform"},
    {"observation": "onehot", "rewards": Rewards(buy=3, noise=0.5)},
    {"contrast": 3.0, "drift": Drift(spread=1.0, half_life=40, every=7, appear={3: 25}, vanish={0: 30})},
]


@pytest.mark.parametrize("options", WORLDS, ids=["plain", "uniform", "noise", "drift"])
@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_without_effects_a_single_face_is_retail(tiny_shop, customer, options):
    options = {"customer": customer, **options}
    off, retail = (
        single_of(tiny_shop, JOURNEY, journey=OFF, **options),
        single_of(tiny_shop, RETAIL, **options),
    )
    assert off.observation_space == retail.observation_space
    assert off.action_space == retail.action_space
    assert flat(steps_of(off, 60, seed=3)) == flat(steps_of(retail, 60, seed=3))


@pytest.mark.parametrize("options", WORLDS, ids=["plain", "uniform", "noise", "drift"])
@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
@pytest.mark.parametrize("mode", AutoresetMode)
def test_without_effects_a_vector_face_is_retail(tiny_shop, customer, options, mode):
    options = {"customer": customer, "autoreset_mode": mode, **options}
    off, retail = (
        vector_of(tiny_shop, 5, JOURNEY, journey=OFF, **options),
        vector_of(tiny_shop, 5, RETAIL, **options),
    )
    rng, before = np.random.default_rng(1), off.reset(seed=3)
    assert flat(before) == flat(retail.reset(seed=3))
    for step in range(30):
        actions = rng.integers(P, size=(5, N))
        one, other = off.step(actions), retail.step(actions)
        # An id of customers' lives tells the last observation, even where it is the first.
        extra = {key: one[-1].pop(key) for key in FINAL if key in one[-1]}
        assert flat(one) == flat(other)
        assert bool(extra) == (mode is SAME_STEP)
        if extra:
            assert extra["_final_obs"].all()
            assert flat(np.stack(list(extra["final_obs"]))) == flat(before[0])
        before = one
        if mode is DISABLED:
            mask = np.ones(5, bool) if step % 2 else rng.random(5) < 0.5
            renew = {"options": {"reset_mask": mask}}
            assert flat(off.reset(**renew)) == flat(retail.reset(**renew))
            renew = {"options": {"reset_mask": ~mask}}
            assert flat(off.reset(**renew)) == flat(retail.reset(**renew))


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_without_effects_the_simulator_answers_as_retails(tiny_shop, customer):
    off, retail = (single_of(tiny_shop, env_id, customer=customer) for env_id in (JOURNEY, RETAIL))
    states = np.arange(STATES)
    slates = np.random.default_rng(1).integers(P, size=(STATES, N))
    for answer in ("expected_reward", "response_probability"):
        np.testing.assert_array_equal(
            getattr(off.simulator, answer)(states, slates), getattr(retail.simulator, answer)(states, slates)
        )
    for answer in ("optimal_slate", "random_reward"):
        np.testing.assert_array_equal(getattr(off.simulator, answer)(states), getattr(retail.simulator, answer)(states))
    np.testing.assert_array_equal(off.simulator.state_probability, retail.simulator.state_probability)


@pytest.mark.parametrize("effects", [{}, {"satiation": 1.0, "fatigue": 0.9, "boredom": 1.0, "leave": 1.0}])
def test_one_visit_of_a_life_has_no_past_whatever_the_effects(tiny_shop, effects):
    off = single_of(tiny_shop, journey={"returns": False, **effects})
    assert flat(steps_of(off, 60, seed=3)) == flat(steps_of(single_of(tiny_shop, RETAIL), 60, seed=3))


def test_without_returns_a_horizon_makes_no_difference(tiny_shop):
    off = single_of(tiny_shop, journey=Journey(returns=False, horizon=1))
    assert flat(steps_of(off, 60, seed=3)) == flat(steps_of(single_of(tiny_shop, RETAIL), 60, seed=3))


# ---------------------------------------------------------------- customers who come back, unchanged by what they see


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_what_is_shown_changes_neither_who_comes_nor_when(tiny_shop, customer):
    """Up to where it makes a customer buy, who may then leave: here nobody leaves."""
    lives = []
    for number in (0, 1):
        envs = vector_of(tiny_shop, 16, customer=customer, journey=STILL)
        still = envs.simulator.arrivals.lives.leave < 1e-9
        envs.reset(seed=2)
        rng, came, responses = np.random.default_rng(number), [], []
        for _ in range(40):
            visits = envs.visits
            came.append([visits.customer.tolist(), visits.day.tolist(), visits.state.tolist(), visits.time.tolist()])
            responses.append(envs.step(rng.integers(P, size=(16, N)))[-1]["response"].tolist())
        lives.append((came, responses))
    assert still.sum() > 15
    assert lives[0][0] == lives[1][0]
    assert lives[0][1] != lives[1][1]


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
def test_who_comes_back_unchanged_responds_as_retails_customers_of_the_same_state(tiny_shop, customer):
    envs, retail = (
        vector_of(tiny_shop, 32, customer=customer, journey=STILL),
        single_of(tiny_shop, RETAIL, customer=customer),
    )
    envs.reset(seed=2)
    rng = np.random.default_rng(0)
    for _ in range(20):
        visits, slates = envs.visits, rng.integers(P, size=(32, N))
        for answer in ("expected_reward", "response_probability"):
            np.testing.assert_array_equal(
                getattr(envs.simulator, answer)(visits, slates), getattr(retail.simulator, answer)(visits.state, slates)
            )
        for answer in ("optimal_slate", "random_reward"):
            np.testing.assert_array_equal(
                getattr(envs.simulator, answer)(visits), getattr(retail.simulator, answer)(visits.state)
            )
        envs.step(slates)


def test_a_life_is_that_of_one_customer_in_the_order_of_the_days(tiny_shop):
    env = single_of(tiny_shop)
    for life in range(20):
        env.reset(seed=None if life else 5)
        customer, days = env.visits.customer.tolist(), [int(env.visits.day[0])]
        assert days == env.simulator.arrivals.lives.first_day[customer].tolist()
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step([0, 1, 2])
            over = terminated or truncated
            assert not (terminated and truncated)
            assert env.visits.customer.tolist() == customer
            if not over:
                days.append(int(env.visits.day[0]))
        assert days == sorted(days)
        assert len(days) == int(env.visits.visits[0])
        assert len(days) == 1 or days[1] > days[0]
        assert days[-1] < tiny_shop.lives.days


@pytest.mark.parametrize("horizon", [100, None, 900])
def test_the_horizon_cuts_lives_short_or_lets_them_go_on(tiny_shop, horizon):
    envs = vector_of(tiny_shop, 64, journey=Journey(leave=0, horizon=horizon))
    envs.reset(seed=2)
    days, truncated = [], 0
    for _ in range(400):
        days.append(envs.visits.day)
        truncated += envs.step(np.tile([0, 1, 2], (64, 1)))[3].sum()
    last = np.max(days)
    length = horizon or tiny_shop.lives.days
    assert 0.95 * length < last < length
    assert truncated > 0


# ---------------------------------------------------------------- shops of every kind

SEGMENTS = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
SHOPS = {
    "the seed's segments": {},
    "own segments": {"segments": SEGMENTS},
    "one segment": {"segments": dict.fromkeys(range(100, 140), "all")},
    "weeks": {"period": "week"},
    "all history": {"history_share": 1.0},
    "other seed": {"seed": 3},
}


@pytest.mark.parametrize("kind", SHOPS)
def test_shops_of_every_kind_have_lives(tiny_log, kind, tmp_path):
    shop = Shop.from_transactions(tiny_log, **SHOPS[kind])
    shop.save(tmp_path / "shop.npz")
    env, again = single_of(shop, observation="journey"), single_of(str(tmp_path / "shop.npz"), observation="journey")
    seen = steps_of(env, 150, seed=1)
    assert flat(seen) == flat(steps_of(again, 150, seed=1))
    assert again.simulator.arrivals.pace == env.simulator.arrivals.pace
    segments = shop.states.decode([observed[-1]["state"] for observed in seen])[:, 0]
    assert all(env.observation_space.contains(observed[0]) for observed in seen)
    assert (len(set(segments.tolist())) > 1) == (kind != "one segment")


@pytest.mark.parametrize("kind", SHOPS)
def test_segments_move_where_the_shop_has_a_rule(tiny_log, kind):
    shop = Shop.from_transactions(tiny_log, **SHOPS[kind])
    envs = vector_of(shop, 32, journey=Journey(leave=0))
    envs.reset(seed=1)
    moved = False
    for _ in range(60):
        own = shop.states.decode(envs.visits.state)[:, 0]
        moved |= (own != envs.simulator.arrivals.lives.segment[envs.visits.customer]).any()
        envs.step(np.tile([0, 1, 2], (32, 1)))
    assert moved == ("segment" not in kind or kind == "the seed's segments")


@pytest.mark.parametrize("kind", SHOPS)
def test_states_are_those_of_the_dates(tiny_log, kind):
    shop = Shop.from_transactions(tiny_log, **SHOPS[kind])
    envs = vector_of(shop, 16, journey={"horizon": 800})
    envs.reset(seed=1)
    first = np.datetime64(int(shop.customers.first_date), "D")
    for _ in range(50):
        for state, day in zip(envs.visits.state.tolist(), envs.visits.day.tolist(), strict=True):
            of = (first + day).item()
            part = (of.day - 1) // 7 if kind == "weeks" else int(of.day > 15)
            assert shop.states.label(state).split("_")[1:] == [f"{of:%B}", str(part), f"{of:%A}"]
        envs.step(np.tile([0, 1, 2], (16, 1)))


def test_the_embedded_log_has_no_visit_on_a_saturday_but_first_ones(retail_shop):
    envs = vector_of(retail_shop, 512, slate_size=10)
    envs.reset(seed=1)
    weekdays = []
    for _ in range(40):
        again = envs.visits.visits > 0
        weekdays.append(retail_shop.states.decode(envs.visits.state[again])[:, 3])
        envs.step(np.tile(np.arange(10), (512, 1)))
    came = np.bincount(np.concatenate(weekdays), minlength=7)
    assert came[5] == 0
    assert (np.delete(came, 5) > 100).all()
