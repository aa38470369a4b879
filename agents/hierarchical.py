"""Our best: beliefs that pool along the tiers of the state, started from the history."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.pooling import state_groups, sum_rows
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.shop.history import History

SLOT_WEIGHT = 100.0  # responses that the belief in equal slots is worth


class HierarchicalAgent(Agent):
    """Learns by how much each product does better or worse than the history foresees, at every level of the pooling.

    Belief: a product shown in slot k is bought with x h f_0 f_1 ... f_L e_k, where h is the history's pooled incidence
    of the product in the state, f_l a factor of the product in the state's group at level l, and e_k a factor of the
    slot; it is clicked with y sqrt of the same, a click telling half as much of the logarithm of the factors as a
    purchase. The levels: all visits; the tier that the history's pooling splits first; that tier with each of the
    others; and the single state. Each factor has a Gamma belief with mean 1 before the first visit, worth a purchases:

        a = (w + K)^2 / (w + 2 K)

    with w the weight of the level in the history's pooling (of all that lies below the first two splits together for
    the single state) and K the history's purchases of the product in the group: w where the history tells nothing
    (K = 0), and half of the purchases where it tells much, since the customers to come differ from the history's as
    the history's differ from all.

    Update, for each shown product and level, with z the purchases plus half the clicks, and m what was expected of z:

        Z_l += z;   M_l += m / f_l;   f_l = (a_l + Z_l) / (a_l + M_l)

    which is coordinate ascent on the posterior of a Gamma-Poisson model, one visit at a time; x, y and e_k follow
    likewise. Slate: the products of greatest log(h f_0 ... f_L) + optimism * sqrt(sum of 1 / (a_l + Z_l)), its
    standard deviation, best first.

    Cost per visit: a few passes over the catalogue to decide, O(n * levels) to learn. Memory: four numbers per product
    and group of each level.
    """

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 1.2):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            optimism: standard deviations of the logarithm that are added to it, >= 0.

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
        purchases = history.purchases[:, self._order]
        self._known = np.log(np.maximum(history.incidence()[:, self._order], 1e-9)).astype(np.float32)  # (S, P)
        prior: list[NDArray[np.float64]] = []
        groups: list[NDArray[np.int64]] = []
        for tiers, weight in _levels(history):
            group = state_groups(tiers, history.states.shape)
            bought = sum_rows(purchases, group, int(group.max()) + 1)
            groups.append(group + sum(map(len, prior)))  # its row in the tables of all levels
            prior.append((weight + bought) ** 2 / (weight + 2.0 * bought))
        self._groups = np.stack(groups, axis=1)  # (S, L) rows of the tables
        strength = np.concatenate(prior).astype(np.float32)  # (G, P) a
        self._seen = strength.copy()  # a + Z
        self._due = strength.copy()  # a + M
        self._log_factor = np.zeros_like(strength)
        self._variance = 1.0 / strength
        self._scale = np.ones((2, 2))  # (purchases, clicks) x (seen, due at scale 1), each begins at 1
        self._slot = np.full((2, self.slate_size), SLOT_WEIGHT)  # seen, due

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for row, state in enumerate(states.tolist()):
            slates[row] = top(self._score(state)[None], self.slate_size)[0]
        return self._order[slates]

    def _score(self, state: int) -> NDArray[np.float32]:
        """(P,) what the products are ranked by."""
        groups = self._groups[state].tolist()
        score = self._known[state] + self._log_factor[groups[0]]
        for group in groups[1:]:
            score += self._log_factor[group]
        if self._optimism:
            spread = self._variance[groups[0]] + self._variance[groups[1]]
            for group in groups[2:]:
                spread += self._variance[group]
            np.sqrt(spread, out=spread)
            spread *= np.float32(self._optimism)
            score += spread
        return score

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns visit after visit; the item rewards are not read."""
        for state, slate, response in zip(states.tolist(), self._column[slates], responses, strict=True):
            self._learn(state, slate, response)

    def _learn(self, state: int, slate: NDArray, response: NDArray) -> None:
        cells = self._groups[state][:, None] * self.products + slate  # (L, n) in flat tables
        log_factor = self._log_factor.take(cells)
        slot = self._slot[0] / self._slot[1]
        appeal = np.exp(self._known[state].take(slate) + log_factor.sum(axis=0))
        x, y = self._scale[:, 0] / self._scale[:, 1]
        bought, clicked = response == BOUGHT, response == CLICKED
        buy = np.minimum(x * appeal, 1.0) * slot
        click = (1.0 - buy) * np.minimum(y * np.sqrt(appeal), 1.0) * slot
        z, m = bought + 0.5 * clicked, buy + 0.5 * click
        seen = self._seen.take(cells) + z
        due = self._due.take(cells) + m / np.exp(log_factor)
        self._seen.reshape(-1)[cells], self._due.reshape(-1)[cells] = seen, due
        self._log_factor.reshape(-1)[cells] = np.log(seen / due)
        self._variance.reshape(-1)[cells] = 1.0 / seen
        self._scale[0] += bought.sum(), buy.sum() / x
        self._scale[1] += clicked.sum(), click.sum() / y
        self._slot[0] += z
        self._slot[1] += m / slot

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        log_appeal = self._log_factor[self._groups[states]].sum(axis=1) + self._known[states]
        x = self._scale[0, 0] / self._scale[0, 1]
        return np.minimum(x * np.exp(log_appeal.astype(np.float64)), 1.0)[:, self._column]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot: the agent draws nothing."""
        return self._certain(self._act(states), slates)


def _levels(history: History) -> list[tuple[tuple[int, ...], float]]:
    """The tiers and the weight of each level of the belief."""
    path = history.pooling.levels
    if len(path) < 3:
        return [(level.tiers, level.weight) for level in path]
    top, split, pair, *rest = path
    (first,) = split.tiers
    everything = range(len(history.states.shape))
    pairs = [((first, other), pair.weight) for other in everything if other != first]
    spread = sum(1.0 / level.weight for level in rest or [pair])
    return [((), top.weight), (split.tiers, split.weight), *pairs, (tuple(everything), 1.0 / spread)]
