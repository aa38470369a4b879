"""The seed's agent: epsilon-greedy slates, incremental average (Sutton and Barto 2018, section 2.4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.leaders import Leaders
from selflearn_agents.bandits.value_table import ValueTable
from selflearn_env.core.numbers import is_number
from selflearn_env.core.rewards import DECIMALS, Rewards
from selflearn_env.core.slates import repeats
from selflearn_env.shop.history import History

PRIORS = ("quantity", "zero", "rate")


class EpsilonGreedyAgent(Agent):
    """Learns the average reward of each product in each state, and explores the products of the state's segment.

    Slate: slot by slot, with probability 1 - epsilon the next best product of the state by value, otherwise any product
    of the state's segment, uniformly; no product twice. Only products known in the state have a value: those seen there
    in the history, and those shown there since. Where no known one is left, the slot explores.

    Update, for each shown product: N += 1; value += max(1 / (prior_weight + N), step_size) * (reward - value). With a
    step_size the average forgets: old rewards weigh less and less (Sutton and Barto 2018, section 2.5).

    Cost per visit: O(n), and a sort of the leading products of the state.
    """

    parts = {"_table": ValueTable, "_leaders": Leaders}  # noqa: RUF012

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
                the seed has it; "zero"; or "rate", the reward of a product that is bought as often as the history's
                pooled purchases per visit and ignored otherwise, with the default rewards. A number is the reward that
                every product starts with, seen or not: above all rewards it is an optimistic start (Sutton and Barto
                2018, section 2.6).
            prior_weight: how many showings the prior counts for; at 0 the first showing replaces it.
            step_size: least step of the average, 0..1; at 0 all showings count alike.

        Raises:
            ValueError: a hyperparameter is out of its range, or a segment has fewer products than a slate.
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
        self._prior_weight, self._step_size = float(prior_weight), float(step_size)
        self._visits = 0
        order = rng.permutation(self.products)
        self._segment = history.segment.copy()
        self._pool, self._pool_start, self._pool_size = self._pools(history, order)
        self._table = ValueTable(order, self.states, *self._known(history, order, prior))
        # Above a slot stand fewer than n products, so the best that is left is among the first n.
        self._leaders = Leaders(self._table, depth=self.slate_size)
        if prior_weight:
            known = self._table.value > -np.inf
            self._table.total[known] = self._prior_weight * self._table.value[known]

    @property
    def epsilon(self) -> float:
        """The probability that a slot explores, at present."""
        progress = min(1.0, self._visits / self._epsilon_visits) if self._epsilon_visits else 1.0
        return self._epsilon + progress * (self._epsilon_end - self._epsilon)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) epsilon-greedy slates."""
        batch, n = len(states), self.slate_size
        draws = self.rng.random((batch, 2, n))
        explores = draws[:, 0] < self.epsilon
        leaders = self._leaders.top(self._table, states)

        # The rule of `_slate` for many visits at once: right wherever no product comes twice, which is almost always.
        rank = np.cumsum(~explores).reshape(batch, n)  # of the leader to show, counted over all visits
        rank += (np.arange(batch) * n - np.append(0, rank[:-1, -1]) - 1)[:, None]
        slates = leaders.take(rank)
        if np.count_nonzero(self._leaders.scarce[states]):
            explores |= ~self._leaders.known(self._table, states).take(rank)
        at = np.flatnonzero(explores)
        visit = at // n
        segment = self._segment[states[visit]]
        drawn = draws.take(at + (visit + 1) * n) * self._pool_size[segment]
        explored = self._pool.take(self._pool_start[segment] + drawn.astype(np.int64))
        slates.put(at, explored)
        # Leaders are distinct: if a product comes twice, one of the two was explored.
        same = np.flatnonzero(slates.take(visit, axis=0) == explored[:, None]) // n
        twice = visit[same[1:][same[1:] == same[:-1]]]
        for one in sorted(set(twice.tolist())):
            slots = np.flatnonzero(explores[one]).tolist()
            slates[one] = self._slate(states.item(one), slots, draws[one, 1].tolist())
        return slates

    def _act_once(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """(1, n) the slate of a single visit, by lists, which are faster than arrays for ten products."""
        draws, epsilon = self.rng.random(2 * self.slate_size).tolist(), self.epsilon
        explores = [slot for slot in range(self.slate_size) if draws[slot] < epsilon]
        return np.array(self._slate(states.item(), explores, draws[self.slate_size :]))[None]

    def _slate(self, state: int, explores: list[int], position: list[float]) -> list[int]:
        """One slate by the rule of the class, slot by slot.

        Args:
            state: the state of the visit.
            explores: the slots that explore, ascending.
            position: (n,) where in the segment's products a slot that explores looks first, as a share of their number.
        """
        slate = self._leaders.best(self._table, state)
        segment = self._segment.item(state)
        start, size = self._pool_start.item(segment), self._pool_size.item(segment)
        # Where known products are scarce, a slot that finds none left explores too.
        for slot in explores if len(slate) == self.slate_size else range(self.slate_size):
            if slot in explores or slot == len(slate):
                product = self._pool.item(start + int(position[slot] * size))
                while product in slate[:slot]:
                    product = self._pool.item(start + int(self.rng.random() * size))
                if product in slate:
                    slate.remove(product)
                slate.insert(slot, product)
        return slate[: self.slate_size]

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Adds the item rewards to the averages; the responses are not read."""
        table = self._table
        slots = table.add(table.column.take(slates) + table.row.take(states)[:, None])
        flat, rewards = slots.ravel(), item_rewards.ravel()
        if self._step_size:
            self._forget_and_add(flat, rewards)
        else:
            np.add.at(table.total, flat, rewards)
            np.add.at(table.count, flat, 1.0)
        learned = table.total.take(slots)
        learned /= table.count.take(slots) + self._prior_weight
        table.value[slots] = learned
        self._leaders.changed(table, states, slates, slots, learned)
        self._visits += len(states)

    def _update_once(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """The same for a single visit, whose slate shows no product twice: each sum is read and written once."""
        if self._step_size:
            return self._update(states, slates, responses, item_rewards)
        table, state, slate = self._table, states.item(), slates[0]
        slots = table.add(table.column[slate] + table.row[state])
        learned, count = table.total[slots], table.count[slots]
        learned += item_rewards[0]
        count += 1.0
        table.total[slots], table.count[slots] = learned, count
        if self._prior_weight:
            count += self._prior_weight
        learned /= count
        table.value[slots] = learned
        self._leaders.changed_once(table, state, slate, slots, learned)
        self._visits += 1
        return None

    def _forget_and_add(self, slots: NDArray[np.int64], rewards: NDArray[np.float64]) -> None:
        """Adds rewards one after the other; what came before counts for 1 / step_size - 1 showings at most."""
        most = 1.0 / self._step_size - 1.0
        for some in _turns(slots):
            slot = slots[some]
            before = self._table.count[slot] + self._prior_weight
            kept = np.minimum(before, most)
            self._table.total[slot] *= np.divide(kept, before, out=np.ones_like(before), where=before > 0)
            self._table.total[slot] += rewards[some]
            self._table.count[slot] = kept - self._prior_weight + 1.0

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) average rewards so far, from the prior on; -inf for products not known in the state."""
        values = np.full((len(states), self.products), -np.inf)
        for row, state in zip(values, states.tolist(), strict=True):
            columns, _, known = self._table.known(state)
            row[self._table.order[columns]] = known
        return values

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) epsilon / products left in the segment, plus 1 - epsilon for the best product left."""
        rows = np.arange(len(states))
        leaders = self._leaders.top(self._table, states)
        free = self._leaders.known(self._table, states)  # leaders that no slot above shows
        in_pool = np.zeros((len(self._pool_start), self.products), dtype=bool)
        for segment, pool in enumerate(np.split(self._pool, self._pool_start[1:])):
            in_pool[segment, pool] = True
        left = in_pool[self._segment[states]]
        probability = np.empty(slates.shape)
        for slot, shown in enumerate(slates.T):
            exploit = np.where(free.any(axis=1), 1.0 - self.epsilon, 0.0)
            is_best = leaders[rows, free.argmax(axis=1)] == shown
            probability[:, slot] = exploit * is_best + (1.0 - exploit) * left[rows, shown] / left.sum(axis=1)
            free &= leaders != shown[:, None]
            left[rows, shown] = False
        again = repeats(slates)
        return probability if again is None else np.where(again, 0.0, probability)

    def _pools(
        self, history: History, order: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Each segment's products, one segment after the other; (G,) where each starts, and its size."""
        known = history.segment_products[:, order]
        known = known | ~known.any(axis=1, keepdims=True)  # a segment that the history never met explores everything
        size = known.sum(axis=1)
        if size.min() < self.slate_size:
            label = history.states.tiers[0].labels[int(size.argmin())]
            raise ValueError(
                f"segment {label!r} has {size.min()} products in the history, fewer than a slate of {self.slate_size}; "
                f"use a smaller slate_size or fewer segments"
            )
        return order[np.nonzero(known)[1]], np.cumsum(size) - size, size

    def _known(
        self, history: History, order: NDArray[np.int64], prior: str | float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The cells state * P + column that are known at first, ascending, and their values; state by state."""
        cells, values, rewards = [], [], Rewards()
        for state in range(self.states):
            columns = np.flatnonzero(history.seen[state][order]) if prior in PRIORS else np.arange(self.products)
            products = order[columns]
            if prior == "quantity":
                value = self.rng.normal(history.quantity[state][products].astype(np.float64), 1.0).round(DECIMALS)
            elif prior == "rate":
                bought = np.minimum(1.0, history.incidence(np.array([state]))[0][products])
                value = rewards.ignore + (rewards.buy - rewards.ignore) * bought
            else:
                value = np.full(products.size, 0.0 if prior == "zero" else float(prior))
            cells.append(columns + state * self.products)
            values.append(value)
        return np.concatenate(cells), np.concatenate(values)


def _turns(cells: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Positions of the cells in turns, in each of which a cell comes once: its first time, its second, ..."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    new = ordered[1:] != ordered[:-1]
    if new.all():
        return [order]
    run = np.flatnonzero(np.concatenate([[True], new]))
    turn = np.arange(cells.size) - np.repeat(run, np.diff(np.append(run, cells.size)))
    return np.split(order[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn))[:-1])


def _is_number(value: object) -> bool:
    return is_number(value) and not np.isnan(value)
