"""The article's agent: epsilon-greedy slates, incremental average (Sutton and Barto 2018, section 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.epsilon_marginals import marginals
from selflearn_agents.bandits.value_table import ValueTable
from selflearn_agents.eligible import EVERYTHING
from selflearn_env.core.compiling import Loop
from selflearn_env.core.numbers import is_number
from selflearn_env.core.rewards import DECIMALS, Rewards
from selflearn_env.declared import Declared, counts, indexes, permutation, real, whole
from selflearn_env.shop.history import History

PRIORS = ("quantity", "zero", "rate")
NOBODY = np.empty((0, 0), dtype=np.int32)  # in the place of (B, n), the best that are allowed, where everything is


class EpsilonGreedyAgent(Agent):
    """Learns the average reward of each product in each state, and explores the products of the state's segment.

    Slate: slot by slot, with probability 1 - epsilon the next best product of the state by value, otherwise any product
    of the state's segment, uniformly; no product twice. Only products known in the state have a value: those seen there
    in the history, and those shown there since. Where no known one is left, the slot explores. What is not eligible is
    no choice for either; where nothing eligible is left of the segment, exploring slots show any eligible product of
    the catalogue that is left, uniformly. A segment of which the history has fewer products than a slate explores the
    whole catalogue.

    Update, for each shown product: N += 1; value += max(1 / (prior_weight + N), step_size) * (reward - value). With a
    step_size the average forgets: old rewards weigh less and less (Sutton and Barto 2018, section 2.5).

    Cost per visit: O(n) look-ups, and now and then a pass over what is known in the state. Memory: a few numbers for
    each product known in a state.
    """

    parts = {"_table": ValueTable}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "_epsilon": real(0.0, 1.0),
        "_epsilon_end": real(0.0, 1.0),
        "_epsilon_visits": whole(),
        "_visits": whole(),
        "_order": permutation("products"),
        "_pool": permutation("products", "segments", dtype=np.int32),
        "_place": indexes("products", "segments", "products", dtype=np.int32, none=True),
        "_pool_size": counts("segments", below="products + 1"),
        "_segment": indexes("segments", "states"),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        epsilon: float = 0.1,
        epsilon_end: float | None = None,
        epsilon_visits: int = 0,
        prior: str | float = "quantity",
        prior_weight: float = 0.0,
        step_size: float = 0.0,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            epsilon: probability that a slot explores, 0..1.
            epsilon_end: epsilon moves there in a straight line over the first `epsilon_visits` visits; None keeps it.
            epsilon_visits: see `epsilon_end`.
            prior: what the products seen in a state start with: "quantity", N(net units, 1) rounded to 2 decimals, as
                the article has it; "zero"; or "rate", the reward of a product that is bought as often as the history's
                pooled purchases per visit and ignored otherwise, with the default rewards. A number is the reward that
                every product starts with, seen or not: above all rewards it is an optimistic start (Sutton and Barto
                2018, section 2.6).
            prior_weight: how many showings the prior counts for; at 0 the first showing replaces it.
            step_size: least step of the average, 0..1; at 0 all showings count alike.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        super().__init__(history, slate_size, rng)
        end = epsilon if epsilon_end is None else epsilon_end
        for name, share in (("epsilon", epsilon), ("epsilon_end", end)):
            if not _is_number(share) or not 0 <= share <= 1:
                raise ValueError(f"{name} is a probability, 0..1, got {share!r}")
        if not _is_number(step_size) or not 0 <= step_size <= 1:
            raise ValueError(f"step_size is a share of the new reward in the average, 0..1, got {step_size!r}")
        if not _is_number(epsilon_visits) or epsilon_visits % 1 or epsilon_visits < (epsilon_end is not None):
            raise ValueError(
                f"epsilon_visits counts visits, and must be positive with epsilon_end, got {epsilon_visits!r}"
            )
        if prior not in PRIORS and not (_is_number(prior) and np.isfinite(prior)):
            raise ValueError(f"unknown prior {prior!r}; known: {', '.join(PRIORS)}, or a reward")
        if not _is_number(prior_weight) or not 0 <= prior_weight < np.inf:
            raise ValueError(f"prior_weight counts showings and must be >= 0, got {prior_weight!r}")
        self._epsilon, self._epsilon_end, self._epsilon_visits = float(epsilon), float(end), int(epsilon_visits)
        self._visits = 0
        self._order = rng.permutation(self.products)  # the product of each column
        column = np.argsort(self._order, kind="stable")
        self._segment = history.segment.copy()
        self._pool_size, self._pool, self._place = self._pools(history)
        start = self._start(history, column, prior)
        self._table = ValueTable(column, start, self.slate_size, float(prior_weight), float(step_size))

    def check_kept(self) -> None:
        """Sees that places and pools are each other's, and no pool smaller than a slate.

        Raises:
            ValueError: it is not so.
        """
        every = np.arange(self.products)
        place = np.full_like(self._place, -1)
        np.put_along_axis(place, self._pool, np.where(every < self._pool_size[:, None], every, -1).astype(np.int32), 1)
        if (place != self._place).any() or self._pool_size.min() < self.slate_size:
            raise ValueError("has pools without their places")
        if self._table.depth != self.slate_size:
            raise ValueError("has leaders for slates of another size")

    @property
    def epsilon(self) -> float:
        """The probability that a slot explores, at present."""
        progress = min(1.0, self._visits / self._epsilon_visits) if self._epsilon_visits else 1.0
        return self._epsilon + progress * (self._epsilon_end - self._epsilon)

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) epsilon-greedy slates of what is eligible."""
        draws = self.rng.random((len(states), 2, self.slate_size))
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        allowed, best = self._allowed_columns(states, eligible)
        decide(
            states, draws, self.epsilon, self._table.leaders, self._table.heads, allowed, best, self._segment,
            self._pool_size, self._pool, self._place, self._order, slates,
        )  # fmt: skip
        return slates

    def _allowed_columns(
        self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """What is eligible, by column, and the best columns of it; `EVERYTHING` and `NOBODY` where everything is."""
        if eligible is None:
            return EVERYTHING, NOBODY
        allowed = eligible.take(self._order, axis=1)
        return allowed, self._table.best(states, allowed, self.slate_size)

    def _update(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """Adds the item rewards to the averages; the responses are not read."""
        self._table.learn(states, slates, item_rewards)
        self._visits += len(states)

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) average rewards so far, from the prior on; -inf for products not known in the state."""
        return self._table.rows(states)[:, self._table.column]

    def _propensity(
        self, states: NDArray[np.int64], slates: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """(B, k) epsilon / products left in the segment, plus 1 - epsilon for the best product left."""
        probability = np.empty(slates.shape)
        allowed, best = self._allowed_columns(states, eligible)
        propensities(
            states, self._table.column[slates], self.epsilon, self._table.leaders, self._table.heads, allowed, best,
            self._segment, self._pool_size, self._place, probability,
        )  # fmt: skip
        return probability

    def _marginals(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """(B, n, P) as the loop `marginals` of epsilon_marginals.py has them."""
        chances = np.zeros((len(states), self.slate_size, self.products))
        allowed, best = self._allowed_columns(states, eligible)
        marginals(
            states, self.epsilon, self._table.leaders, self._table.heads, allowed, best, self._segment, self._place,
            self._order, chances,
        )  # fmt: skip
        return chances

    def _pools(self, history: History) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """(G,) how many products each segment has; (G, P) their columns, and the place of each column, -1 for none."""
        known = history.segment_products[:, self._order]
        known = known | (known.sum(axis=1, keepdims=True) < self.slate_size)  # all, where there are too few for a slate
        size = known.sum(axis=1)
        place = np.where(known, known.cumsum(axis=1) - 1, -1).astype(np.int32)
        return size, np.argsort(~known, axis=1, kind="stable").astype(np.int32), place

    def _start(
        self, history: History, column: NDArray[np.int64], prior: str | float
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """State by state, the columns that are known at first, ascending, and their values."""
        rewards = Rewards()
        for state in range(self.states):
            columns = np.flatnonzero(history.seen[state][self._order]) if prior in PRIORS else np.arange(self.products)
            products = self._order[columns]
            if prior == "quantity":
                value = self.rng.normal(history.quantity[state][products].astype(np.float64), 1.0).round(DECIMALS)
            elif prior == "rate":
                bought = np.minimum(1.0, history.incidence(np.array([state]))[0][products])
                value = rewards.ignore + (rewards.buy - rewards.ignore) * bought
            else:
                value = np.full(products.size, 0.0 if prior == "zero" else float(prior))
            yield columns, value


@Loop
def decide(
    states: NDArray, draws: NDArray, epsilon: float, leaders: NDArray, heads: NDArray, allowed: NDArray, best: NDArray,
    segment: NDArray, pool_size: NDArray, pool: NDArray, place: NDArray, order: NDArray, slates: NDArray,
) -> None:  # fmt: skip
    """One slate per visit, slot by slot: the best product left, or with epsilon any that is left of the segment.

    Of what is allowed, (B, P) by column, or `EVERYTHING`; then `best` (B, n) has the best columns of it.
    """
    masked = allowed.shape[0] > 0
    some, spot = np.empty(allowed.shape[1], dtype=np.int32), np.empty(allowed.shape[1], dtype=np.int32)
    for visit in range(states.size):
        state, slate, at = states[visit], slates[visit], 0  # columns first, products in the end
        own, group = leaders[state, : heads[state]["length"]]["column"], segment[state]
        among, size, where = pool[group], pool_size[group], place[group]
        if masked:
            own = best[visit, : count_known(best[visit])]
            among, size, where = some, gather(allowed[visit], place[group], False, some, spot), spot
        for slot in range(slate.size):
            at = next_left(own, at, slate[:slot])
            if draws[visit, 0, slot] < epsilon or at == own.size:
                if masked and size == count_up_to(size, where, slate[:slot]):  # nothing is left of the segment
                    size = gather(allowed[visit], place[group], True, some, spot)
                slate[slot] = any_left(draws[visit, 1, slot], among, size, where, slate[:slot])
            else:
                slate[slot] = own[at]
        for slot in range(slate.size):
            slate[slot] = order[slate[slot]]


@Loop
def gather(allowed: NDArray, place: NDArray, is_whole: bool, some: NDArray, spot: NDArray) -> int:
    """Writes the allowed columns, all or those with a place in the pool, and their places; returns how many."""
    size = 0
    for column in range(allowed.size):
        spot[column] = -1
        if allowed[column] and (is_whole or place[column] >= 0):
            some[size], spot[column] = column, size
            size += 1
    return size


@Loop
def count_known(best: NDArray) -> int:
    """How many columns there are before the first -1."""
    count = 0
    while count < best.size and best[count] >= 0:
        count += 1
    return count


@Loop
def propensities(
    states: NDArray, slates: NDArray, epsilon: float, leaders: NDArray, heads: NDArray, allowed: NDArray, best: NDArray,
    segment: NDArray, pool_size: NDArray, place: NDArray, probability: NDArray,
) -> None:  # fmt: skip
    """The chance of each column of the slates (B, k), given those above it; `allowed` and `best` as for `decide`."""
    masked = allowed.shape[0] > 0
    for visit in range(states.size):
        state, slate, at = states[visit], slates[visit], 0
        own, group = leaders[state, : heads[state]["length"]]["column"], segment[state]
        left, others = pool_size[group], 0  # in the segment, in the catalogue; the latter only where they are asked for
        if masked:
            own = best[visit, : count_known(best[visit])]
            left = 0
            for column in range(place.shape[1]):
                left += allowed[visit, column] and place[group, column] >= 0
                others += allowed[visit, column]
        for slot in range(slate.size):
            at = next_left(own, at, slate[:slot])
            explore = epsilon if at < own.size else 1.0
            chance = 1.0 - explore if at < own.size and own[at] == slate[slot] else 0.0
            if contains(slate[:slot], slate[slot]) or (masked and not allowed[visit, slate[slot]]):
                chance = 0.0
            else:
                if place[group, slate[slot]] >= 0:
                    chance += explore / left
                    left -= 1
                elif left == 0:
                    chance += explore / others
                others -= 1
            probability[visit, slot] = chance


@Loop
def next_left(leaders: NDArray, best: int, above: NDArray) -> int:
    """The first position from `best` on whose leader is not shown above."""
    while best < leaders.size and contains(above, leaders[best]):
        best += 1
    return best


@Loop
def any_left(share: float, pool: NDArray, size: int, place: NDArray, above: NDArray) -> int:
    """The product at this share of those in the pool that are not shown above; share is 0..1, the least included."""
    gone = count_up_to(size, place, above)
    rank = int(share * (size - gone))
    at = rank
    while at != rank + count_up_to(at, place, above):
        at = rank + count_up_to(at, place, above)
    return pool[at]


@Loop
def count_up_to(at: int, place: NDArray, above: NDArray) -> int:
    """How many of the products above have a place in the pool, this one or one before it."""
    count = 0
    for slot in range(above.size):
        if 0 <= place[above[slot]] <= at:
            count += 1
    return count


@Loop
def contains(products: NDArray, product: int) -> bool:
    """Whether a product is among others."""
    for other in products:  # noqa: SIM110  this is compiled, and any(...) is not
        if other == product:
            return True
    return False


def _is_number(value: object) -> bool:
    return is_number(value) and not np.isnan(value)
