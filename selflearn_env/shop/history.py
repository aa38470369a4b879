"""The parts of a shop: what it sells, what it knows before its agent starts, what its simulated customers did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import Pooling, Posterior
from selflearn_env.core.segmentation import Segmentation
from selflearn_env.core.states import StateSpace
from selflearn_env.core.tables import Table, sum_rows
from selflearn_env.shop.report import Report

if TYPE_CHECKING:
    from selflearn_env.shop.people.fit import People


class _ReadOnly:
    """Arrays of these classes are shared by environments and agents; nobody may write to them."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Catalogue(_ReadOnly):
    """The products of a shop; a product's index is its position.

    Attributes:
        ids: (P,) codes as text, ascending.
        descriptions: (P,) the usual description of each, its code where the log has none.
    """

    ids: NDArray[np.str_]
    descriptions: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class DatedBaskets(_ReadOnly, Baskets):
    """The purchases of a group of customers, visit by visit, with their days.

    Attributes, beside those of `Baskets`:
        visit_day: (V,) days since the first of these visits.
        first_date: the date of the first of these visits, in days since 1 January 1970.
    """

    visit_day: NDArray[np.int64]
    first_date: int

    def same_as(self, other: DatedBaskets) -> bool:
        """Whether both hold the same visits of the same customers."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(DatedBaskets))
        return all(one is another or np.array_equal(one, another) for one, another in pairs)


@dataclass(frozen=True, eq=False)
class History(_ReadOnly):
    """What an agent may read before it starts: what the history's customers bought.

    Attributes:
        states: the state space, S states; its first tier is the segment.
        baskets: what was bought, customer by customer and visit by visit; customers have numbers, no codes.
        quantity: (S, P) net units, cancellations included.
        seen: (S, P) whether the product occurs in the state, in a purchase or a cancellation. These two and `purchases`
            are arrays, or where the catalogue is large, tables that keep their filled cells only and read like arrays
            by rows.
        segment_products: (G, P) whether the product occurs in the segment.
        pooling: how the purchases pool over the tiers, fitted to these purchases.
        segmentation: the rule that gives a customer's segment, fitted to these customers; None where the shop was
            built with segments of one's own.
    """

    states: StateSpace
    baskets: DatedBaskets
    quantity: Table
    seen: Table
    segment_products: NDArray[np.bool_]
    pooling: Pooling
    segmentation: Segmentation | None

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        return self.baskets.products

    @cached_property
    def visits(self) -> NDArray[np.int64]:
        """(S,) invoices with a purchase."""
        visits = self.baskets.visits()
        visits.flags.writeable = False
        return visits

    @cached_property
    def purchases(self) -> Table:
        """(S, P) visits of the state in which the product was bought."""
        purchases = self.baskets.purchases()
        if isinstance(purchases, np.ndarray):
            purchases.flags.writeable = False
        return purchases

    def fitted_by(self, fit: Callable[[], People]) -> None:
        """Says how `people` are found: by the shop, which keeps them."""
        vars(self)["_fit"] = fit

    @cached_property
    def people(self) -> People:
        """The model of persons, fitted to these customers when it is first asked for; see `Shop.history_people`."""
        return vars(self)["_fit"]()

    @cached_property
    def segment(self) -> NDArray[np.int64]:
        """(S,) segment number of each state."""
        return self.states.table[:, 0]

    def incidence(self, states: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(S, P) purchases per visit, pooled over the tiers; or (B, P) of the states given (B,) only."""
        if states is not None and self.pooling.levels:
            return self._posterior.rows(states)
        every = self.pooling.mean(self.visits, self.purchases, self.states.shape)
        return every if states is None else every[states]

    @cached_property
    def _posterior(self) -> Posterior:
        return self.pooling.posterior(self.visits, self.purchases, self.states.shape)

    def best_sellers(self, size: int) -> NDArray[np.int64]:
        """(S, size) the products of greatest quantity in each state, where it has too few, those of its segment."""
        in_segment = sum_rows(self.quantity, self.segment, len(self.segment_products))
        of_segment = np.argsort(-in_segment, axis=1, kind="stable")
        slates = np.empty((self.states.size, size), dtype=np.int64)
        for state, quantity in enumerate(self.quantity):
            seen = np.flatnonzero(self.seen[state])
            own = seen[np.argsort(-quantity[seen], kind="stable")][:size]
            if own.size < size:
                others = of_segment[self.segment[state]]
                own = np.concatenate([own, others[~np.isin(others, own)][: size - own.size]])
            slates[state] = own
        return slates


@dataclass(frozen=True, eq=False)
class Population(DatedBaskets):
    """The purchases of the customers that are simulated, visit by visit. Agents never see it.

    Attributes, beside those of `DatedBaskets`:
        customer_spend: (C,) what each customer spends per day with a transaction, cancellations deducted, in money.
        pooling: how the purchases pool over the tiers, fitted to these purchases.
    """

    customer_spend: NDArray[np.float64]
    pooling: Pooling


class Fit(NamedTuple):
    """A model fitted to a shop's customers, as it is kept: what is found again only by fitting anew."""

    heading: dict[str, Any]  # plain values, as JSON has them
    arrays: dict[str, NDArray]


class Parts(NamedTuple):
    """All that a shop is made of; see `Shop` for their meaning."""

    catalogue: Catalogue
    history: History
    customers: Population
    report: Report
    seed: int
    fits: dict[str, Fit]  # derived from the others, as far as they have been made
