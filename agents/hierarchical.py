"""Our best: one belief per product over all states, that pools along the tiers; started from the history."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.slates import repeats
from selflearn_env.core.tables import sum_rows
from selflearn_env.shop.history import History

SURE = 0.95  # greatest probability of a response that is foreseen: a surprise stays finite
SLOT_WEIGHT = 100.0  # responses that the belief in equal slots is worth
VARIANCE_WEIGHT = 20.0  # squared deviations that the history's weights are worth
FIRST, STEPS = 500, 3  # visits before the weights are fitted first, then at each doubling; steps of a fit
LEAST = 1e-9  # of an incidence, and of a variance
ROWS = 64  # beliefs worked on at once


class HierarchicalAgent(Agent):
    """Learns by how much each product does better or worse than the history foresees, in all related states at once.

    Belief: a product is bought with x exp(u) e_k in slot k, and otherwise clicked with y exp(u / 2) e_k. Over the
    states of a block (those with the same label of the tier that the history's pooling splits first) the log-appeal u
    of a product is normal, with the logarithm of the history's pooled incidence as mean and, between states s and t,
    the covariance

        K(s, t) = v + sum of v_l over the levels l at which s and t are in one group

    There is a level for each set of the other tiers. Its v_l starts from the weight w that the history's pooling gives
    to as many tiers, v_l = 1 / (w * number of such levels). What the block as a whole has in common depends on the
    history's purchases k of the product in the block, and on the weight w of the blocks:

        v = 1 / (w + k) + k / (w + k)^2 + k^2 / (w + k)^3

    the customers to come as a draw of their own, their number of purchases, and what k purchases leave open.

    Update, for each shown product in state s, with b and q the probabilities that it is bought, and if not bought
    clicked, and c the column K(., s):

        g = (bought - b) / (1 - b) + (clicked - q, if not bought) / (2 (1 - q))
        j = b / (1 - b) + (1 - b) q / (4 (1 - q))
        mean += c g / (1 + j c_s);   K -= c c' j / (1 + j c_s)

    g is the slope of the response's log-likelihood in u and j its information: an extended Kalman filter (Fahrmeir
    1992). x, y and e_k are ratios of responses to what was expected at 1. When the visits reach 500, 1000, 2000, ...
    the v_l are fitted to all responses so far, which are kept as normal observations z of u with information j, and the
    beliefs are worked out anew. With K_l the part of K that level l makes, V = K + 1 / j, and a = V^-1 (z - known),
    summed over the products shown, three times

        v_l *= sqrt((20 + a' K_l a) / (20 + trace of V^-1 K_l))

    by the MM algorithm for variance components (Zhou, Hu, Zhou and Lange 2019), the 20 holding on to the history's.

    Slate: the products of greatest mean + optimism * sqrt(log(1 + n)) * standard deviation of u, best first, with n the
    visits of the state, this one included (Auer et al. 2002; for such beliefs, Srinivas et al. 2010).

    Cost per visit: two passes over the catalogue to decide, O(n Q^2) to learn, with Q states in a block; a fit O(R Q^3)
    with R products once shown in a block. Memory: three numbers per state and product, and R Q^2.
    """

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 0.65):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            optimism: standard deviations of the log-appeal that are added to it per sqrt(log(1 + visits)), >= 0.

        Raises:
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(optimism) or not 0 <= optimism < np.inf:
            raise ValueError(f"optimism counts standard deviations and must be >= 0, got {optimism!r}")
        self._optimism = float(optimism)
        # Tables hold the products in a random order, so that ties do not break by the order of the catalogue.
        self._order = rng.permutation(self.products)
        self._column = np.argsort(self._order)
        first, weight, inner = _levels(history)
        labels = history.states.table
        self._block = labels[:, first]
        blocks = history.states.shape[first]
        self._members = np.argsort(self._block, kind="stable").reshape(blocks, -1)  # (M, Q) states of each block
        self._place = np.argsort(self._members, axis=None) % self._members.shape[1]  # (S,) of a state in its block
        inside = labels[self._members[0]]
        self._together = np.array(  # (L, Q, Q) whether two states are in one group
            [(inside[:, None, tiers] == inside[None, :, tiers]).all(axis=2) for tiers, _ in inner], dtype=np.float32
        )
        self._variance = 1.0 / np.array([weight for _, weight in inner])  # (L,) v_l
        known = np.log(np.maximum(history.incidence()[:, self._order], LEAST))
        known = np.ascontiguousarray(known, dtype=np.float32)  # flat views of the tables are written to
        bought = sum_rows(history.purchases[:, self._order], self._block, blocks)
        share = bought / (weight + bought)
        self._common = ((1.0 + share + share**2) / (weight + bought)).astype(np.float32)  # (M, P) v
        self._known, self._mean, self._deviation = known, known.copy(), np.empty_like(known)  # (S, P) each
        self._widen()
        # One row per product once shown in a block: its covariance, and the responses as normal observations of u.
        self._row = np.full((blocks, self.products), -1)
        places = self._members.shape[1]
        self._whose = np.zeros((0, 2), dtype=np.int64)  # (R, 2) block and product
        self._covariance = np.zeros((0, places, places), dtype=np.float32)  # of these rows, and room for more
        self._information = np.zeros((0, places), dtype=np.float32)  # sum of j
        self._told = np.zeros((0, places), dtype=np.float32)  # sum of j u + g
        self._scale = np.ones((2, 2))  # (purchases, clicks) x (seen, expected at scale 1), each begins at 1
        self._slot = np.full((2, self.slate_size), SLOT_WEIGHT)  # seen, expected
        self._came = np.ones(self.states)  # visits of each state, from 1
        self._visits, self._next_fit = 0, FIRST

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for row, state in enumerate(states.tolist()):
            bonus = self._optimism * math.sqrt(math.log1p(self._came[state]))
            score = self._deviation[state] * np.float32(bonus)
            score += self._mean[state]
            slates[row] = top(score[None], self.slate_size)[0]
        return self._order[slates]

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns visit after visit, of a product shown twice from the first; the item rewards are not read."""
        again = repeats(slates)
        for visit, (state, slate) in enumerate(zip(states.tolist(), self._column[slates], strict=True)):
            slots = slice(None) if again is None else np.flatnonzero(~again[visit])
            self._learn(state, slate[slots], responses[visit, slots], slots)
            self._came[state] += 1
            self._visits += 1
            if self._visits == self._next_fit:
                self._next_fit *= 2
                self._fit()

    def _learn(self, state: int, slate: NDArray, response: NDArray, slots: slice | NDArray) -> None:
        """The formulas of the class, for the products and responses of some slots of one visit."""
        block, place = self._block.item(state), self._place.item(state)
        rows = self._row[block].take(slate)
        if rows.min() < 0:
            rows = self._begin(block, slate)
        u = self._mean[state].take(slate)
        appeal, look = np.exp(u), self._slot[0, slots] / self._slot[1, slots]
        x, y = (self._scale[:, 0] / self._scale[:, 1]).tolist()
        bought, clicked = response == BOUGHT, response == CLICKED
        buy = np.minimum(x * appeal * look, SURE)
        click = np.minimum(y * np.sqrt(appeal) * look, SURE)
        left = 1.0 - buy
        clicks = left * click
        rest = 1.0 - click
        score = (bought - buy) / left + 0.5 * (clicked - click * ~bought) / rest
        information = buy / left + 0.25 * clicks / rest

        column = self._covariance[rows, place]
        held = information / (1.0 + information * column[:, place])
        held = held.astype(np.float32)[:, None]
        covariance = self._covariance.take(rows, axis=0)
        covariance -= (held * column)[:, :, None] * column[:, None, :]
        self._covariance[rows] = covariance
        cells = self._members[block] * self.products + slate[:, None]  # (n, Q) in flat tables
        self._mean.reshape(-1)[cells] += column * (held[:, 0] * score / information).astype(np.float32)[:, None]
        self._deviation.reshape(-1)[cells] = _deviation(covariance)
        self._information[rows, place] += information
        self._told[rows, place] += information * u + score

        self._scale[0] += np.count_nonzero(bought), buy.sum() / x
        self._scale[1] += np.count_nonzero(clicked), clicks.sum() / y
        self._slot[0, slots] += bought + 0.5 * clicked
        self._slot[1, slots] += (buy + 0.5 * clicks) / look

    def _begin(self, block: int, slate: NDArray) -> NDArray[np.int64]:
        """(n,) rows of the products, with new ones for those never shown in the block."""
        new = slate[self._row[block, slate] < 0]
        begin = len(self._whose)
        self._row[block, new] = np.arange(begin, begin + len(new))
        self._whose = np.concatenate([self._whose, np.stack([np.full_like(new, block), new], axis=1)])
        end = len(self._whose)
        if end > len(self._covariance):  # twice the room, so that it is seldom copied
            self._covariance = np.concatenate(
                [self._covariance, np.zeros((end, *self._covariance.shape[1:]), np.float32)]
            )
        self._covariance[begin:end] = self._prior(self._whose[begin:])
        nothing = np.zeros((len(new), self._information.shape[1]), dtype=np.float32)
        self._information = np.concatenate([self._information, nothing])
        self._told = np.concatenate([self._told, nothing])
        return self._row[block, slate]

    def _prior(self, whose: NDArray) -> NDArray[np.float32]:
        """(R, Q, Q) covariance of the log-appeal before any response."""
        inner = np.tensordot(self._variance.astype(np.float32), self._together, axes=1)
        return inner + self._common[whose[:, 0], whose[:, 1], None, None]

    def _widen(self) -> None:
        """Sets the deviations to those before any response."""
        self._deviation[:] = np.sqrt(self._common + np.float32(self._variance.sum()))[self._block]

    def _solved(self) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray]]:
        """Some rows at a time: block and product, prior K, R = (K + 1 / J)^-1, and R (observed - known)."""
        for at in range(0, len(self._whose), ROWS):
            rows = slice(at, at + ROWS)
            whose, seen = self._whose[rows], self._information[rows]
            prior, root = self._prior(whose), np.sqrt(seen)
            inverse = np.linalg.inv(np.eye(seen.shape[1], dtype=np.float32) + root[:, :, None] * prior * root[:, None])
            known = self._known[self._members[whose[:, 0]], whose[:, 1, None]]
            surprise = self._told[rows] / np.maximum(root, LEAST) - root * known
            pull = root * np.matmul(inverse, surprise[:, :, None])[:, :, 0]
            yield whose, prior, root[:, :, None] * inverse * root[:, None], pull

    def _fit(self) -> None:
        """Fits the variances of the levels to all responses so far."""
        for _ in range(STEPS):
            pulls, expected = np.zeros_like(self._together[0]), np.zeros_like(self._together[0])
            for _, _, resolved, pull in self._solved():
                pulls += pull.T @ pull
                expected += resolved.sum(axis=0)
            found = VARIANCE_WEIGHT + self._variance * np.tensordot(self._together, pulls, axes=2)
            due = VARIANCE_WEIGHT + self._variance * np.tensordot(self._together, expected, axes=2)
            self._variance = self._variance * np.sqrt(found / due)
        self._widen()
        self._work_out()

    def _work_out(self) -> None:
        """Sets the beliefs of the products once shown to what all responses tell together."""
        rows = 0
        for whose, prior, resolved, pull in self._solved():
            covariance = prior - prior @ resolved @ prior
            self._covariance[rows : rows + len(whose)] = covariance
            rows += len(whose)
            cells = self._members[whose[:, 0]], whose[:, 1, None]
            self._mean[cells] = self._known[cells] + np.matmul(prior, pull[:, :, None])[:, :, 0]
            self._deviation[cells] = _deviation(covariance)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        x = self._scale[0, 0] / self._scale[0, 1]
        return np.minimum(x * np.exp(self._mean[states].astype(np.float64)), 1.0)[:, self._column]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot: the agent draws nothing."""
        return self._certain(self._act(states), slates)


def _deviation(covariance: NDArray[np.float32]) -> NDArray[np.float32]:
    """(R, Q) standard deviations."""
    return np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), LEAST))


def _levels(history: History) -> tuple[int, float, list[tuple[tuple[int, ...], float]]]:
    """The tier of the blocks, the weight of a block, and the tiers and weight of each level inside the blocks."""
    path = history.pooling.levels
    first = path[1].tiers[0]
    others = [tier for tier in range(len(history.states.shape)) if tier != first]
    alone = len(path[1].tiers) == 1
    inner = []
    for level in path[2:] if alone else path[1:]:
        sets = list(combinations(others, len(level.tiers) - 1))
        inner += [(tiers, level.weight * len(sets)) for tiers in sets]
    return first, path[1 if alone else 0].weight, inner
