"""What each customer wants, and what it buys besides what it is shown."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.model import CustomerModel
from selflearn_env.core.run import Run
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.visits import AnyVisits, Visits


class TastesPart(Protocol[AnyVisits]):
    """The part of a simulator that says what each customer wants."""

    def check(self, customers: CustomerModel) -> None:
        """Raises NotImplementedError where customers of this model cannot have such tastes."""
        ...

    def meet(self, customers: CustomerModel, visits: AnyVisits) -> tuple[CustomerModel, NDArray[np.int64]]:
        """The customers of these very visits, and (B,) what they go by in the place of the states."""
        ...

    def buy(
        self,
        visits: AnyVisits,
        slates: NDArray[np.int64],
        response: NDArray[np.int8],
        run: Run,
        eligible: NDArray[np.bool_] | None,
    ) -> AnyVisits:
        """The visits with all that was bought in them: of the slates (B, n), as the responses say, and besides.

        Of the products that may not be shown, `eligible` (P,) or None for all, none are bought.
        """
        ...

    def seen(self, visits: AnyVisits, first_date: int) -> SeenVisits:
        """What the shop sees of the visits, on a calendar that begins on this date, in days since 1 January 1970."""
        ...


class AlikeTastes:
    """Customers of one state are alike, and buy only what they are shown."""

    def check(self, customers: CustomerModel) -> None:
        """Any model will do."""

    def meet(self, customers: CustomerModel, visits: Visits) -> tuple[CustomerModel, NDArray[np.int64]]:
        """The customers as they are, by their states."""
        return customers, visits.state

    def buy(
        self,
        visits: AnyVisits,
        slates: NDArray[np.int64],
        response: NDArray[np.int8],
        run: Run,
        eligible: NDArray[np.bool_] | None,
    ) -> AnyVisits:
        """The visits as they are."""
        return visits

    def seen(self, visits: Visits, first_date: int) -> SeenVisits:
        """What the visits themselves tell."""
        return visits.seen(first_date)
