"""One call: what another policy would have earned, by a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.behaviour import UNLIKELY, Behaviour
from selflearn_agents.ope.diagnosis import (
    Diagnosis,
    Support,
    diagnose,
    frame_of,
    support,
    taken_for_granted,
    warnings_of,
)
from selflearn_agents.ope.estimators import ESTIMATORS, Assumes, chosen
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.intervals import bootstrap_intervals, empirical_bernstein, interval_of, moves, spread
from selflearn_agents.ope.reward_model import RewardModel, SlotMeans
from selflearn_agents.ope.summary import amount, decimals_of, finding
from selflearn_agents.ope.terms import Terms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDS = 3  # of the reward model
NAN = math.nan
NOTHING = (NAN,) * 9  # error and intervals


@dataclass(frozen=True)
class Estimate:
    """What one estimator says of the target, in reward units per visit; nan where it can say nothing.

    DM has a value only: how wrong its model is does not show in how much its words differ from visit to visit.

    Attributes:
        estimator: its name in `ESTIMATORS`.
        value: the estimate.
        error: its standard error; see `intervals.standard_error`.
        low: lower bound of the interval by `intervals.t_interval`, which held the truth most often in our trials.
        high: its upper bound.
        gain_low: lower bound, likewise, of how much more this is than what was logged, of the same visits.
        gain_high: its upper bound.
        bootstrap_low: lower bound of the percentile bootstrap interval; nan where nothing was resampled.
        bootstrap_high: its upper bound.
        bernstein_low: lower bound of the empirical Bernstein interval, of the values' own span; nan where the estimate
            is no mean of independent visits.
        bernstein_high: its upper bound.
        diagnosis: whether to trust it. Where nothing can be said, the verdict is "cannot be estimated, because ...".
    """

    estimator: str
    value: float
    error: float
    low: float
    high: float
    gain_low: float
    gain_high: float
    bootstrap_low: float
    bootstrap_high: float
    bernstein_low: float
    bernstein_high: float
    diagnosis: Diagnosis


@dataclass(frozen=True)
class OfflineResult:
    """What a log says of a target policy.

    Attributes:
        logged_agent: name of the agent that showed the logged slates.
        visits: how many were logged.
        logged_reward: their mean reward, in reward units per visit.
        logged_low: lower bound of its interval by `intervals.t_interval`.
        logged_high: its upper bound.
        level: how often the intervals should hold the true value, 0..1.
        support: how well the log supports the target's slates.
        behaviour: whether responses depend on the other products of a slate.
        estimates: one for each estimator, in the order asked for.
    """

    logged_agent: str
    visits: int
    logged_reward: float
    logged_low: float
    logged_high: float
    level: float
    support: Support
    behaviour: Behaviour
    estimates: tuple[Estimate, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per estimator; columns as the attributes of `Estimate` and `Diagnosis`."""
        return frame_of(self.estimates)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws the estimates with their intervals beside the logged reward; see `plots.ope.draw`.

        Args:
            ax: axes of matplotlib to draw on; None for those of a new figure of pyplot.
        """
        from selflearn_agents.plots.ope import draw, shown_axes  # not needed to run

        return draw(self, shown_axes(self) if ax is None else ax, finding(self))

    def __repr__(self) -> str:
        earned = amount(self.logged_reward, decimals_of(self))
        return f"OfflineResult({self.visits:,} visits of {self.logged_agent} earned {earned} each: {finding(self)})"


def evaluate_offline(
    log: VisitLog,
    target: Agent,
    estimators: Sequence[str] | None = None,
    *,
    logging_policy: Agent | None = None,
    reward_model: RewardModel | None = None,
    seed: int = 0,
    resamples: int = 1000,
    level: float = 0.95,
) -> OfflineResult:
    """What a target policy would have earned in the visits of a log that another one served.

    Neither agent is changed. A target that learns is judged as it is now, for good. One that knows customers is given
    states, as a log has no more: to it, nobody is known.

    Args:
        log: the visits, with propensities unless the logging policy is given.
        target: the policy; estimators of slots, and those with a reward model, need its `marginals`.
        estimators: names in `ESTIMATORS`; None for all.
        logging_policy: the agent that showed the slates, as it was then. For the marginals of its slots, where the log
            has no column `marginal`; for propensities where the log has none; and to see what the log supports.
        reward_model: `SlotMeans()` if None; of three folds, each is judged by a model of the two others.
        seed: of the folds and the bootstrap.
        resamples: of the bootstrap; 0 for no such intervals, which take most of the time.
        level: how often an interval should hold the true value.

    Raises:
        ValueError: an unknown estimator, agents that do not fit the log or did not write it, negative resamples, or
            level not between 0 and 1.
    """
    names = chosen(estimators, ESTIMATORS)
    if resamples < 0:
        raise ValueError(f"resamples must be at least 0, got {resamples}")
    mean = Terms.mean(log.reward, np.empty((len(log), 0)))
    logged = (mean.value, moves(mean, log.episode))
    of_log = interval_of(*logged, level)  # before the long work: it sees to the level
    for_folds, for_bootstrap = np.random.default_rng(seed).spawn(2)
    fold = _folds(log, for_folds)
    evidence = Evidence(log, target, logging_policy, SlotMeans() if reward_model is None else reward_model, fold)
    found: dict[str, Terms] = {}
    reasons: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = ESTIMATORS[name].terms(evidence)
        except NotImplementedError as error:
            reasons[name] = f"cannot be estimated, because {error}"
    bounds = dict.fromkeys(found, (NAN, NAN))
    if found and resamples:
        drawn = bootstrap_intervals(list(found.values()), log.episode, for_bootstrap, resamples, level)
        bounds = dict(zip(found, drawn, strict=True))
    supported, responses = support(evidence, log, target, logging_policy), evidence.responses
    share = supported.share if math.isfinite(supported.effective) else NAN  # else the weights tell, with their noise
    warnings = warnings_of(log, target, share)
    estimates = []
    for name in names:
        if name in reasons:
            unknown = Diagnosis(NAN, NAN, NAN, reasons[name])
            estimates.append(Estimate(name, NAN, *NOTHING, unknown))
            continue
        assumes = ESTIMATORS[name].assumes
        own = [*warnings, *_dependent_slots(assumes, evidence), *_dependent_responses(assumes, responses)]
        whole = assumes in (Assumes.NOTHING, Assumes.ABOVE, Assumes.NEAR, Assumes.NEAR_ABOVE)
        diagnosis = diagnose(
            found[name].weight,
            own,
            assumption=taken_for_granted(log, None if assumes is Assumes.NOTHING else assumes.value),
            foreseen=supported.effective if whole else math.inf,
        )
        estimates.append(_estimate(name, found[name], log, logged, bounds[name], level, diagnosis))
    return OfflineResult(log.agent, len(log), *of_log, level, supported, responses, tuple(estimates))


def _estimate(
    name: str,
    terms: Terms,
    log: VisitLog,
    logged: tuple[float, NDArray[np.float64]],
    bounds: tuple[float, float],
    level: float,
    diagnosis: Diagnosis,
) -> Estimate:
    if not terms.weight.shape[1]:  # its errors are the model's, of which the spread of its words tells nothing
        return Estimate(name, terms.value, *NOTHING, diagnosis)
    bernstein = (NAN, NAN)
    if terms.is_mean and len(log.last_state) == len(log):
        bernstein = empirical_bernstein(terms.top.sum(axis=1), level=level)[1:]
    moved = moves(terms, log.episode)
    value, low, high = interval_of(terms.value, moved, level)
    gain = interval_of(value - logged[0], moved - logged[1], level)[1:]  # the mean of the log moves, too
    return Estimate(name, value, spread(moved), low, high, *gain, *bounds, *bernstein, diagnosis=diagnosis)


def _dependent_slots(assumes: Assumes, evidence: Evidence) -> list[str]:
    """A warning where the pseudo-inverse is approximate."""
    if assumes is not Assumes.SUM or evidence.is_uniform:
        return []
    try:
        return [] if evidence.is_factored else ["it takes the slots of the log as independent, and they are not"]
    except NotImplementedError as error:
        return [f"it takes the slots of the log as independent, which cannot be seen, because {error}"]


def _dependent_responses(assumes: Assumes, responses: Behaviour) -> list[str]:
    """A warning where responses depend on what an estimator says they do not."""
    if assumes in (Assumes.OWN, Assumes.SUM) and responses.others < UNLIKELY:
        which, p_value = "others of the slate", responses.others
    elif assumes in (Assumes.ABOVE, Assumes.NEAR_ABOVE) and responses.below < UNLIKELY:
        which, p_value = "ones below", responses.below
    else:
        return []
    return [f"responses seem to depend on the {which} (p = {p_value:.1g}), and it takes for granted that they do not"]


def _folds(log: VisitLog, rng: np.random.Generator) -> NDArray[np.int64]:
    """(V,) the fold of each visit, the same for all visits of an episode."""
    episodes = len(log.last_state)
    if episodes < 2:
        raise ValueError(f"a log needs at least 2 episodes to be judged by, got {episodes}")
    return rng.permutation(np.arange(episodes) % min(FOLDS, episodes))[log.episode]
