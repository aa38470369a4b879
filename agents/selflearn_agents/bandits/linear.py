"""Linear models of each product: LinUCB (Li et al. 2010) and linear Thompson sampling (Agrawal and Goyal 2013)."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import repeats
from selflearn_env.core.tables import sum_rows
from selflearn_env.shop.history import History

TINY = 1e-9  # least expected reward of a product, scaled
SURE = 0.9  # from there on, a greater expected reward does not make the noise any smaller
SHARED_WEIGHT = 10.0  # precision of the belief in b1 and b2 before the first visit


class LinearAgent(Agent):
    """Learns by how much each product does better or worse than the history foresees, linearly in the tiers.

    Rewards are scaled so that ignored is 0 and bought is 1, by the default rewards. The reward of a product in a state:

        y = m (1 + x . theta + e) + noise,   m = b1 h + b2 sqrt(h),   variance of the noise = m (1 - m)

    with x the state's features, an intercept and a 0-1 feature for each label of each tier (d in all); theta (d,) the
    product's own coefficients, as in the disjoint model of LinUCB (Li, Chu, Langford and Schapire 2010, algorithm 1); e
    what the tiers leave unexplained in the single state; h the history's pooled incidence of the product in the state;
    and b1, b2 shared by all products, as in LinUCB's hybrid model (section 3.2): clicks rise less than in proportion to
    the incidence. The noise is the most that rewards in 0..1 with mean m can have (Bhatia and Davis 2000): small
    where m is small, and without a scale that would have to be set.

    Prior: the coefficients are normal and independent, with mean 0. That of a label of a tier has the variance

        (w + 2 K) / (w + K)^2

    with K the history's purchases of the product in the states of this label, and w the weight of the level at which
    the history's pooling first splits by the tier; for the intercept, K of all states and w of all visits. A factor
    that is worth w purchases has variance 1 / w: it stands where the history tells nothing (K = 0); where it tells
    much, 2 / K is left, once for the history's customers and once for those to come. Where a level splits by several
    tiers at once, each has its share of 1 / w. The variance v of e is the sum of 1 / w over the levels that split by
    more than one tier.

    Update, for each shown product, where the covariance C of theta starts as the diagonal of the prior variances, r at
    1 and c at 0, and what is expected is f = r x . theta + c; with i = m / (1 - m) and z = y / m - 1:

        r' = r / (1 + v i r);   j = i r';   g = C x;   q = j / (1 + j r x . g)
        theta += q (z - f) g;   C -= q r g g^T;   c += v j (z - c);   r = r'

    which is the formula of Sherman and Morrison, with e integrated out instead of kept as one more feature per state:
    given theta, e has mean c - (1 - r) x . theta and variance v r. Exact for the m of each showing. The variance of
    x . theta + e is r^2 x . C x + r v. b1, b2 >= 0 are a ridge regression of y on (h, sqrt h) (1 + f), weighted by the
    noise.

    Cost per visit: O(P k^2) to decide with k tiers, as x . C x reads one entry of C for each pair of tiers; O(n d^2)
    to learn. Memory: d^2 / 2 + 3 S numbers of 4 bytes per product, 35 MB for 3,700 products, 26 features, 672 states.
    """

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Starts from the history; ties break by an order of the products drawn here."""
        super().__init__(history, slate_size, rng)
        rewards = Rewards()
        self._least, self._range = rewards.ignore, rewards.buy - rewards.ignore
        self._order = rng.permutation(self.products)
        self._column = np.argsort(self._order)
        known = np.maximum(history.incidence()[:, self._order], TINY)
        self._known = known.astype(np.float32, order="C")  # (S, P) h
        shape = history.states.shape
        first = np.cumsum((0, 1, *shape))  # of each tier's features, and d; the intercept counts as a tier of one label
        labels = np.column_stack([np.zeros(self.states, dtype=np.int64), history.states.table])
        self._features = labels + first[:-1]  # (S, k) those that are 1
        size = int(first[-1])
        variance = np.empty((size, self.products))
        weights, self._state_variance = _weights(history)
        for tier, weight in enumerate(weights):
            bought = sum_rows(history.purchases, labels[:, tier], int(first[tier + 1] - first[tier]))[:, self._order]
            variance[first[tier] : first[tier + 1]] = (weight + 2.0 * bought) / (weight + bought) ** 2
        # One row of all products for each coefficient, then for each entry of the upper triangle of the symmetric C.
        one, other = self._upper = np.stack(np.triu_indices(size))
        self._entry = np.empty((size, size), dtype=np.int64)  # the row of each entry
        self._entry[one, other] = self._entry[other, one] = size + np.arange(one.size)
        # (S, ...) rows of the entries that x . C x reads once, and twice.
        self._squares = self._entry[self._features, self._features]
        one, other = np.triu_indices(self._features.shape[1], 1)
        self._pairs = self._entry[self._features[:, one], self._features[:, other]]
        self._belief = np.zeros((self._entry[-1, -1] + 1, self.products), dtype=np.float32)
        self._belief[self._entry.diagonal()] = variance
        self._left = np.ones((self.states, self.products), dtype=np.float32)  # r
        self._own = np.zeros((self.states, self.products), dtype=np.float32)  # c
        self._gram = SHARED_WEIGHT * np.eye(2)
        self._moment = SHARED_WEIGHT * np.array([1.0, 0.0])
        self._shared = np.array([1.0, 0.0])  # b1, b2

    @abstractmethod
    def _multiple(self) -> np.float32 | NDArray[np.float32]:
        """How many standard deviations are added to the factor of each product, (P,) or one for all."""

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for row, state in enumerate(states.tolist()):
            score = self._factor(state)
            score += self._deviation(state) * self._multiple()
            score *= self._foreseen(state)
            slates[row] = top(score[None], self.slate_size)[0]
        return self._order[slates]

    def _foreseen(self, state: int) -> NDArray[np.float32]:
        """(P,) m."""
        known, (linear, root) = self._known[state], self._shared.astype(np.float32)
        mean = np.sqrt(known)
        mean *= root
        mean += linear * known
        return mean

    def _factor(self, state: int) -> NDArray[np.float32]:
        """(P,) expected reward as a multiple of m."""
        factor = _total(self._belief, self._features[state])
        factor *= self._left[state]
        factor += self._own[state]
        factor += np.float32(1.0)
        return factor

    def _deviation(self, state: int) -> NDArray[np.float32]:
        """(P,) its standard deviation."""
        variance = _total(self._belief, self._pairs[state])
        variance += variance
        variance += _total(self._belief, self._squares[state])
        left = self._left[state]
        variance *= left
        variance += np.float32(self._state_variance)
        variance *= left
        np.maximum(variance, 0.0, out=variance)  # rounding
        return np.sqrt(variance, out=variance)

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns visit after visit, of a product shown twice from the first; the responses are not read."""
        scaled = (item_rewards - self._least) / self._range
        again = repeats(slates)
        for visit, (state, slate) in enumerate(zip(states.tolist(), self._column[slates], strict=True)):
            slots = slice(None) if again is None else ~again[visit]
            self._learn(state, slate[slots], scaled[visit, slots])

    def _learn(self, state: int, slate: NDArray[np.int64], reward: NDArray[np.float64]) -> None:
        """The formulas of the class, for one visit's products and scaled rewards (n,)."""
        belief = self._belief.take(slate, axis=1)
        active, (one, other) = self._features[state], self._upper
        line = belief.take(active, axis=0).sum(axis=0, dtype=np.float64)  # x . theta
        gain = belief.take(self._entry[active], axis=0).sum(axis=0, dtype=np.float64)  # (d, n) g
        left, own = self._left[state].take(slate).astype(np.float64), self._own[state].take(slate).astype(np.float64)
        factor = left * line + own
        known = self._known[state].take(slate).astype(np.float64)
        basis = np.array([known, np.sqrt(known)])
        mean = np.maximum(self._shared @ basis, TINY)
        noise = mean * (1.0 - np.minimum(mean, SURE))
        precision = mean * mean / noise
        deviation = reward / mean - 1.0
        still = left / (1.0 + self._state_variance * precision * left)
        told = precision * still
        self._left[state, slate] = still
        self._own[state, slate] = own + self._state_variance * told * (deviation - own)
        told /= 1.0 + told * left * gain.take(active, axis=0).sum(axis=0)
        belief[: len(gain)] += told * (deviation - factor) * gain
        belief[len(gain) :] -= (told * left * gain).take(one, axis=0) * gain.take(other, axis=0)
        self._belief[:, slate] = belief
        self._learn_shared(basis * np.maximum(1.0 + factor, 0.0), reward, noise)

    def _learn_shared(self, basis: NDArray, reward: NDArray, noise: NDArray) -> None:
        """One step of the regression for b1 and b2, of rewards (n,) on a basis (2, n) with noise variances (n,)."""
        weighted = basis / noise
        self._gram += weighted @ basis.T
        self._moment += weighted @ reward
        (one, both), (_, two) = self._gram.tolist()
        first, second = self._moment.tolist()
        linear, root = two * first - both * second, one * second - both * first
        if linear < 0:
            self._shared = np.array([0.0, max(second, 0.0) / two])
        elif root < 0:
            self._shared = np.array([max(first, 0.0) / one, 0.0])
        else:
            self._shared = np.array([linear, root]) / (one * two - both * both)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) expected rewards by present belief, in reward units."""
        scaled = np.empty((len(states), self.products))
        for row, state in enumerate(states.tolist()):
            scaled[row] = self._foreseen(state) * self._factor(state)
        return self._least + self._range * scaled[:, self._column]


class LinearUCBAgent(LinearAgent):
    """Shows the products of greatest m (1 + f + optimism * standard deviation); see `LinearAgent` for the model."""

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 1.0):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties, by an order of the products drawn at the start.
            optimism: standard deviations that are added to the expected reward, >= 0; alpha in LinUCB.

        Raises:
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(optimism) or not 0 <= optimism < np.inf:
            raise ValueError(f"optimism counts standard deviations and must be >= 0, got {optimism!r}")
        self._optimism = float(optimism)

    def _multiple(self) -> np.float32:
        return np.float32(self._optimism)

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot: the agent draws nothing."""
        return self._certain(self._act(states), slates)


class LinearThompsonAgent(LinearAgent):
    """Shows the products of greatest m (1 + f + spread * standard deviation * N(0, 1)); see `LinearAgent`.

    One draw per product and visit: in a single state, the x . theta + e of drawn theta and e has this distribution, and
    products are independent.
    """

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, spread: float = 0.2):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            spread: factor of the standard deviation of the draws, >= 0; v in Agrawal and Goyal.

        Raises:
            ValueError: the spread is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(spread) or not 0 <= spread < np.inf:
            raise ValueError(f"spread is a factor of standard deviations and must be >= 0, got {spread!r}")
        self._spread = float(spread)

    def _multiple(self) -> NDArray[np.float32]:
        return np.float32(self._spread) * self.rng.standard_normal(self.products, dtype=np.float32)


def _total(table: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(P,) the sum of some rows of a table."""
    first, *others = rows.tolist()
    total = table[first].copy()
    for row in others:
        total += table[row]
    return total


def _weights(history: History) -> tuple[list[float], float]:
    """The weight of the intercept and of each tier, and the variance of what the tiers do not explain."""
    everything, *splits = history.pooling.levels
    weights, known = {}, set[int]()
    for level in splits:
        new = [tier for tier in level.tiers if tier not in known]
        known.update(new)
        weights.update({tier: level.weight * len(new) for tier in new})
    left = sum(1.0 / level.weight for level in splits if len(level.tiers) > 1)
    return [everything.weight, *(weights[tier] for tier in range(len(history.states.shape)))], left
