"""What customers remember of earlier visits, and what that makes of their attention."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.visits import AnyVisits, Visits


class Look(NamedTuple):
    """How customers look at the slates that they are shown."""

    attention: NDArray[np.float32] | None  # (B, n) what is left of the interest in each product, 0..1; None: all of it
    again: NDArray[np.bool_] | None  # (B, n) whether it was ignored within the last slates already; None: not needed


FRESH = Look(None, None)  # earlier visits change nothing


class Memory(Protocol[AnyVisits]):
    """The part of a simulator that says what customers remember."""

    @property
    def lowers_interest(self) -> bool:
        """Whether anything remembered ever lowers the interest in a product."""
        ...

    def look(self, visits: AnyVisits, slates: NDArray[np.int64]) -> Look:
        """How the customers look at slates (B, n)."""
        ...

    def attention_to_all(
        self, visits: AnyVisits, products: int, holding_back: float = 0.0
    ) -> NDArray[np.float64] | None:
        """(B, P) what is left of the interest in each product of the catalogue, 0..1; None: all of it.

        Args:
            visits: B visits.
            products: size of the catalogue, P.
            holding_back: share that is taken off what was ignored within the last slates.
        """
        ...

    def remember(
        self, visits: AnyVisits, look: Look, slates: NDArray[np.int64], response: NDArray[np.int8]
    ) -> AnyVisits:
        """The visits with what their customers now remember, after responses (B, n) to slates (B, n).

        `look` is what the method of this name gave for these slates.
        """
        ...


class NoMemory:
    """Customers who remember nothing."""

    lowers_interest = False

    def look(self, visits: Visits, slates: NDArray[np.int64]) -> Look:
        """A look with all of the attention."""
        return FRESH

    def attention_to_all(self, visits: Visits, products: int, holding_back: float = 0.0) -> None:
        """None: all of the attention is left."""

    def remember(
        self, visits: AnyVisits, look: Look, slates: NDArray[np.int64], response: NDArray[np.int8]
    ) -> AnyVisits:
        """The visits as they were."""
        return visits
