"""Slates: ordered lists of product indexes, one per visit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.numbers import is_within

MANY, SHORT = 512, 16  # so many slates of up to so many slots are sooner compared slot with slot than sorted


def check_slate_size(slate_size: int, products: int) -> int:
    """The slate size as a plain integer.

    Raises:
        ValueError: it is no whole number, or does not fit the catalogue.
    """
    whole = isinstance(slate_size, int | np.integer) and not isinstance(slate_size, bool)
    if not whole or not 1 <= slate_size <= products:
        raise ValueError(f"slate_size must be 1..{products}, the size of the catalogue, got {slate_size!r}")
    return int(slate_size)


def check_slates(
    slates: ArrayLike, batch: int, slate_size: int, products: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """Slates as an integer array (B, n), and which of their slots repeat a product of a slot above.

    Returns:
        The slates, and a (B, n) mask of the repeats, or None where no slate repeats a product.

    Raises:
        ValueError: wrong shape, no integers, or a product outside the catalogue; the message names the place.
    """
    slates = np.asarray(slates)
    if batch == 1 and slates.shape == (1, slate_size) and is_plain(slates[0], slate_size, products):
        return slates, None
    slates = check_products(slates, batch, slate_size, products)
    return slates, repeats(slates)


def is_plain(slate: NDArray, slate_size: int, products: int) -> bool:
    """Whether a single slate (n,) is int64 and shows distinct products of the catalogue; `check_slates` judges others.

    A few numbers are looked over faster one by one than by numpy.
    """
    if slate.shape != (slate_size,) or slate.dtype != np.int64:
        return False
    ascending = sorted(slate.tolist())
    return ascending[0] >= 0 and ascending[-1] < products and len(set(ascending)) == slate_size


def check_products(slates: ArrayLike, batch: int, slate_size: int, products: int) -> NDArray[np.int64]:
    """Slates as an integer array (B, n), repeats allowed; raises as `check_slates` does."""
    slates = given = np.asarray(slates)
    is_int64 = slates.dtype == np.int64
    if slates.shape != (batch, slate_size) or not (is_int64 or slates.dtype.kind in "iu"):
        raise ValueError(
            f"expected product indexes of shape ({batch}, {slate_size}), one row per visit and one column per slot, "
            f"got {slates.dtype} of shape {slates.shape}"
        )
    if not is_int64:
        slates = slates.astype(np.int64)
    if not is_within(slates, products):
        row, slot = (int(axis[0]) for axis in np.nonzero((slates < 0) | (slates >= products)))
        raise ValueError(
            f"slates[{row}, {slot}] is product {given[row, slot]}, but the catalogue has products 0..{products - 1}"
        )
    return slates


def check_eligible(eligible: ArrayLike, batch: int, products: int, least: int) -> NDArray[np.bool_]:
    """(B, P) which products may be shown to each of B visits, given (B, P), or (P,) for all alike.

    Raises:
        TypeError: it is not made of truth values.
        ValueError: wrong shape, or fewer than `least` products may be shown.
    """
    given = np.asarray(eligible)
    if given.dtype != np.bool_:
        raise TypeError(f"eligible is an array of bool, True for what may be shown, got {given.dtype}")
    if given.shape not in ((products,), (batch, products)):
        raise ValueError(f"eligible has the shape ({products},) or ({batch}, {products}), got {given.shape}")
    count = np.count_nonzero(np.atleast_2d(given), axis=1)
    if count.size and count.min() < least:
        raise ValueError(
            f"only {count.min()} products are eligible, but a slate shows {least}; make more eligible, or use an agent "
            f"of a smaller slate_size"
        )
    return np.array(np.broadcast_to(given, (batch, products)), order="C")  # of its own, as compiled loops want it


def repeats(slates: NDArray[np.integer]) -> NDArray[np.bool_] | None:
    """(B, n) which slots show a product that a slot above shows already, or None where no slate repeats a product."""
    # No catalogue has 2^31 products, and smaller numbers are compared and sorted faster.
    if len(slates) >= MANY and slates.shape[1] <= SHORT:
        slots = slates.T.astype(np.int32, order="C")
        if not any(np.count_nonzero(slots[gap:] == slots[:-gap]) for gap in range(1, len(slots))):
            return None
    ordered = slates.astype(np.int32)
    ordered.sort(axis=1)
    twins = ordered[:, 1:] == ordered[:, :-1]
    if not np.count_nonzero(twins):
        return None
    rows = np.flatnonzero(twins.any(axis=1))
    some = slates[rows]
    order = np.argsort(some, axis=1, kind="stable")
    below = np.zeros(some.shape, dtype=bool)
    np.put_along_axis(below, order[:, 1:], twins[rows], axis=1)
    repeated = np.zeros(slates.shape, dtype=bool)
    repeated[rows] = below
    return repeated
