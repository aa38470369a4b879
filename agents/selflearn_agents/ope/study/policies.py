"""Policies of the study: they never learn, and know every probability of theirs.

Logging policies show something of everything, and are of the three kinds that a shop may have:

- `random`: every slate alike;
- `epsilon_greedy`: the best products of the history in each state, explored in three slots of ten;
- `soft_popular`: Plackett-Luce slates, products in proportion to how often the history's customers bought them.

Targets are what a shop may think of instead. None has seen a log:

- `softer`: Plackett-Luce slates in proportion to the root of that; near all three;
- `other_values`: epsilon-greedy by the article's prior, net units, explored in seven slots of ten; in between;
- `best`: the best slate of each state for customers who judge each product by itself, as if it had been learned
  elsewhere; far.

How far, `truth.Truth` says with figures. Of slates of 3 out of the embedded log's 20 best sellers, and by the weights
of whole slates, a log of `random` is worth 70 % of its visits for `softer`, 6 % for `other_values` and 0.015 % for
`best`; one of `epsilon_greedy` 3 %, 0.3 % and 0.001 %; one of `soft_popular` 70 %, 0.2 % and 0.06 %.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import gymnasium
import numpy as np
from numpy.typing import NDArray

from selflearn_agents import make_agent
from selflearn_agents.agent import Agent
from selflearn_agents.bandits.plackett_luce import plackett_luce_marginals
from selflearn_agents.baselines.static import StaticAgent
from selflearn_agents.registry import agent_rng
from selflearn_env import Shop
from selflearn_env.core.compiling import Loop
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import repeats

LEAST = 1e-9  # purchases per visit
SAFE = 0.5  # share of a sum that must be left for what was taken away to cost no digits
SEED = 1  # of what the policies are made of


class PlackettLuce(Agent):
    """Shows products slot by slot in proportion to weights, of those left, as `GradientAgent` does, which learns.

    Its marginals are in a table, and its propensities are worked out for all visits at once: the study asks for both
    some ten thousand times. Everything may always be shown.
    """

    def __init__(self, shop: Shop, slate_size: int, sharpness: float):
        """Takes the purchases per visit of the history, pooled, to the power of `sharpness`, as weights."""
        super().__init__(shop.history, slate_size, agent_rng(SEED))
        self._preferences = sharpness * np.log(np.maximum(shop.history.incidence(), LEAST))
        self._weights = np.exp(self._preferences - self._preferences.max(axis=1, keepdims=True))
        self._total = self._weights.sum(axis=1)
        ends = np.cumsum(self._weights, axis=1) / self._total[:, None]
        self._ends = (ends + np.arange(self.states)[:, None]).ravel()  # all states end to end, each of length 1

    def _act(self, states: NDArray[np.int64]) -> NDArray[np.int64]:  # type: ignore[override]  # everything may be shown
        slates = self._drawn(np.repeat(states, self.slate_size)).reshape(len(states), self.slate_size)
        while (again := repeats(slates)) is not None:  # what is drawn anew is one of those left, as it should be
            slates[again] = self._drawn(states[np.nonzero(again)[0]])
        return slates

    def _drawn(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B,) a product for each of the states, in proportion to its weights."""
        place = np.searchsorted(self._ends, states + self.rng.random(len(states)), side="right")
        return np.clip(place - states * self.products, 0, self.products - 1)

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._preferences[states]

    def _propensity(self, states: NDArray[np.int64], slates: NDArray[np.int64]) -> NDArray[np.float64]:  # type: ignore[override]
        chances = np.empty(slates.shape)
        shares_of_the_rest(self._weights, self._total, states, slates, chances)
        return chances

    def _marginals(self, states: NDArray[np.int64]) -> NDArray[np.float64]:  # type: ignore[override]
        return self.table[states]

    @cached_property
    def table(self) -> NDArray[np.float64]:
        """(S, n, P) the marginals of all states: worked out once, or set by who has them."""
        return plackett_luce_marginals(self._preferences, self.slate_size)

    def __deepcopy__(self, memo: object) -> PlackettLuce:
        """Another that draws by itself, of the same tables."""
        other = object.__new__(PlackettLuce)
        vars(other).update(vars(self), rng=agent_rng(SEED))
        return other


class Lists(StaticAgent):
    """Shows one given slate in each state."""

    def __init__(self, shop: Shop, slates: NDArray[np.int64]):
        """Takes the slates (S, n)."""
        super().__init__(shop.history, slates.shape[1], agent_rng(SEED))
        self.slates = slates

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        raise NotImplementedError("a list says nothing of what products earn")


def simulator_of(shop: Shop, slate_size: int, customer: str) -> Simulator:
    """The simulator of a shop with these customers."""
    env = gymnasium.make("selflearn/Retail-v0", shop=shop, slate_size=slate_size, customer=customer)
    return env.unwrapped.simulator  # type: ignore[attr-defined]


def _random(shop: Shop, slate_size: int) -> Agent:
    return make_agent("random", history=shop.history, slate_size=slate_size, seed=SEED)


def _epsilon_greedy(epsilon: float, prior: str) -> Callable[[Shop, int], Agent]:
    def make(shop: Shop, slate_size: int) -> Agent:
        given = {"epsilon": epsilon, "prior": prior}
        return make_agent("epsilon_greedy", history=shop.history, slate_size=slate_size, seed=SEED, **given)

    return make


def _plackett_luce(sharpness: float) -> Callable[[Shop, int], Agent]:
    return lambda shop, slate_size: PlackettLuce(shop, slate_size, sharpness)


def _best(shop: Shop, slate_size: int) -> Agent:
    simulator = simulator_of(shop, slate_size, "independent")
    return Lists(shop, simulator.optimal_slate(np.arange(simulator.states.size)))


LOGGING: dict[str, Callable[[Shop, int], Agent]] = {
    "random": _random,
    "epsilon_greedy": _epsilon_greedy(0.3, "rate"),
    "soft_popular": _plackett_luce(1.0),
}
TARGETS: dict[str, Callable[[Shop, int], Agent]] = {
    "softer": _plackett_luce(0.5),
    "other_values": _epsilon_greedy(0.7, "quantity"),
    "best": _best,
}


@Loop
def shares_of_the_rest(weights: NDArray, total: NDArray, states: NDArray, slates: NDArray, chances: NDArray) -> None:
    """Writes the weight of each product of the slates (B, k) as a share of all that is left in its slot.

    Weights (S, P), their sums (S,). What is left is the sum less what is shown above, or where that would cost digits,
    added up. A product that is shown above has no chance.
    """
    for visit in range(states.size):
        weight, slate = weights[states[visit]], slates[visit]
        left = start = total[states[visit]]
        for slot in range(slate.size):
            again = False
            for above in range(slot):
                again = again or slate[above] == slate[slot]
            chances[visit, slot] = 0.0 if again else weight[slate[slot]] / left
            if not again:
                left -= weight[slate[slot]]
            if left < SAFE * start:
                left = 0.0
                for product in range(weight.size):
                    shown = False
                    for above in range(slot + 1):
                        shown = shown or slate[above] == product
                    if not shown:
                        left += weight[product]
                start = left
