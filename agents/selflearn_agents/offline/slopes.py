"""The gradient of what a log says of a Plackett-Luce policy, for all visits of one state at once."""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.compiling import Loop

NEAR = 1e-9  # share of the products not shown in all, below which it is summed anew: the difference would be noise
TINY = 1e-300  # least divisor


@Loop
def add_slopes(
    preferences: NDArray, slates: NDArray, fixed: NDArray, scaled: NDArray, value: NDArray, examined: NDArray,
    move: NDArray,
) -> float:  # fmt: skip
    """Adds the gradient of the objective by the preferences (P,) to move (P,), and returns the objective.

    With p_k the probability that slot k shows a_k, of the products that the slots above it leave over, in proportion to
    exp(preference), the objective is the sum over visits and slots of

        fixed_k log p_k + scaled_k p_k + examined_k (sum over the products left of their probability * value)

    Cost: O(P) for the state and O(n) for each visit, but O(P) for one that shows nearly all of the probability.

    Args:
        preferences: (P,) of the state.
        slates: (V, n) of its visits, no product twice in a slate.
        fixed: (V, n) weights of the logarithms.
        scaled: (V, n) weights of the probabilities.
        value: (P,) of the products.
        examined: (n,) weights of the expected values.
        move: (P,) what is added to.
    """
    slots = slates.shape[1]
    peak = -np.inf
    for product in range(preferences.size):
        peak = max(peak, np.float64(preferences[product]))
    weight = np.empty(preferences.size)
    total, worth, objective = 0.0, 0.0, 0.0
    for product in range(preferences.size):
        weight[product] = exp(np.float64(preferences[product]) - peak)
        total += weight[product]
        worth += weight[product] * value[product]
    left, mean = np.empty(slots), np.empty(slots)
    pull_of_all, share_of_all = 0.0, 0.0
    for visit in range(slates.shape[0]):
        slate = slates[visit]
        rest, rest_worth = total, worth
        for slot in range(slots):
            rest -= weight[slate[slot]]
            rest_worth -= weight[slate[slot]] * value[slate[slot]]
        if rest < NEAR * total:
            rest, rest_worth = sum_of_others(weight, value, slate)
        for slot in range(slots - 1, -1, -1):
            rest += weight[slate[slot]]
            rest_worth += weight[slate[slot]] * value[slate[slot]]
            left[slot] = max(rest, TINY)
            mean[slot] = rest_worth / left[slot]
        pull, share = 0.0, 0.0  # of what is left at this slot and those above
        for slot in range(slots):
            shown = slate[slot]
            probability = weight[shown] / left[slot]
            coefficient = fixed[visit, slot] + scaled[visit, slot] * probability
            objective += scaled[visit, slot] * probability + examined[slot] * mean[slot]
            if fixed[visit, slot] != 0.0:
                objective += fixed[visit, slot] * (np.float64(preferences[shown]) - peak - log(left[slot]))
            pull += (coefficient + examined[slot] * mean[slot]) / left[slot]
            share += examined[slot] / left[slot]
            move[shown] += coefficient + weight[shown] * (value[shown] * share - pull)
        for slot in range(slots):  # who is shown is moved by the slots down to its own, and not by all of them
            shown = slate[slot]
            move[shown] -= weight[shown] * (value[shown] * share - pull)
        pull_of_all += pull
        share_of_all += share
    for product in range(preferences.size):
        move[product] += weight[product] * (value[product] * share_of_all - pull_of_all)
    return objective


@Loop
def sum_of_others(weight: NDArray, value: NDArray, slate: NDArray) -> tuple[float, float]:
    """The sums of the weights, and of weight * value, of all products that a slate does not show."""
    total, worth = 0.0, 0.0
    for product in range(weight.size):
        hidden = True
        for shown in slate:
            hidden = hidden and shown != product
        if hidden:
            total += weight[product]
            worth += weight[product] * value[product]
    return total, worth
