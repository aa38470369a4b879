"""Whether the responses of a log depend on the other products of the slate, which several estimators rule out."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special  # the distributions of scipy.stats, without its slow import

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.intervals import degrees_of_freedom


class Behaviour(NamedTuple):
    """How surely responses depend on what else a slate shows; nan where a log is too small or too thin to tell.

    Attributes:
        above: p-value of there being no trend with the appeal of the products above the slot.
        below: p-value of there being no trend with the appeal of those below it, the ones above being equal.
    """

    above: float
    below: float


def behaviour(log: VisitLog) -> Behaviour:
    """Compares showings of one product in one slot and one state, whose expected rewards should be the same.

    Appeal is the mean reward of a product in the log. Rewards r and the sums z of the appeals above and below are taken
    as deviations from their means over all showings of the same product in the same slot and state; r is regressed on
    both z. Tested is whether the slopes are 0, with standard errors by episode (the sandwich of Liang and Zeger 1986,
    times N / (N - K) for N showings of K kinds that have more than one) and the t distribution as in `intervals`.

    Whatever the policy was, the slopes are 0 where a response depends on its product, slot and state only. What is
    found are trends: an effect that the sum of appeals does not show stays hidden, and so does any in a log that seldom
    shows the same product again in the same slot and state.
    """
    visits, slots = log.slate.shape
    shown = log.slate.ravel()
    appeal = np.bincount(shown, log.item_reward.ravel()) / np.maximum(np.bincount(shown), 1)
    own = appeal[log.slate]
    down = own.cumsum(axis=1)
    kind = pd.factorize(((log.state[:, None] * slots + np.arange(slots)) * appeal.size + log.slate).ravel())[0]
    alike = np.bincount(kind)
    compared, free = alike[alike > 1].sum(), (alike - 1).sum()
    reward, above, below = (_deviations(each, kind) for each in (log.item_reward, down - own, down[:, -1:] - down))
    regressors = np.stack([above, below])  # (2, V n)
    squares = regressors @ regressors.T
    if not free or np.linalg.matrix_rank(squares, hermitian=True) < 2:
        return Behaviour(math.nan, math.nan)
    inverse = np.linalg.inv(squares)
    slope = inverse @ regressors @ reward
    pull = (regressors * (reward - slope @ regressors)).reshape(2, visits, slots).sum(axis=2)
    p_values = []
    for found, of_visit in zip(slope, inverse @ pull, strict=True):
        of_episode = np.bincount(log.episode, of_visit).astype(np.float64, copy=False)
        error = math.sqrt(compared / free * float(of_episode @ of_episode))
        far = abs(found) / error if error else math.nan
        p_values.append(2 * float(special.stdtr(degrees_of_freedom(of_episode), -far)))
    return Behaviour(*p_values)


def _deviations(values: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """(V n,) values (V, n) less the mean of their kind (V n,)."""
    flat = values.ravel()
    mean = np.bincount(kind, flat) / np.bincount(kind)
    deviations: NDArray[np.float64] = flat - mean[kind]
    return deviations
