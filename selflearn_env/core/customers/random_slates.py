"""Exact averages over random slates of distinct products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_along_slates(stay: NDArray[np.float64], earn: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """What slot k earns on average, where each product above it lets the customer stay with some probability.

    For k = 0..slots-1 the mean of stay(1) ... stay(k) earn(k + 1) over all ordered choices of k + 1 distinct products.
    Products are added one by one. Of the choices among i products, a share 1 / i has the i-th product last, k / i has
    it among the first k, and the rest leaves it out; with M_k the mean of stay(1) ... stay(k),

        T_k <- earn_i M_k / i + k stay_i T_{k-1} / i + (i - k - 1) T_k / i
        M_k <-                  k stay_i M_{k-1} / i + (i - k)     M_k / i

    the recursion of the elementary symmetric polynomials, written for means. No term is negative, so nothing cancels.

    Args:
        stay: (P, B) of each product, in B cases.
        earn: (P, A, B) of each product, for A kinds of earning.
        slots: how many slots, at most P.

    Returns:
        (slots, A, B) means.
    """
    products, kinds, batch = earn.shape
    # Row 0 of the second axis is M, the others are T.
    means = np.zeros((slots, 1 + kinds, batch))
    means[0, 0] = 1.0
    k = np.arange(slots, dtype=np.float64)[:, None, None]
    drop = k + (np.arange(1 + kinds) > 0)[:, None]
    rise = np.empty_like(means[1:])
    last = np.empty_like(means[:, 1:])
    for at in range(products):
        count = at + 1
        np.multiply(means[:-1], k[1:] * (stay[at] / count), out=rise)
        np.multiply(means[:, :1], earn[at] / count, out=last)
        means *= (count - drop) / count
        means[1:] += rise
        means[:, 1:] += last
    return means[:, 1:]
