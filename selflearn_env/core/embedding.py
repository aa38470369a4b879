"""Products in a space of few dimensions: the directions in which the states differ most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REACH = 3.0  # standard deviations over the states that a step of 1 goes
LEAST = 1e-6  # purchases per visit, so that all have a logarithm


def embed_products(
    incidence: NDArray[np.float64], visits: NDArray[np.int64], dimension: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first right singular vectors of log incidence less its mean over the visits, states weighted by theirs.

    Args:
        incidence: (S, P) purchases per visit.
        visits: (S,) visits of each state.
        dimension: how many, d.

    Returns:
        (P,) log popularity over all visits, and (d, P) the vectors, of a length of three standard deviations over the
        states; their greatest entry is positive.
    """
    weight = visits / visits.sum()
    incidence = np.maximum(incidence, LEAST)
    logs = np.log(incidence)
    spread = np.sqrt(weight)[:, None] * (logs - weight @ logs)
    # Of the Gram matrix of the states, which are fewer than the products of most shops.
    _, vectors = np.linalg.eigh(spread @ spread.T)
    vectors = vectors[:, ::-1][:, :dimension]
    vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(dimension)])  # the sign is arbitrary
    return np.log(weight @ incidence), REACH * (vectors.T @ spread)  # singular value long: one standard deviation each
