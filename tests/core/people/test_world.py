"""The rates of persons against the formula as a loop, and the baskets that are drawn from them."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.core.items import Items
from selflearn_env.core.people.world import Moments, Moods, Persons
from tests.core.people.plain import DAYS, C, K, P, items_of, moments_of, persons_of, rates_of, record_of, world_of

NO_SLATES = np.empty((C, 0), dtype=np.int64)


def seeds_of(rng, count=C):
    return rng.integers(2**64, size=count, dtype=np.uint64)


@given(st.integers(0, 2**32 - 1))
def test_rates_are_the_formula(number):
    rng = np.random.default_rng(number)
    world, persons = world_of(rng, half_life=rng.choice([3.0, np.inf])), persons_of(rng)
    moments = moments_of(rng, world, rng.integers(C, size=C))
    found = world.all_rates(moments, persons)
    for visit in range(C):
        np.testing.assert_allclose(found[visit], rates_of(world, moments, persons, visit), rtol=1e-6, atol=1e-15)
    slates = rng.integers(P, size=(C, 4))  # with repeats, now and then
    np.testing.assert_allclose(
        world.rates(moments, persons, slates), np.take_along_axis(found, slates, axis=1), rtol=1e-12
    )


@given(st.integers(0, 2**32 - 1))
def test_rates_sum_to_the_size_of_the_visit(number):
    rng = np.random.default_rng(number)
    world, persons = world_of(rng), persons_of(rng)
    moments = moments_of(rng, world, np.arange(C))
    expected = world.level_of_day[moments.day] * persons.activity
    np.testing.assert_allclose(world.expected_size(moments, persons), expected, rtol=1e-15)
    np.testing.assert_allclose(world.all_rates(moments, persons).sum(axis=1), expected, rtol=1e-9)


def test_products_asked_for_by_rows_of_any_length():
    rng = np.random.default_rng(3)
    world, persons = world_of(rng), persons_of(rng)
    moments = moments_of(rng, world, np.arange(C))
    asked = items_of(rng, C)
    found = world.rates_of(moments, persons, asked.start, asked.product)
    every = world.all_rates(moments, persons)
    np.testing.assert_allclose(found, every[np.repeat(np.arange(C), asked.counts()), asked.product], rtol=1e-12)


def test_baskets_have_the_sizes_of_the_log_and_no_product_twice():
    rng = np.random.default_rng(5)
    count, mean = 20_000, 6.0
    world = replace(world_of(rng), level_of_day=np.full(DAYS, 1.5))
    persons = Persons(np.tile([0.5, 0.3, 0.2], (count, 1)), np.full(count, mean / 1.5), np.full(count, 0.6))
    nothing = np.zeros(count, dtype=np.int64)
    moments = Moments(np.full(count, DAYS - 1), nothing, nothing, items_of(rng, count))
    slates = rng.integers(P, size=(count, 3))
    baskets = world.draw_baskets(moments, persons, slates, seeds_of(rng, count))
    sizes = baskets.counts()
    assert sizes.min() >= 1
    variance = (mean - 1) + (mean - 1) ** 2 / world.dispersion
    assert sizes.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / count))
    assert sizes.var() == pytest.approx(variance, rel=0.1)
    for row in range(200):
        own = baskets.product[baskets.start[row] : baskets.start[row + 1]].tolist()
        assert len(own) == len(set(own))
        assert not set(own) & set(slates[row].tolist())
    np.testing.assert_array_equal(baskets.day, DAYS - 1)


def test_products_of_baskets_come_in_proportion_to_their_rates():
    """The first product drawn of a basket; those after it must be others."""
    rng = np.random.default_rng(8)
    count = 40_000
    world, persons = world_of(rng), persons_of(rng, 1)
    own = items_of(rng, 1)
    persons = Persons(persons.theta, persons.activity, np.array([0.8]))
    one = Moments(np.array([DAYS - 1]), *np.zeros((2, 1), dtype=np.int64), own)
    expected = world.all_rates(one, persons)[0] / world.expected_size(one, persons)
    many = Moments(
        np.full(count, DAYS - 1), *np.zeros((2, count), dtype=np.int64), own.rows(np.zeros(count, dtype=int))
    )
    drawn = world.draw_baskets(
        many, persons.rows(np.zeros(count, dtype=int)), np.empty((count, 0), int), seeds_of(rng, count)
    )
    found = np.bincount(drawn.product[drawn.start[:-1]], minlength=P)
    error = np.sqrt(count * expected * (1 - expected))
    assert (np.abs(found - count * expected) < 5 * error + 1).all()
    assert (found[expected > 0.01] > 0).all()


def test_baskets_keep_to_categories_and_no_product_is_bought_more_often():
    rng = np.random.default_rng(9)
    count, freedom = 40_000, 0.5
    world, one = world_of(rng, products=4 * P), persons_of(rng, 1)
    few = Persons(one.theta, np.array([3.0]), np.array([0.8]))
    own, same = items_of(rng, 1, products=4 * P), np.zeros(count, dtype=int)
    moments = Moments(np.full(count, DAYS - 1), *np.zeros((2, count), dtype=np.int64), own.rows(same))
    categories = np.stack([np.arange(4 * P) % 3, np.arange(4 * P) % 2]).astype(np.int16)
    expected = world.all_rates(moments.rows(same[:1]), few)[0]
    expected /= expected.sum()
    by_category = np.bincount(categories[0], weights=expected)
    found, alike = [], []
    for moods in (None, Moods(categories[:1], freedom), Moods(categories, freedom)):
        drawn = replace(world, moods=moods).draw_baskets(
            moments, few.rows(same), np.empty((count, 0), int), seeds_of(rng, count)
        )
        second = drawn.start[:-1][drawn.counts() == 2] + 1
        pairs = categories[0][drawn.product[second - 1]] == categories[0][drawn.product[second]]
        alike.append(pairs.mean())
        found.append(np.bincount(categories[0][drawn.product[second]], minlength=3) / second.size)
    # Of two products the second keeps to the first with 1 / (1 + 2 freedom), here a half, in one way or in either.
    assert alike[1] == pytest.approx((1 + alike[0]) / 2, abs=0.03)
    assert alike[2] == pytest.approx((1 + 3 * alike[0]) / 4, abs=0.03)
    for own_found in found:
        assert own_found == pytest.approx(by_category, abs=0.06)


def test_a_small_catalogue_is_bought_up_at_most():
    rng = np.random.default_rng(1)
    world = world_of(rng, products=4)
    world = replace(world, log=Items.none(C))
    persons = Persons(np.full((C, K), 1 / K), np.full(C, 50.0), np.full(C, 0.9))
    moments = Moments(np.full(C, DAYS - 1), *np.zeros((2, C), dtype=np.int64), items_of(rng, C, products=4))
    baskets = world.draw_baskets(moments, persons, np.tile([3], (C, 1)), seeds_of(rng))
    assert baskets.counts().max() <= 3
    assert 3 not in baskets.product


def test_equal_seeds_draw_equal_baskets_whatever_the_batch():
    rng = np.random.default_rng(2)
    world, persons, seeds = world_of(rng), persons_of(rng), seeds_of(rng)
    moments = moments_of(rng, world, np.arange(C))
    together = world.draw_baskets(moments, persons, NO_SLATES, seeds)
    for row in range(C):
        some = np.array([row])
        alone = world.draw_baskets(moments.rows(some), persons.rows(some), NO_SLATES[some], seeds[some])
        assert alone.product.tolist() == together.product[together.start[row] : together.start[row + 1]].tolist()
    other = world.draw_baskets(moments, persons, NO_SLATES, seeds + np.uint64(1))
    assert other.product.tolist() != together.product.tolist()


def test_the_calendar_goes_on_as_a_year_before():
    rng = np.random.default_rng(4)
    world = world_of(rng)
    assert world.over(DAYS) is world
    longer = world.over(DAYS + 3)  # the log is shorter than a year: as from its first day on
    assert longer.row_of_day.tolist() == [*world.row_of_day, *world.row_of_day[:3]]
    assert longer.level_of_day.tolist() == [*world.level_of_day, *world.level_of_day[:3]]
    year = replace(world, row_of_day=np.arange(400) % 2, level_of_day=np.arange(400.0)).over(402)
    assert year.level_of_day[400:].tolist() == [36.0, 37.0]


PROGRAM = """
import numpy as np, warnings
warnings.simplefilter("ignore")
from dataclasses import replace
from selflearn_env.core.people.world import Moods
from tests.core.people.plain import *
rng = np.random.default_rng(6)
world, persons = world_of(rng), persons_of(rng)
moments = moments_of(rng, world, np.arange(C))
slates = rng.integers(P, size=(C, 3))
baskets = world.draw_baskets(moments, persons, slates, rng.integers(2**64, size=C, dtype=np.uint64))
keeping = replace(world, moods=Moods(rng.integers(3, size=(2, P)).astype(np.int16), 0.3))
alike = keeping.draw_baskets(moments, persons, slates, rng.integers(2**64, size=C, dtype=np.uint64))
more = baskets.followed_by(moments.record).replaced(np.array([1, 2]), moments.record.rows(np.array([0, 5])))
rates = world.rates(moments, persons, slates), world.all_rates(moments, persons)
for array in (*rates, more.start, more.product, more.day, alike.start, alike.product):
    print(array.dtype, array.tobytes().hex())
"""


def test_compiled_loops_are_the_plain_ones_bit_for_bit():
    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert run(NUMBA_DISABLE_JIT="1") == run()


def test_the_plain_record_is_what_the_moments_say():
    rng = np.random.default_rng(7)
    world = world_of(rng)
    moments = moments_of(rng, world, np.arange(C))
    pieces = world.log.pieces(moments.begin, moments.end).followed_by(moments.record)
    for visit in range(C):
        own = slice(pieces.start[visit], pieces.start[visit + 1])
        assert list(zip(pieces.product[own], pieces.day[own], strict=True)) == record_of(world, moments, visit)
