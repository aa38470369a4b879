"""What customers remember: each effect by itself against numbers worked by hand, and all of them against a loop."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.memory import CustomerMemory
from selflearn_env.core.journey.visits import nothing_remembered
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import repeats
from tests.core.journey.naive_journey import NaiveJourney, Story
from tests.core.journey.small_worlds import (
    MODELS,
    PREFERRING,
    STATES,
    N,
    P,
    calendar_of,
    journeys,
    model_of,
    random_appeal,
    same_appeal,
    world_of,
)

ALL = np.arange(P)[None]
NOTHING = {"satiation": 0, "fatigue": 0, "boredom": 0, "delay": 1, "leave": 0}


def memory_of(repurchase_days=8.0, **effects):
    """The memory of a journey with these effects and no others."""
    return CustomerMemory(Journey(**NOTHING | effects), repurchase_days)


def visit(day, bought=(), ignored=(), satisfaction=1.0):
    """One visit on a day, after purchases (day, product) and slates (day, products ignored), the newest first."""
    blank = nothing_remembered(1, N, P)
    for place, (of_day, product) in enumerate(bought):
        blank["bought"][0, place], blank["bought_day"][0, place] = product, of_day
    for place, (of_day, products) in enumerate(ignored):
        blank["ignored"][0, place, : len(products)], blank["ignored_day"][0, place] = products, of_day
    fresh = world_of(Journey(), model_of("seed", same_appeal(0.0)), calendar=calendar_of(200)).arrivals.first_visits(
        np.array([0])
    )
    return replace(fresh, day=np.array([day]), satisfaction=np.array([satisfaction]), **blank)


def left(memory, *of_visit, **of_visit_by_name):
    """{product: factor} where it is not 1."""
    attention = memory.look(visit(*of_visit, **of_visit_by_name), ALL).attention
    assert (attention is not None) == memory.lowers_interest
    factors = [1.0] * P if attention is None else attention[0].tolist()
    return {product: factor for product, factor in enumerate(factors) if factor != 1.0}


@pytest.mark.parametrize(("days", "factor"), [(0, 0.5), (8, 0.75), (16, 0.875), (24, 0.9375)])
def test_satiation_goes_by_half_in_its_days(days, factor):
    bought = [(10, 2)]
    assert left(memory_of(satiation=0.5), 10 + days, bought) == {2: pytest.approx(factor, rel=1e-6)}
    own_days = memory_of(satiation=0.5, satiation_days=16.0)
    assert left(own_days, 10 + 2 * days, bought) == {2: pytest.approx(factor, rel=1e-6)}


def test_satiation_takes_its_share_and_each_purchase_takes_it_again():
    assert left(memory_of(satiation=1.0), 10, [(10, 2)]) == {2: 0.0}
    assert left(memory_of(satiation=0.2), 10, [(10, 2), (10, 4)]) == pytest.approx({2: 0.8, 4: 0.8})
    assert left(memory_of(satiation=0.2), 18, [(18, 2), (10, 2)]) == pytest.approx({2: 0.8 * 0.9})
    assert left(memory_of(satiation=0.0), 10, [(10, 2)]) == {}


def test_slates_are_remembered_where_they_have_an_effect_and_purchases_always():
    shown, response = np.arange(N)[None], np.array([[2] + [0] * (N - 1)], dtype=np.int8)
    for effects, ignored in (({"fatigue": 0.5}, list(range(1, N))), ({"satiation": 0.5}, []), ({}, [])):
        memory, before = memory_of(**effects), visit(10)
        after = memory.remember(before, memory.look(before, shown), shown, response)
        assert [product for product in after.ignored.ravel().tolist() if product >= 0] == ignored
        assert (after.bought[0, 0], after.bought_day[0, 0]) == (0, 10)


@pytest.mark.parametrize(("days", "power"), [(0, 1), (30, 0.5), (60, 0.25), (15, 0.5**0.5)])
def test_fatigue_is_forgotten_by_half_in_its_days(days, power):
    found = left(memory_of(fatigue=0.2), 10 + days, ignored=[(10, [3])])
    assert found == pytest.approx({3: 0.8**power}, rel=1e-4)
    found = left(memory_of(fatigue=0.2, fatigue_days=5.0), 10 + days / 6, ignored=[(10, [3])])
    assert found == pytest.approx({3: 0.8**power}, rel=1e-4)


def test_fatigue_grows_with_every_showing_that_was_ignored():
    memory = memory_of(fatigue=0.2)
    slates = [(10, [3, 0]), (10, [3, 1]), (10, [3, 3]), (10, [2, 3, 0])]
    expected = {0: 0.8**2, 1: 0.8, 2: 0.8, 3: 0.8**5}  # 3 was shown twice in one slate
    assert left(memory, 10, ignored=slates) == pytest.approx(expected, rel=1e-5)
    aged = [(10, [3]), (-20, [3])]
    assert left(memory, 10, ignored=aged) == pytest.approx({3: 0.8 * 0.8**0.5}, rel=1e-4)
    assert left(memory_of(fatigue=0.0), 10, ignored=slates) == {}


def test_fatigue_never_fades_wholly_nor_fails_after_a_long_time():
    found = left(memory_of(fatigue=0.9, fatigue_days=0.001), 10_000, ignored=[(0, [3])])
    assert found == pytest.approx({3: 1.0}, abs=1e-3)
    assert memory_of(fatigue=0.9, fatigue_days=0.001).look(visit(10_000, ignored=[(0, [3])]), ALL).again[0, 3]


@pytest.mark.parametrize(("boredom", "satisfaction", "factor"), [(0.5, 0.0, 0.5), (0.5, 0.5, 0.75), (1, 0.25, 0.25)])
def test_boredom_takes_from_the_whole_slate(boredom, satisfaction, factor):
    found = left(memory_of(boredom=boredom), 10, satisfaction=satisfaction)
    assert found == pytest.approx(dict.fromkeys(range(P), factor))
    assert left(memory_of(boredom=boredom), 10, satisfaction=1.0) == {}
    assert left(memory_of(fatigue=0.5), 10, satisfaction=0.0) == {}


def test_delay_takes_no_interest_away():
    memory = memory_of(delay=5.0)
    assert left(memory, 10, [(10, 1)], [(10, [2])], satisfaction=0.0) == {}
    assert memory.works


def test_the_factors_multiply():
    memory = memory_of(satiation=0.5, fatigue=0.2, boredom=0.4)
    found = left(memory, 10, [(10, 1), (2, 2)], [(10, [2, 3]), (10, [2])], satisfaction=0.5)
    slate = 0.8
    expected = {0: slate, 1: slate * 0.5, 2: slate * 0.75 * 0.8**2, 3: slate * 0.8, 4: slate, 5: slate}
    assert found == pytest.approx(expected, rel=1e-5)


def test_without_effects_nothing_is_remembered():
    assert not memory_of().works
    for effect in ({"satiation": 0.1}, {"fatigue": 0.1}, {"boredom": 0.1}, {"delay": 1.1}):
        assert memory_of(**effect).works
        assert memory_of(**effect).lowers_interest == ("delay" not in effect)


# ---------------------------------------------------------------- satisfaction


@pytest.mark.parametrize(
    ("ignored", "response", "satisfaction", "after"),
    [
        ([], [0, 0, 0], 1.0, 1.0),  # nothing was shown before
        ([(9, [0, 1, 2])], [0, 0, 0], 1.0, 0.5),  # all was
        ([(9, [0, 1, 2])], [0, 0, 0], 0.5, 0.25),
        ([(9, [0, 1, 2])], [0, 1, 2], 1.0, 1 - 1 / 6),  # clicked and bought again, that does not bore
        ([(9, [5]), (8, [4]), (8, [3]), (7, [1])], [0, 0, 0], 0.0, 1 / 3),  # half-way from 0 to 2/3
        ([(-500, [0])], [0, 0, 0], 1.0, 1 - 1 / 6),  # however long ago
    ],
)
def test_satisfaction_moves_half_way_to_the_share_that_did_not_bore(ignored, response, satisfaction, after):
    memory, given_visit = memory_of(boredom=0.5), visit(10, ignored=ignored, satisfaction=satisfaction)
    look = memory.look(given_visit, np.array([[0, 1, 2]]))
    found = memory.remember(given_visit, look, np.array([[0, 1, 2]]), np.array([response], dtype=np.int8))
    assert found.satisfaction.tolist() == pytest.approx([after])


def test_a_slate_that_repeats_a_product_does_not_bore_by_that():
    memory = memory_of(boredom=0.5)
    look = memory.look(visit(10), np.array([[4, 4, 4]]))
    assert not look.again.any()


# ---------------------------------------------------------------- what is remembered


def after(memory, visit, slate, response):
    """The visit after one slate."""
    slates = np.array([slate])
    return memory.remember(visit, memory.look(visit, slates), slates, np.array([response], np.int8))


def remembered(memory, responses, days, slates, start=None):
    """The visit after slates shown on some days."""
    under_way = start or visit(0)
    for day, slate, response in zip(days, slates, responses, strict=True):
        under_way = replace(under_way, day=np.array([day]))
        under_way = after(memory, under_way, slate, response)
    return under_way


def test_the_last_four_slates_are_remembered_newest_first():
    memory = memory_of(fatigue=0.2)
    slates = [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0]]
    last = remembered(memory, [[0, 0, 0], [0, 1, 0], [2, 0, 0], [0, 0, 0], [1, 2, 1]], [3, 4, 4, 8, 9], slates)
    assert last.ignored[0].tolist() == [[-1, -1, -1], [3, 4, 5], [-1, 3, 4], [1, -1, 3]]
    assert last.ignored_day[0].tolist() == [9, 8, 4, 4]


def test_the_last_ten_purchases_are_remembered_newest_visit_first_in_the_order_of_the_slots():
    memory = memory_of(satiation=0.2)
    slates = [[0, 1, 2], [3, 4, 5], [1, 0, 2], [5, 4, 3], [2, 1, 0]]
    last = remembered(memory, [[2, 0, 2], [2, 2, 2], [0, 1, 0], [2, 2, 2], [2, 0, 2]], [1, 2, 3, 4, 6], slates)
    assert last.bought[0].tolist() == [2, 0, 5, 4, 3, 3, 4, 5, 0, 2]
    assert last.bought_day[0].tolist() == [6, 6, 4, 4, 4, 2, 2, 2, 1, 1]
    last = remembered(memory, [[0, 2, 0]], [7], [[4, 5, 4]], last)
    assert last.bought[0].tolist() == [5, 2, 0, 5, 4, 3, 3, 4, 5, 0]


def test_what_was_remembered_before_is_left_alone():
    memory, before = memory_of(satiation=0.2, fatigue=0.2), visit(5, [(4, 1)], [(4, [0, 2])])
    kept = {name: getattr(before, name).tolist() for name in nothing_remembered(1, N, P)}
    after(memory, before, [3, 4, 5], [2, 0, 1])
    assert {name: getattr(before, name).tolist() for name in kept} == kept


@pytest.mark.parametrize("products", [1, 8, 127, 128, 129, 32_768, 32_769])
def test_any_product_can_be_remembered(products):
    memory, last = memory_of(satiation=0.5, fatigue=0.5), products - 1
    fresh = replace(visit(3), **nothing_remembered(1, 1, products))
    one = after(memory, fresh, [last], [2])
    assert one.bought[0].tolist() == [last] + [-1] * 9
    two = after(memory, one, [last], [0])
    assert two.ignored[0, :, 0].tolist() == [last, -1, -1, -1]
    assert memory.look(two, np.array([[last]])).attention[0, 0] == pytest.approx(0.25)


# ---------------------------------------------------------------- against the loop

PRODUCT = st.integers(0, P - 1)
DAY = st.integers(-60, 0)


@settings(max_examples=200)
@given(
    journey=journeys(),
    bought=st.lists(st.tuples(DAY, PRODUCT), max_size=10),
    ignored=st.lists(st.tuples(DAY, st.lists(PRODUCT, max_size=N)), max_size=4),
    satisfaction=st.floats(0, 1),
    holding_back=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_looks_are_the_loop_over_all_that_happened(journey, bought, ignored, satisfaction, holding_back):
    world = world_of(journey, model_of("independent", same_appeal(0.5)))
    memory, under_way = world.memory, visit(0, bought, ignored, satisfaction)
    story = Story(0, 0, 0, 0.0, satisfaction=satisfaction, purchases=bought, slates=ignored)
    expected = np.array([NaiveJourney(world).attention(story, product) for product in range(P)])
    look, whole = memory.look(under_way, ALL), memory.attention_to_all(under_way, P, holding_back)
    shown = sorted({product for _, products in ignored for product in products})
    if memory.works:
        assert np.flatnonzero(look.again[0]).tolist() == (shown if remembers_slates(journey) else [])
    if not memory.lowers_interest:
        assert look.attention is whole is None
        return
    np.testing.assert_allclose(look.attention[0], expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(memory.attention_to_all(under_way, P)[0], expected, rtol=1e-5, atol=1e-7)
    if remembers_slates(journey):
        expected[shown] *= 1 - holding_back
    np.testing.assert_allclose(whole[0], expected, rtol=1e-5, atol=1e-7)


def remembers_slates(journey):
    """Whether anything depends on what was ignored."""
    return bool(journey.fatigue or journey.boredom or journey.delay > 1)


@pytest.mark.parametrize("name", PREFERRING)
def test_attention_is_a_table_of_less_appeal(name):
    rng = np.random.default_rng(3)
    appeal, attention = random_appeal(rng), rng.choice([0.0, 0.25, 0.5, 1.0], (STATES.size, P)).astype(np.float32)
    model, other = model_of(name, appeal), model_of(name, appeal.astype(np.float32) * attention[..., None])
    states, slates = np.arange(STATES.size), rng.integers(P, size=(STATES.size, N))
    shown, draws = np.take_along_axis(attention, slates, axis=1), rng.random((STATES.size, model.uniforms)) ** 3
    own = (states, slates, repeats(slates))
    np.testing.assert_array_equal(model.attending(shown).respond(*own, draws), other.respond(*own, draws))
    np.testing.assert_array_equal(model.attending(shown).response_probability(*own), other.response_probability(*own))
    np.testing.assert_array_equal(
        model.attending(attention).random_response_probability(states), other.random_response_probability(states)
    )
    np.testing.assert_array_equal(
        model.attending(attention).optimal_slate(states, Rewards()), other.optimal_slate(states, Rewards())
    )


def test_a_table_is_not_changed_by_attention():
    model = model_of("independent", random_appeal(np.random.default_rng(3)))
    before = model.appeal.copy()
    states, half = np.zeros(1, int), np.full((1, P), 0.5, np.float32)
    model.attending(half[:, :N]).respond(states, ALL[:, :N], None, np.zeros((1, N)))
    model.attending(half).optimal_slate(states, Rewards())
    model.attending(half).random_response_probability(states)
    np.testing.assert_array_equal(model.appeal, before)


@pytest.mark.parametrize("name", MODELS)
def test_full_attention_is_none(name):
    rng = np.random.default_rng(3)
    model = model_of(name, random_appeal(rng))
    states, slates = np.arange(STATES.size), rng.integers(P, size=(STATES.size, N))
    draws, ones = rng.random((STATES.size, model.uniforms)), np.ones((STATES.size, N), np.float32)
    own = (states, slates, repeats(slates))
    np.testing.assert_array_equal(model.attending(ones).respond(*own, draws), model.respond(*own, draws))
    np.testing.assert_array_equal(model.attending(ones).response_probability(*own), model.response_probability(*own))
