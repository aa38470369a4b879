"""Whether the responses of a log depend on the other products of the slate, which several estimators rule out."""

from __future__ import annotations

import math
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special  # the distributions of scipy.stats, without its slow import

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.intervals import degrees_of_freedom

UNLIKELY = 0.05  # p-value below which responses are taken to depend on others; of five logs of a hundred, wrongly
OFTEN = 5  # showings of one product in one slot and state, from which they are compared with each other only
ROUNDS = 100  # of taking out means in turns, at most,
CLOSE = 1e-5  # until none is more than this, of the spread

_found: WeakKeyDictionary[VisitLog, Behaviour] = WeakKeyDictionary()  # several targets are judged by a log


class Behaviour(NamedTuple):
    """How surely responses depend on what else a slate shows; nan where a log is too small to tell.

    Attributes:
        others: p-value of there being no trend with the appeal of the other products, be they above or below.
        below: p-value of there being none with the appeal of those below, the ones above being equal.
    """

    others: float
    below: float


def behaviour(log: VisitLog) -> Behaviour:
    """Whether a product earns more, or less, the more appealing the other products of its slate are.

    Appeal is the mean reward of a product in the log. Rewards, and the sums of the appeals above and below, are taken
    as deviations from their means over the showings of the same product in the same slot and state. Of showings of
    which there are fewer than 5, as deviations from the sum of what state and slot, product and slot, and state and
    product have in common (three fixed effects). Then rewards are regressed on both sums. Tested is whether both
    slopes, and that of the products below, are 0 (Wald), with variances by episode (the sandwich of Liang and Zeger
    1986, times N / (N - K) for N showings that are not alone and K means) and degrees of freedom as in `intervals`.

    The slopes are 0 where a response depends on its product, slot and state only: whatever the policy was among
    showings that are often met, and among the others if what the policy puts around a product is such a sum. What is
    found are trends: an effect that sums of appeals do not show stays hidden.
    """
    if log not in _found:
        _found[log] = _regress(log)
    return _found[log]


def _regress(log: VisitLog) -> Behaviour:
    visits, slots = log.slate.shape
    slot = np.broadcast_to(np.arange(slots), log.slate.shape).ravel()
    state, shown = np.repeat(log.state, slots), log.slate.ravel()
    appeal = np.bincount(shown, log.item_reward.ravel()) / np.maximum(np.bincount(shown), 1)
    own = appeal[log.slate]
    down = own.cumsum(axis=1)
    means = _Means(state, slot, shown)
    if means.free < 1:
        return Behaviour(math.nan, math.nan)
    reward, above, below = map(means.taken_out, (log.item_reward, down - own, down[:, -1:] - down))
    regressors = np.stack([above, below])  # (2, V n)
    squares = np.einsum("iv,jv->ij", regressors, regressors)  # BLAS adds up in another order with each thread
    nothing = 1e-9 * means.compared * float(appeal.var())
    if np.linalg.matrix_rank(squares, tol=nothing, hermitian=True) < 2:
        return Behaviour(math.nan, math.nan)
    inverse = np.linalg.inv(squares)
    slope = inverse @ np.einsum("iv,v->i", regressors, reward)
    rest = reward - slope[0] * above - slope[1] * below
    pull = np.einsum("ij,jv->iv", inverse, (regressors * rest).reshape(2, visits, slots).sum(axis=2))
    pulls = np.stack([np.bincount(log.episode, each) for each in pull])  # (2, E)
    variance = means.compared / means.free * np.einsum("ie,je->ij", pulls, pulls)
    if np.linalg.matrix_rank(variance, hermitian=True) < 2:
        return Behaviour(math.nan, math.nan)
    degrees = [degrees_of_freedom(each) for each in pulls]
    both = float(slope @ np.linalg.solve(variance, slope)) / 2
    far = abs(float(slope[1])) / math.sqrt(variance[1, 1])
    return Behaviour(float(special.fdtrc(2, min(degrees), both)), 2 * float(special.stdtr(degrees[1], -far)))


class _Means:
    """What is taken out of N numbers: means by pairs of three labels, or by all three at once where these often meet.

    Attributes:
        compared: how many of the numbers are not alone in a group.
        free: how many of them are left to tell, less one for each mean.
    """

    def __init__(self, state: NDArray[np.int64], slot: NDArray[np.int64], product: NDArray[np.int64]):
        """Remembers the labels (N,), (N,) and (N,)."""
        slots, products = int(slot.max()) + 1, int(product.max()) + 1
        pairs = (state * slots + slot, product * slots + slot, state * products + product)
        all_three = pd.factorize(pairs[0] * products + product)[0]
        often = np.bincount(all_three)[all_three] >= OFTEN
        self._rare = ~often
        # -1 - all_three has none of the pairs' numbers.
        self._groups = [pd.factorize(np.where(often, -1 - all_three, pair))[0] for pair in pairs]
        self._counts = [np.bincount(group) for group in self._groups]
        sizes = np.stack([count[group] for count, group in zip(self._counts, self._groups, strict=True)])
        alike = sizes.min(axis=0) > 1
        means = [np.unique(group[alike & self._rare]).size for group in self._groups]
        self.compared = int(np.count_nonzero(alike))
        self.free = self.compared - sum(means) - np.unique(all_three[often]).size

    def taken_out(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) what is left of so many values."""
        left = values.astype(np.float64).ravel()
        close = CLOSE * float(left.std())
        for _ in range(ROUNDS):
            moved = 0.0
            for group, count in zip(self._groups, self._counts, strict=True):
                mean = np.bincount(group, left) / count
                left -= mean[group]
                moved = max(moved, float(np.abs(mean).max()))
            if moved <= close or not self._rare.any():
                break
        return left
