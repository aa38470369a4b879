"""Drift against a plain loop of its rule, its statistics, and its time, which counts slates whatever the batches."""

import copy
import pickle
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env import Drift
from selflearn_env.core.drift import DriftPath

P = 4
EVENTS = st.dictionaries(st.integers(0, P - 1), st.integers(0, 60), max_size=P)
DRIFTS = st.builds(
    Drift,
    spread=st.floats(0, 3),
    half_life=st.floats(0.1, 1e6),
    every=st.integers(1, 25),
    appear=EVENTS,
    vanish=EVENTS,
)
MOMENTS = st.lists(st.integers(0, 80), min_size=1, max_size=12).map(sorted)


def path_of(drift, products=P, seed=5):
    return DriftPath(drift, products, np.random.default_rng(seed))


def loop_factors(drift, slates, products=P, seed=5):
    """The factors before each of some slates, one slate and one product at a time."""
    rng = np.random.default_rng(seed)
    r = 2 ** (-drift.every / drift.half_life)
    walk, variance = [0.0] * products, 0.0
    for slate in range(slates):
        if slate > 0 and slate % drift.every == 0:
            steps = [rng.standard_normal() for _ in range(products)]
            walk = [r * z + drift.spread * sqrt(1 - r**2) * step for z, step in zip(walk, steps, strict=True)]
            variance = r**2 * variance + drift.spread**2 * (1 - r**2)
        factors = []
        for product, z in enumerate(walk):
            here = slate >= drift.appear.get(product, 0) and not slate >= drift.vanish.get(product, slate + 1)
            factors.append(exp(z - variance / 2) if here else 0.0)
        yield factors


@given(drift=DRIFTS)
def test_the_path_is_the_documented_rule(drift):
    path = path_of(drift)
    for slate, expected in enumerate(loop_factors(drift, 80)):
        np.testing.assert_allclose(path.factor(slate), expected, rtol=1e-9, err_msg=f"slate {slate}")


@given(drift=DRIFTS, moments=MOMENTS)
def test_the_factors_do_not_depend_on_the_batches(drift, moments):
    step_by_step = path_of(drift)
    factors = [step_by_step.factor(slate).tolist() for slate in range(moments[-1] + 1)]
    jumping = path_of(drift)
    for moment in moments:
        assert jumping.factor(moment).tolist() == factors[moment]
    assert path_of(drift).factor(moments[-1]).tolist() == factors[moments[-1]]


@given(drift=DRIFTS, moments=MOMENTS)
def test_the_array_is_the_same_until_its_numbers_change_and_is_never_written_to(drift, moments):
    path = path_of(drift)
    times = {*range(drift.every, 100, drift.every), *drift.appear.values(), *drift.vanish.values()}
    seen = []
    for before, moment in zip([moments[0], *moments], moments, strict=False):
        factor = path.factor(moment)
        assert path.factor(moment) is factor
        if seen:
            changes = any(before < time <= moment for time in times)
            assert (factor is not seen[-1][0]) == changes
        seen.append((factor, factor.tolist()))
    for factor, numbers in seen:
        assert factor.tolist() == numbers


def test_it_starts_at_one():
    assert path_of(Drift(every=10)).factor(0).tolist() == [1.0] * P
    path = path_of(Drift(every=10))
    assert path.factor(9).tolist() == [1.0] * P
    assert 1.0 not in path.factor(10).tolist()


@pytest.mark.parametrize("drift", [Drift(spread=0, every=1), Drift(half_life=np.inf, every=1)])
def test_without_spread_or_without_forgetting_nothing_ever_moves(drift):
    path = path_of(drift)
    for slate in (0, 1, 2, 1000):
        assert path.factor(slate).tolist() == [1.0] * P


@pytest.mark.parametrize("moves", [1, 3, 10, 100])
def test_the_mean_is_one_and_the_variance_grows_to_the_spread(moves):
    """Each product is one of many independent walks; every third of a half life."""
    products, spread, half_life, every = 400_000, 0.8, 300, 100
    factor = path_of(Drift(spread=spread, half_life=half_life, every=every), products).factor(moves * every)
    variance = spread**2 * (1 - 2 ** (-2 * moves * every / half_life))
    assert abs(factor.mean() - 1) <= 4 * sqrt((exp(variance) - 1) / products)
    walk = np.log(factor)
    assert abs(walk.mean() + variance / 2) <= 4 * sqrt(variance / products)
    assert abs(walk.var() - variance) <= 4 * variance * sqrt(2 / products)
    assert abs(np.corrcoef(walk[1:], walk[:-1])[0, 1]) <= 4 / sqrt(products)


@pytest.mark.parametrize(("lag", "correlation"), [(1, 2**-0.2), (5, 0.5), (10, 0.25), (50, 0.0)])
def test_half_of_a_deviation_is_forgotten_in_a_half_life(lag, correlation):
    products, every = 200_000, 20
    path = path_of(Drift(spread=1.5, half_life=100, every=every), products)
    begin = np.log(path.factor(60 * every))
    end = np.log(path.factor((60 + lag) * every))
    for walk in (begin, end):
        assert abs(walk.std() - 1.5) <= 4 * 1.5 / sqrt(2 * products)
    found = np.corrcoef(begin, end)[0, 1]
    assert abs(found - correlation) <= 4 * (1 - correlation**2) / sqrt(products) + 1e-3


def test_one_product_over_a_long_time_has_the_same_statistics():
    """Over time as over products: standard deviation, and correlation after a half life."""
    path = path_of(Drift(spread=0.7, half_life=3, every=1), products=2)
    walk = np.log([path.factor(slate) for slate in range(60_000)])[100:] + 0.7**2 / 2
    assert walk.std(axis=0) == pytest.approx(0.7, rel=0.03)
    assert [np.corrcoef(each[3:], each[:-3])[0, 1] for each in walk.T] == pytest.approx([0.5] * 2, abs=0.03)
    assert abs(np.corrcoef(*walk.T)[0, 1]) < 0.05


def test_products_come_and_go_exactly_at_their_slates():
    drift = Drift(every=10, appear={0: 7, 1: 20, 3: 0}, vanish={0: 25, 2: 13, 3: 0})
    path = path_of(drift)
    had = np.array([path.factor(slate) > 0 for slate in range(40)])
    slates = np.arange(40)
    np.testing.assert_array_equal(had[:, 0], (slates >= 7) & (slates < 25))
    np.testing.assert_array_equal(had[:, 1], slates >= 20)
    np.testing.assert_array_equal(had[:, 2], slates < 13)
    assert not had[:, 3].any()


def test_what_is_absent_goes_on_wandering():
    """Products that come and go do not change the walk of any product while it can be had."""
    path = path_of(Drift(every=1, half_life=10, appear={0: 15}, vanish={1: 30}))
    plain = path_of(Drift(every=1, half_life=10))
    for slate in range(40):
        with_events, without = path.factor(slate), plain.factor(slate)
        had = with_events > 0
        np.testing.assert_array_equal(had, [slate >= 15, slate < 30, True, True])
        np.testing.assert_array_equal(with_events[had], without[had])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda path: pickle.loads(pickle.dumps(path))])
@pytest.mark.parametrize("moment", [0, 3, 26, 40])
def test_a_copy_goes_on_equally(duplicate, moment):
    drift = Drift(every=5, half_life=20, appear={0: 28}, vanish={1: 41})
    path, whole = path_of(drift), path_of(drift)
    path.factor(moment)
    twin = duplicate(path)
    for slate in range(moment, 80, 3):  # the copy first: it must not use up the numbers of the other
        assert twin.factor(slate).tolist() == whole.factor(slate).tolist()
    for slate in range(moment, 80):
        path.factor(slate)
    assert path.factor(80).tolist() == twin.factor(80).tolist()


def test_equal_generators_give_equal_paths_and_others_differ():
    one, same, other = (path_of(Drift(every=1), seed=seed).factor(3) for seed in (1, 1, 2))
    assert one.tolist() == same.tolist()
    assert (one != other).all()


@pytest.mark.parametrize("name", ["spread", "half_life", "every"])
@pytest.mark.parametrize("value", [True, "3", None, [3], 1j])
def test_what_is_no_number_is_named(name, value):
    with pytest.raises(TypeError, match=rf"Drift\.{name} must be a number, got {value!r}".replace("[3]", r"\[3\]")):
        Drift(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("spread", -0.1, r"Drift\.spread .* got -0\.1"),
        ("spread", np.inf, r"Drift\.spread .* got inf"),
        ("spread", np.nan, r"Drift\.spread .* got nan"),
        ("half_life", 0, r"Drift\.half_life counts slates and must be > 0, got 0"),
        ("half_life", -5, r"Drift\.half_life .* got -5"),
        ("half_life", np.nan, r"Drift\.half_life .* got nan"),
        ("every", 0, r"Drift\.every counts slates and must be a whole number >= 1, got 0"),
        ("every", -3, r"Drift\.every .* got -3"),
        ("every", 2.5, r"Drift\.every .* got 2\.5"),
        ("every", np.nan, r"Drift\.every .* got nan"),
        ("every", np.inf, r"Drift\.every .* got inf"),
        ("appear", {-1: 5}, r"Drift\.appear .* got product -1 at 5"),
        ("appear", {1: -5}, r"Drift\.appear .* got product 1 at -5"),
        ("vanish", {-1: 5}, r"Drift\.vanish .* got product -1 at 5"),
        ("vanish", {1: -5}, r"Drift\.vanish .* got product 1 at -5"),
    ],
)
def test_a_value_out_of_its_range_is_named(name, value, match):
    with pytest.raises(ValueError, match=match):
        Drift(**{name: value})


@pytest.mark.parametrize("name", ["appear", "vanish"])
@pytest.mark.parametrize("value", [None, 3, [(1, 2)], "1"])
def test_what_is_no_mapping_is_named(name, value):
    with pytest.raises(TypeError, match=rf"Drift\.{name} is a mapping, product index -> slate number, got "):
        Drift(**{name: value})


@pytest.mark.parametrize("name", ["appear", "vanish"])
@pytest.mark.parametrize(
    "value",
    [
        {"tea": 5},
        {1: "noon"},
        {1: None},
        {1: np.nan},
        {(1, 2): 3},
        {2.7: 100},
        {2: 100.9},
        {2: True},
        {2: np.inf},
    ],
    ids=str,
)
def test_events_map_whole_numbers_to_whole_numbers(name, value):
    with pytest.raises((TypeError, ValueError), match=rf"Drift\.{name} maps whole numbers to whole numbers, got "):
        Drift(**{name: value})


def test_keys_may_be_texts_as_in_json_and_numbers_of_numpy():
    drift = Drift(appear={"2": 5, np.int64(1): np.int32(7)}, vanish={"0": np.uint8(9)})
    assert (drift.appear, drift.vanish) == ({2: 5, 1: 7}, {0: 9})
    assert drift == Drift(appear={1: 7, 2: 5}, vanish={0: 9})


def test_the_callers_mapping_is_copied():
    given = {1: 7}
    drift = Drift(appear=given)
    given[2] = 9
    assert drift.appear == {1: 7}


@pytest.mark.parametrize("kind", [np.int64, np.uint8, float, np.float64])
def test_a_whole_number_of_any_type_will_do(kind):
    """JSON may write a thousand as 1e3, and the check lets whole floats pass."""
    path, plain = path_of(Drift(every=kind(10))), path_of(Drift(every=10))
    for slate in (0, 9, 10, 35, 2600):
        assert path.factor(slate).tolist() == plain.factor(slate).tolist()


def test_products_outside_the_catalogue_are_named():
    Drift(appear={7: 1}, vanish={0: 1}).check_products(8)
    with pytest.raises(ValueError, match=r"Drift\.appear names product 8; the catalogue has 0\.\.7"):
        Drift(appear={3: 1, 8: 1}).check_products(8)
    with pytest.raises(ValueError, match=r"Drift\.vanish names product 9; the catalogue has 0\.\.7"):
        Drift(vanish={9: 1, 3: 1}).check_products(8)


def test_a_product_named_twice_is_named():
    with pytest.raises(ValueError, match=r"Drift\.vanish names product 3 twice"):
        Drift(vanish={3: 100, "3": 200})
