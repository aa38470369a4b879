"""What the logs of each cell say of each estimator, beside the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.estimators import ESTIMATORS, Assumes
from selflearn_agents.ope.study.design import Cell
from selflearn_agents.ope.study.judging import FIGURES, Judged
from selflearn_agents.ope.study.truth import Truth

ALL = ("independent", "position", "cascade", "logit")
HOLDS = {  # the customers of whom it is true
    Assumes.NOTHING: ALL,
    Assumes.ABOVE: ALL[:3],
    Assumes.OWN: ALL[:2],
    Assumes.SUM: ALL[:2],
    Assumes.MODEL: (),
}
UNIFORM = ("random",)  # logging policies of which the pseudo-inverse is known
INTERVALS = tuple(name.removesuffix("low") for name in FIGURES if name.endswith("low"))  # "" for the normal one, ...
SUPPORTED = 1 - 1e-9


def rows_of(
    cell: Cell,
    targets: tuple[str, ...],
    estimators: tuple[str, ...],
    judged: Judged,
    truths: Mapping[str, Truth],
) -> list[dict[str, Any]]:
    """A row for each target and estimator of a cell.

    - `difference`: what the target earns more than the logging policy, in reward units per visit;
    - `effective`: share of the log's visits that whole slates of the target are worth; `support`: of its slates that
      the log may show;
    - `holds`: whether what the estimator assumes holds, and the log supports the target;
    - `estimated`: share of logs with an estimate; the figures that follow are of these logs:
    - `bias` and `rmse`, in reward units per visit, with the Monte Carlo error of the bias, which contains that of the
      truth;
    - `coverage`: share of logs whose interval holds the truth, with its Monte Carlo error, nan where there is no
      interval; and its mean `width`. So for the bootstrap and the empirical Bernstein interval;
    - `trusted_coverage`: coverage in the logs without a warning;
    - `warned`: share of logs in which the diagnosis says not to trust the estimate;
    - `seconds`: what the estimator takes by itself, for one log.
    """
    rows = []
    for at, target in enumerate(targets):
        truth = truths[target]
        value, error = truth.value[cell.customer], truth.error[cell.customer]
        for number, name in enumerate(estimators):
            assumes = ESTIMATORS[name].assumes
            holds = cell.customer in HOLDS.get(assumes, ()) and truth.support[cell.logging] > SUPPORTED
            holds = holds and (assumes is not Assumes.SUM or cell.logging in UNIFORM)
            figures = dict(zip(FIGURES, judged.figures[:, at, number].T, strict=True))
            rows.append(
                {
                    **cell._asdict(),
                    "target": target,
                    "estimator": name,
                    "assumes": assumes.name.lower(),
                    "holds": holds,
                    "truth": value,
                    "truth_error": error,
                    "difference": value - truths[cell.logging].value[cell.customer],
                    "effective": truth.effective[cell.logging],
                    "support": truth.support[cell.logging],
                    **_figures(figures, value, error),
                    "seconds": float(judged.seconds[at, number]),
                }
            )
    return rows


def _figures(figures: dict[str, NDArray[np.float64]], truth: float, error: float) -> dict[str, float]:
    """What the logs (L,) of an estimator say."""
    warned, given = figures["warned"] > 0, ~np.isnan(figures["value"])
    off = figures["value"][given] - truth
    logs = len(off)
    found = {"logs": len(given), "estimated": float(given.mean()), "warned": float(warned.mean())}
    found["bias"] = float(off.mean()) if logs else math.nan
    found["bias_error"] = math.hypot(float(off.std(ddof=1)) / math.sqrt(logs), error) if logs > 1 else math.nan
    found["rmse"] = math.sqrt(float(np.square(off).mean())) if logs else math.nan
    for kind in INTERVALS:
        low, high = figures[f"{kind}low"], figures[f"{kind}high"]
        there = ~np.isnan(low)
        within = (low <= truth) & (truth <= high)
        found[f"{kind}coverage"] = _share(within, there)
        found[f"{kind}width"] = float((high - low)[there].mean()) if there.any() else math.nan
        if not kind:
            found["coverage_error"] = _error(found["coverage"], int(there.sum()))
            found["trusted_coverage"] = _share(within, there & ~warned)
    return found


def _share(these: NDArray[np.bool_], those: NDArray[np.bool_]) -> float:
    """Share of these among those; nan of none."""
    return float(these[those].mean()) if those.any() else math.nan


def _error(coverage: float, logs: int) -> float:
    """Standard error of a share of logs, with one more on either side: 400 of 400 do not show that it is 1."""
    if math.isnan(coverage):
        return math.nan
    share = (coverage * logs + 1) / (logs + 2)
    return math.sqrt(share * (1 - share) / logs)
