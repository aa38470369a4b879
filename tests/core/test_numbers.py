"""What numbers must be, few and many of them."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn_env.core.numbers import FEW, is_at_most, is_number, is_within


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
@pytest.mark.parametrize(("index", "fits"), [(0, True), (4, True), (5, False), (-1, False)])
def test_indexes_are_within_a_size_or_not(count, index, fits):
    indexes = np.full(count, 2)
    indexes[count // 2] = index
    assert is_within(indexes, 5) is fits
    assert is_within(np.stack([indexes, indexes]), 5) is fits
    assert is_within(indexes[:0], 5)


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
@pytest.mark.parametrize(
    ("number", "fits"), [(-9.0, True), (9.1, False), (-9.1, False), (np.nan, False), (np.inf, False), (-np.inf, False)]
)
def test_numbers_are_of_a_size_or_not(count, number, fits):
    numbers = np.full((1, count), 9.0)
    numbers[0, count // 2] = number
    assert is_at_most(numbers, 9.0) is fits


@pytest.mark.parametrize(("value", "fits"), [(1, True), (np.float32(0.5), True), (True, False), ("1", False)])
def test_truth_values_and_texts_are_no_numbers(value, fits):
    assert is_number(value) is fits
