"""Stock against a plain loop of its rule, its closed forms, and its time, which counts slates whatever the batches."""

import copy
import pickle
from math import sqrt

import numpy as np
import pytest

from selflearn_env import Drift, Stock
from selflearn_env.core.items import Items
from selflearn_env.core.stock import StockPath, choose_eligible

STOCK = Stock(out=0.25, lasts=35, every=7)


def path_of(stock, products=6, seed=5):
    return StockPath(stock, products, np.random.default_rng(seed))


def chances_of(stock):
    """Of coming back and of running out, at a move."""
    back = stock.every / stock.lasts
    return back, back * stock.out / (1 - stock.out)


def test_the_path_begins_and_moves_as_documented():
    """At the start as often out as in the long run, then by the chances of the rule, in each of the two states."""
    products = 200_000
    path, (back, gone) = path_of(STOCK, products), chances_of(STOCK)
    before = path.out
    assert abs(before.mean() - 0.25) <= 4 * sqrt(0.25 * 0.75 / products)
    assert not path.advance(STOCK.every - 1) or path.out is before
    assert path.advance(STOCK.every)
    for was, chance in ((True, 1 - back), (False, gone)):
        now = path.out[before == was]
        assert abs(now.mean() - chance) <= 4 * sqrt(chance * (1 - chance) / now.size)


def test_the_share_out_and_the_length_of_an_outage_are_those_asked_for():
    products, moves, tail = 400, 1500, 150
    path, (back, gone) = path_of(STOCK, products), chances_of(STOCK)
    out = []
    for move in range(moves + tail):
        path.advance(move * STOCK.every)
        out.append(path.out)
    out = np.array(out)
    correlation = 1 - back - gone
    error = sqrt(0.25 * 0.75 / out.size * (1 + correlation) / (1 - correlation))
    assert abs(out.mean() - 0.25) <= 4 * error
    begins = np.argwhere(out[1 : moves + 1] & ~out[:moves])
    lengths = np.array([np.argmin(np.append(out[1 + at :, p], False)) for at, p in begins]) * STOCK.every
    assert abs(lengths.mean() - STOCK.lasts) <= 4 * STOCK.every * sqrt(1 - back) / back / sqrt(lengths.size)
    assert 4 * STOCK.every * sqrt(1 - back) / back / sqrt(lengths.size) < 0.03 * STOCK.lasts  # the tolerance is narrow


def test_the_stock_does_not_depend_on_the_batches_and_never_changes_what_it_gave():
    step_by_step = path_of(STOCK)
    seen = []
    for slate in range(80):
        moved = step_by_step.advance(slate)
        assert moved == (slate % STOCK.every == 0)
        seen.append((step_by_step.out, step_by_step.out.tolist()))
    for out, numbers in seen:
        assert out.tolist() == numbers
    assert len({tuple(numbers) for _, numbers in seen}) > 4
    for moments in ([79], [6, 7, 50, 79], [0, 1, 30, 31, 62]):
        jumping = path_of(STOCK)
        for moment in moments:
            jumping.advance(moment)
            assert jumping.out.tolist() == seen[moment][1]
    assert path_of(STOCK, seed=6).out.tolist() != seen[0][1]


@pytest.mark.parametrize("stock", [Stock(out=0, every=1, lasts=5), Stock(out=0.5, every=4, lasts=4)])
def test_the_extremes(stock):
    """Nothing ever out, and products that are out every other move on average but forget at once."""
    path = path_of(stock, 50_000)
    for move in range(3):
        path.advance(move * stock.every)
        assert path.out.mean() == pytest.approx(stock.out, abs=4 * sqrt(stock.out * (1 - stock.out) / 50_000))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda path: pickle.loads(pickle.dumps(path))])
@pytest.mark.parametrize("moment", [0, 3, 26])
def test_a_copy_goes_on_equally(duplicate, moment):
    path = path_of(STOCK)
    path.advance(moment)
    twin = duplicate(path)
    twin.advance(60)  # the copy first: it must not use up the numbers of the other
    path.advance(60)
    assert twin.out.tolist() == path.out.tolist()


def test_a_slate_is_always_left_by_the_documented_rule():
    had = np.array([True, True, False, True, True, True])
    out = np.array([True, True, True, True, False, True])
    for least, expected in ((1, [4]), (2, [0, 4]), (3, [0, 1, 4]), (5, [0, 1, 3, 4, 5])):
        eligible = choose_eligible(had, out, least)
        assert np.flatnonzero(eligible).tolist() == expected
        assert not eligible.flags.writeable
    assert out.tolist() == [True, True, True, True, False, True]


@pytest.mark.parametrize("name", ["out", "lasts", "every"])
@pytest.mark.parametrize("value", [True, "3", None])
def test_what_is_no_number_is_named(name, value):
    with pytest.raises(TypeError, match=rf"Stock\.{name} must be a number, got {value!r}"):
        Stock(**{name: value})


@pytest.mark.parametrize(
    ("known", "match"),
    [
        ({"out": -0.1}, r"Stock\.out is a share .* got -0\.1"),
        ({"out": 1}, r"Stock\.out is a share .* got 1"),
        ({"out": np.nan}, r"Stock\.out is a share .* got nan"),
        ({"every": 0}, r"Stock\.every counts slates and must be a whole number >= 1, got 0"),
        ({"every": 2.5}, r"Stock\.every .* got 2\.5"),
        ({"every": np.inf}, r"Stock\.every .* got inf"),
        ({"lasts": 99}, r"Stock\.lasts counts slates and must be finite and at least every=100, got 99"),
        ({"lasts": np.inf}, r"Stock\.lasts .* got inf"),
        ({"lasts": np.nan}, r"Stock\.lasts .* got nan"),
        ({"out": 0.8, "lasts": 200}, r"in stock for 50 slates .* less than every=100; make Stock\.lasts greater"),
    ],
)
def test_a_value_out_of_its_range_is_named(known, match):
    with pytest.raises(ValueError, match=match):
        Stock(**known)


def test_a_whole_number_of_any_type_will_do():
    assert Stock(every=7.0) == Stock(every=np.int64(7))
    assert isinstance(Stock(every=7.0).every, int)


def test_a_drift_must_leave_a_slate():
    Drift(appear={0: 5}, vanish={1: 9, 2: 3}).check_left(6, 3)
    with pytest.raises(ValueError, match=r"leave 2 products after 20 slates, but a slate shows 3"):
        Drift(vanish={1: 9, 2: 3, 4: 20}, appear={0: 5}).check_left(5, 3)
    with pytest.raises(ValueError, match=r"leave 2 products after 0 slates"):
        Drift(appear={0: 5, 3: 1}).check_left(4, 3)


def test_items_that_are_marked_stay_in_their_rows():
    items = Items(np.array([0, 2, 2, 5]), np.array([4, 5, 6, 7, 8], dtype=np.int32), np.arange(5))
    some = items.where(np.array([False, True, True, False, True]))
    assert some.start.tolist() == [0, 1, 1, 3]
    assert (some.product.tolist(), some.day.tolist()) == ([5, 6, 8], [1, 2, 4])
