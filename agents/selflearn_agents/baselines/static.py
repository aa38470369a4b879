"""What agents that show one fixed slate in each state have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.declared import Declared, indexes, permutation


class StaticAgent(Agent):
    """Shows the slate of the state's row in a table. Cost per visit: one look-up."""

    declared: ClassVar[Declared] = {
        "slates": indexes("products", "states", "slate_size", distinct=True),
    }

    sure = True
    slates: NDArray[np.int64]  # (S, n)

    def _act(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of the states; of what is eligible, those of `_among`."""
        return self.slates[states] if eligible is None else self._among(states, eligible)

    def _among(self, states: NDArray, eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(B, n) what is shown in the place of the slates where only these products (B, P) are eligible.

        Raises:
            NotImplementedError: the agent knows its slates, and no product that could take another's place.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has one slate per state, eligible or not, and knows no others; define its `_among`"
        )


class RankedAgent(StaticAgent):
    """Shows the products that rank first by scores that never change, of all or of what is eligible.

    Where not all is eligible, a visit costs O(P): rankings of whole catalogues would take much memory.
    """

    declared: ClassVar[Declared] = {
        "order": permutation("products"),
    }

    order: NDArray[np.int64]  # (P,) of products whose scores are all equal, the first is the better
    row: NDArray[np.int64]  # (S,) the ranking of each state

    @abstractmethod
    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        """(P,) scores of a ranking; products of equal scores rank by the next."""

    def _rank(self, row: NDArray[np.int64], order: NDArray[np.int64]) -> None:
        """Makes the slates, given the ranking of each state (S,), and the order of products that tie (P,)."""
        self.row, self.order = row, order
        self.slates = np.stack([self._first(each, order) for each in range(int(row.max()) + 1)])[row]

    def _among(self, states: NDArray, eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(B, n) the eligible products that rank first."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for visit, row in enumerate(self.row[states].tolist()):
            slates[visit] = self._first(row, self.order[eligible[visit, self.order]])
        return slates

    def _first(self, row: int, products: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) those of the products, given in the order in which they tie, that rank first."""
        scores, found, missing = self._scores(row), [], self.slate_size
        for score in scores:
            some = score[products]
            least = some.min()
            more = some[some > least]  # where little was bought, most products have the least score
            if more.size >= missing:
                least = np.partition(more, -missing)[-missing]
            found.append(products[some > least])
            missing -= found[-1].size
            products = products[some == least]
        best = np.concatenate([*found, products[:missing]])
        return best[np.lexsort([-score[best] for score in reversed(scores)])]  # the last key ranks first
