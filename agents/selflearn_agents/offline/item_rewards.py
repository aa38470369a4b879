"""What products earn when they are looked at, learned from a log and drawn to what the history says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.offline.foreknowledge import Foreknowledge
from selflearn_env.core.rewards import IGNORED

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog

ROUNDS = 3  # of the factors and the slots in turn
SLOT_WEIGHT = 10.0  # gains that the belief in equal slots is worth
EXPONENT_WEIGHT = 10.0  # precision of the belief that the exponent is 1
NEWTON = 50  # steps at most
MISFITS = np.append(1e-6, 4.0 ** np.arange(-4, 3))  # variances that are tried
SURE = 3.0  # standard errors
CLOSE, STRIDE = 1e-6, 0.5  # step of the exponent at which it is found; the longest


class ItemRewards(NamedTuple):
    """Expected rewards: of product p in state s and slot k, least + unit * examined_k * exp(appeal).

    Attributes:
        appeal: (S, P) float32 logarithm of what it gains above being ignored, in units.
        examined: (n,) how much of that each slot gains.
        order: (n,) slots, from the one that gains most; of two that may well be alike the upper is first.
        least: reward of what is ignored, in reward units.
        unit: what one gain is worth, in reward units.
        exponent: of the history's incidence.
        misfit: (L,) variance of the factors at each level beside what the history leaves open.
        key, evidence: (U,) ascending keys that were shown, and how many gains the factor there rests on.
    """

    appeal: NDArray[np.float32]
    examined: NDArray[np.float64]
    order: NDArray[np.int64]
    least: float
    unit: float
    exponent: float
    misfit: NDArray[np.float64]
    key: NDArray[np.int64]
    evidence: NDArray[np.float64]

    def spread(self, known: Foreknowledge) -> NDArray[np.float32]:
        """(S, P) standard deviation of the appeal: the root of the sum over the levels of 1 / evidence."""
        products = self.appeal.shape[1]
        variance = np.empty_like(self.appeal)
        of_row: dict[int, NDArray[np.float64]] = {}
        for state, rows in enumerate(known.rows.tolist()):
            of_row = {row: of_row[row] if row in of_row else self._of_row(row, known) for row in rows}
            variance[state] = np.sum(list(of_row.values()), axis=0)
        return np.sqrt(variance).reshape(-1, products)

    def _of_row(self, row: int, known: Foreknowledge) -> NDArray[np.float64]:
        """(P,) 1 / evidence of the factors of a group."""
        products = self.appeal.shape[1]
        keys = np.arange(row * products, (row + 1) * products)
        evidence = 1.0 / (self.exponent**2 / known.shape(keys) + self.misfit[known.level[row]])
        own = slice(*np.searchsorted(self.key, [keys[0], keys[-1] + 1]))
        evidence[self.key[own] - keys[0]] = self.evidence[own]
        return 1.0 / evidence


def learn_rewards(log: VisitLog, known: Foreknowledge) -> ItemRewards:
    """Fits the model to a log.

    What a shown product gains above being ignored, g = reward - least, has the expectation

        unit * e_k * incidence^exponent * product over the levels l of f_l(p)

    with e_k of the slot (the position-based model: Craswell et al. 2008), incidence of the history, and a factor f_l of
    the product in the group of the state at each level of the history's pooling. unit = sum of g^2 / sum of g makes
    gains out of g whose variance is about their mean, as if each were a purchase of its own (quasi-Poisson).

    - The exponent has the greatest quasi-likelihood without factors, and is drawn to 1: of whatever is gained, some is
      less choosy than purchases are.
    - f_l = (gains + a_l) / (expected + a_l), given the levels above, is the posterior mean of a Gamma-Poisson model
      with 1 / a_l = exponent^2 / shape + m_l (Gelman et al., BDA 3, section 2.6). The shape is that of the history's
      pooling, its purchases of the product in the group and the level's weight: so much variance it leaves open. m_l is
      what else there is, where the history is wrong; it makes the gains at the level most likely (`fit_misfit`).
    - e_k = (gains + 10) / (expected + 10 / e), over the slot, with e of all slots.

    Where the log shows nothing, all factors are 1. Where nothing gains, the history stands.
    """
    slots, products = log.slate.shape[1], known.incidence.shape[1]
    least = reward_of_ignored(log)
    gain = (log.item_reward - least).ravel()
    total, squares = float(gain.sum()), float(np.square(gain).sum())
    if total <= 0.0:
        nothing = np.zeros(0, dtype=np.int64)
        misfit = np.full(known.rows.shape[1], MISFITS[0])
        return ItemRewards(
            np.log(known.incidence), np.ones(slots), np.arange(slots), least, 1.0, 1.0, misfit, nothing, np.zeros(0)
        )
    unit = squares / total
    gain /= unit
    # A cell is a state and product; what was shown there is one sum, but for the slots.
    cell, of_showing = np.unique((log.state[:, None] * products + log.slate).ravel(), return_inverse=True)
    slot = np.tile(np.arange(slots), len(log))
    state, product = cell // products, cell % products
    gained, of_slot = np.bincount(of_showing, gain), np.bincount(slot, gain, slots)
    logarithm = np.log(known.incidence[state, product].astype(np.float64))
    exponent = fit_exponent(logarithm[of_showing], slot, gain, of_slot)
    keys, places = [], []
    for rows in known.rows.T:
        own, place = np.unique(rows[state] * products + product, return_inverse=True)
        keys.append(own)
        places.append(place)
    open_ = [exponent**2 / known.shape(own) for own in keys]  # variances
    misfit = np.zeros(len(keys))
    examined = _examined(exponent * logarithm, of_showing, slot, of_slot)
    for _ in range(ROUNDS):
        exposure: NDArray = np.bincount(of_showing, examined[slot])
        appeal, factors, evidence = exponent * logarithm, [], []
        for level, (place, own) in enumerate(zip(places, open_, strict=True)):
            found = np.maximum(np.bincount(place, gained), 0.0)
            expected: NDArray = np.bincount(place, exposure * np.exp(appeal))
            if not misfit[level]:
                misfit[level] = fit_misfit(found, expected, own)
            weight = 1.0 / (own + misfit[level])
            factor = np.log((found + weight) / (expected + weight))
            factors.append(factor)
            evidence.append(found + weight)
            appeal += factor[place]
        examined = _examined(appeal, of_showing, slot, of_slot)
    key = np.concatenate(keys)
    everywhere = _everywhere(key, np.concatenate(factors), exponent, known)
    order = order_of_slots(examined, of_slot)
    return ItemRewards(everywhere, examined, order, least, unit, exponent, misfit, key, np.concatenate(evidence))


def reward_of_ignored(log: VisitLog) -> float:
    """What a product earns that is ignored, on average; where nothing is said to be ignored, the least reward."""
    ignored = log.response == IGNORED
    return float(log.item_reward[ignored].mean() if ignored.any() else log.item_reward.min())


def fit_exponent(x: NDArray[np.float64], slot: NDArray, gain: NDArray, of_slot: NDArray) -> float:
    """The exponent a of greatest quasi-likelihood of gains (N,) with means e_k exp(a x), less 10 (a - 1)^2 / 2.

    By Newton's method; for each a, e_k is such that the slot's means add up to its gains, `of_slot` (n,).
    """
    exponent = 1.0
    for _ in range(NEWTON):
        mean = np.exp(exponent * x)
        mean *= (of_slot / np.bincount(slot, mean, len(of_slot)))[slot]
        centre = np.bincount(slot, mean * x, len(of_slot)) / np.where(of_slot == 0, 1.0, of_slot)
        slope = float((gain - mean) @ x) + EXPONENT_WEIGHT * (1.0 - exponent)
        step = slope / (float(mean @ np.square(x - centre[slot])) + EXPONENT_WEIGHT)
        exponent = max(exponent + min(max(step, -STRIDE), STRIDE), 0.0)
        if abs(step) < CLOSE:
            break
    return exponent


def fit_misfit(found: NDArray[np.float64], expected: NDArray[np.float64], own: NDArray[np.float64]) -> float:
    """Which of a few variances m makes gains (U,) most likely; the least, where several do.

    The factors have a Gamma prior of mean 1 and shape a = 1 / (own + m). The gains are then negative binomial, with a
    log-likelihood, but for a constant, of sum of lgamma(g + a) - lgamma(a) + a log(a) - (g + a) log(expected + a).

    Args:
        found: gains of each key.
        expected: what they would be if the factors were 1.
        own: variance of the factors by what the history leaves open.
    """
    from scipy.special import gammaln  # slow; only who learns needs it

    likelihood = []
    for misfit in MISFITS:
        shape = 1.0 / (own + misfit)
        each = (
            gammaln(found + shape) - gammaln(shape) + shape * np.log(shape) - (found + shape) * np.log(expected + shape)
        )
        likelihood.append(float(each.sum()))
    return float(MISFITS[int(np.argmax(likelihood))])


def _examined(appeal: NDArray, of_showing: NDArray, slot: NDArray, of_slot: NDArray) -> NDArray[np.float64]:
    """(n,) e_k, given the appeal of the cells (C,) and the gains of the slots (n,)."""
    expected = np.bincount(slot, np.exp(appeal)[of_showing], len(of_slot))
    return (of_slot + SLOT_WEIGHT) / (expected + SLOT_WEIGHT * expected.sum() / of_slot.sum())


def order_of_slots(examined: NDArray, gains: NDArray) -> NDArray[np.int64]:
    """(n,) slots by how much they gain, given e_k and the gains (n,) that each rests on.

    A slot comes before one above it only if it gains more by 3 standard errors of log(e_j / e_k), whose variance is
    1 / gains_j + 1 / gains_k: people read from the top, and a best product that is put elsewhere by chance is lost.
    """
    order: list[int] = []
    variance = 1.0 / np.maximum(gains, 1e-9)
    for slot in range(len(examined)):
        at = len(order)
        while at and np.log(examined[slot] / examined[order[at - 1]]) > SURE * np.sqrt(
            variance[slot] + variance[order[at - 1]]
        ):
            at -= 1
        order.insert(at, slot)
    return np.array(order)


def _everywhere(key: NDArray, factor: NDArray, exponent: float, known: Foreknowledge) -> NDArray[np.float32]:
    """(S, P) the appeal, given the logarithms of the factors (U,) at ascending keys (U,)."""
    products = known.incidence.shape[1]
    appeal = np.log(known.incidence) * np.float32(exponent)
    begin, end = np.searchsorted(key, known.rows * products), np.searchsorted(key, (known.rows + 1) * products)
    for state, rows in enumerate(known.rows.tolist()):
        for level, row in enumerate(rows):
            own = slice(begin[state, level], end[state, level])
            appeal[state, key[own] - row * products] += factor[own]
    return appeal
