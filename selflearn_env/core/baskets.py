"""What was bought in which state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.tables import Table, table, totals


@dataclass(frozen=True, eq=False)
class Baskets:
    """What was bought in which state: the purchases of a group of customers.

    Attributes:
        visit_state: (V,) state index of each visit.
        visit_customer: (V,) number of the customer, 0, 1, ...
        item_visit: (N,) the visit of each bought product; a product counts once per visit.
        item_product: (N,) product index.
        states: number of states, S.
        products: size of the catalogue, P.
    """

    visit_state: NDArray[np.int64]
    visit_customer: NDArray[np.int64]
    item_visit: NDArray[np.int64]
    item_product: NDArray[np.int64]
    states: int
    products: int

    def select(self, chosen: NDArray[np.bool_]) -> Baskets:
        """The baskets of the visits chosen (V,)."""
        number = np.cumsum(chosen) - 1
        items = chosen[self.item_visit]
        return Baskets(
            self.visit_state[chosen],
            self.visit_customer[chosen],
            number[self.item_visit[items]],
            self.item_product[items],
            self.states,
            self.products,
        )

    def visits(self) -> NDArray[np.int64]:
        """(S,) visits of each state."""
        return np.bincount(self.visit_state, minlength=self.states)

    def bought(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells state * P + product in which something was bought, ascending, and in how many visits."""
        cells = self.visit_state[self.item_visit]
        cells *= self.products
        cells += self.item_product
        return totals(cells)

    def purchases(self) -> Table:
        """(S, P) visits of each state in which each product was bought, as int32."""
        cells, visits = self.bought()
        return table(cells, visits.astype(np.int32), (self.states, self.products))
