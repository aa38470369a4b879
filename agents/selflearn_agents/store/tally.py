"""What was learned of each product in each state since a store last kept it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.store.record import Value
from selflearn_env.core.rewards import BOUGHT, CLICKED

STATES = 64  # whose values are asked for at once


class Showings(NamedTuple):
    """N products that were shown, one number of each per product."""

    states: NDArray[np.int64]
    products: NDArray[np.int64]
    responses: NDArray[np.int8]
    times: NDArray[np.float64]  # when they were learned from, in seconds since 1970


class Tally:
    """Counts of showings, clicks and purchases."""

    def __init__(self) -> None:
        """Nothing was learned yet."""
        self._parts: list[Showings] = []

    def add(
        self, states: NDArray[np.int64], slates: NDArray[np.int64], responses: NDArray[np.int8], now: float
    ) -> None:
        """Adds responses (B, k) to slates (B, k) in states (B,), learned from at this time."""
        own = np.repeat(states, slates.shape[1])
        self._parts.append(Showings(own, slates.ravel(), responses.ravel(), np.full(own.size, now)))

    def values(self, agent: Agent) -> list[Value]:
        """What there is to keep, with the agent's present values; state by state, product by product."""
        if not self._parts:
            return []
        return _counted(self._all(), agent.products, agent)

    def of_state(self, state: int, products: int) -> list[Value]:
        """The counts of one state, without values; of a catalogue of so many products."""
        if not self._parts:
            return []
        every = self._all()
        return _counted(Showings(*(column[every.states == state] for column in every)), products)

    def _all(self) -> Showings:
        self._parts = [Showings(*map(np.concatenate, zip(*self._parts, strict=True)))]
        return self._parts[0]

    def clear(self) -> None:
        """All of it is kept."""
        self._parts.clear()


def _counted(showings: Showings, products: int, agent: Agent | None = None) -> list[Value]:
    """The counts of each product in each state, of a catalogue of so many; with an agent, its values, too."""
    responses = showings.responses
    distinct, place = np.unique(showings.states * products + showings.products, return_inverse=True)
    shown = np.bincount(place, minlength=distinct.size)
    clicked = np.bincount(place[responses == CLICKED], minlength=distinct.size)
    bought = np.bincount(place[responses == BOUGHT], minlength=distinct.size)
    changed = np.full(distinct.size, -np.inf)
    np.maximum.at(changed, place, showings.times)
    states, product = distinct // products, distinct % products
    values = np.full(distinct.size, None, dtype=object) if agent is None else _estimates(agent, states, product)
    columns = (states, product, values, shown, clicked, bought, changed)
    return list(map(Value._make, zip(*(column.tolist() for column in columns), strict=True)))


def _estimates(agent: Agent, states: NDArray[np.int64], products: NDArray[np.int64]) -> NDArray[np.object_]:
    """(N,) the agent's values of products (N,) in states (N,), None where it has none."""
    found = np.full(states.size, None, dtype=object)
    distinct, row = np.unique(states, return_inverse=True)
    for first in range(0, distinct.size, STATES):
        try:
            values = agent.values(distinct[first : first + STATES])
        except NotImplementedError:
            return found
        here = np.flatnonzero((row >= first) & (row < first + STATES))
        value = values[row[here] - first, products[here]]
        known = np.isfinite(value)
        found[here[known]] = value[known].tolist()
    return found
