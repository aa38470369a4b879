"""Slates against a plain loop over rows and slots."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from selflearn_env.core.slates import MANY, SHORT, check_eligible, check_slates, repeats

PRODUCTS = 6
INTEGERS = st.sampled_from([np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64])
SLATES = INTEGERS.flatmap(
    lambda dtype: hnp.arrays(
        dtype, st.tuples(st.integers(0, 6), st.integers(1, 8)), elements=st.integers(0, PRODUCTS - 1)
    )
)


def loop_repeats(slates):
    return [[product in row[:slot] for slot, product in enumerate(row)] for row in slates.tolist()]


@given(SLATES)
def test_repeats_are_the_slots_that_show_what_a_slot_above_shows(slates):
    expected = loop_repeats(slates)
    found = repeats(slates)
    if any(map(any, expected)):
        assert found.tolist() == expected
    else:
        assert found is None


@pytest.mark.parametrize(("slates", "slots"), [(MANY - 1, 4), (MANY, 1), (MANY, 4), (MANY, SHORT), (MANY, SHORT + 1)])
@pytest.mark.parametrize("repeating", [0, 1, MANY // 2])
def test_repeats_are_found_among_many_slates(slates, slots, repeating):
    rng = np.random.default_rng(slots)
    many = rng.permuted(np.tile(np.arange(50), (slates, 1)), axis=1)[:, :slots]
    rows = rng.choice(slates, repeating, replace=False)
    many[rows, rng.integers(slots, size=repeating)] = many[rows, rng.integers(slots, size=repeating)]
    expected = loop_repeats(many)
    found = repeats(many)
    if any(map(any, expected)):
        assert found.tolist() == expected
    else:
        assert found is None


@given(SLATES)
def test_good_slates_pass_unchanged(slates):
    before = slates.copy()
    checked, repeated = check_slates(slates, *slates.shape, PRODUCTS)
    np.testing.assert_array_equal(checked, before)
    np.testing.assert_array_equal(slates, before)
    expected = loop_repeats(slates)
    assert (repeated is None) == (not any(map(any, expected)))
    assert repeated is None or repeated.tolist() == expected


@given(SLATES.filter(lambda slates: slates.size), st.data())
def test_a_product_outside_the_catalogue_is_named_with_its_place(slates, data):
    row = data.draw(st.integers(0, slates.shape[0] - 1))
    slot = data.draw(st.integers(0, slates.shape[1] - 1))
    limits = np.iinfo(slates.dtype)
    above, below = st.integers(PRODUCTS, limits.max), st.integers(limits.min, -1)
    bad = data.draw(above | below if limits.min < 0 else above)
    slates[row, slot] = bad
    match = rf"^slates\[{row}, {slot}\] is product {bad}, but the catalogue has products 0..{PRODUCTS - 1}$"
    with pytest.raises(ValueError, match=match):
        check_slates(slates, *slates.shape, PRODUCTS)


def test_the_largest_unsigned_product_is_named_as_it_was_given():
    with pytest.raises(ValueError, match=rf"slates\[0, 1\] is product {2**64 - 1}, but"):
        check_slates(np.array([[0, 2**64 - 1]], dtype=np.uint64), 1, 2, PRODUCTS)


@pytest.mark.parametrize(
    ("slates", "got"),
    [
        (np.zeros((2, 4), int), r"int64 of shape \(2, 4\)"),
        (np.zeros((3, 3), int), r"int64 of shape \(3, 3\)"),
        (np.zeros(3, int), r"int64 of shape \(3,\)"),
        (np.zeros((2, 3)), r"float64 of shape \(2, 3\)"),
        (np.zeros((2, 3), bool), r"bool of shape \(2, 3\)"),
    ],
    ids=["wide", "long", "flat", "float", "bool"],
)
def test_a_wrong_shape_or_type_is_named(slates, got):
    with pytest.raises(ValueError, match=rf"expected product indexes of shape \(2, 3\).* got {got}"):
        check_slates(slates, 2, 3, PRODUCTS)


def test_what_may_be_shown_is_given_for_all_visits_or_for_each():
    for_all, for_each = np.array([True, False, True]), np.array([[True, False, True], [False, True, True]])
    assert check_eligible(for_all, 2, 3, 2).tolist() == [for_all.tolist()] * 2
    assert check_eligible(for_each, 2, 3, 2).tolist() == for_each.tolist()
    assert check_eligible(np.zeros((0, 3), dtype=bool), 0, 3, 2).shape == (0, 3)


@pytest.mark.parametrize(
    ("eligible", "error", "message"),
    [
        ([1, 0, 1], TypeError, "eligible is an array of bool, True for what may be shown, got int64"),
        ([True] * 4, ValueError, r"eligible has the shape \(3,\) or \(2, 3\), got \(4,\)"),
        ([[True] * 3], ValueError, r"got \(1, 3\)"),
        (
            [[True] * 3, [True, False, False]],
            ValueError,
            "only 1 products are eligible, but a slate shows 2; make more",
        ),
    ],
)
def test_what_may_be_shown_is_checked(eligible, error, message):
    with pytest.raises(error, match=message):
        check_eligible(eligible, 2, 3, 2)


@pytest.mark.parametrize("product", [-1, PRODUCTS])
@pytest.mark.parametrize("batch", [1, 2])
def test_the_products_beside_the_catalogue_are_outside_of_it(batch, product):
    """A single slate is looked over in a way of its own."""
    slates = np.tile([0, PRODUCTS - 1, 2], (batch, 1))
    assert check_slates(slates, batch, 3, PRODUCTS)[1] is None
    slates[-1, 1] = product
    with pytest.raises(ValueError, match=rf"slates\[{batch - 1}, 1\] is product {product}, but the catalogue"):
        check_slates(slates, batch, 3, PRODUCTS)
