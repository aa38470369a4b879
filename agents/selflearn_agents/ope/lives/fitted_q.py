"""Fitted-Q evaluation: what a life is worth, by a model of how one visit leads to the next.

Linear in features f(x_t, a_t) of a visit and its slate; with F = E[f(x_t, A)], A drawn by the target p,

    Q_h = f' b_h,    b_h = argmin over b of  sum_t (r_t + g F_{t+1}' b_{h-1} - f_t' b)^2 + ridge |b|^2,    b_0 = 0,

the sum over all visits of the log, F_{t+1} = 0 after the last one of a life. b_h is what h more visits are worth;
the estimate is the mean over lives of F_1' b_H. After enough steps b_h moves no more, and is then what least-squares
temporal differences solve for. It takes for granted that features say all that matters of a customer's past, and that
r and g F' b are linear in them: then its error falls as one over the root of the number of *visits*, whatever the
length of lives. Where they do not, it is wrong, and nothing in the log shows by how much.

The error of the estimate, if the model is right, is that of its linearisation: the mean over lives of

    F_1' b_H + E sum_h u_h' G^-1 sum_t f_t (r_t + g F_{t+1}' b_{h-1} - f_t' b_h),    u_H = mean F_1,
    u_{h-1} = g M' G^-1 u_h,    G = sum_t f_t f_t' + ridge,    M = sum_t f_t F_{t+1}',    E lives.

Sources: Le, Voloshin and Yue (2019), "Batch policy learning under constraints", algorithm 3; linear, Duan, Jia and Wang
(2020), "Minimax-optimal off-policy evaluation with linear function approximation"; its error, Hao et al. (2021),
"Bootstrapping fitted Q-evaluation for off-policy inference"; the fixed point, Lagoudakis and Parr (2003), LSTDQ.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.ope.lives.weights import Beginnings
from selflearn_agents.ope.terms import Terms

RIDGE = 1.0  # as if each feature had been seen once more, in a visit that earned nothing and was the last


class Transitions(NamedTuple):
    """Visits (V,) of lives, one life after the other, and their features.

    Attributes:
        shown: (V, d) f, of the visit and the slate that it was shown.
        expected: (V, d) F, of the visit and a slate that the target would show.
        reward: (V,) in reward units.
        life: (V,) number of the life, from 0, ascending.
        follows: (V,) whether another visit of that life follows, which is the next row.
    """

    shown: NDArray[np.float64]
    expected: NDArray[np.float64]
    reward: NDArray[np.float64]
    life: NDArray[np.int64]
    follows: NDArray[np.bool_]


def fqe(lives: Beginnings) -> Terms:
    """The model's word, from features of what a log knows of its customers."""
    evidence, log = lives.evidence, lives.evidence.log
    visits = Transitions(*evidence.features, log.reward, log.episode, ~log.over)
    learned_from = evidence.visit < lives.visits
    contribution = fitted_q(visits, lives.visits, evidence.discount, learned_from=learned_from)
    return Terms.mean(contribution, np.empty((lives.lives, 0)))


def fitted_q(
    visits: Transitions,
    steps: int,
    discount: float = 1.0,
    ridge: float = RIDGE,
    learned_from: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """(E,) contributions of lives, whose mean is the estimate and whose spread is its error; see above.

    Args:
        visits: the log.
        steps: H, how many visits of a life count.
        discount: g.
        ridge: see above; 0 where features do not depend on each other.
        learned_from: (V,) bool, the visits that the sums are over; None for all.
    """
    rows = np.arange(len(visits.life)) if learned_from is None else np.flatnonzero(learned_from)
    shown, reward, life = visits.shown[rows], visits.reward[rows], visits.life[rows]
    after = np.zeros_like(shown)
    goes_on = visits.follows[rows]
    after[goes_on] = discount * visits.expected[rows[goes_on] + 1]
    first = visits.expected[np.diff(visits.life, prepend=-1) > 0]
    lives, size = first.shape

    # No `@` over visits: its bits depend on how many threads there are.
    inverse = np.linalg.inv(np.einsum("vi,vj->ij", shown, shown) + ridge * np.eye(size))
    earned = inverse @ np.einsum("vi,v->i", shown, reward)
    leads = inverse @ np.einsum("vi,vj->ij", shown, after)
    weights = [np.zeros(size)]
    for _ in range(steps):
        weights.append(earned + leads @ weights[-1])

    reach = first.mean(axis=0)  # u_h
    summed, before, own = np.zeros(size), np.zeros((size, size)), np.zeros((size, size))
    for step in range(steps, 0, -1):  # the residuals' parts, each summed over h
        direction = inverse @ reach
        summed += direction
        before += np.outer(direction, weights[step - 1])
        own += np.outer(direction, weights[step])
        reach = leads.T @ reach
    pull = np.einsum("vi,i->v", shown, summed) * reward
    pull += (np.einsum("vi,ij->vj", shown, before) * after).sum(axis=1)
    pull -= (np.einsum("vi,ij->vj", shown, own) * shown).sum(axis=1)
    influence = lives * np.bincount(life, pull, minlength=lives)
    worth = np.einsum("ei,i->e", first, weights[-1])
    contribution: NDArray[np.float64] = worth + influence - influence.mean()  # 0 without a ridge
    return contribution
