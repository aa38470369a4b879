"""The objective of a Plackett-Luce policy against plain loops, and its gradient against differences."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from selflearn_agents.offline.slopes import add_slopes

P, N, V = 7, 3, 9


def objective(preferences, slates, fixed, scaled, value, examined):
    """As documented, product by product."""
    total = 0.0
    for visit, slate in enumerate(slates.tolist()):
        for slot, product in enumerate(slate):
            left = [other for other in range(P) if other not in slate[:slot]]
            weight = {other: exp(preferences[other]) for other in left}
            chance = {other: weight[other] / sum(weight.values()) for other in left}
            total += fixed[visit, slot] * log(chance[product]) + scaled[visit, slot] * chance[product]
            total += examined[slot] * sum(chance[other] * value[other] for other in left)
    return total


@pytest.fixture
def given():
    rng = np.random.default_rng(1)
    slates = np.array([rng.permutation(P)[:N] for _ in range(V)])
    weights = rng.normal(size=(2, V, N))
    return rng.normal(size=P), slates, *weights, rng.normal(size=P), np.array([1.0, 0.5, 0.2])


@pytest.mark.parametrize("kept", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
@pytest.mark.parametrize("certainty", [0.0, 40.0])  # of three products, which then have all but 1e-17 of the chance
def test_objective_and_gradient(given, kept, certainty):
    preferences, slates, fixed, scaled, value, examined = given
    preferences = preferences + certainty * (np.arange(P) < N)
    arguments = slates, kept[0] * fixed, kept[1] * scaled, value, kept[2] * examined
    move = np.full(P, 2.0)
    found = add_slopes(preferences, *arguments, move)
    assert found == pytest.approx(objective(preferences, *arguments), rel=1e-9, abs=1e-12)
    step = 1e-5
    for product in range(P):
        higher, lower = preferences.copy(), preferences.copy()
        higher[product] += step
        lower[product] -= step
        slope = (objective(higher, *arguments) - objective(lower, *arguments)) / (2 * step)
        assert move[product] - 2.0 == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_a_slate_that_has_all_of_the_chance_is_summed_anew():
    """What is left beside it is too small for a difference, and still counts."""
    preferences = np.array([60.0, 30.0, 0.0, -1.0, -2.0, -3.0, -4.0])
    arguments = np.array([[0, 1, 2]]), np.ones((1, N)), np.zeros((1, N)), np.zeros(P), np.zeros(N)
    assert add_slopes(preferences, *arguments, np.zeros(P)) == pytest.approx(objective(preferences, *arguments))
