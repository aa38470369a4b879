from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from selflearn_agents.bandits.plackett_luce import plackett_luce_marginals


def enumerated(preferences, slots):
    """(n, P) the sum over all slates; of rates far apart, sums over what is left begin with the smallest."""
    rates = np.exp(preferences - preferences.max())
    marginals = np.zeros((slots, rates.size))
    for slate in permutations(np.flatnonzero(rates).tolist(), slots):
        chance, left = 1.0, rates.copy()
        for product in slate:
            chance *= rates[product] / np.sort(left).sum()
            left[product] = 0.0
        marginals[np.arange(slots), slate] += chance
    return marginals


@pytest.mark.parametrize("spread", [0.0, 1.0, 10.0, 40.0, 300.0])
@pytest.mark.parametrize(("products", "slots"), [(1, 1), (5, 1), (6, 4), (5, 5)])
def test_it_is_the_sum_over_all_slates(spread, products, slots):
    """To 13 digits, of small probabilities, too."""
    preferences = spread * np.random.default_rng(products).random((3, products))
    expected = [enumerated(row, slots) for row in preferences]
    np.testing.assert_allclose(plackett_luce_marginals(preferences, slots), expected, rtol=1e-13)


def test_two_kinds_of_many_products():
    """10 slots of 3,675 products: exact by how many of the first kind are shown."""
    count, rate, slots = np.array([75, 3600]), np.array([1.0, np.exp(-6.0)]), 10
    chance, expected = np.ones(1), np.empty((slots, 2))
    for slot in range(slots):
        shown = np.arange(slot + 1)
        mass = np.stack([count[0] - shown, count[1] - slot + shown]) * rate[:, None]
        first = mass[0] / mass.sum(axis=0)
        expected[slot] = np.array([chance @ first, chance @ (1 - first)]) / count
        chance = np.append(chance * (1 - first), 0.0) + np.append(0.0, chance * first)
    marginals = plackett_luce_marginals([np.repeat(np.log(rate), count)], slots)[0]
    np.testing.assert_allclose(marginals, np.repeat(expected, count, axis=1), rtol=1e-12)


@pytest.mark.parametrize("spread", [0.0, 5.0, 40.0, 3e3])
def test_slots_add_up_to_one(spread):
    preferences = spread * np.random.default_rng(3).random((2, 30))
    marginals = plackett_luce_marginals(preferences, 12)
    np.testing.assert_allclose(marginals.sum(axis=2), 1.0, rtol=1e-11)
    assert (marginals.sum(axis=1) <= 1.0 + 1e-11).all()


def test_a_product_shown_for_sure_and_one_that_never_is():
    marginals = plackett_luce_marginals([[0.0, -np.inf, 2000.0, 0.0], [-np.inf, 1.0, 1.0, -np.inf]], 2)
    expected = [[[0, 0, 1, 0], [0.5, 0, 0, 0.5]], [[0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0]]]
    np.testing.assert_allclose(marginals, expected, atol=1e-15)


def test_preferences_are_relative_and_are_not_changed():
    preferences = np.random.default_rng(1).normal(size=(2, 6))
    given = preferences.copy()
    marginals = plackett_luce_marginals(given, 3)
    np.testing.assert_array_equal(given, preferences)
    np.testing.assert_allclose(plackett_luce_marginals(preferences + 900.0, 3), marginals, rtol=1e-12)
    assert plackett_luce_marginals(np.zeros((0, 6)), 3).shape == (0, 3, 6)


@pytest.mark.parametrize(
    ("preferences", "slots", "message"),
    [
        ([1.0, 2.0], 1, r"have the shape \(B, P\), got \(2,\)"),
        ([[1.0, np.nan]], 1, "got NaN or inf"),
        ([[1.0, np.inf]], 1, "got NaN or inf"),
        ([[1.0, 2.0, -np.inf]], 3, "a slate of 3 slots is drawn from as many products, got a row of 2"),
        ([[1.0, 2.0]], 0, "slots must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_drawn(preferences, slots, message):
    with pytest.raises(ValueError, match=message):
        plackett_luce_marginals(preferences, slots)
