"""The appeal of every product in every state: two numbers each, kept in a table or worked out when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.model import Interest


class Appeal(Protocol):
    """The appeal of P products in S states, which never changes."""

    @property
    def states(self) -> int:
        """Number of states, S."""
        ...

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        ...

    @property
    def table(self) -> NDArray[np.float32]:
        """(S, P, 2) all of it; read-only."""
        ...

    def look_up(self, states: NDArray, slates: NDArray) -> NDArray[np.float32]:
        """(B, n, 2) of the products in slates (B, n) in these states (B,); a new array."""
        ...

    def rows(self, states: NDArray) -> NDArray[np.float32]:
        """(B, P, 2) of the whole catalogue; a new array."""
        ...


class KeptAppeal:
    """A table (S, P, 2), which is the fastest."""

    def __init__(self, appeal: NDArray[np.float32]):
        """Keeps it."""
        self.states, self.products, _ = appeal.shape
        self.table = np.ascontiguousarray(appeal, dtype=np.float32).view()
        self._begin()

    def _begin(self) -> None:
        self.table.flags.writeable = False
        self._row = np.arange(self.states) * self.products
        # Both numbers of a product as one 8-byte item: one look-up, one cache line.
        self._pairs = self.table.view(np.float64).reshape(-1)

    def look_up(self, states: NDArray, slates: NDArray) -> NDArray[np.float32]:
        """(B, n, 2) of the products in slates (B, n) in these states (B,); a new array."""
        if len(states) == 1:  # one visit: two calls instead of five
            return self.table[states.item()].take(slates, axis=0)
        pairs = self._pairs.take(self._row.take(states)[:, None] + slates)
        return pairs.view(np.float32).reshape(*slates.shape, 2)

    def rows(self, states: NDArray) -> NDArray[np.float32]:
        """(B, P, 2) of the whole catalogue; a new array."""
        return self.table[states]

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again."""
        return {"states": self.states, "products": self.products, "table": self.table}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()


class MadeAppeal:
    """Made from the incidence whenever it is looked at: half the memory of a table, or less, as others share it."""

    def __init__(self, incidence: NDArray[np.float32], appeal_of: Callable[[NDArray[np.float32]], NDArray[np.float32]]):
        """Keeps the incidence (S, P), and what makes the appeal (..., 2) of products of this incidence (...)."""
        self.states, self.products = incidence.shape
        self._incidence, self._appeal_of = incidence, appeal_of

    @property
    def table(self) -> NDArray[np.float32]:
        """(S, P, 2) all of it, made anew."""
        table = np.empty((self.states, self.products, 2), dtype=np.float32)
        for state, incidence in enumerate(self._incidence):
            table[state] = self._appeal_of(incidence)
        table.flags.writeable = False
        return table

    def look_up(self, states: NDArray, slates: NDArray) -> NDArray[np.float32]:
        """(B, n, 2) of the products in slates (B, n) in these states (B,); a new array."""
        return self._appeal_of(self._incidence.take(states[:, None] * self.products + slates))

    def rows(self, states: NDArray) -> NDArray[np.float32]:
        """(B, P, 2) of the whole catalogue; a new array."""
        return self._appeal_of(self._incidence[states])


class PersonalAppeal:
    """The appeal to B persons, each in the place of a state; made whenever it is looked at."""

    def __init__(self, interest: Interest, appeal_of: Callable[[NDArray], NDArray[np.float32]]):
        """Keeps what the persons want, and what makes the appeal (..., 2) of products of such an incidence (...)."""
        self.states, self.products = len(interest), interest.products
        self._interest, self._appeal_of = interest, appeal_of

    @property
    def table(self) -> NDArray[np.float32]:
        """(B, P, 2) all of it, made anew."""
        return self.rows(np.arange(self.states))

    def look_up(self, states: NDArray, slates: NDArray) -> NDArray[np.float32]:
        """(B, n, 2) of the products in slates (B, n), by all of the persons in their order; a new array."""
        return self._appeal_of(self._interest.of(slates))

    def rows(self, states: NDArray) -> NDArray[np.float32]:
        """(b, P, 2) of the whole catalogue, to persons (b,); a new array."""
        return self._appeal_of(self._interest.of_all(states))
