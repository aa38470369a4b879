"""How far estimates from a log may be off, by what the visits themselves show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special  # the distributions of scipy.stats, without its slow import

from selflearn_agents.evaluation.statistics import Interval
from selflearn_agents.ope.terms import Terms, ratios

CELLS = 2**22  # counts drawn at once, at most,
RESAMPLES = 32  # of so many resamples
EPISODES = 100  # multiplied at once: few enough for one thread; several wait for each other where others work, too


def standard_error(terms: Terms, episode: NDArray[np.int64]) -> float:
    """Standard error of an estimate by the jackknife; nan of one episode, or where one alone has any weight.

    sqrt((E - 1) / E sum (v_e - mean v)^2), with v_e the estimate from all but episode e (Tukey 1958; Efron and Stein
    1981). Of a mean it is the usual one; of a self-normalised estimate it is larger than that of the delta method, and
    right more often, where few visits have much of the weight.

    Assumes that episodes (V,), each visit's own or a customer's life, are drawn independently of each other. Visits of
    one episode may depend on each other.
    """
    return _spread(_moves(terms, episode))


def t_interval(terms: Terms, episode: NDArray[np.int64], level: float = 0.95) -> Interval:
    """The estimate +- as many standard errors as the t distribution has it, with `degrees_of_freedom`.

    Assumes what `standard_error` does, and that the log has met what matters: see the effective sample size.

    Raises:
        ValueError: level not between 0 and 1.
    """
    moves = _moves(terms, episode)
    width = -float(special.stdtrit(degrees_of_freedom(moves), _tail(level))) * _spread(moves)
    return Interval(terms.value, terms.value - width, terms.value + width)


def degrees_of_freedom(values: NDArray[np.float64]) -> float:
    """Of the t distribution for a sum of values (E,) that are 0 on average: 2 E / (kurtosis - 1), at least 1.

    As many as a sample variance of normal values would have, if it were as uncertain as this one, whose variance is
    about (kurtosis - 1) / E of its square (Satterthwaite 1946). A few large values make a variance uncertain.
    """
    square = np.square(values)
    spread = float(np.square(square).mean()) / max(float(square.mean()) ** 2, np.finfo(float).tiny) - 1
    return max(1.0, 2 * len(values) / spread) if spread > 0 else math.inf


def _moves(terms: Terms, episode: NDArray[np.int64]) -> NDArray[np.float64]:
    """(E,) by how much the estimate moves when an episode is left out, less the mean of this."""
    top, bottom = (np.add.reduceat(part, _starts(episode), axis=0) for part in (terms.top, terms.bottom))
    moves = ratios(top.sum(axis=0) - top, bottom.sum(axis=0) - bottom)
    return moves - moves.mean()


def _spread(moves: NDArray[np.float64]) -> float:
    episodes = len(moves)
    return math.sqrt((episodes - 1) / episodes * float(moves @ moves)) if episodes > 1 else math.nan


def _starts(episode: NDArray[np.int64]) -> NDArray[np.int64]:
    """(E,) the first visit of each episode (V,), which ascend."""
    return np.flatnonzero(np.diff(episode, prepend=-1))


def bootstrap_intervals(
    estimates: Sequence[Terms],
    episode: NDArray[np.int64],
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> list[tuple[float, float]]:
    """Percentile bootstrap over episodes, the same draws for all estimates (Efron and Tibshirani 1993, chapter 13).

    Assumes that episodes are independent, and that the log has met what matters: where the largest weights are rare, a
    log has few of them or none, and the interval is too narrow. nan where an estimate is.

    Corrections for skewness (BCa, bootstrap-t) made it worse: with heavy weights a log that lacks the largest ones
    looks less skew than the truth is.

    Args:
        estimates: of V visits each.
        episode: (V,) number of the episode of each visit, from 0, ascending.
        rng: draws the episodes.
        resamples: how often all episodes are drawn anew, with replacement.
        level: how often an interval should hold the true value.

    Raises:
        ValueError: resamples below 1, or level not between 0 and 1.
    """
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    tail = _tail(level)
    starts = _starts(episode)
    columns = np.concatenate([part for terms in estimates for part in (terms.top, terms.bottom)], axis=1)
    sums = np.add.reduceat(columns, starts, axis=0)
    episodes, size = len(sums), min(RESAMPLES, max(1, CELLS // len(sums)))
    redrawn = np.zeros((resamples, sums.shape[1]))
    for start in range(0, resamples, size):
        part = redrawn[start : start + size]
        drawn = [np.bincount(rng.integers(episodes, size=episodes), minlength=episodes) for _ in part]
        count = np.array(drawn, dtype=np.float64)
        for first in range(0, episodes, EPISODES):
            part += count[:, first : first + EPISODES] @ sums[first : first + EPISODES]
    intervals, at = [], 0
    for terms in estimates:
        width = terms.top.shape[1]
        values = ratios(redrawn[:, at : at + width], redrawn[:, at + width : at + 2 * width])
        intervals.append((float(np.quantile(values, tail)), float(np.quantile(values, 1 - tail))))
        at += 2 * width
    return intervals


def empirical_bernstein(values: NDArray[np.float64], span: float | None = None, level: float = 0.95) -> Interval:
    """Mean of values (V,) and bounds that hold it for any number of visits (Maurer and Pontil 2009, theorem 4).

    mean +- (sqrt(2 S^2 log(4 / d) / V) + 7 span log(4 / d) / (3 (V - 1))), with S^2 the sample variance, d = 1 - level.

    Assumes that the values are independent, and lie within a known span. Where none is given that of these values is
    taken, a guess: the log may lack the greatest weights, and then the bounds are too narrow.

    Args:
        values: weighted rewards of each visit.
        span: greatest minus least value that could come, in reward units.
        level: how often an interval should hold the true value, at least.

    Raises:
        ValueError: span below that of the values, or level not between 0 and 1.
    """
    tail, mean, found = _tail(level), float(values.mean()), float(np.ptp(values))
    if span is not None and span < found:
        raise ValueError(f"span is {span:g}, but these values span {found:g}")
    if len(values) < 2:
        return Interval(mean, math.nan, math.nan)
    log = math.log(2 / tail)
    width = math.sqrt(2 * float(values.var(ddof=1)) * log / len(values))
    width += 7 * (found if span is None else span) * log / (3 * (len(values) - 1))
    return Interval(mean, mean - width, mean + width)


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    return (1 - level) / 2
