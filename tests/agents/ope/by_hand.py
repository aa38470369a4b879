"""Offline results made by hand, of which one knows what they say."""

from __future__ import annotations

from dataclasses import fields
from math import inf, nan

from selflearn_agents.ope import Behaviour, Diagnosis, Estimate, OfflineResult, Support

OK, BAD, NONE = (
    "ok: 900 effective visits",
    "do not trust this: one visit has 90% of all weight",
    "cannot be estimated, ",
)


def estimate(name, value=nan, low=nan, high=nan, verdict=OK, effective=20.0, logged=1.0):
    """An estimate with this interval; that of the gain is as wide, and all else is unknown."""
    unknown = dict.fromkeys((field.name for field in fields(Estimate)), nan)
    known = {"estimator": name, "value": value, "error": (high - low) / 4, "low": low, "high": high}
    known |= {"gain_low": low - logged, "gain_high": high - logged}
    return Estimate(**{**unknown, **known, "diagnosis": Diagnosis(effective, 0.01, 1.0, verdict)})


def result(*estimates, logged=(1.0, 0.9, 1.1), level=0.95):
    """What was logged, with its interval, and these estimates."""
    return OfflineResult(
        "somebody",
        5000,
        *logged,
        level=level,
        support=Support(1.0, inf),
        behaviour=Behaviour(nan, nan),
        estimates=estimates,
    )
