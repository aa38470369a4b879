"""The levels of a hierarchy of states, and how much of the variance each has, fitted to noisy observations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.history import History

STEPS = 3  # of a fit, each with as large a part of the vectors
WEIGHT = 20.0 / STEPS  # squared deviations that the variances before are worth in each step
ROWS = 64  # vectors worked on at once: few enough to stay in the cache
STEP = 8  # vectors observed in about as many places, to the next multiple of this, are worked on together


def levels(history: History) -> tuple[int, float, list[tuple[tuple[int, ...], float]]]:
    """The tier of the blocks, the weight of a block, and the tiers and weight of each level inside the blocks."""
    path = history.pooling.levels
    first = path[1].tiers[0]
    others = [tier for tier in range(len(history.states.shape)) if tier != first]
    alone = len(path[1].tiers) == 1
    inner = []
    for level in path[2:] if alone else path[1:]:
        sets = list(combinations(others, len(level.tiers) - 1))
        inner += [(tiers, level.weight * len(sets)) for tiers in sets]
    return first, path[1 if alone else 0].weight, inner


def fit(
    variance: NDArray[np.float64],
    together: NDArray[np.float32],
    common: NDArray[np.float32],
    information: NDArray[np.float32],
    surprise: NDArray[np.float32],
) -> NDArray[np.float64]:
    """(L,) variances after a few steps of the MM algorithm of Zhou, Hu, Zhou and Lange (2019).

    Each step looks at every third of the vectors only, and all steps together at each of them once: ordered subsets
    (Hudson and Larkin 1994).

    Args:
        variance: (L,) of the levels, before.
        together: (L, Q, Q) whether two places are in one group of the level.
        common: (R,) variance that all places of a vector share.
        information: (R, Q) inverse variance of the observations of each place, 0 for none.
        surprise: (R, Q) how far they are from what was expected, times the information.
    """
    for first in range(STEPS):
        inner = np.tensordot(variance.astype(np.float32), together, axes=1)
        squares, expected = _squares(inner, *(each[first::STEPS] for each in (common, information, surprise)))
        found = WEIGHT + variance * np.tensordot(together, squares, axes=2)
        due = WEIGHT + variance * np.tensordot(together, expected, axes=2)
        variance = variance * np.sqrt(found / due)
    return variance


def _squares(
    inner: NDArray[np.float32],
    common: NDArray[np.float32],
    information: NDArray[np.float32],
    surprise: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(Q, Q) sum of a a' over the vectors, and of what it is expected to be, V^-1; both are 0 where none was observed.

    V is the covariance of a vector's observations, with their errors, and a is V^-1 times their surprise.
    """
    places = len(inner)
    squares, expected = np.zeros_like(inner), np.zeros(places**2)
    for some, where, root in _observed(information):
        cells = where[:, :, None] * places + where[:, None]
        resolved = inner.take(cells)
        resolved += common[some][:, None, None]
        resolved *= root[:, :, None]
        resolved *= root[:, None]
        resolved.reshape(len(some), -1)[:, :: where.shape[1] + 1] += 1.0
        resolved = inverse(resolved)
        resolved *= root[:, :, None]
        resolved *= root[:, None]  # V^-1
        expected += np.bincount(cells.ravel(), resolved.ravel(), places**2)
        told = np.take_along_axis(surprise[some], where, axis=1)
        np.divide(told, root**2, out=told, where=root > 0.0)
        pull = np.zeros((len(some), places), dtype=np.float32)
        np.put_along_axis(pull, where, np.matmul(resolved, told[:, :, None])[:, :, 0], axis=1)
        squares += pull.T @ pull
    return squares, expected.reshape(places, places)


def _observed(information: NDArray[np.float32]) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Some vectors at a time: which ones (R,), their places observed (R, k), the root of the information (R, k).

    Where fewer than k places are observed, others stand beside them, with no information.
    """
    steps = -(-np.count_nonzero(information, axis=1) // STEP)
    for step in np.unique(steps[steps > 0]).tolist():
        alike = np.flatnonzero(steps == step)
        for at in range(0, len(alike), ROWS):
            some = alike[at : at + ROWS]
            much = information[some]
            where = np.argsort(much == 0.0, axis=1, kind="stable")[:, : step * STEP]
            yield some, where, np.sqrt(np.take_along_axis(much, where, axis=1))


def inverse(matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    """(R, k, k) inverses of symmetric positive matrices, by halves: products of matrices take far less time."""
    size = matrices.shape[1]
    if size <= STEP:
        return np.linalg.inv(matrices)
    half = size // 2
    first, link = inverse(matrices[:, :half, :half]), matrices[:, :half, half:]
    across = np.matmul(first, link)
    last = inverse(matrices[:, half:, half:] - np.matmul(link.transpose(0, 2, 1), across))
    corner = np.matmul(across, last)
    whole = np.empty_like(matrices)
    np.add(first, np.matmul(corner, across.transpose(0, 2, 1)), out=whole[:, :half, :half])
    np.negative(corner, out=whole[:, :half, half:])
    whole[:, half:, :half] = whole[:, :half, half:].transpose(0, 2, 1)
    whole[:, half:, half:] = last
    return whole
