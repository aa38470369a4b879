"""What may be shown, drawn at random."""

from __future__ import annotations

import numpy as np


def few_eligible(rng, batch, products, least, share=0.1):
    """(B, P) bool: in each row so many of the products, a few more or less, but `least` in any case."""
    order = rng.random((batch, products))
    eligible = order < share * 2 * rng.random((batch, 1))
    np.put_along_axis(eligible, np.argsort(order, axis=1)[:, :least], True, axis=1)
    return eligible
