"""Upper confidence bounds: UCB1 (Auer, Cesa-Bianchi and Fischer 2002) and KL-UCB (Garivier and Cappe 2011)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards
from selflearn_env.shop.history import History

KINDS = ("kl", "ucb1")
PRIORS = ("rate", "zero")
EDGE = 1e-12  # how near the mean and the bound of "kl" come to 0 and 1
STEPS = 4  # of Newton's method
ROWS = 32  # states ranked at once: few enough to stay in the cache, and to differ little in what they have shown


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
    those is known without computing any. Exact; cost per visit: O(products shown in the state so far + n).
    """

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
        self._column = np.argsort(self._order)
        bought = np.minimum(1.0, history.incidence()[:, self._order])
        start = bought if prior == "rate" else np.full(bought.shape, -self._least / self._range)
        self._mean = np.ascontiguousarray(start)
        self._sum, self._count = (self._prior_weight * self._mean).ravel(), np.zeros(start.size)  # state * P + column
        self._visits = np.zeros(self.states, dtype=np.int64)
        # Columns of each state: first the `shown` ones, in the order in which they were, then the others by prior.
        self._ranked = np.argsort(-start, axis=1, kind="stable").astype(np.int32)
        self._shown = np.zeros(self.states, dtype=np.int64)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the products of greatest index."""
        if len(states) == 1:
            return self._order.take(self._best(states))
        rows, visit = np.unique(states, return_inverse=True)
        best = np.empty((len(rows), self.slate_size), dtype=np.int64)
        by_shown = np.argsort(self._shown[rows], kind="stable")
        for start in range(0, len(rows), ROWS):
            some = by_shown[start : start + ROWS]
            best[some] = self._best(rows[some])
        return self._order[best[visit]]

    def _best(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(R, n) columns of the greatest indexes in the states (R,)."""
        candidates = self._shown.take(rows)
        candidates += self.slate_size
        columns = self._ranked[rows, : candidates.max()]
        cells = columns + (rows * self.products)[:, None]
        index = self._index(cells, self._visits.take(rows))
        if len(rows) > 1:
            index[np.arange(columns.shape[1]) >= candidates[:, None]] = -np.inf
        return columns[np.arange(len(rows))[:, None], top(index, self.slate_size)].astype(np.int64)

    def _index(self, cells: NDArray[np.int64], visits: NDArray[np.int64]) -> NDArray[np.float64]:
        """(R, C) indexes of the cells state * P + column (R, C) in states with so many visits (R,)."""
        mean, weight = self._mean.take(cells), self._count.take(cells)
        weight += self._prior_weight
        if not self._prior_weight:
            new = weight == 0
            weight[new] = 1.0
        time = np.log1p(visits)[:, None]
        if self._kind == "kl":
            index = kl_bound(mean, self._scale * time / weight)
        else:
            index = mean + self._scale * np.sqrt(2.0 * time / weight)
        if not self._prior_weight:
            index[new] = np.inf
        return index

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Adds the scaled item rewards to the averages."""
        columns = self._column.take(slates)
        cells = columns + (states * self.products)[:, None]
        new = self._count.take(cells) == 0
        if np.count_nonzero(new):
            for state, column in zip(states[np.nonzero(new)[0]].tolist(), columns[new].tolist(), strict=True):
                self._move(state, column)
        scaled = item_rewards - self._least
        scaled /= self._range
        np.clip(scaled, 0.0, 1.0, out=scaled)
        showings = np.ravel(self._showings(states, cells, responses, scaled))
        flat = cells.ravel()
        np.add.at(self._sum, flat, scaled.ravel())
        np.add.at(self._count, flat, showings)
        np.add.at(self._visits, states, 1)
        self._mean.reshape(-1)[cells] = self._sum.take(cells) / (self._count.take(cells) + self._prior_weight)

    def _showings(
        self, states: NDArray[np.int64], cells: NDArray[np.int64], responses: NDArray, scaled: NDArray[np.float64]
    ) -> NDArray[np.float64] | float:
        """How many showings each slot (B, n) counts for, > 0; asked once in an update, before anything has changed."""
        return 1.0

    def _move(self, state: int, column: int) -> None:
        """Puts a column of the state behind those shown; does nothing if it is among them."""
        row, shown = self._ranked[state], int(self._shown[state])
        found = np.flatnonzero(row[shown:] == column)
        if found.size:
            place = shown + int(found[0])
            row[shown + 1 : place + 1] = row[shown:place].copy()
            row[shown] = column
            self._shown[state] = shown + 1

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) average rewards so far, from the prior on, in reward units."""
        return self._least + self._range * self._mean[states][:, self._column]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot, 0 from the first other product on."""
        return self._certain(self._act(states), slates)


def kl_bound(mean: NDArray[np.float64], divergence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest q with d(mean, q) <= divergence (>= 0), d between Bernoulli distributions; within EDGE of 0 and 1.

    Newton's method, in a fixed number of steps. d is convex in q above the mean, so that it comes down to the root from
    any start above; the error is below 1e-9. The start is the least of three bounds on the root, in all of which the
    left side is at most d(p, q): (q - p)^2 / (2 q); (q - p)^2 / (2 m), m the greatest x (1 - x) from p on, as d is the
    integral of (x - p) / (x (1 - x)); and p ln p + (1 - p) ln((1 - p) / (1 - q)).
    """
    p = np.clip(mean, EDGE, 1.0 - EDGE)
    left = 1.0 - p
    target = divergence - p * np.log(p) - left * np.log(left)  # of -p ln q - (1 - p) ln(1 - q)
    middle = np.maximum(p, 0.5)
    q = p + np.minimum(
        divergence + np.sqrt(divergence * (divergence + 2.0 * p)), np.sqrt(2.0 * middle * (1.0 - middle) * divergence)
    )
    np.minimum(q, -np.expm1(-target / left), out=q)
    np.clip(q, p, 1.0 - EDGE, out=q)
    for _ in range(STEPS):
        rest = 1.0 - q
        step = np.log(q)
        step *= p
        step += left * np.log(rest)
        step += target
        np.minimum(step, 0.0, out=step)  # what d is too great by
        step *= q
        step *= rest
        step /= np.maximum(q - p, EDGE)  # the slope is (q - p) / (q (1 - q))
        q += step
        np.maximum(q, p, out=q)
    return q
