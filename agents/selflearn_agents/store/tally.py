"""What was learned of each product in each state since a store last kept it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.store.record import Value
from selflearn_env.core.rewards import BOUGHT, CLICKED

STATES = 64  # whose values are asked for at once


class Tally:
    """Counts of showings, clicks and purchases."""

    def __init__(self) -> None:
        """Nothing was learned yet."""
        self._parts: list[tuple[NDArray, NDArray, NDArray, float]] = []

    def add(
        self, states: NDArray[np.int64], slates: NDArray[np.int64], responses: NDArray[np.int8], now: float
    ) -> None:
        """Adds responses (B, k) to slates (B, k) in states (B,), learned from at this time."""
        self._parts.append((states, slates, responses, now))

    def values(self, agent: Agent) -> list[Value]:
        """What there is to keep, with the agent's present values; state by state, product by product."""
        if not self._parts:
            return []
        products = agent.products
        cells = np.concatenate([(states[:, None] * products + slates).ravel() for states, slates, _, _ in self._parts])
        response = np.concatenate([responses.ravel() for _, _, responses, _ in self._parts])
        times = np.concatenate([np.full(slates.size, now) for _, slates, _, now in self._parts])
        distinct, place = np.unique(cells, return_inverse=True)
        shown = np.bincount(place)
        clicked = np.bincount(place, weights=response == CLICKED).astype(np.int64)
        bought = np.bincount(place, weights=response == BOUGHT).astype(np.int64)
        changed = np.full(distinct.size, -np.inf)
        np.maximum.at(changed, place, times)
        states, product = distinct // products, distinct % products
        rows = (states, product, _estimates(agent, states, product), shown, clicked, bought, changed)
        return [Value(*row) for row in zip(*(column.tolist() for column in rows), strict=True)]

    def clear(self) -> None:
        """All of it is kept."""
        self._parts.clear()


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
