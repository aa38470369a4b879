"""What the customer bought before, and then what sells: the list that every shop with accounts can make."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.eligible import EVERYTHING
from selflearn_agents.regulars.choosing import decide, write_values
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, indexes, numbers, permutation, real
from selflearn_env.shop.history import History


class AgainAgent(Agent):
    """The customer's own products, by how often and how lately they were bought; filled up from what sells.

    The value of product p for a visit on day t, in state s, of a customer whose record has p on the days d1, d2, ...:

        sum over i of 2 ** (-(t - di) / half_life)  +  incidence of p in s

    with the history's pooled incidence (`History.incidence`), which hardly counts beside a late purchase. This is
    TIFU-KNN (Hu, He, Gao and Zhang 2020) without its neighbours. It learns from no response, but a record grows with
    each purchase. Where nobody is known it is `popular`.

    Cost per visit: O(record + slate), and where some of the best may not be shown O(P). Memory: a number per product
    and group of states that the pooling tells apart.
    """

    sure = True
    knows_customers = True

    declared: ClassVar[Declared] = {
        "_fading": real(0.0),
        "_weight": real(0.0),
        "_incidence": numbers("groups", "products", least=0.0),
        "_group": indexes("groups", "states"),
        "_rank": permutation("products"),
        "_best": indexes("products", "groups", "slate_size", distinct=True),
        "_neighbours": indexes("products", "products", "neighbours", dtype=np.int32),
        "_similarity": numbers("products", "neighbours", dtype=np.float32, least=0.0),
        "_own": numbers("products", least=0.0, most=0.0),  # room that is clean between visits
        "_score": numbers("products", least=0.0, most=0.0),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, half_life: float = 200.0):
        """Ranks the products of each group of states; ties break by the generator.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of the order of ties.
            half_life: days after which a purchase counts half, positive; infinite, if all count alike.

        Raises:
            ValueError: the half-life is not positive.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(half_life) or not half_life > 0:
            raise ValueError(f"half_life counts days and must be positive, got {half_life!r}")
        self._fading = math.log(2.0) / float(half_life)
        self._group, self._incidence = incidence_by_group(history)
        order = rng.permutation(self.products)
        self._rank = np.argsort(order, kind="stable")
        self._best = np.stack([order[top(row[None, order], self.slate_size)[0]] for row in self._incidence])
        self._neighbours = np.empty((self.products, 0), dtype=np.int32)
        self._similarity = np.empty((self.products, 0), dtype=np.float32)
        self._weight = 0.0
        self._own, self._score = np.zeros((2, self.products))

    def _act(self, visits: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of greatest value."""
        slates = np.empty((len(visits), self.slate_size), dtype=np.int64)
        known, allowed = self._known(visits), EVERYTHING if eligible is None else eligible
        decide(*known, self._best, self._rank, self._own, self._score, allowed, slates)
        return slates

    def _values(self, visits: SeenVisits) -> NDArray[np.float64]:
        """(B, P) what was bought before, in purchases that fade, plus purchases per visit of the state."""
        values = np.empty((len(visits), self.products))
        write_values(*self._known(visits), self._own, self._score, values)
        return values

    def _known(self, visits: SeenVisits) -> tuple[Any, ...]:
        """The first arguments of the loops."""
        record, rules = visits.record, (self._fading, self._neighbours, self._similarity, self._weight)
        return (
            *(record.start, record.product, record.day, visits.date),
            *rules,
            self._group.take(visits.state),
            self._incidence,
        )


def incidence_by_group(history: History) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(S,) the group of each state, and (G, P) the history's incidence in the groups that it tells apart."""
    if not history.pooling.levels:
        return np.zeros(history.states.size, dtype=np.int64), history.incidence()[:1].copy()
    posterior = history.pooling.posterior(history.visits, history.purchases, history.states.shape)
    return posterior.group, posterior.incidence()
