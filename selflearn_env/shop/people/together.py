"""Products beside each other that are bought together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from selflearn_env.shop.people.journal import Journal

CAUTION = 20.0  # common purchases at which half of their information counts: rare pairs are often chance
DENSE = 512  # products of which all singular vectors are worked out
SMALL = 1e-9  # singular values beside the greatest that are none
MOST = 5_000  # products that have a place, the most bought


def place(
    journal: Journal, least: int, directions: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(B,) products that have a place, and (B, D) their places, all at distance 1 of the origin.

    The places are the leading singular vectors of the products' positive pointwise mutual information, which counts the
    less the fewer the common purchases.

    Args:
        journal: the visits.
        least: visits in which a product that has a place was bought.
        directions: how many, D; as many as there are for few products.
        rng: draws the start of the search for them.
    """
    often = np.bincount(journal.product, minlength=journal.products)
    products = np.argsort(-often, kind="stable")[: min(MOST, np.count_nonzero(often >= least))]
    if products.size < 3:
        return products, np.ones((products.size, 1))
    column = np.full(journal.products, -1)
    column[products] = np.arange(products.size)
    column = column[journal.product]
    kept = column >= 0
    cells = np.ones(np.count_nonzero(kept)), (journal.item_visit[kept], column[kept])
    baskets = csr_array(cells, shape=(journal.day.size, products.size))
    return products, _directions(baskets, min(directions, products.size - 1), rng)


def _directions(baskets: csr_array, directions: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(B, directions) places of the products of the baskets (V, B), which are 0 or 1."""
    together = (baskets.T @ baskets).tocoo()
    often = baskets.sum(axis=0)
    row, column = together.coords
    information = np.log(together.data * baskets.shape[0] / (often[row] * often[column]))
    information *= together.data / (together.data + CAUTION)
    told = (row != column) & (information > 0)
    matrix = csr_array((information[told], (row[told], column[told])), shape=together.shape)
    if len(often) <= DENSE:
        left, value, _ = np.linalg.svd(matrix.toarray())
        left, value = left[:, :directions], value[:directions]
    else:
        left, value, _ = svds(matrix, k=directions, v0=rng.standard_normal(together.shape[0]))
    # Of what has no value the vectors are any, and with ARPACK others each time.
    vectors = left * np.sqrt(np.where(value > SMALL * value.max(), value, 0.0))
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
