"""Linear models of each product: LinUCB (Li et al. 2010) and linear Thompson sampling (Agrawal and Goyal 2013)."""

from __future__ import annotations

from abc import abstractmethod
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.choosing import best_normal, best_scores
from selflearn_agents.optimism import check_factor, check_optimism
from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.tables import sum_rows
from selflearn_env.declared import POSITIVE, Declared, indexes, numbers, permutation, real
from selflearn_env.shop.history import History

TINY = 1e-9  # least expected reward of a product, scaled
SURE = 0.9  # from there on, a greater expected reward does not make the noise any smaller
ROWS = 8  # visits decided at once: few enough to stay in the cache
SHARED_WEIGHT = 10.0  # precision of the belief in b1 and b2 before the first visit


class LinearAgent(Agent):
    """Learns by how much each product does better or worse than the history predicts, linearly in the tiers.

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
    that is worth w purchases has variance 1 / w: it stands where the history says nothing (K = 0); where it says
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

    declared: ClassVar[Declared] = {
        "_least": real(),
        "_range": real(POSITIVE),
        "_state_variance": real(0.0),
        "_order": permutation("products"),
        "_column": permutation("products"),
        "_known": numbers("states", "products", dtype=np.float32, least=0.0),
        "_belief": numbers("coefficients", "products", dtype=np.float32),
        "_entry": indexes("coefficients", "features", "features"),
        "_features": indexes("features", "states", "tiers", distinct=True),
        "_left": numbers("states", "products", dtype=np.float32, least=0.0, most=1.0),
        "_own": numbers("states", "products", dtype=np.float32),
        "_gram": numbers(2, 2),
        "_moment": numbers(2),
        "_shared": numbers(2, least=0.0),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Starts from the history; ties break by an order of the products drawn here."""
        super().__init__(history, slate_size, rng)
        rewards = Rewards()
        self._least, self._range = rewards.ignore, rewards.buy - rewards.ignore
        self._order = rng.permutation(self.products)
        self._column = np.argsort(self._order, kind="stable")
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
        one, other = np.triu_indices(size)
        self._entry = np.empty((size, size), dtype=np.int64)  # the row of each entry
        self._entry[one, other] = self._entry[other, one] = size + np.arange(one.size)
        self._belief = np.zeros((self._entry[-1, -1] + 1, self.products), dtype=np.float32)
        self._belief[self._entry.diagonal()] = variance
        self._left = np.ones((self.states, self.products), dtype=np.float32)  # r
        self._own = np.zeros((self.states, self.products), dtype=np.float32)  # c
        self._gram = SHARED_WEIGHT * np.eye(2)
        self._moment = SHARED_WEIGHT * np.array([1.0, 0.0])
        self._shared = np.array([1.0, 0.0])  # b1, b2

    def check_kept(self) -> None:
        """Sees that each pair of features has a coefficient of its own.

        Raises:
            ValueError: it is not so.
        """
        size = len(self._entry)
        one, other = np.triu_indices(size)
        own = size + np.arange(one.size)
        if (self._entry[one, other] != own).any() or (self._entry[other, one] != own).any():
            raise ValueError("has coefficients that are not of one pair of features each")
        if (self._belief[self._entry.diagonal()] < 0).any():
            raise ValueError("has a negative variance")

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score of what is eligible."""
        best = np.empty((len(states), self.slate_size), dtype=np.int64)
        for start in range(0, len(states), ROWS):
            foreseen, factor, deviation = self._expected(states[start : start + ROWS])
            allowed = None if eligible is None else eligible[start : start + ROWS].take(self._order, axis=1)
            best[start : start + ROWS] = self._best(foreseen * factor, foreseen * deviation, allowed)
        return self._order[best]

    @abstractmethod
    def _best(
        self, mean: NDArray[np.float32], deviation: NDArray[np.float32], eligible: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """(B, n) the columns to show, given mean and standard deviation (B, P) of the rewards, and what is eligible."""

    def _expected(self, states: NDArray[np.int64]) -> NDArray[np.float32]:
        """(3, B, P) m; the expected reward as a multiple of m; and the standard deviation of the latter."""
        expected = np.zeros((3, len(states), self.products), dtype=np.float32)
        expect(
            states, self._features, self._entry, self._belief, self._left, self._own, self._known, self._shared,
            self._state_variance, expected,
        )  # fmt: skip
        return expected

    def _update(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """Learns visit after visit, of a product shown twice from the first; the responses are not read."""
        learn(
            states, self._column[slates], (item_rewards - self._least) / self._range, self._features, self._entry,
            self._belief, self._left, self._own, self._known, self._shared, self._gram, self._moment,
            self._state_variance,
        )  # fmt: skip

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) expected rewards by present belief, in reward units."""
        scaled = np.empty((len(states), self.products))
        for row, state in enumerate(states):
            foreseen, factor, _ = self._expected(state[None])
            scaled[row] = (foreseen * factor)[0]
        return self._least + self._range * scaled[:, self._column]


class LinearUCBAgent(LinearAgent):
    """Shows the products of greatest m (1 + f + optimism * standard deviation); see `LinearAgent` for the model."""

    sure = True

    declared: ClassVar[Declared] = {
        "_optimism": real(0.0),
    }

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
        self._optimism = check_optimism(optimism)

    def _best(
        self, mean: NDArray[np.float32], deviation: NDArray[np.float32], eligible: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        return best_scores(mean + np.float32(self._optimism) * deviation, self.slate_size, eligible)


class LinearThompsonAgent(LinearAgent):
    """Shows the products of greatest m (1 + f + spread * standard deviation * N(0, 1)); see `LinearAgent`.

    One draw per product and visit: in a single state, the x . theta + e of drawn theta and e has this distribution, and
    products are independent.
    """

    declared: ClassVar[Declared] = {
        "_spread": real(0.0),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, spread: float = 0.2):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            spread: factor of the standard deviation of the draws, >= 0; v in Agrawal and Goyal.

        Raises:
            ValueError: the spread is negative, beyond 1e12, or no number.
        """
        super().__init__(history, slate_size, rng)
        self._spread = check_factor("spread is a factor of standard deviations", spread)

    def _best(
        self, mean: NDArray[np.float32], deviation: NDArray[np.float32], eligible: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        uniform, rows = self.rng.random(mean.shape), np.arange(len(mean))
        return best_normal(mean, np.float32(self._spread) * deviation, rows, uniform, self.slate_size, eligible)


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


@Loop
def expect(
    states: NDArray, features: NDArray, entry: NDArray, belief: NDArray, left: NDArray, own: NDArray, known: NDArray,
    shared: NDArray, state_variance: float, expected: NDArray,
) -> None:  # fmt: skip
    """Writes m, the factor and its standard deviation into expected (3, B, P), all zero so far."""
    for visit in range(states.size):
        state, active = states[visit], features[states[visit]]
        foreseen, factor, deviation = expected[0, visit], expected[1, visit], expected[2, visit]
        for tier in range(active.size):  # x . theta and x . C x, row by row of the table
            add(factor, belief[active[tier]])
            for other in range(tier):
                add(deviation, belief[entry[active[tier], active[other]]])
        add(deviation, deviation)
        for tier in range(active.size):
            add(deviation, belief[entry[active[tier], active[tier]]])
        for product in range(factor.size):
            r, h = np.float64(left[state, product]), np.float64(known[state, product])
            foreseen[product] = shared[0] * h + shared[1] * sqrt(h)
            factor[product] = 1.0 + r * np.float64(factor[product]) + np.float64(own[state, product])
            variance = r * (r * np.float64(deviation[product]) + state_variance)
            deviation[product] = sqrt(max(variance, 0.0))  # rounding


@Loop
def add(total: NDArray, row: NDArray) -> None:
    """Adds a row to a total."""
    for product in range(total.size):
        total[product] += row[product]


@Loop
def learn(
    states: NDArray, columns: NDArray, rewards: NDArray, features: NDArray, entry: NDArray, belief: NDArray,
    left: NDArray, own: NDArray, known: NDArray, shared: NDArray, gram: NDArray, moment: NDArray, state_variance: float,
) -> None:  # fmt: skip
    """The formulas of the class, product by product; then those for b1 and b2, for all products of the visit."""
    gain = np.empty(entry.shape[0])
    for visit in range(states.size):
        state, slate = states[visit], columns[visit]
        for slot in range(slate.size):
            product = slate[slot]
            if is_above(slate, slot):
                continue
            h = np.float64(known[state, product])
            mean = max(shared[0] * h + shared[1] * sqrt(h), TINY)
            noise = mean * (1.0 - min(mean, SURE))
            line = observe(
                belief, entry, features[state], gain, left, own, state, product, mean * mean / noise,
                rewards[visit, slot] / mean - 1.0, state_variance,
            )  # fmt: skip
            factor = max(1.0 + line, 0.0)
            first, second = h * factor, sqrt(h) * factor
            gram[0, 0] += first * first / noise
            gram[0, 1] += first * second / noise
            gram[1, 1] += second * second / noise
            moment[0] += first * rewards[visit, slot] / noise
            moment[1] += second * rewards[visit, slot] / noise
        solve(gram, moment, shared)


@Loop
def is_above(slate: NDArray, slot: int) -> bool:
    """Whether a slot above shows the same product."""
    for above in range(slot):  # noqa: SIM110  this is compiled, and any(...) is not
        if slate[above] == slate[slot]:
            return True
    return False


@Loop
def observe(
    belief: NDArray, entry: NDArray, active: NDArray, gain: NDArray, left: NDArray, own: NDArray, state: int,
    product: int, precision: float, deviation: float, state_variance: float,
) -> float:  # fmt: skip
    """Learns z, the deviation, of one product, with precision i; returns what was expected of z before."""
    line, square = 0.0, 0.0  # x . theta and x . g
    gain[:] = 0.0
    for tier in range(active.size):
        line += np.float64(belief[active[tier], product])
        for feature in range(gain.size):
            gain[feature] += np.float64(belief[entry[active[tier], feature], product])
    for tier in range(active.size):
        square += gain[active[tier]]
    r, c = np.float64(left[state, product]), np.float64(own[state, product])
    still = r / (1.0 + state_variance * precision * r)
    weight = precision * still
    expected = r * line + c
    left[state, product], own[state, product] = still, c + state_variance * weight * (deviation - c)
    step = weight / (1.0 + weight * r * square)
    for feature in range(gain.size):
        belief[feature, product] = np.float64(belief[feature, product]) + step * (deviation - expected) * gain[feature]
        for other in range(feature, gain.size):
            row = entry[feature, other]
            belief[row, product] = np.float64(belief[row, product]) - step * r * gain[feature] * gain[other]
    return expected


@Loop
def solve(gram: NDArray, moment: NDArray, shared: NDArray) -> None:
    """Writes b1 and b2, >= 0, given the sums of the regression; of the symmetric one, only the upper half is kept."""
    linear = gram[1, 1] * moment[0] - gram[0, 1] * moment[1]
    root = gram[0, 0] * moment[1] - gram[0, 1] * moment[0]
    if linear < 0.0:
        shared[0], shared[1] = 0.0, max(moment[1], 0.0) / gram[1, 1]
    elif root < 0.0:
        shared[0], shared[1] = max(moment[0], 0.0) / gram[0, 0], 0.0
    else:
        size = gram[0, 0] * gram[1, 1] - gram[0, 1] * gram[0, 1]
        shared[0], shared[1] = linear / size, root / size
