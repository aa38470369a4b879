"""An inverse propensity score that chooses, slot by slot, which slots a response depends on.

AIPS is the mean over visits of sum_k w_k r_k. w_k is one of three weights of slot k: that of its own product, as in
IIPS; of the slate down to it, as in RIPS; of the whole slate, as in SIPS. The fewer products a weight is of, the less
it varies, and the more may be wrong with it. Where responses seem to depend on products below, by the test of
`behaviour` with p < 0.01, whole slates are taken; on any others, those and slates down to the slot are left to choose
from. Of these each slot has the one with the least estimated mean squared error, s^2 / V + b^2, where

- s^2 is the sample variance of w_k r_k, no less than that of a weight of fewer products, as it is in truth; a log may
  lack the largest weights;
- b is what the log shows of the bias: for each weight w' of more products, the mean of d = (w_k - w') e_k over the
  visits should be 0, and b is how far the worst of them is beyond 2 standard errors from it. e_k are the residuals of
  the reward model: all weights agree about what depends on a slot's own product, so that taking it from r_k leaves less
  noise, and the same bias.

A bias that is too small for the log to show remains, and the intervals know nothing of it. The test sees what the
weights do not: in logs of 20,000 visits of a multinomial logit, b alone left a bias of several standard errors.

Kiyohara et al. also part the customers into groups by a tree, each with its own choice, and take the bias from the true
value or from a guess at it. Here all customers have one choice: in logs of 2,000 and 20,000 visits of which half were
paid by customers of another model, neither two nor four groups of states, nor even the true weights of each half, had
less error throughout.

Source: Kiyohara, Uehara, Narita, Shimizu, Yamamoto and Saito (2023), "Off-policy evaluation of ranking policies under
diverse user behavior".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.terms import Terms

EXCLUDES = 0.01  # p-value below which weights are out of the question; a mistake may leave very heavy ones
CLEAR = 2.0  # standard errors


def aips(evidence: Evidence) -> Terms:
    """Each slot with the weight that fits it."""
    responses = evidence.responses
    fewest = 2 if responses.below < EXCLUDES else int(responses.others < EXCLUDES)
    weight = np.empty((evidence.visits, evidence.slots))
    for slot in range(evidence.slots):
        own, down, whole = evidence.slot_weight[:, slot], evidence.prefix_weight[:, slot], evidence.prefix_weight[:, -1]
        candidates = np.stack([own, down, whole][fewest:])
        chosen = fitting(candidates, evidence.item_reward[:, slot], evidence.residual[:, slot])
        weight[:, slot] = candidates[chosen]
    return Terms.mean((weight * evidence.item_reward).sum(axis=1), weight)


def fitting(candidates: NDArray[np.float64], reward: NDArray[np.float64], residual: NDArray[np.float64]) -> int:
    """Which of weights (C, V), those that vary least first, has the least estimated error; see above."""
    visits = len(reward)
    variance = np.maximum.accumulate((candidates * reward).var(axis=1)) / visits
    bias = np.zeros(len(candidates))
    for number, weight in enumerate(candidates):
        for other in candidates[number + 1 :]:
            difference = (weight - other) * residual
            beyond = abs(float(difference.mean())) - CLEAR * float(difference.std()) / np.sqrt(visits)
            bias[number] = max(bias[number], beyond)
    return int((variance + bias**2).argmin())
