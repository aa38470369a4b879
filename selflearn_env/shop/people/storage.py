"""The persons' model as it is kept: what was found by the fit; what follows from the journal is made again from it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.people.world import Moods
from selflearn_env.shop.history import Fit
from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.fit import Choice, People
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Present, daily_shares, monthly_shares
from selflearn_env.shop.people.repeat import Repeat
from selflearn_env.shop.people.taste import Taste

STEPS = 2**11  # between a number and its double to which tables are kept; they are known far less well than that

KINDS: dict[str, Any] = {
    "choice": Choice,
    "choice.present": Present,
    "choice.repeat": Repeat,
    "taste": Taste,
    "activity": Activity,
    "moods": Moods,
}
PARTS = ("choice", "taste", "activity", "moods")


def take_apart(people: People) -> Fit:
    """What is kept of a fit; its tables lose what is below one part in `STEPS`."""
    arrays: dict[str, NDArray] = {}
    heading = {name: _apart(getattr(people, name), name, arrays) for name in PARTS}
    tables = {name for name, array in arrays.items() if array.ndim > 1 and array.dtype == np.float64}
    return Fit(heading, {name: _rounded(array) if name in tables else array for name, array in arrays.items()})


def put_together(fit: Fit, journal: Journal) -> People:
    """The people of whom this was kept.

    Args:
        fit: what was kept.
        journal: the visits that were fitted.

    Raises:
        ValueError: something of the fit is missing, or is not of this journal.
    """
    try:
        parts = {name: _together(name, fit.heading[name], fit.arrays) for name in PARTS}
    except (KeyError, TypeError) as error:
        raise ValueError(f"a broken fit of persons ({error}); build the shop anew") from None
    if len(parts["taste"].shape) != journal.products:
        raise ValueError(
            f"a fit of persons with {len(parts['taste'].shape)} products to a shop that has {journal.products}; "
            "build the shop anew"
        )
    months, present = monthly_shares(journal), parts["choice"].present
    days = None if present is None else daily_shares(journal, months, present)
    return People(months=months, days=days, **parts)


def _apart(part: Any, place: str, arrays: dict[str, NDArray]) -> dict[str, Any] | None:
    """The plain values of a part by the names of its fields; its arrays are added to the others by their places."""
    if part is None:
        return None
    plain: dict[str, Any] = {}
    for field in fields(part):
        value, at = getattr(part, field.name), f"{place}.{field.name}"
        if isinstance(value, np.ndarray):
            arrays[at] = value
        elif is_dataclass(value):
            plain[field.name] = _apart(value, at, arrays)
        else:
            plain[field.name] = value.item() if isinstance(value, np.generic) else value
    return plain


def _together(place: str, plain: dict[str, Any] | None, arrays: dict[str, NDArray]) -> Any:
    """The part that `_apart` took apart."""
    if plain is None:
        return None
    values = {}
    for field in fields(KINDS[place]):
        at = f"{place}.{field.name}"
        if at in arrays:
            whole = np.issubdtype(arrays[at].dtype, np.integer)
            values[field.name] = arrays[at] if whole else arrays[at].astype(np.float64)
        elif at in KINDS:
            values[field.name] = _together(at, plain[field.name], arrays)
        else:
            values[field.name] = plain[field.name]
    return KINDS[place](**values)


def _rounded(table: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same to one part in `STEPS`, which takes half of the place when packed."""
    fraction, exponent = np.frexp(table)
    return np.ldexp(np.round(fraction * STEPS) / STEPS, exponent).astype(np.float32)
