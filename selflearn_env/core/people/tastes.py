"""Persons in a simulator: what each wants, and what it buys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.model import CustomerModel
from selflearn_env.core.items import Items
from selflearn_env.core.people.loops import sum_record
from selflearn_env.core.people.visits import PeopleVisits
from selflearn_env.core.people.world import Moments, Persons, World
from selflearn_env.core.rewards import BOUGHT
from selflearn_env.core.run import Run
from selflearn_env.core.seen import SeenVisits


class PersonalTastes:
    """Customers who are persons: each wants what its taste, its record and its activity say.

    Attributes:
        world: what is common to them.
        persons: what is particular to each, C of them.
        baskets: whether they buy products besides those that they are shown.
    """

    def __init__(self, world: World, persons: Persons, baskets: bool):
        """Takes the attributes."""
        self.world, self.persons, self.baskets = world, persons, baskets

    def check(self, customers: CustomerModel) -> None:
        """Raises NotImplementedError where customers of this model cannot be persons."""
        customers.meeting(PersonalInterest(self.world, self.persons.rows(slice(0)), _nobody()))

    def meet(self, customers: CustomerModel, visits: PeopleVisits) -> tuple[CustomerModel, NDArray[np.int64]]:
        """The persons of these visits, and (B,) what they go by."""
        interest = PersonalInterest(self.world, self.persons.rows(visits.customer), self.moments(visits))
        return customers.meeting(interest), np.arange(len(visits))

    def buy(
        self,
        visits: PeopleVisits,
        slates: NDArray[np.int64],
        response: NDArray[np.int8],
        run: Run,
        eligible: NDArray[np.bool_] | None,
    ) -> PeopleVisits:
        """The visits with what was bought in them in the record: of the slates (B, n), and the baskets besides.

        What a basket would have had of products that may not be shown is left out of it: nothing is bought instead.
        """
        bought = response == BOUGHT
        start = np.concatenate([[0], np.cumsum(np.count_nonzero(bought, axis=1))])
        items = Items(start, slates[bought].astype(np.int32), np.repeat(visits.day, np.diff(start)))
        basket = np.zeros(len(visits), dtype=np.int64)
        if self.baskets:
            persons, moments = self.persons.rows(visits.customer), self.moments(visits)
            taken = self.world.draw_baskets(moments, persons, slates, run.baskets.take(len(visits)))
            if eligible is not None:
                taken = taken.where(eligible.take(taken.product))
            items, basket = items.followed_by(taken), taken.counts()
        return replace(visits, record=visits.record.followed_by(items), basket=basket)

    def moments(self, visits: PeopleVisits) -> Moments:
        """The visits with their records, as the world needs them."""
        begin = self.world.log.start.take(visits.customer)
        return Moments(visits.day, begin, begin + visits.logged, visits.record)

    def sum_record(self, visits: PeopleVisits, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, K) sums over all that each person bought of the values (P, K) of the products."""
        given = self.moments(visits)
        record, log = given.record, self.world.log
        return sum_record(given.begin, given.end, log.product, record.start, record.product, values)

    def seen(self, visits: PeopleVisits, first_date: int) -> SeenVisits:
        """What the shop sees of the visits, with all that each person has bought."""
        moments = self.moments(visits)
        record = self.world.log.pieces(moments.begin, moments.end).followed_by(visits.record)
        return visits.seen_with(replace(record, day=record.day + first_date), first_date)


class PersonalInterest:
    """What the persons of B visits want: the rates of the world."""

    def __init__(self, world: World, persons: Persons, moments: Moments):
        """Takes the world, the persons of the visits (B,) and the visits."""
        self._world, self._persons, self._moments = world, persons, moments
        self.products = world.products

    def __len__(self) -> int:
        return len(self._moments.day)

    def of(self, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) purchases per visit of the products in slates (B, n)."""
        return self._world.rates(self._moments, self._persons, slates)

    def of_all(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(R, P) purchases per visit of all products, by some of the persons."""
        return self._world.all_rates(self._moments.rows(rows), self._persons.rows(rows))


def _nobody() -> Moments:
    none = np.empty(0, dtype=np.int64)
    return Moments(none, none, none, Items.none(0))
