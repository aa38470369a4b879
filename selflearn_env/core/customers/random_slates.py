"""Exact averages over random slates of distinct products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean_along_slates(stay: NDArray[np.float64], earn: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """What slot k earns on average, where each product above it lets the customer stay with some probability.

    For k = 0..slots-1 the mean of stay(1) ... stay(k) earn(k + 1) over all ordered choices of k + 1 distinct products.
    Over sets of products these are elementary symmetric polynomials: the coefficients of z^k in

        M(z) = product over i of (1 + stay_i z),    T(z) = sum over i of earn_i * product over j != i of (1 + stay_j z)

    divided by how many choices there are. Products are multiplied in pairs, then pairs of pairs, and so on, each time
    without the powers from z^slots on: M = M_1 M_2 and T = T_1 M_2 + M_1 T_2. No term is negative, so nothing cancels.

    Args:
        stay: (B, P) of each product, in B cases.
        earn: (A, B, P) of each product, for A kinds of earning.
        slots: how many slots, at most P.

    Returns:
        (slots, A, B) means.
    """
    kinds, batch, products = earn.shape
    scale = slots / (np.e * products)  # of z: keeps the coefficients near 1, however many choices there are
    # Of each group of products the coefficients of M, then those of T: (powers, 1 + kinds, B, groups).
    groups = np.zeros((min(2, slots), 1 + kinds, batch, products))
    groups[0, 0], groups[0, 1:] = 1.0, earn
    groups[1:, 0] = scale * stay
    while groups.shape[-1] > 1:
        half = groups.shape[-1] // 2
        pairs = _multiplied(groups[..., :half], groups[..., half : 2 * half], slots)
        if groups.shape[-1] > 2 * half:  # one is left over
            one = np.zeros((*pairs.shape[:-1], 1))
            one[: len(groups)] = groups[..., 2 * half :]
            pairs = np.concatenate([pairs, one], axis=-1)
        groups = pairs
    k = np.arange(1, slots)
    choices = np.cumprod(np.append(products, scale * (products - k) / k))  # scale^k P C(P - 1, k)
    return groups[:slots, 1:, :, 0] / choices[:, None, None]


def _multiplied(one: NDArray[np.float64], other: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """(powers, 1 + kinds, B, G) the coefficients of pairs of groups, up to z^(slots - 1)."""
    powers = min(2 * len(one) - 1, slots)
    found = np.zeros((powers, *one.shape[1:]))
    for power, of_one in enumerate(one):
        some = found[power : power + len(other)]
        some += of_one[:1] * other[: len(some)]  # M_1 times M_2 and T_2
        some[:, 1:] += of_one[1:] * other[: len(some), :1]  # T_1 times M_2
    return found
