"""The pseudo-inverse estimator: of whole slates' rewards that are sums over slots, whatever each slot adds.

PI is the mean over visits of w r, with r the reward of the slate and w = m' G^+ s: s (n P,) marks what each slot
showed, m is the target's expectation of s in this state, G the logged policy's expectation of s s'. It is unbiased
where the expected reward is a sum of unknown parts of (state, slot, product), and the log could show whatever the
target shows; rewards of single slots need not be known. G has a known inverse in two cases, with m_k(a) the target's
and q_k(a) the logged policy's probability that slot k shows a, and a_k what was shown:

- the logged policy draws its slots independently of each other:  w = 1 + sum_k (m_k(a_k) / q_k(a_k) - 1);
- it shows n of P products in any order, all equally likely:
  w = 1 + P (P - 1) / (P - n) (c - n / P) + (P - 1) (sum_k m_k(a_k) - c),  c = sum_j sum_k m_k(a_j) / n,
  without the second term where n = P. This follows from the eigenspaces of G: means and deviations over slots, times
  means and deviations over products, have the eigenvalues n / P, (P - n) / (P (P - 1)), 0 and 1 / (P - 1).

A log whose propensities are those of the second case is taken as such. Every other one is treated as the first, which
is an approximation where slots depend on each other; the verdict then says so.

Control variates have a known mean and are subtracted: w - 1, and m_k(a_k) / q_k(a_k) - 1 of each slot, all of mean 0.

Sources: Swaminathan et al. (2017), "Off-policy evaluation for slate recommendation"; Vlassis et al. (2021), "Control
variates for slate off-policy evaluation".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.terms import Terms


def pi(evidence: Evidence) -> Terms:
    """Plain."""
    weight = pi_weight(evidence)
    return Terms.mean(weight * evidence.reward, weight[:, None])


def sn_pi(evidence: Evidence) -> Terms:
    """Self-normalised, "wPI": sum(w r) / sum(w)."""
    weight = pi_weight(evidence)[:, None]
    return Terms(weight * evidence.reward[:, None], weight, weight)


def pi_cv(evidence: Evidence) -> Terms:
    """With a control variate for each slot: the mean of w r - sum_k b_k (y_k - 1), y_k = m_k(a_k) / q_k(a_k).

    b = Cov(y)^+ Cov(y, w r), from the same log, which costs a bias of the order of 1 / visits.
    """
    weight = pi_weight(evidence)
    weighted, control = weight * evidence.reward, evidence.slot_weight - 1
    centred = control - control.mean(axis=0)
    slope = np.linalg.lstsq(centred.T @ centred, centred.T @ (weighted - weighted.mean()), rcond=None)[0]
    return Terms.mean(weighted - control @ slope, weight[:, None])


def pi_weight(evidence: Evidence) -> NDArray[np.float64]:
    """(V,) the weights w of the slates."""
    if not evidence.is_uniform:
        return 1 + (evidence.slot_weight - 1).sum(axis=1)
    products, slots = evidence.products, evidence.slots
    here, anywhere = evidence.target.shown.sum(axis=1), evidence.target.covered
    weight = 1 + (products - 1) * (here - anywhere)
    if slots < products:
        weight += products * (products - 1) / (products - slots) * (anywhere - slots / products)
    return weight
