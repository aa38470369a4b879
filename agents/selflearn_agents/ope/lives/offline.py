"""One call: what a customer's life would have been worth to another policy, by a log of lives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.diagnosis import MOST_MISSING, Diagnosis, diagnose, frame_of
from selflearn_agents.ope.estimators import chosen
from selflearn_agents.ope.intervals import standard_error, t_interval
from selflearn_agents.ope.lives.fitted_q import fqe
from selflearn_agents.ope.lives.weights import Beginnings, LivesEvidence, pdis, sn_pdis, sn_tis, tis
from selflearn_agents.ope.reward_model import RewardModel
from selflearn_agents.ope.terms import Terms
from selflearn_env.core.states import StateSpace

NAN = math.nan

LIVES_ESTIMATORS: dict[str, Callable[[Beginnings], Terms]] = {
    "tis": tis,
    "sn_tis": sn_tis,
    "pdis": pdis,
    "sn_pdis": sn_pdis,
    "fqe": fqe,
}


@dataclass(frozen=True)
class LifeEstimate:
    """What one estimator says of the target, in reward units per life; nan where it can say nothing.

    Attributes:
        estimator: its name in `LIVES_ESTIMATORS`.
        value: the estimate of the mean return.
        error: its standard error over lives; of FQE, if its model is right.
        low: lower bound of the interval by `intervals.t_interval`.
        high: its upper bound.
        diagnosis: whether to trust it, with effective lives in the place of visits. Where nothing can be said, the
            verdict is "cannot be estimated, because ...".
    """

    estimator: str
    value: float
    error: float
    low: float
    high: float
    diagnosis: Diagnosis


@dataclass(frozen=True)
class LivesOfflineResult:
    """What a log of lives says of a target policy.

    Attributes:
        logged_agent: name of the agent that showed the logged slates.
        lives: how many were logged.
        visits: of the longest life, those that count.
        logged_return: mean return of the logged lives, in reward units per life.
        effective: (visits,) how many lives the log is worth after 1, 2, ... visits: (sum w)^2 / sum w^2 of the weights
            of whole lives until then; nan where they are not known.
        foreseen: (visits,) the same, as it is to be expected of other logs; infinite where it is not known. Where it is
            far below `effective`, this log has not met the lives that matter.
        estimates: one for each estimator, in the order asked for.
    """

    logged_agent: str
    lives: int
    visits: int
    logged_return: float
    effective: NDArray[np.float64] = field(repr=False)
    foreseen: NDArray[np.float64] = field(repr=False)
    estimates: tuple[LifeEstimate, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per estimator; columns as the attributes of `LifeEstimate` and `Diagnosis`."""
        return frame_of(self.estimates)


def evaluate_lives_offline(
    log: VisitLog,
    target: Agent,
    estimators: Sequence[str] | None = None,
    *,
    logging_policy: Agent | None = None,
    states: StateSpace | None = None,
    reward_model: RewardModel | None = None,
    discount: float = 1.0,
    visits: int | None = None,
    level: float = 0.95,
) -> LivesOfflineResult:
    """What customers would have been worth to a target policy over their lives, by the log of lives of another.

    Neither agent is changed. A target that learns is judged as it is now, for good. Policies go by states: one that
    knows customers is told of states only, as a log has no more, and a log that such a one wrote is no case for this.

    Weights of whole lives fail after a few visits, unless the target is very near to the logged policy: see
    `LivesOfflineResult.foreseen`, and judge fewer visits where it is small.

    Args:
        log: whole lives, an episode each, with propensities unless the logging policy is given.
        target: the policy; FQE needs its `marginals`.
        estimators: names in `LIVES_ESTIMATORS`; None for all.
        logging_policy: the agent that showed the slates, as it was then. For propensities where the log has none; and
            to foresee great weights that the log has not met: without it, an estimate looks surer than it is.
        states: the state space of the shop, such as `shop.states`; FQE needs it.
        reward_model: of FQE, which takes its word for one of the features; `SlotMeans()` if None.
        discount: what a visit's reward counts against that of the visit before, above 0, at most 1.
        visits: how many of a life count; None for all.
        level: how often an interval should hold the true value.

    Raises:
        ValueError: an unknown estimator, fewer than 2 lives, agents or states that do not fit the log or did not write
            it, or a discount, visits or level out of range.
    """
    names = chosen(estimators, LIVES_ESTIMATORS)
    evidence = LivesEvidence(log, target, logging_policy, states, reward_model, discount)
    return judge_lives(evidence.beginnings(visits), names, level)


def judge_lives(lives: Beginnings, names: Sequence[str], level: float = 0.95) -> LivesOfflineResult:
    """What `evaluate_lives_offline` returns, of lives of which so many visits count."""
    try:
        effective = lives.effective
    except NotImplementedError:
        effective = np.full(lives.visits, NAN)
    return LivesOfflineResult(
        lives.evidence.log.agent,
        lives.lives,
        lives.visits,
        float(lives.reward.sum(axis=1).mean()),
        effective,
        lives.foreseen,
        tuple(_estimate(name, lives, level) for name in names),
    )


def _estimate(name: str, lives: Beginnings, level: float) -> LifeEstimate:
    try:
        terms = LIVES_ESTIMATORS[name](lives)
    except NotImplementedError as error:
        unknown = Diagnosis(NAN, NAN, NAN, f"cannot be estimated, because {error}")
        return LifeEstimate(name, NAN, NAN, NAN, NAN, unknown)
    life = np.arange(lives.lives)
    value, low, high = t_interval(terms, life, level)
    foreseen = float(lives.foreseen[-1])
    warnings = _warnings(lives, bool(terms.weight.size))
    found = diagnose(terms.weight, warnings, foreseen=foreseen, unit=("life", "lives"))
    return LifeEstimate(name, value, standard_error(terms, life), low, high, found)


def _warnings(lives: Beginnings, is_weighted: bool) -> list[str]:
    """What speaks against an estimate, whatever its weights."""
    warnings = []
    if lives.evidence.log.env_options.get("drift") is not None:
        warnings.append("customers drift: it is about the time of the log")
    if is_weighted and lives.support < 1 - MOST_MISSING:
        warnings.append(f"the log supports {lives.support:.1%} of the target's lives")
    return warnings
