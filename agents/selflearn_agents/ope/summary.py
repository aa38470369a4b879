"""What an offline result says, in a sentence."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from selflearn_agents.evaluation.markdown import number
from selflearn_agents.evaluation.statistics import Interval
from selflearn_agents.ope.diagnosis import UNTRUSTED
from selflearn_agents.ope.estimators import ESTIMATORS, Assumes

if TYPE_CHECKING:
    from selflearn_agents.ope.offline import Estimate, OfflineResult

LEAST_ASSUMED = (
    Assumes.NOTHING,
    Assumes.NEAR,
    Assumes.ABOVE,
    Assumes.NEAR_ABOVE,
    Assumes.SHOWN,
    Assumes.SUM,  # whoever is OWN is SUM
    Assumes.OWN,
    Assumes.MODEL,
)
SAID = {1: "more", 0: "neither", -1: "less"}
ROUNDING = 1e-9  # as a share of the logged reward's interval
MANY = 1e6  # from here on figures have an exponent


def is_trusted(estimate: Estimate) -> bool:
    """Whether the weights speak for it."""
    return estimate.diagnosis.verdict.startswith("ok")


def word_of(estimate: Estimate) -> str:
    """The verdict in a word or two: "trust", "trust, if ...", "do not trust", "cannot tell" or "no estimate"."""
    if is_trusted(estimate):
        return "trust, if ..." if estimate.diagnosis.verdict.startswith("ok, if") else "trust"
    if not math.isfinite(estimate.value):
        return "no estimate"
    return estimate.diagnosis.verdict.partition(":")[0].removesuffix(" this")


def gain_of(result: OfflineResult, estimate: Estimate) -> Interval:
    """By how much the target would have earned more than was logged, per visit."""
    return Interval(estimate.value - result.logged_reward, estimate.gain_low, estimate.gain_high)


def best_estimate(result: OfflineResult) -> Estimate | None:
    """Of the trusted ones that assume least of the customers, the one of the smallest error; None if none is."""
    trusted = [estimate for estimate in result.estimates if is_trusted(estimate)]
    return min(trusted, default=None, key=_assumed_and_error)


def finding(result: OfflineResult, name: str = "the target") -> str:
    """Whether the target, called by a name, would have earned more than was logged, and by how many estimates."""
    best, asked = best_estimate(result), len(result.estimates)
    if best is None:
        none = f"none of {asked} estimates can" if asked > 1 else "the one estimate cannot"
        return f"This log cannot tell what {name} would have earned: {none} be trusted. {_reason(result)}."
    found = [_sign(result, each) for each in result.estimates if is_trusted(each)]
    gain, sign = gain_of(result, best), _sign(result, best)
    if sign < 0:
        gain = Interval(-gain.value, -gain.high, -gain.low)
    value, low, high = (amount(each, decimals_of(result)) for each in gain)
    if sign:
        text = f"{name} would have earned {value} {SAID[sign]} per visit than was logged"
    else:
        text = f"This log cannot tell whether {name} would have earned more than was logged: the difference is {value} "
        text += "per visit"
    text += f" ({percent(result.level)} interval {low} to {high}, by {best.estimator}{_provided(best)})."
    return f"{text} Of {asked} estimates, {len(found)} can be trusted{_votes(found)}." if asked > 1 else text


def amount(value: float, decimals: int) -> str:
    """A reward as text; of millions, as heavy weights make them, two digits."""
    return f"{value:.1e}" if abs(value) >= MANY else number(value, decimals)


def percent(share: float) -> str:
    """A share, 0..1, as text with at most one decimal; a dash for none."""
    return "-" if math.isnan(share) else f"{round(100 * share, 1):g}%"


def decimals_of(result: OfflineResult) -> int:
    """Decimals that show the logged reward's interval with one digit or two."""
    width = result.logged_high - result.logged_low
    return min(9, max(0, 1 - math.floor(math.log10(width)))) if width > 0 else 2


def _provided(estimate: Estimate) -> str:
    """What must be so for it to be right."""
    assumes = ESTIMATORS[estimate.estimator].assumes
    return "" if assumes is Assumes.NOTHING else f", right if {assumes.value}"


def _assumed_and_error(estimate: Estimate) -> tuple[int, float]:
    return LEAST_ASSUMED.index(ESTIMATORS[estimate.estimator].assumes), estimate.error


def _reason(result: OfflineResult) -> str:
    """What is wrong, first of all, with the estimate of which most visits tell."""
    best = max(result.estimates, key=lambda estimate: np.nan_to_num(estimate.diagnosis.effective, nan=-1.0))
    return f"The reason for {best.estimator}: {best.diagnosis.verdict.removeprefix(UNTRUSTED).partition('; ')[0]}"


def _votes(found: list[int]) -> str:
    """What the trusted estimates say, more, less or neither."""
    if len(set(found)) == 1:
        return "" if len(found) == 1 else ", and all say so" if found[0] else ", and none shows a difference"
    votes = ", ".join(f"{votes} for {SAID[sign]}" for sign, votes in sorted(Counter(found).items(), reverse=True))
    return f": {votes}{'; the assumption of some does not hold' if {1, -1} <= set(found) else ''}"


def _sign(result: OfflineResult, estimate: Estimate) -> int:
    """1 for more than was logged, -1 for less, 0 for neither."""
    rounding = ROUNDING * (result.logged_high - result.logged_low)
    return int(estimate.gain_low > rounding) - int(estimate.gain_high < -rounding)
