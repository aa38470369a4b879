"""Customers who choose one product of the slate, or none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.preference import PreferenceCustomers
from selflearn_env.core.customers.random_slates import mean_along_slates
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards

PRECISION = 1e-9  # aimed at by the quadrature over random slates; it reaches about 1e-8
MANY_NODES = 64  # the most of Gauss-Laguerre; beyond, a rule with this step, for sums of attractions up to the largest
STEP, LARGEST = 0.45, 1e9
CELLS = 2**17  # products x nodes worked on at once


class LogitCustomers(PreferenceCustomers):
    """The multinomial logit with an outside option: at most one purchase, and the products of a slate compete for it.

    With attractions w(state, product) and 1 for buying nothing, product p of slate A is bought with w_p / D, where
    D = 1 + sum of w over A (Luce 1959; McFadden 1974). A customer who buys nothing, with probability 1 / D, looks on
    and clicks each product with c(state, product); one who buys is done. The appeal of a product is (w, c).

    Hence a slate earns n * ignore + (sum of a over A) / D with a = w (buy - ignore) + c (click - ignore): a ratio of
    two sums, whose greatest value t is the one at which the n products of greatest a - t w sum up to t (the parametric
    search of Rusmevichientong, Shen and Shmoys 2010, here by the iteration of Dinkelbach 1967, which rises to t in few
    steps). The order of a slate makes no difference. If buyers clicked as well, the sum would be no such ratio, and the
    best slate hard to find: with a cost per product the problem is NP-complete (Kunnumkal, Rusmevichientong and
    Topaloglu 2010).

    Calibrated: the article's start earns the article's mean purchases and clicks.
    """

    @staticmethod
    def appeal_of(incidence: NDArray, buy_level: float, click_level: float) -> NDArray[np.float32]:
        """(..., 2) w = buy_level * incidence and c = min(1, click_level * sqrt(incidence))."""
        click = np.minimum(1.0, click_level * np.sqrt(incidence, dtype=np.float64))
        return np.stack([buy_level * incidence.astype(np.float64), click], axis=-1).astype(np.float32)

    @staticmethod
    def _drift(appeal: NDArray, factor: NDArray) -> None:
        """Attractions change in proportion, clicks by the square root."""
        appeal[..., 0] *= factor
        np.minimum(appeal[..., 1] * np.sqrt(factor), 1.0, out=appeal[..., 1])

    @property
    def uniforms(self) -> int:
        """One draw for the purchase, and one per slot for its click."""
        return 1 + self.slate_size

    def _respond(self, appeal: NDArray[np.float32], uniforms: NDArray) -> NDArray[np.int8]:
        """The first draw falls on one of the products, laid end to end, or behind them all."""
        ends = np.cumsum(appeal[..., 0], axis=1, dtype=np.float64)
        point = uniforms[:, :1] * (1.0 + ends[:, -1:])
        passed = point >= ends
        nothing = passed[:, -1:]
        response = ((uniforms[:, 1:] < appeal[..., 1]) & nothing).view(np.int8)
        buyers = np.flatnonzero(~nothing)
        response[buyers, passed[buyers].sum(axis=1)] = 2
        return response

    def _probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        chosen = appeal / (1.0 + appeal[..., 0].sum(axis=1))[:, None, None]
        return _with_ignored(chosen)

    def _best_slates(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        attraction = appeal[..., 0]
        gain = appeal @ np.array([rewards.buy - rewards.ignore, rewards.click - rewards.ignore])
        best, ratio = np.empty((len(appeal), self.slate_size), dtype=np.int64), np.full(len(appeal), -np.inf)
        trial = np.zeros(len(appeal))
        rises = np.arange(len(appeal))
        while rises.size:
            slates = top(gain[rises] - trial[rises, None] * attraction[rises], self.slate_size)
            shown = rises[:, None], slates
            total, weight = gain[shown].sum(axis=1), attraction[shown].sum(axis=1)
            found = total / (1.0 + weight)
            higher = found > ratio[rises]
            rises = rises[higher]
            best[rises], ratio[rises], trial[rises] = slates[higher], found[higher], found[higher]
        return best

    def _random_probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 / D is the integral of exp(-t D) over t > 0, and exp(-t D) is a product over the slate."""
        attraction = appeal[..., 0]
        largest = 1.0 + np.partition(attraction, -self.slate_size, axis=1)[:, -self.slate_size :].sum(axis=1)
        chosen = np.zeros((len(appeal), 2))
        for row, nodes in enumerate(_nodes(largest)):
            t, weight = _quadrature(largest[row], nodes)
            some = max(1, CELLS // attraction.shape[1])
            for at in range(0, len(t), some):
                node = slice(at, at + some)
                share = np.exp(-t[node, None] * attraction[row])  # (T, P)
                mean = mean_along_slates(share, appeal[row].T[:, None] * share, self.slate_size)[
                    -1
                ]  # by any one of the slots
                chosen[row] += mean @ (weight[node] * np.exp(-t[node]))
        return np.repeat(_with_ignored(chosen)[:, None, :], self.slate_size, axis=1)


def _nodes(largest: NDArray[np.float64]) -> NDArray[np.int64]:
    """(B,) nodes of Gauss-Laguerre that integrate exp(-t D) for all D from 1 to `largest` (B,); or too many.

    On the scale sqrt(largest) the error falls per node with the square of (sqrt(largest) - 1) / (sqrt(largest) + 1).
    """
    root = np.sqrt(np.maximum(largest, 1.5))
    needed = np.log(PRECISION) / (2.0 * np.log((root - 1.0) / (root + 1.0)))
    return np.minimum(4 * np.ceil(needed / 4), MANY_NODES + 1).astype(np.int64)


def _quadrature(largest: float, nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes t and weights (T,) such that the sum of weight * exp(-t D) is 1 / D for all D from 1 to `largest`.

    Gauss-Laguerre; where that takes too many nodes, the trapezoidal rule in log t, which takes as many for every D.
    """
    if nodes <= MANY_NODES:
        node, weight = np.polynomial.laguerre.laggauss(int(nodes))
        root = np.sqrt(largest)
        return node / root, weight * np.exp(node) / root
    t = np.exp(np.arange(np.log(PRECISION / LARGEST), np.log(25.0) + STEP, STEP))
    return t, STEP * t


def _with_ignored(chosen: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) ignored, clicked, bought from (bought, clicked)."""
    return np.concatenate([1.0 - chosen.sum(axis=-1, keepdims=True), chosen[..., ::-1]], axis=-1)
