"""The persons' model as it is kept: what was found by the fit; what follows from the journal is made again from it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.history import Fit
from selflearn_env.shop.people.fit import People
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import daily_shares, monthly_shares

STEPS = 2**11  # between a number and its double to which tables are kept; they are known far less well than that
MADE_AGAIN = ("months", "days")  # fields of people that follow from the journal


def take_apart(people: People) -> Fit:
    """What is kept of a fit; its tables lose what is below one part in `STEPS`."""
    arrays: dict[str, NDArray] = {}
    return Fit(_apart(people, "", arrays), {place: _rounded(array) for place, array in arrays.items()})


def put_together(fit: Fit, journal: Journal) -> People:
    """The people of whom this was kept.

    Args:
        fit: what was kept.
        journal: the visits that were fitted.

    Raises:
        ValueError: something of the fit is missing, or is not of this journal.
    """
    try:
        found = _together(People, "", fit)
        products, present = len(found["taste"].shape), found["choice"].present
    except (KeyError, TypeError) as error:
        raise ValueError(f"a broken fit of persons ({error}); build the shop anew") from None
    if products != journal.products:
        raise ValueError(
            f"a fit of persons with {products} products to a shop that has {journal.products}; build the shop anew"
        )
    months = monthly_shares(journal)
    days = None if present is None else daily_shares(journal, months, present)
    return People(months=months, days=days, **found)


def _apart(part: Any, place: str, arrays: dict[str, NDArray]) -> dict[str, Any]:
    """The plain values of a part by the names of its fields; its arrays are added to the others by their places."""
    plain: dict[str, Any] = {}
    for field in fields(part):
        value, at = getattr(part, field.name), place + field.name
        if at in MADE_AGAIN:
            continue
        if isinstance(value, np.ndarray):
            arrays[at] = value
        elif is_dataclass(value):
            plain[field.name] = _apart(value, f"{at}.", arrays)
        else:
            plain[field.name] = value.item() if isinstance(value, np.generic) else value
    return plain


def _together(kind: Any, place: str, fit: Fit) -> dict[str, Any]:
    """The fields of a part of this kind that `_apart` took apart."""
    plain = fit.heading
    for name in place.split(".")[:-1]:
        plain = plain[name]
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        at = place + name
        if at in MADE_AGAIN:
            continue
        own: Any = next((one for one in (hint, *get_args(hint)) if is_dataclass(one)), None)
        if at in fit.arrays:
            array = fit.arrays[at]
            found[name] = array.astype(np.float64) if array.dtype == np.float32 else array
        elif own is None or plain[name] is None:
            found[name] = plain[name]
        else:
            found[name] = own(**_together(own, f"{at}.", fit))
    return found


def _rounded(array: NDArray) -> NDArray:
    """Tables of numbers to one part in `STEPS`, which takes half of the place when packed; other arrays as they are."""
    if array.ndim < 2 or array.dtype.kind != "f":
        return array
    fraction, exponent = np.frexp(array)
    return np.ldexp(np.round(fraction * STEPS) / STEPS, exponent).astype(np.float32)
