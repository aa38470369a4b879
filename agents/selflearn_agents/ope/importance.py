"""Inverse propensity scores of slates: of whole slates, of single slots, and of slates down to a slot.

With r_k the reward of slot k, x the state, a_k the product in slot k, p the target policy and q the logged one,

- SIPS:  mean over visits of  w sum_k r_k,    w = prod_k p(a_k | x, a_1..a_k-1) / q(a_k | x, a_1..a_k-1);
- IIPS:  mean over visits of  sum_k w_k r_k,  w_k = p(slot k shows a_k | x) / q(slot k shows a_k | x);
- RIPS:  mean over visits of  sum_k w_k r_k,  w_k = prod_j<=k p(a_j | x, a_1..a_j-1) / q(a_j | x, a_1..a_j-1).

All are unbiased where the log could show whatever the target shows, and: SIPS always, IIPS if the response to a slot
depends on its product and its place only, RIPS if it depends on nothing below it, as of customers who go from the top
down. Self-normalised, each slot has the weighted mean of its rewards: sum_k sum(w_k r_k) / sum(w_k), the sums over the
visits; for SIPS it is sum(w r) / sum(w). They have a little bias, of the order of 1 / visits, and less variance.

Sources: SIPS and IIPS, Swaminathan et al. (2017), "Off-policy evaluation for slate recommendation", and Li et al.
(2018), "Offline evaluation of ranking policies with click models"; RIPS and the normalising by slot, McInerney et al.
(2020), "Counterfactual evaluation of slate recommendations with sequential reward interactions".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.terms import Terms


def sips(evidence: Evidence) -> Terms:
    """Whole slates: no assumption, and the heaviest weights."""
    weight = evidence.prefix_weight[:, -1:]
    return Terms.mean(weight[:, 0] * evidence.reward, weight)


def sn_sips(evidence: Evidence) -> Terms:
    """SIPS, self-normalised."""
    weight = evidence.prefix_weight[:, -1:]
    return Terms(weight * evidence.reward[:, None], weight, weight)


def iips(evidence: Evidence) -> Terms:
    """Single slots: responses depend on the product and its slot only."""
    return _by_slot(evidence, evidence.slot_weight)


def sn_iips(evidence: Evidence) -> Terms:
    """IIPS, self-normalised slot by slot."""
    return _normalised(evidence, evidence.slot_weight)


def rips(evidence: Evidence) -> Terms:
    """Slates down to the slot: responses depend on nothing below."""
    return _by_slot(evidence, evidence.prefix_weight)


def sn_rips(evidence: Evidence) -> Terms:
    """RIPS, self-normalised slot by slot."""
    return _normalised(evidence, evidence.prefix_weight)


def _by_slot(evidence: Evidence, weight: NDArray[np.float64]) -> Terms:
    return Terms.mean((weight * evidence.item_reward).sum(axis=1), weight)


def _normalised(evidence: Evidence, weight: NDArray[np.float64]) -> Terms:
    return Terms(weight * evidence.item_reward, weight, weight)
