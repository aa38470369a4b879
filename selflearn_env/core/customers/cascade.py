"""Customers who scan from the top and may leave when they have bought."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.preference import PreferenceCustomers, response_probabilities
from selflearn_env.core.customers.random_slates import mean_along_slates
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import BOUGHT, Rewards

CELLS = 2**17  # states x products worked on at once: few enough to stay in the cache
INTERVALS = 8  # of what the slots below may earn, when products are found that cannot be in a best slate


class CascadeCustomers(PreferenceCustomers):
    """The cascade with satisfaction: slots are looked at from the top; who has bought leaves with `leave`.

    What is not reached is ignored. With b the probability that a product that is reached is bought, slot k is reached
    with the product of 1 - leave * b over the slots above it (dependent click model, Guo, Liu and Wang 2009, with
    purchases as the satisfying event; leave = 1 is the cascade model of Craswell et al. 2008).

    The best slate: with v what a reached product earns above being ignored, products i, j in neighbouring slots earn
    more in the order i, j exactly if v_i b_j >= v_j b_i, so a best slate is sorted by falling v / b; which n products
    it has follows by dynamic programming along that order (Kempe and Mahdian 2008, section 3):

        best(i, k) = max(best(i + 1, k), v_i + (1 - leave * b_i) best(i + 1, k - 1))

    Few products need be looked at. With W what the slots below earn, a slot is worth v - leave * b * W beside W. If n
    products are worth more than another at both ends of an interval of W, they are worth more anywhere in it, and one
    of them is not in the slate and would be better there.

    Calibrated: the article's start earns the article's mean purchases and clicks.
    """

    def __init__(self, appeal: NDArray[np.float32], slate_size: int, *, leave: float = 0.5):
        """Keeps appeal and leaving.

        Args:
            appeal: (S, P, 2) of each product in each state.
            slate_size: products per slate, n.
            leave: probability that a customer leaves after a purchase, 0..1.

        Raises:
            ValueError: `leave` is no probability.
        """
        super().__init__(appeal, slate_size)
        if not is_number(leave) or not 0 <= leave <= 1:
            raise ValueError(f"leave is a probability, 0..1, got {leave!r}")
        self.leave = np.float32(leave)

    def _respond(self, appeal: NDArray[np.float32], uniforms: NDArray) -> NDArray[np.int8]:
        """A draw below the first number buys, below the second clicks; a buyer's draw also says whether to leave."""
        buy = appeal[..., 0]
        response = (uniforms < buy).view(np.int8) + (uniforms < appeal[..., 1]).view(np.int8)
        left = np.logical_or.accumulate(uniforms < self.leave * buy, axis=1)
        response[:, 1:][left[:, :-1]] = 0
        return response

    def _probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        stay = 1.0 - self.leave * appeal[:, :-1, 0]
        reached = np.cumprod(np.concatenate([np.ones((len(appeal), 1)), stay], axis=1), axis=1)
        return response_probabilities(appeal * reached[..., None])

    def _best_slates(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        probability = response_probabilities(appeal)
        value, buy = probability @ rewards.by_response - rewards.ignore, probability[..., BOUGHT]
        leading = self._leading(value, buy)
        value, buy = (np.take_along_axis(of, leading, axis=1) for of in (value, buy))
        return np.take_along_axis(leading, self._best_by_order(value, buy), axis=1)

    def _leading(self, value: NDArray[np.float64], buy: NDArray[np.float64]) -> NDArray[np.int64]:
        """(B, m) products, ascending, among which are all that a best slate may show, given v and b (B, P)."""
        least = (self.slate_size - 1) * value.min(axis=1).clip(max=0.0)
        most = np.zeros(len(value))
        for _ in range(self.slate_size - 1):  # the slots below, if products could be repeated and slots left empty
            most = np.maximum(most, (value + (1.0 - self.leave * buy) * most[:, None]).max(axis=1))
        leads = np.zeros(value.shape, dtype=bool)
        ends = np.linspace(least, most, INTERVALS + 1)
        worths = (self._worths(value, buy, below) for below in ends)
        for (one, best_of_one), (other, best_of_other) in pairwise(worths):
            leads |= ~(_beaten(one, other, best_of_one) | _beaten(one, other, best_of_other))
        count = int(leads.sum(axis=1).max())
        return np.sort(np.argsort(~leads, axis=1, kind="stable")[:, :count], axis=1)

    def _worths(self, value: NDArray, buy: NDArray, below: NDArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(B, P) what each product is worth where the slots below earn so much (B,), and (B, n) the n best."""
        worth = value - self.leave * buy * below[:, None]
        return worth, top(worth, self.slate_size)

    def _best_by_order(self, value: NDArray[np.float64], buy: NDArray[np.float64]) -> NDArray[np.int64]:
        """(B, n) columns of the best slates, given v and b (B, m)."""
        # Who is never bought never ends the scan: first if it earns something, last if it costs.
        index = np.divide(value, buy, out=np.copysign(np.inf, value), where=buy > 0)
        index[(buy == 0) & (value == 0)] = 0.0
        order = np.argsort(index, axis=1, kind="stable")  # worst first: the order in which the recursion goes
        value = np.take_along_axis(value, order, axis=1).T.copy()
        stay = 1.0 - self.leave * np.take_along_axis(buy, order, axis=1).T

        products, batch = value.shape
        n = self.slate_size
        best = np.full((batch, n + 1), -np.inf)  # of the products so far, k of them shown
        best[:, 0] = 0.0
        shown = np.zeros((products, batch, n + 1), dtype=bool)
        for at in range(products):
            many = min(n, at + 1)
            with_it = value[at, :, None] + stay[at, :, None] * best[:, :many]
            shown[at, :, 1 : many + 1] = with_it > best[:, 1 : many + 1]
            best[:, 1 : many + 1] = np.maximum(with_it, best[:, 1 : many + 1])

        slates = np.empty((batch, n), dtype=np.int64)
        rows, left = np.arange(batch), np.full(batch, n)
        for at in reversed(range(products)):
            takers = np.flatnonzero(shown[at, rows, left])
            slates[takers, n - left[takers]] = order[takers, at]
            left[takers] -= 1
        return slates

    def _random_probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        some = max(1, CELLS // appeal.shape[1])
        means = []
        for at in range(0, len(appeal), some):
            rows = appeal[at : at + some]
            stay = 1.0 - self.leave * rows[..., 0]
            means.append(mean_along_slates(stay, np.moveaxis(rows, 2, 0), self.slate_size))
        return response_probabilities(np.moveaxis(np.concatenate(means, axis=2), 2, 0))


def _beaten(one: NDArray[np.float64], other: NDArray[np.float64], by: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, P) which products are worth less than all those of `by` (B, n), at one end of an interval and the other."""
    first, second = (np.take_along_axis(worth, by, axis=1).min(axis=1, keepdims=True) for worth in (one, other))
    return (one < first) & (other < second)
