"""How often each slot of a Plackett-Luce slate shows each product, whatever stands above it."""

from __future__ import annotations

from math import exp, expm1, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.compiling import Loop

FIRST = -3.65  # node of log-time at which the chance of any arrival is below 1e-17
STEP, OF_SLOTS = 0.15, 0.5  # between nodes, at most, and at most this over the root of the slots
NEGLIGIBLE = 1e-18  # a chance that no slot's digits show
NODES = 8  # worked on at once, which a processor does in few steps
OVER = 700.0  # the logarithm of an arrival that is sure, and can be told still


def plackett_luce_marginals(preferences: ArrayLike, slots: int) -> NDArray[np.float64]:
    """(B, n, P) probability that slot k shows product a, of slates drawn slot by slot without replacement.

    A slot shows a product that is left with a probability in proportion to w = exp(preference). Such a slate is the
    order of arrival in a race, in which product a arrives after an exponential time of rate w(a) (Plackett 1975; Luce
    1959; Yellott 1977). So

        P(a at slot k) = integral over t > 0 of w(a) exp(-w(a) t) P(k - 1 of the others have arrived by t)

    where the number of arrivals is Poisson-binomial, with chances 1 - exp(-w(b) t). For all a at once, it is put
    together of the numbers of arrivals among the products before a and among those after it, each by the usual
    recursion: all terms are positive, so that small probabilities have as many digits as large ones.

    The integral is a sum over equidistant nodes v with t = exp(v - exp(-v)) / sum of w, the double exponential rule for
    half a line (Takahasi and Mori 1974): in the logarithm of time the integrand is as smooth for rates that are far
    apart as for equal ones, and nodes that lie between the arrivals of products far apart are left out. The sum ends
    where n products are sure to have arrived. About 55 nodes where n = 10 and rates are alike, and 7 more for
    each factor of e between the rates that matter.

    Cost per row: O(nodes P n^2). Memory: the result, and 8 rows of it.

    Args:
        preferences: (B, P) logarithms of the rates, up to a constant of each row; -inf is never shown.
        slots: n, at least 1.

    Raises:
        ValueError: a preference is NaN or inf, or a row has fewer products than slots.
    """
    rates = np.array(preferences, dtype=np.float64, order="C")
    if rates.ndim != 2:
        raise ValueError(f"preferences have the shape (B, P), got {rates.shape}")
    if not (rates < np.inf).all():  # written so that NaN fails too
        raise ValueError("preferences are numbers, or -inf for what is never shown, got NaN or inf")
    count = np.count_nonzero(rates > -np.inf, axis=1)
    if slots < 1:
        raise ValueError(f"slots must be at least 1, got {slots!r}")
    if count.size and count.min() < slots:
        raise ValueError(f"a slate of {slots} slots is drawn from as many products, got a row of {count.min()}")
    marginals = np.zeros((len(rates), slots, rates.shape[1]))
    race(rates, marginals)
    return marginals


@Loop
def race(preferences: NDArray, marginals: NDArray) -> None:
    """Adds the chances of all products, slots and rows to marginals (B, n, P); preferences (B, P) are changed."""
    slots, products = marginals.shape[1], preferences.shape[1]
    racing = np.empty(products, dtype=np.int64)
    pace, away, there = np.empty((3, products, NODES))  # as `approach` says
    before, after = np.empty((products + 1, slots, NODES)), np.empty((slots, NODES))
    others = np.empty((slots, NODES))
    for row in range(len(preferences)):
        size, total, highest = 0, 0.0, preferences[row].max()
        for product in range(products):
            if preferences[row, product] > -np.inf:
                preferences[row, product] -= highest
                racing[size] = product
                total += exp(preferences[row, product])
                size += 1
        node, is_open = 0, True
        while is_open:
            node = approach(preferences[row], racing[:size], log(total), node, slots, pace, away, there)
            before[0], after[:] = 0.0, 0.0
            before[0, 0], after[0] = 1.0, 1.0
            for at in range(size):
                come(before[at], away[at], there[at], before[at + 1])
            for at in range(size - 1, -1, -1):
                meet(before[at], after, others)
                for slot in range(slots):
                    chance = 0.0
                    for each in range(NODES):
                        chance += pace[at, each] * others[slot, each]
                    marginals[row, slot, racing[at]] += chance
                come(after, away[at], there[at], after)
            is_open = before[size, :, NODES - 1].max() > NEGLIGIBLE


@Loop
def approach(
    preferences: NDArray, racing: NDArray, total: float, node: int, slots: int, pace: NDArray, away: NDArray,
    there: NDArray,
) -> int:  # fmt: skip
    """Writes what the next nodes at which any product arrives have of each in the race; returns the node after them.

    Which is the arrivals of the node's stretch of time, if it was away before, and the chances that it is away still,
    and there, (P, nodes) each. Where no other arrives, nodes at which all have arrived fill up.
    """
    step, each = min(STEP, OF_SLOTS / sqrt(slots)), 0
    while each < NODES:
        place = FIRST + node * step
        slope = 1.0 + exp(-place)
        time = place - exp(-place) - total  # its logarithm
        arrivals, following = 0.0, -np.inf  # per log-time; the greatest preference of those to come
        for at in range(racing.size):
            preference = preferences[racing[at]]
            reached = exp(min(preference + time, OVER))
            away[at, each], there[at, each] = exp(-reached), -expm1(-reached)
            arrivals += reached * away[at, each]
            pace[at, each] = step * slope * reached * away[at, each]
            if reached < NEGLIGIBLE:
                following = max(following, preference)
        node += 1
        if arrivals >= NEGLIGIBLE or following == -np.inf:
            each += 1
        else:  # to where one may arrive
            node += max(0, int((log(NEGLIGIBLE / racing.size) - following - time) / (slope * step)))
    return node


@Loop
def come(chances: NDArray, away: NDArray, there: NDArray, more: NDArray) -> None:
    """Writes the chances (n, nodes) of numbers of arrivals with one product more, which may be the same array."""
    for count in range(len(chances) - 1, 0, -1):
        for each in range(NODES):
            more[count, each] = away[each] * chances[count, each] + there[each] * chances[count - 1, each]
    for each in range(NODES):
        more[0, each] = away[each] * chances[0, each]


@Loop
def meet(some: NDArray, rest: NDArray, both: NDArray) -> None:
    """Writes the chances (n, nodes) of the sum of two numbers of arrivals."""
    both[:] = 0.0
    for count in range(len(both)):
        for part in range(count + 1):
            for each in range(NODES):
                both[count, each] += some[part, each] * rest[count - part, each]
