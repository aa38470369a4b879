"""Upper confidence bounds: UCB1 (Auer, Cesa-Bianchi and Fischer 2002) and KL-UCB (Garivier and Cappe 2011)."""

from __future__ import annotations

from math import expm1, inf, log, log1p, sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.eligible import EVERYTHING
from selflearn_env.core.compiling import Loop
from selflearn_env.core.numbers import is_number
from selflearn_env.core.rewards import Rewards
from selflearn_env.declared import POSITIVE, Declared, counts, numbers, permutation, real, text
from selflearn_env.shop.history import History

KINDS = ("kl", "ucb1")
PRIORS = ("rate", "zero")
EDGE = 1e-12  # how near the mean and the bound of "kl" come to 0 and 1
STEPS = 4  # of Newton's method


class UCBAgent(Agent):
    """Shows the products whose average reward in the state could be greatest.

    Rewards are scaled so that ignored is 0 and bought is 1, by the default rewards, and clipped to 0..1. For a product
    shown N times in the state, with w = prior_weight and t = 1 + visits of the state learned from so far:

        mean = (w * prior + sum of its rewards) / (w + N)
        "ucb1": index = mean + scale * sqrt(2 ln t / (w + N))
        "kl":   index = greatest q with (w + N) * d(mean, q) <= scale * ln t,
                d(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q))

    Slate: the products of greatest index. Where w + N is 0, the index is infinite, and greater priors come first.

    Products that were never shown in a state have one N, so that their indexes rank as their priors do: the best of
    those is known without computing any; and where d says that an index is not among the best, it is not computed.
    Exact; cost per visit: O(products shown in the state so far + n).
    """

    sure = True

    declared: ClassVar[Declared] = {
        "_kind": text(*KINDS),
        "_scale": real(0.0),
        "_prior_weight": real(0.0),
        "_least": real(),
        "_range": real(POSITIVE),
        "_order": permutation("products"),
        "_column": permutation("products"),
        "_mean": numbers("states", "products", least=0.0, most=1.0 + 1e-9),
        "_sum": numbers("states", "products", least=0.0),
        "_count": numbers("states", "products", least=0.0),
        "_visits": counts("states"),
        "_ranked": permutation("products", "states", dtype=np.int32),
        "_shown": counts("states"),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        kind: str = "kl",
        scale: float = 1.0,
        prior: str = "rate",
        prior_weight: float = 50.0,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties, by an order of the products drawn here.
            kind: "kl" or "ucb1".
            scale: of the bonus; at 0 the slate is the best by average. The bonus of "ucb1" is wider where rewards are
                rare, and wants a smaller scale (0.2 in `Retail-v0`).
            prior: where the averages start: "rate", the reward of a product that is bought as often as the history's
                pooled purchases per visit and ignored otherwise, with the default rewards; or "zero", a reward of 0.
            prior_weight: how many showings the prior counts for; at 0 each product of the catalogue is shown once in a
                state before any is shown again there.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        super().__init__(history, slate_size, rng)
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
        if not is_number(scale) or not 0 <= scale < np.inf:
            raise ValueError(f"scale multiplies the bonus and must be >= 0, got {scale!r}")
        if prior not in PRIORS:
            raise ValueError(f"unknown prior {prior!r}; known: {', '.join(PRIORS)}")
        if not is_number(prior_weight) or not 0 <= prior_weight < np.inf:
            raise ValueError(f"prior_weight counts showings and must be >= 0, got {prior_weight!r}")
        self._kind, self._scale, self._prior_weight = kind, float(scale), float(prior_weight)
        rewards = Rewards()
        self._least, self._range = rewards.ignore, rewards.buy - rewards.ignore
        # Tables hold the products in a random order, so that ties do not break by the order of the catalogue.
        self._order = rng.permutation(self.products)
        self._column = np.argsort(self._order, kind="stable")
        bought = np.minimum(1.0, history.incidence()[:, self._order])
        start = bought if prior == "rate" else np.full(bought.shape, -self._least / self._range)
        self._mean = np.ascontiguousarray(start)
        self._sum, self._count = self._prior_weight * self._mean, np.zeros(start.shape)
        self._visits = np.zeros(self.states, dtype=np.int64)
        # Columns of each state: first the `shown` ones, in the order in which they were, then the others by prior.
        self._ranked = np.argsort(-start, axis=1, kind="stable").astype(np.int32)
        self._shown = np.zeros(self.states, dtype=np.int64)

    def check_kept(self) -> None:
        """Sees that no more products were shown than there are.

        Raises:
            ValueError: it is not so.
        """
        if self._shown.max() > self.products:
            raise ValueError("has more products shown than there are")

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the eligible products of greatest index."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        decide(
            states, self._mean, self._count, self._visits, self._ranked, self._shown, self._prior_weight, self._scale,
            self._kind == "kl", self._order, EVERYTHING if eligible is None else eligible, slates,
        )  # fmt: skip
        return self._order.take(slates)

    def _update(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """Adds the scaled item rewards to the averages."""
        columns = self._column.take(slates)
        scaled = np.clip((item_rewards - self._least) / self._range, 0.0, 1.0)
        learn(
            states, columns, scaled, self._showings(states, columns, responses, scaled), self._prior_weight, self._sum,
            self._count, self._mean, self._visits, self._ranked, self._shown,
        )  # fmt: skip

    def _showings(
        self, states: NDArray[np.int64], columns: NDArray[np.int64], responses: NDArray, scaled: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(B, k) how many showings each slot counts for, > 0; asked once in an update, before anything has changed."""
        return np.ones(columns.shape)

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) average rewards so far, from the prior on, in reward units."""
        return self._least + self._range * self._mean[states][:, self._column]


@Loop
def decide(
    states: NDArray, mean: NDArray, count: NDArray, visits: NDArray, ranked: NDArray, shown: NDArray,
    prior_weight: float, scale: float, is_kl: bool, order: NDArray, eligible: NDArray, slates: NDArray,
) -> None:  # fmt: skip
    """The columns of the greatest indexes; of equal ones, what was shown sooner, or has the better prior.

    Of the eligible products (B, P), or `EVERYTHING`; `order` (P,) has the product of each column.
    """
    indexes, everything = np.empty(slates.shape[1]), eligible.shape[0] == 0
    decided = np.full(mean.shape[0], -1)
    for visit in range(states.size):
        state, slate = states[visit], slates[visit]
        if everything and decided[state] >= 0:  # the same state earlier in the batch
            slate[:] = slates[decided[state]]
            continue
        decided[state] = visit
        time, last = log1p(float(visits[state])), slate.size - 1
        indexes[:] = -inf
        end = min(shown[state] + slate.size, ranked.shape[1])
        if not everything:
            end = reach(ranked[state], shown[state], order, eligible[visit], slate.size)
        for rank in range(end):
            column = ranked[state, rank]
            if not everything and not eligible[visit, order[column]]:
                continue
            weight = count[state, column] + prior_weight
            index = inf
            if weight > 0.0 and is_kl:
                index = kl_bound(mean[state, column], scale * time / weight, indexes[last])
            elif weight > 0.0:
                index = mean[state, column] + scale * sqrt(2.0 * time / weight)
            at = last
            if index > indexes[at]:
                while at > 0 and index > indexes[at - 1]:
                    indexes[at], slate[at] = indexes[at - 1], slate[at - 1]
                    at -= 1
                indexes[at], slate[at] = index, column


@Loop
def reach(ranked: NDArray, shown: int, order: NDArray, eligible: NDArray, count: int) -> int:
    """How many ranks hold those shown and so many eligible ones of the others, or all there are."""
    rank = shown
    while rank < ranked.size and count > 0:
        count -= eligible[order[ranked[rank]]]
        rank += 1
    return rank


@Loop
def learn(
    states: NDArray, columns: NDArray, scaled: NDArray, showings: NDArray, prior_weight: float, total: NDArray,
    count: NDArray, mean: NDArray, visits: NDArray, ranked: NDArray, shown: NDArray,
) -> None:  # fmt: skip
    """Adds scaled rewards to the averages; puts products shown for the first time behind those shown before."""
    for visit in range(states.size):
        state = states[visit]
        for slot in range(columns.shape[1]):
            column = columns[visit, slot]
            if count[state, column] == 0.0:
                shown[state] = move(ranked[state], shown[state], column)
            total[state, column] += scaled[visit, slot]
            count[state, column] += showings[visit, slot]
            mean[state, column] = total[state, column] / (count[state, column] + prior_weight)
        visits[state] += 1


@Loop
def move(ranked: NDArray, shown: int, column: int) -> int:
    """Puts a column behind those shown; returns how many these are now."""
    place = shown
    while place < ranked.size and ranked[place] != column:
        place += 1
    if place == ranked.size:  # it is among them
        return shown
    while place > shown:
        ranked[place] = ranked[place - 1]
        place -= 1
    ranked[shown] = column
    return shown + 1


@Loop
def kl_bound(mean: float, divergence: float, least: float) -> float:
    """The greatest q with d(mean, q) <= divergence (>= 0), d between Bernoulli distributions; within EDGE of 0 and 1.

    Where q is not above `least`, any number that is not, either.

    Newton's method, in a fixed number of steps. d is convex in q above the mean, so that it comes down to the root from
    any start above; the error is below 1e-9. The start is the least of three bounds on the root, in all of which the
    left side is at most d(p, q): (q - p)^2 / (2 q); (q - p)^2 / (2 m), m the greatest x (1 - x) from p on, as d is the
    integral of (x - p) / (x (1 - x)); and p ln p + (1 - p) ln((1 - p) / (1 - q)).
    """
    p = min(max(mean, EDGE), 1.0 - EDGE)
    left = 1.0 - p
    target = divergence - p * log(p) - left * log(left)  # of -p ln q - (1 - p) ln(1 - q)
    if p < least < 1.0 and target + p * log(least) + left * log(1.0 - least) <= 0.0:
        return p
    middle = max(p, 0.5)
    q = p + min(
        divergence + sqrt(divergence * (divergence + 2.0 * p)), sqrt(2.0 * middle * (1.0 - middle) * divergence)
    )
    q = min(max(min(q, -expm1(-target / left)), p), 1.0 - EDGE)
    for _ in range(STEPS):
        over = min(target + p * log(q) + left * log(1.0 - q), 0.0)  # what d is too great by
        q = max(q + over * q * (1.0 - q) / max(q - p, EDGE), p)  # the slope is (q - p) / (q (1 - q))
    return q
