"""What the customer bought before, and what others bought with that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.regulars.again import AgainAgent
from selflearn_agents.regulars.history_visits import history_visits
from selflearn_agents.regulars.similarity import similar_products, some_customers
from selflearn_env.core.numbers import is_number
from selflearn_env.shop.history import History
from selflearn_env.shop.people.journal import Journal, states_by_day
from selflearn_env.shop.validation.baskets import real_hits

WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # that are tried
HELD_OUT = 1 / 3  # of the customers, by whom the weight is chosen
MOST_VISITS = 20_000  # of them, about


class ItemNeighboursAgent(AgainAgent):
    """`AgainAgent`, whose customers are also shown what is bought together with what they bought.

    The value of a product is that by `AgainAgent`, and

        weight * (sum over the products q of the record of left(q) * similarity of p and q) / (sum of left(q))

    where left(q) is what is left of the purchases of q after they have faded. The similarity is the cosine of the
    visits in which two products were bought (Sarwar et al. 2001; Linden et al. 2003), see `similar_products`. A linear
    model of all pairs, such as EASE (Steck 2019), takes a matrix of products x products; of these here each product
    keeps its nearest only, so that a catalogue may be large.

    The weight is that, of some, with which slates for visits of the history's own customers have most products in their
    real baskets; the similarities are then those of the other customers. At weight 0 this is `AgainAgent`.

    Cost per visit: O(record * neighbours + slate). Memory: that of `AgainAgent`, and the neighbours of each product.
    """

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        half_life: float = 200.0,
        neighbours: int = 50,
    ):
        """Fits the similarities and the weight; a large history is looked at in part.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of the order of ties, and of the customers held out.
            half_life: as in `AgainAgent`.
            neighbours: how many similar products are kept of each, at least 1.

        Raises:
            ValueError: a number is not positive.
        """
        super().__init__(history, slate_size, rng, half_life=half_life)
        if not is_number(neighbours) or neighbours % 1 or neighbours < 1:
            raise ValueError(f"neighbours counts products and must be at least 1, got {neighbours!r}")
        baskets = some_customers(history.baskets)
        journal = Journal.from_population(baskets, history.states).by_day()
        held_out = rng.random(journal.customers)[journal.customer] < HELD_OUT
        self._see(journal.select(~held_out), int(neighbours))
        self._weight = self._best_weight(journal, states_by_day(baskets), baskets.first_date, held_out)
        self._see(journal, int(neighbours))

    @property
    def weight(self) -> float:
        """Of the similarities; chosen by the history."""
        return self._weight

    def _see(self, journal: Journal, neighbours: int) -> None:
        self._neighbours, self._similarity = similar_products(journal, neighbours)

    def _best_weight(
        self, journal: Journal, states: NDArray[np.int64], first_date: int, held_out: NDArray[np.bool_]
    ) -> float:
        """Of the weights that have most hits in the visits held out of customers with a record, the least."""
        turn = np.arange(journal.day.size) - journal.first
        known = held_out & (turn > 0)
        known &= journal.customer % max(1, int(known.sum()) // MOST_VISITS) == 0
        chosen = np.flatnonzero(known)
        if not chosen.size:
            return 0.0
        seen = history_visits(journal, states, first_date, chosen)
        visits, hits = journal.select(known), []
        for self._weight in WEIGHTS:
            hits.append(int(real_hits(visits, self._act(seen)).sum()))
        return WEIGHTS[int(np.argmax(hits))]
