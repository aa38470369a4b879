"""Estimators with a reward model: direct, and corrected by weighted residuals.

The model says what product a in slot k earns in state x, q_k(x, a). With p the target, and w_1..w_n the weights of
slates down to a slot as in RIPS, w_0 = 1,

- DM:          mean over visits of  v(x) = sum_k sum_a P(p shows a in slot k | x) q_k(x, a);
- DR:          mean over visits of  v(x) + w_n sum_k (r_k - q_k(x, a_k));
- Cascade-DR:  mean over visits of  v(x) + sum_k w_k (r_k - q_k(x, a_k)).

DM is as good as its model. DR is unbiased whatever the model, where the log could show whatever the target shows;
Cascade-DR too, if responses depend on nothing below their slot, and with less variance. In the words of Kiyohara et al.
it is sum_k w_k (r_k - Q_k) + w_k-1 E[Q_k | a_1..a_k-1], where Q_k(x, a_1..a_k) is what the target earns from slot k on.
Here Q_k = q_k + E[Q_k+1 | a_1..a_k] holds exactly, as q_k knows nothing of the products above, so that all but this
cancels out.

Self-normalised, the weighted residuals of each column of weights are divided by their mean weight, v(x) is not: with
heavy weights this has much less variance, for a bias of the order of 1 / visits.

Sources: Dudik et al. (2014), "Doubly robust policy evaluation and optimization"; Kiyohara et al. (2022), "Doubly robust
off-policy evaluation for ranking policies under the cascade behavior model".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.terms import Terms


def dm(evidence: Evidence) -> Terms:
    """The direct method: the model's word."""
    return Terms.mean(evidence.target.direct, np.empty((evidence.visits, 0)))


def dr(evidence: Evidence) -> Terms:
    """Corrected by the residuals of whole slates."""
    weight = evidence.prefix_weight[:, -1:]
    return Terms.mean(evidence.target.direct + weight[:, 0] * evidence.residual.sum(axis=1), weight)


def sn_dr(evidence: Evidence) -> Terms:
    """DR, self-normalised."""
    return _normalised(evidence, evidence.prefix_weight[:, -1:], evidence.residual.sum(axis=1, keepdims=True))


def cascade_dr(evidence: Evidence) -> Terms:
    """Corrected by the residuals of each slot, weighted by the slate down to it."""
    weight = evidence.prefix_weight
    return Terms.mean(evidence.target.direct + (weight * evidence.residual).sum(axis=1), weight)


def sn_cascade_dr(evidence: Evidence) -> Terms:
    """Cascade-DR, self-normalised slot by slot."""
    return _normalised(evidence, evidence.prefix_weight, evidence.residual)


def _normalised(evidence: Evidence, weight: NDArray[np.float64], residual: NDArray[np.float64]) -> Terms:
    top = np.column_stack([evidence.target.direct, weight * residual])
    return Terms(top, np.column_stack([np.ones(evidence.visits), weight]), weight)
