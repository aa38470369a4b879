"""Whether an estimate from a log can be trusted, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.evidence import Evidence

LEAST_EFFECTIVE = 500  # visits; of fewer, intervals held the truth too rarely where we knew it
MOST_SHARE = 0.05  # of all weight, in one visit
MOST_MISSING = 0.02  # of the weight, or of the target's slates
FAR = 4.0  # standard errors
DRAWN = 1000  # visits for which the target draws a slate, to see whether the log supports it


class Diagnosis(NamedTuple):
    """What the weights of an estimate tell; nan where it has none.

    Attributes:
        effective: effective sample size (sum w)^2 / sum w^2, in visits; of several columns of weights the least.
        largest: share of the largest weight in all, 0..1; of several columns the most.
        mean_weight: their mean, of several columns the one that is furthest from 1, which all should be.
        verdict: "ok: ...", "do not trust this: ..." with all reasons, or "cannot tell: ...".
    """

    effective: float
    largest: float
    mean_weight: float
    verdict: str


def diagnose(weight: NDArray[np.float64], warnings: Sequence[str] = ()) -> Diagnosis:
    """Looks at weights (V, w) of an estimate; `warnings` are reasons not to trust it that are known already."""
    visits, columns = weight.shape
    if not columns:
        word = "cannot tell: it is as good as its reward model, and how good this is does not show"
        return Diagnosis(math.nan, math.nan, math.nan, _verdict(list(warnings), word))
    weight = np.ascontiguousarray(weight.T)  # sums along long rows are many times faster than down short ones
    size = np.abs(weight).sum(axis=1)
    if not size.all():
        reason = "no visit of the log shows what the target might show"
        return Diagnosis(0.0, math.nan, 0.0, _verdict([reason, *warnings], ""))
    effective = float((weight.sum(axis=1) ** 2 / np.square(weight).sum(axis=1)).min())
    largest = float((np.abs(weight).max(axis=1) / size).max())
    means = weight.mean(axis=1)
    furthest = int(np.abs(means - 1).argmax())
    mean = float(means[furthest])
    error = float(weight[furthest].std()) / math.sqrt(visits)
    reasons = []
    if effective < LEAST_EFFECTIVE:
        reasons.append(f"its {visits:,} visits count for {effective:,.1f}, the others have next to no weight")
    if largest > MOST_SHARE:
        reasons.append(f"one visit has {largest:.0%} of all weight")
    if abs(mean - 1) > max(MOST_MISSING, FAR * error):
        reasons.append(
            f"its weights are {mean:.3f} on average, and should be 1: the log lacks what the target shows, or "
            f"propensities are wrong"
        )
    return Diagnosis(
        effective, largest, mean, _verdict(reasons + list(warnings), f"ok: {effective:,.0f} effective visits")
    )


def support(evidence: Evidence, log: VisitLog, target: Agent, logging_policy: Agent | None) -> float:
    """Share of the target's slates that the logged policy could have shown, 0..1.

    1 of a log of uniform slates. Where the logging policy is given, a copy of the target draws slates for up to 1,000
    visits of the log, and the share of positive probability is counted. Else it is the mean weight of whole slates, at
    most 1, whose expectation is this share; with heavy weights that is a rough guess. nan without propensities.
    """
    if evidence.is_uniform:
        return 1.0
    try:
        if logging_policy is None:
            return min(1.0, float(evidence.prefix_weight[:, -1].mean()))
        states = log.state[np.unique(np.linspace(0, len(log) - 1, DRAWN).astype(np.int64))]
        slates = deepcopy(target).act(states)
        return float((logging_policy.propensity(states, slates) > 0).all(axis=1).mean())
    except NotImplementedError:
        return math.nan


def warnings_of(log: VisitLog, support_share: float) -> list[str]:
    """What speaks against every estimate from this log; nan where the share of supported slates is not known."""
    warnings = []
    if len(log.last_state) < len(log):
        warnings.append(
            "these are lives, in which a slate has consequences for later visits: it judges the target in the visits "
            "that the logged policy led to"
        )
    if log.env_options.get("drift") is not None:
        warnings.append("customers drift: it is about the time of the log")
    if support_share < 1 - MOST_MISSING:
        warnings.append(f"the log supports {support_share:.1%} of the target's slates")
    return warnings


def _verdict(reasons: list[str], otherwise: str) -> str:
    return f"do not trust this: {'; '.join(reasons)}" if reasons else otherwise
