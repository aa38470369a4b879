"""Whether an estimate from a log can be trusted, and if not, why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.evidence import Evidence

LEAST_EFFECTIVE = 200  # visits; of fewer, intervals held the truth too rarely where we knew it
MOST_SHARE = 0.05  # of all weight, in one visit
MOST_MISSING = 0.02  # of the weight, or of the target's slates
FAR = 3.0  # standard errors
DRAWN = 5000  # visits for which the target draws a slate, to see how the log supports it

UNTRUSTED = "do not trust this: "


class Diagnosis(NamedTuple):
    """What the weights of an estimate tell; nan where it has none.

    Attributes:
        effective: effective sample size in visits, the least of (sum w)^2 / sum w^2 over the columns of weights and,
            for weights of whole slates, of what `support` foresees.
        largest: share of the largest weight in all, 0..1; of several columns the most.
        mean_weight: their mean, of several columns the one that is furthest from 1, which all should be.
        verdict: "ok: ..."; "ok, if ...: ..." where it takes something for granted; "do not trust this: ..." with all
            reasons; or "cannot tell: ...".
    """

    effective: float
    largest: float
    mean_weight: float
    verdict: str

    @property
    def warns(self) -> bool:
        """Whether the verdict is not to trust the estimate."""
        return self.verdict.startswith(UNTRUSTED)


def diagnose(
    weight: NDArray[np.float64],
    warnings: Sequence[str] = (),
    *,
    assumption: str | None = None,
    foreseen: float = math.inf,
    unit: tuple[str, str] = ("visit", "visits"),
) -> Diagnosis:
    """Looks at the weights of an estimate.

    Args:
        weight: (V, w) weights, each column 1 on average.
        warnings: reasons not to trust it that are known already.
        assumption: what it takes for granted, in words that follow "if"; None for nothing.
        foreseen: effective visits that are to be expected of such weights.
        unit: what is weighted, one and several.
    """
    count, columns = weight.shape
    one, several = unit
    if not columns:
        word = "cannot tell: it is as good as its reward model, and the log does not show how good that is"
        return Diagnosis(math.nan, math.nan, math.nan, _verdict(list(warnings), word))
    weight = np.ascontiguousarray(weight.T)  # sums along long rows are many times faster than down short ones
    size = np.abs(weight).sum(axis=1)
    if not size.all():
        reason = f"no {one} of the log shows what the target might show"
        return Diagnosis(0.0, math.nan, 0.0, _verdict([reason, *warnings], ""))
    met = float((weight.sum(axis=1) ** 2 / np.square(weight).sum(axis=1)).min())
    effective = min(met, foreseen)
    largest = float((np.abs(weight).max(axis=1) / size).max())
    means = weight.mean(axis=1)
    furthest = int(np.abs(means - 1).argmax())
    mean = float(means[furthest])
    error = float(weight[furthest].std()) / math.sqrt(count)
    reasons = []
    if effective < LEAST_EFFECTIVE:
        if foreseen < met:
            why = "slates of large weight are rare in it"
        else:
            why = (
                "the others have next to no weight" if 2 * met < count else f"fewer than {LEAST_EFFECTIVE} are too few"
            )
        reasons.append(f"its {count:,} {several} count for {effective:,.1f}, {why}")
    if largest > MOST_SHARE:
        reasons.append(f"one {one} has {largest:.0%} of all weight")
    if abs(mean - 1) > max(MOST_MISSING, FAR * error):
        reasons.append(
            f"its weights are {mean:.3f} on average, and should be 1: the log lacks what the target shows, or "
            f"propensities are wrong"
        )
    fine = "ok: " if assumption is None else f"ok, if {assumption}: "
    verdict = _verdict(reasons + list(warnings), f"{fine}{effective:,.0f} effective {several}")
    return Diagnosis(effective, largest, mean, verdict)


class Support(NamedTuple):
    """How well a log of V visits supports the slates of a target.

    Attributes:
        share: of the target's slates, that the logged policy could have shown, 0..1; nan without propensities.
        effective: visits that the log counts for if whole slates are weighted, V / E_p[w] with w = p / q the weight of
            a slate and p the target; infinite where the logged policy is not known.
    """

    share: float
    effective: float


def support(evidence: Evidence, log: VisitLog, target: Agent, logging_policy: Agent | None) -> Support:
    """What the target would show, and how probable that was in the log.

    A copy of the target draws slates for up to 5,000 visits of the log. The weights of its own slates show what a log
    does not: the great weights of slates that a logged policy seldom shows. E_p[w] = E_q[w^2], so that V / E_p[w] is
    what the effective sample size comes to in the long run.

    Without the logging policy, the share is the mean weight of whole slates, at most 1, whose expectation it is; with
    heavy weights that is a rough guess. Of a log of uniform slates the policy is known.
    """
    try:
        if logging_policy is None and not evidence.is_uniform:
            return Support(min(1.0, float(evidence.prefix_weight[:, -1].mean())), math.inf)
        states = log.state[np.unique(np.linspace(0, len(log) - 1, DRAWN).astype(np.int64))]
        slates = deepcopy(target).act(states)
        if logging_policy is None:
            logged = np.broadcast_to(1 / (evidence.products - np.arange(evidence.slots)), slates.shape)
        else:
            logged = logging_policy.propensity(states, slates)
        shown = (logged > 0).all(axis=1)
        weight = (target.propensity(states[shown], slates[shown]) / logged[shown]).prod(axis=1)
        return Support(float(shown.mean()), len(log) / float(weight.mean()) if shown.any() else 0.0)
    except NotImplementedError:
        return Support(math.nan, math.inf)


def taken_for_granted(log: VisitLog, of_estimator: str | None) -> str | None:
    """What an estimate from this log takes for granted, in words that follow "if"; None for nothing.

    Simulated customers who come again are known to remember what they were shown; of real ones nobody knows.
    """
    known = [] if of_estimator is None else [of_estimator]
    if not log.env_id and len(log.last_state) < len(log):
        known.append("what customers are shown changes nothing of their later visits")
    return ", and ".join(known) or None


def warnings_of(log: VisitLog, target: Agent, support_share: float) -> list[str]:
    """What speaks against every estimate from this log; nan where the share of supported slates is not known."""
    warnings = []
    if getattr(target, "learned_from", None) == log.digest:
        warnings.append(
            "the target has learned from these very visits, and does best where they were lucky; judge it by others"
        )
    if log.env_id and len(log.last_state) < len(log):
        warnings.append(
            "these are lives, in which a slate has consequences for later visits: it judges the target in the visits "
            "that the logged policy led to"
        )
    if log.env_options.get("drift") is not None:
        warnings.append("customers drift: it is about the time of the log")
    if support_share < 1 - MOST_MISSING:
        warnings.append(f"the log supports {support_share:.1%} of the target's slates")
    return warnings


def frame_of(estimates: Sequence[Any]) -> pd.DataFrame:
    """One row per estimator; columns as the attributes of the estimates and of their diagnoses."""
    rows = []
    for estimate in estimates:
        row = dict(vars(estimate))
        row.update(row.pop("diagnosis")._asdict())
        rows.append(row)
    return pd.DataFrame(rows).set_index("estimator")


def _verdict(reasons: list[str], otherwise: str) -> str:
    return UNTRUSTED + "; ".join(reasons) if reasons else otherwise
