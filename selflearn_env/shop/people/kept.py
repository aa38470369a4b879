"""What a file must hold of fitted persons; needed whenever a shop is read, so it imports nothing slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from selflearn_env.declared import POSITIVE, Array, Declared, Plain, Sizes, check, numbers, real, whole

CAPS = 8  # of the grid of `repeat`
MONTHS = 12
TOPICS, WAYS = "topics", "ways"
ABOVE_0 = real(POSITIVE, infinite=True)

# By the paths of the fields of `People`. What is in `AT_TIMES` belongs to parts that may be missing.
ALWAYS: Declared = {
    "choice.topics": whole(1),
    "choice.present_gain": real(),
    "choice.taste_gain": real(),
    "choice.repeat_gain": real(),
    "choice.repeat.weight": numbers(CAPS, least=0.0, most=1.0),
    "choice.repeat.kappa": ABOVE_0,
    "choice.repeat.half_life": ABOVE_0,
    "taste.shape": numbers("products", TOPICS, dtype=np.float32, least=POSITIVE, infinite=True),
    "taste.rate": numbers("products", TOPICS, dtype=np.float32, least=POSITIVE, infinite=True),
    "taste.alpha": numbers(TOPICS, least=POSITIVE),
    "activity.shape": ABOVE_0,
    "activity.mean": ABOVE_0,
    "activity.dispersion": ABOVE_0,
    "activity.level": numbers(MONTHS, least=POSITIVE),
}
AT_TIMES: Mapping[str, Declared] = {
    "choice.present": {"choice.present.half_life": ABOVE_0, "choice.present.weight": ABOVE_0},
    "moods": {
        "moods.categories": Array(np.int16, (WAYS, "products"), least=0),
        "moods.freedom": ABOVE_0,
    },
}


def declare_fit(heading: Mapping[str, Any], name: str) -> tuple[dict[str, Array], Sizes]:
    """What the arrays of a fit must be like, and the sizes known; its numbers and texts are checked at once.

    Args:
        heading: the numbers and texts, nested like `People`.
        name: of the fit; it keeps the sizes of two fits in one file apart.

    Raises:
        ValueError: a plain value is missing or wrong, or one too many.
    """
    found, declared = _flat(heading), dict(ALWAYS)
    for part, others in AT_TIMES.items():
        if found.get(part, part) is None:
            del found[part]
        else:
            declared |= others
    plain = {place: what for place, what in declared.items() if isinstance(what, Plain)}
    check(plain, found, {})
    for place in found.keys() - plain.keys():
        raise ValueError(f"{place} does not belong to it")
    own = {size: f"{name}' {size}" for size in (TOPICS, WAYS)}
    arrays = {
        place: replace(what, shape=tuple(own.get(str(size), size) for size in what.shape))
        for place, what in declared.items()
        if isinstance(what, Array)
    }
    return arrays, {own[TOPICS]: found["choice.topics"]}


def _flat(values: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Nested values by their paths, such as "choice.topics"."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{place}{name}.")
        else:
            flat[place + name] = value
    return flat
