"""What must be kept of a fit of persons. It is looked at when a shop is read, so nothing is imported that takes long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from selflearn_env.declared import Array, Declared, Plain, Sizes, check, number, numbers, whole

TINY = np.finfo(np.float32).tiny
CAPS = 8  # of the grid of `repeat`
MONTHS = 12
TOPICS, WAYS = "topics", "ways"
POSITIVE = number(TINY, infinite=True)

# By the places of the fields of `People`; parts that may be missing by themselves.
ALWAYS: Declared = {
    "choice.topics": whole(1),
    "choice.present_gain": number(),
    "choice.taste_gain": number(),
    "choice.repeat_gain": number(),
    "choice.repeat.weight": numbers(CAPS, least=0.0, most=1.0),
    "choice.repeat.kappa": POSITIVE,
    "choice.repeat.half_life": POSITIVE,
    "taste.shape": numbers("products", TOPICS, dtype=np.float32, least=TINY, infinite=True),
    "taste.rate": numbers("products", TOPICS, dtype=np.float32, least=TINY, infinite=True),
    "taste.alpha": numbers(TOPICS, least=TINY),
    "activity.shape": POSITIVE,
    "activity.mean": POSITIVE,
    "activity.dispersion": POSITIVE,
    "activity.level": numbers(MONTHS, least=TINY),
}
AT_TIMES: Mapping[str, Declared] = {
    "choice.present": {"choice.present.half_life": POSITIVE, "choice.present.weight": POSITIVE},
    "moods": {
        "moods.categories": Array(np.int16, (WAYS, "products"), least=0),
        "moods.freedom": POSITIVE,
    },
}


def declare_fit(heading: Mapping[str, Any], name: str) -> tuple[dict[str, Array], Sizes]:
    """What the arrays of a fit must be, and the sizes known; its plain values are looked at.

    Args:
        heading: the plain values.
        name: of the fit, by which its sizes are told from those of others.

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
    """Values of values by their places, such as "choice.topics"."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{place}{name}.")
        else:
            flat[place + name] = value
    return flat
