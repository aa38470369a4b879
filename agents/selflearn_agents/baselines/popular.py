"""Lists from the history: what a shop can show without learning anything."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.baselines.static import RankedAgent
from selflearn_env.core.tables import sum_rows
from selflearn_env.declared import Declared, flags, indexes, numbers
from selflearn_env.shop.history import History


class BestsellersAgent(RankedAgent):
    """One list for everybody: the products of most purchases in the history, whatever the state."""

    declared: ClassVar[Declared] = {
        "rate": numbers("products", least=0.0),
        "row": indexes(1, "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Ranks the products; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        everybody = np.zeros(self.states, dtype=np.int64)
        visits, purchases = np.atleast_1d(history.visits.sum()), sum_rows(history.purchases, everybody, 1)
        self.rate = per_visit(visits, purchases)[0]
        self._rank(everybody, rng.permutation(self.products))

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        return (self.rate,)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) purchases per visit of anybody."""
        return np.broadcast_to(self.rate, (len(states), self.products)).copy()


class PopularAgent(RankedAgent):
    """A list per state: the products of greatest purchase incidence, pooled over the tiers of the state.

    The pooling lets a state that was seldom visited borrow from those that share its month, its segment and so on
    (`History.incidence`). On the embedded log that makes some lists per month, not one per state.
    """

    declared: ClassVar[Declared] = {
        "incidence": numbers("states", "products", least=0.0),
        "row": indexes("states", "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Ranks the products of each state; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        self.incidence = history.incidence()
        self._rank(np.arange(self.states), rng.permutation(self.products))

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        return (self.incidence[row],)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) purchases per visit."""
        return self.incidence[states]


class PopularBySegmentAgent(RankedAgent):
    """The products of most purchases per visit of the state's segment, whatever the date; not pooled."""

    declared: ClassVar[Declared] = {
        "rate": numbers("segments", "products", least=0.0),
        "row": indexes("segments", "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Ranks the products of each segment; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        self.rate = per_visit(*_by_segment(history))
        self._rank(history.segment.copy(), rng.permutation(self.products))

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        return (self.rate[row],)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) purchases per visit of the segment; 0 in a segment without visits."""
        return self.rate[self.row[states]]


class PopularByStateAgent(RankedAgent):
    """The products of most purchases in the state itself; not pooled.

    Products bought equally often in the state are ranked by the purchases of its segment, then by those of all.
    """

    declared: ClassVar[Declared] = {
        "rate": numbers("states", "products", least=0.0),
        "in_segment": numbers("segments", "products", least=0.0),
        "segment": indexes("segments", "states"),
        "in_all": numbers("products", least=0.0),
        "row": indexes("states", "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Ranks the products of each state; what then still ties breaks by the generator."""
        super().__init__(history, slate_size, rng)
        self.rate = per_visit(history.visits, np.asarray(history.purchases))
        self.segment, self.in_segment = history.segment.copy(), _by_segment(history)[1]
        self.in_all = self.in_segment.sum(axis=0)
        self._rank(np.arange(self.states), rng.permutation(self.products))

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        return self.rate[row], self.in_segment[self.segment[row]], self.in_all

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) purchases per visit of the state itself; 0 in a state without visits."""
        return self.rate[states]


class QuantityAgent(RankedAgent):
    """The products of greatest net quantity in the state, then of its segment: where the article starts."""

    declared: ClassVar[Declared] = {
        "quantity": numbers("states", "products", dtype=(np.dtype(np.int32), np.dtype(np.float64))),
        "seen": flags("states", "products"),
        "in_segment": numbers("segments", "products"),
        "segment": indexes("segments", "states"),
        "row": indexes("states", "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Takes the history's best sellers; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        self.quantity, self.seen = np.array(history.quantity), np.array(history.seen)
        self.segment = history.segment.copy()
        self.in_segment = sum_rows(history.quantity, self.segment, len(history.segment_products))
        self._rank(np.arange(self.states), rng.permutation(self.products))

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        in_segment = np.where(self.seen[row], 0.0, self.in_segment[self.segment[row]])  # of those not seen here
        return np.where(self.seen[row], self.quantity[row], -np.inf), in_segment

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) net units; -inf for products not seen in the state."""
        return np.where(self.seen[states], self.quantity[states], -np.inf)


def per_visit(visits: NDArray, purchases: NDArray) -> NDArray[np.float64]:
    """(R, P) purchases (R, P) per visit (R,); 0 in rows without visits."""
    return purchases / np.maximum(visits, 1)[:, None]


def _by_segment(history: History) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(G,) visits and (G, P) purchases of each segment."""
    segments = len(history.segment_products)
    visits = np.bincount(history.segment, weights=history.visits, minlength=segments).astype(np.float64)
    return visits, sum_rows(history.purchases, history.segment, segments)
