"""Policy gradient on slates: the gradient bandit (Sutton and Barto 2018, section 2.8) with Plackett-Luce slates."""

from __future__ import annotations

from math import exp, log, log1p
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.choosing import best_gumbel
from selflearn_agents.bandits.plackett_luce import plackett_luce_marginals
from selflearn_agents.optimism import check_factor
from selflearn_env.core.compiling import Loop
from selflearn_env.core.pooling import groups_of
from selflearn_env.core.slates import repeats
from selflearn_env.declared import Declared, indexes, numbers, real, text, whole
from selflearn_env.shop.history import History

CREDITS = ("slot", "rest")
ROWS = 8  # visits decided at once: few enough to stay in the cache
LEAST = 1e-9  # incidence, in purchases per visit, below which products are preferred alike


class GradientAgent(Agent):
    """Draws its slates from preferences, and moves these along the gradient of the expected reward.

    Preference: h(p) = sharpness * log(pooled incidence of the history) + theta_0(p) + ... + theta_L(p), with one theta
    per product and group of states at each level of the history's pooling, from all visits down to the single state.

    Slate: slot by slot without replacement, slot k with pi_k(p) = exp(h(p)) / sum of exp(h) over the products left
    (Plackett 1975; Luce 1959), drawn at once as the products of greatest h + Gumbel noise (Yellott 1977; Kool, van Hoof
    and Welling 2019).

    Update, REINFORCE with a baseline (Williams 1992), for each level and all products p, shown or not:

        theta_l(p) += step_size * sum over slots k of a_k ([slot k shows p] - [p was left at k] pi_k(p))

    with a_k = reward of slot k - b under credit="slot", where b is the mean item reward of the visits before (of the
    first, its own). So each slot is a gradient bandit over the products left for it; that a product shown here is
    missing below is left out. With credit="rest", a_k is the sum of the same over slot k and all below it: the whole
    gradient of the slate's reward (for its form see Oosterhuis 2021, PL-Rank), unbiased where a response does not
    depend on the slots below it, so not with `logit`; but of so much greater variance that it learns less. The visits
    of a batch all count with the preferences before it. What was not eligible counts as left: an update is not told.

    Cost per visit: a few passes over the catalogue; the sum over products is exact. Memory: one number per product and
    group of each level.
    """

    declared: ClassVar[Declared] = {
        "_step_size": real(0.0),
        "_credit": text(*CREDITS),
        "_earned": real(),
        "_shown": whole(),
        "_start": numbers("states", "products", dtype=np.float32),
        "_theta": numbers("rows", "products", dtype=np.float32),
        "_groups": indexes("rows", "states", "levels"),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        sharpness: float = 16.0,
        step_size: float = 0.04,
        credit: str = "slot",
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            sharpness: of the first slates, >= 0: at 0 they are uniform, and the greater it is, the nearer they come to
                the best products of the history in order.
            step_size: preference per reward unit, >= 0.
            credit: what a choice is credited with: "slot", the reward of that slot, or "rest", of it and all below.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        super().__init__(history, slate_size, rng)
        sharpness = check_factor("sharpness multiplies the logarithm of the incidence", sharpness)
        step_size = check_factor("step_size is preference per reward unit", step_size)
        if credit not in CREDITS:
            raise ValueError(f"unknown credit {credit!r}; known: {', '.join(CREDITS)}")
        self._step_size, self._credit = step_size, credit
        self._start = (sharpness * np.log(np.maximum(history.incidence(), LEAST))).astype(np.float32)  # (S, P)
        self._groups = rows_of_levels(history)  # of theta
        self._theta = np.zeros((int(self._groups.max()) + 1, self.products), dtype=np.float32)
        self._earned, self._shown = 0.0, 0  # item rewards so far, and of how many

    def _preferences(self, states: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, P) h."""
        preferences = self._start[states]
        add_levels(preferences, self._theta, self._groups, states)
        return preferences

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates drawn from what is eligible."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for start in range(0, len(states), ROWS):
            preferences = self._preferences(states[start : start + ROWS])
            uniform = self.rng.random(preferences.shape)
            allowed = None if eligible is None else eligible[start : start + ROWS]
            slates[start : start + ROWS] = best_gumbel(preferences, uniform, self.slate_size, allowed)
        return slates

    def _update(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """Moves the preferences; the responses are not read. A slot that repeats a product is not learned from."""
        if not len(states):
            return
        baseline = self._earned / self._shown if self._shown else item_rewards.mean()
        advantage = item_rewards - baseline
        again = repeats(slates)
        if again is not None:
            advantage[again] = 0.0
        if self._credit == "rest":
            advantage = advantage[:, ::-1].cumsum(axis=1)[:, ::-1]
        distinct = np.array(sorted(set(states.tolist())))
        moves = np.zeros((len(distinct), self.products), dtype=np.float32)
        for state, move in zip(distinct, moves, strict=True):
            preferences = self._preferences(state[None])[0]
            for visit in np.flatnonzero(states == state).tolist():
                kept = slice(None) if again is None else ~again[visit]
                _add_gradient(move, preferences, slates[visit, kept], advantage[visit, kept])
        move_levels(self._theta, self._groups, distinct, moves, np.float32(self._step_size))
        self._earned += float(item_rewards.sum())
        self._shown += item_rewards.size

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) preferences."""
        return self._preferences(states).astype(np.float64)

    def _propensity(
        self, states: NDArray, slates: NDArray, eligible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """(B, k) pi_k of the product in slot k, of what is eligible; 0 where a slot above shows it already."""
        probability = np.zeros(slates.shape)
        again = repeats(slates)
        for visit in range(len(states)):
            preferences = self._preferences(states[[visit]])[0]
            if eligible is not None:  # at least as many products are as a slate has slots
                preferences[~eligible[visit]] = -np.inf
            kept = slice(None) if again is None else ~again[visit]
            shown, left, _, _ = _logarithms(preferences, slates[visit, kept])
            probability[visit, kept] = np.exp(shown - left)
        return probability

    def _marginals(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """(B, n, P) as `plackett_luce_marginals` has them; where everything is eligible, once for each state."""
        if eligible is None:
            distinct, of_visit = np.unique(states, return_inverse=True)
            return plackett_luce_marginals(self._preferences(distinct), self.slate_size)[of_visit]
        preferences = np.where(eligible, self._preferences(states), -np.inf)
        return plackett_luce_marginals(preferences, self.slate_size)


def rows_of_levels(history: History) -> NDArray[np.int64]:
    """(S, L) the group of each state at each level of the history's pooling; groups are counted over all levels."""
    groups: list[NDArray[np.int64]] = []
    for level in history.pooling.levels:
        first = int(groups[-1].max()) + 1 if groups else 0
        groups.append(first + groups_of(level.tiers, history.states.shape)[0])
    return np.stack(groups or [np.zeros(history.states.size, dtype=np.int64)], axis=1)


def _logarithms(
    preferences: NDArray[np.float32], slate: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32], float]:
    """What the probabilities of a slate (n,) without repeats are made of, safe from overflow and from cancelling.

    Returns:
        (n,) preferences of the products shown; (n,) the logarithm of the sum of exp(preference) over the products left
        for each slot; (P,) exp(preference - peak) of the products not shown, 0 for those shown; and the peak, which no
        logarithm of a sum is below.
    """
    shown = preferences.take(slate).astype(np.float64)
    weight = preferences.copy()
    weight[slate] = -np.inf
    peak = max(weight.max(), np.float32(shown[-1]))
    weight -= peak
    np.exp(weight, out=weight)
    left = np.empty(shown.size)
    add_up(shown, float(peak), float(weight.sum()), left)
    return shown, left, weight, float(peak)


def _add_gradient(
    move: NDArray[np.float32],
    preferences: NDArray[np.float32],
    slate: NDArray[np.int64],
    advantage: NDArray[np.float64],
) -> None:
    """Adds to (P,) the sum over the slots of a slate of advantage * gradient of log pi_k by the preferences (P,)."""
    shown, left, weight, peak = _logarithms(preferences, slate)
    add_gradient(move, weight, peak, slate, shown, left, advantage)


@Loop
def add_levels(preferences: NDArray, theta: NDArray, groups: NDArray, states: NDArray) -> None:
    """Adds the theta of all levels to the preferences (B, P) of the states."""
    for visit in range(states.size):
        for level in range(groups.shape[1]):
            row = groups[states[visit], level]
            for product in range(theta.shape[1]):
                preferences[visit, product] += theta[row, product]


@Loop
def move_levels(theta: NDArray, groups: NDArray, states: NDArray, moves: NDArray, step_size: float) -> None:
    """Moves the theta of all levels by step_size * moves (B, P) of the states."""
    for visit in range(states.size):
        for level in range(groups.shape[1]):
            row = groups[states[visit], level]
            for product in range(theta.shape[1]):
                theta[row, product] += step_size * moves[visit, product]


@Loop
def add_up(shown: NDArray, peak: float, others: float, left: NDArray) -> None:
    """Writes the logarithms of the sums of exp(preference) over what is left for each slot, from the last one up."""
    last = shown.size - 1
    left[last] = peak + log(others + exp(shown[last] - peak))
    for slot in range(last - 1, -1, -1):
        low, high = min(left[slot + 1], shown[slot]), max(left[slot + 1], shown[slot])
        left[slot] = high + log1p(exp(low - high))


@Loop
def add_gradient(
    move: NDArray, weight: NDArray, peak: float, slate: NDArray, shown: NDArray, left: NDArray, advantage: NDArray
) -> None:
    """Adds the gradient of `_add_gradient`, given what `_logarithms` returns."""
    expected = 0.0
    for slot in range(slate.size):
        expected += exp(peak - left[slot]) * advantage[slot]
    for product in range(move.size):
        move[product] -= np.float64(weight[product]) * expected
    for slot in range(slate.size):
        gain = advantage[slot]
        for above in range(slot + 1):  # as long as the product was left
            gain -= exp(min(shown[slot] - left[above], 0.0)) * advantage[above]
        move[slate[slot]] += gain
