"""Doubly robust estimators that trust the reward model where weights are large.

They are the DR and Cascade-DR of `doubly_robust`, with other weights:

- Switch-DR:  w if w <= t, else 0;
- DRos:       w / (1 + (w / t)^2), which grows up to w = t, where it is w / 2, and falls from there on. This is the
  paper's lambda w / (w^2 + lambda) with lambda = t^2.

With t = infinity both are DR, with t = 0 DM: less variance for more bias. The threshold t is the one of least estimated
mean squared error, s^2 / V + b^2, on a grid from a tenth to ten times the largest weight, and infinity. Here s^2 is the
sample variance of what is averaged over the V visits, and b bounds the bias E[(w - w') e], of new weights w' and
residuals e, by sqrt(mean(e^2)) (1 - mean(w')), added up over the columns of weights. It holds where the model is, on
average, no more wrong about slates of large weights than about a single visit. 1 is the known mean of w: a sample of w
that lacks the largest ones would take the bias for less. The bound is that of Wang et al., the greatest reward times
the target's share of what is above t, with the residuals' root mean square in place of the greatest reward; s^2 / V +
b^2 is the rule of both papers. Su et al. (section 5) take b from the sample of (w - w') e. We tried it: with a margin
for its error next to nothing was shrunk, and without, intervals held the truth half as often as they said.

A log that grows without end leads to DR. In a smaller one the estimate has a bias that its intervals know nothing of;
they held the truth as often as those of DR. The diagnosis sees w, as that of DR does.

Sources: Wang, Agarwal and Dudik (2017), "Optimal and adaptive off-policy evaluation in contextual bandits"; Su,
Dimakopoulou, Krishnamurthy and Dudik (2020), "Doubly robust off-policy evaluation with shrinkage".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.terms import Terms

STEPS = 30  # of the grid


def switch(evidence: Evidence) -> Terms:
    """Switch-DR of whole slates."""
    return _tuned(evidence, switched, evidence.prefix_weight[:, -1:], evidence.residual.sum(axis=1, keepdims=True))


def dros(evidence: Evidence) -> Terms:
    """DRos, DR with optimistic shrinkage, of whole slates."""
    return _tuned(evidence, shrunk, evidence.prefix_weight[:, -1:], evidence.residual.sum(axis=1, keepdims=True))


def cascade_dros(evidence: Evidence) -> Terms:
    """Cascade-DR with the weights of DRos, one threshold for all slots."""
    return _tuned(evidence, shrunk, evidence.prefix_weight, evidence.residual)


def switched(weight: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Weights, 0 where they are above the threshold."""
    return np.where(weight <= threshold, weight, 0.0)


def shrunk(weight: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Weights, the less of them is left the larger they are; half of one that is as large as the threshold."""
    return weight / (1 + np.square(weight / threshold))


def _tuned(
    evidence: Evidence,
    changed: Callable[[NDArray[np.float64], float], NDArray[np.float64]],
    weight: NDArray[np.float64],
    residual: NDArray[np.float64],
) -> Terms:
    """The direct estimate and the residuals (V, w) with the weights (V, w), changed by the best threshold."""
    size = np.sqrt(np.square(residual).mean(axis=0))
    largest = max(1.0, float(weight.max()))
    least, best = np.inf, np.inf
    for threshold in (*np.geomspace(0.1, 10 * largest, STEPS), np.inf):
        left = changed(weight, threshold)
        values = evidence.target.direct + (left * residual).sum(axis=1)
        bias = float(size @ np.maximum(0, 1 - left.mean(axis=0)))
        error = float(values.var()) / evidence.visits + bias**2
        if error <= least:
            least, best = error, threshold
    left = changed(weight, best)
    return Terms.mean(evidence.target.direct + (left * residual).sum(axis=1), weight)
