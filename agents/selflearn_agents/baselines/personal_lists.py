"""Lists of the persons' model, fitted to a shop's history: by the month, a person's taste, or all that it says.

A rule scores all products for a visit by what the shop knows before it: the month, and what the customer bought in
earlier visits, its record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.people.world import Persons
from selflearn_env.core.ranking import top
from selflearn_env.shop.people.fit import People
from selflearn_env.shop.people.journal import Journal

VISITS = 256  # worked on at once, with all products

Rule = Callable[[NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class PersonalLists:
    """Rules fitted to a shop's history, for the visits of other customers.

    Attributes:
        people: the persons of the history; of the time of a visit the month alone is used.
        journal: the visits, from which the records are taken; what the visits themselves bought is not looked at.
    """

    people: People
    journal: Journal

    @classmethod
    def from_history(cls, people: People, journal: Journal) -> PersonalLists:
        """From the persons of a shop's history, `shop.history_people`, whose days are others than the journal's."""
        months = replace(people.months, row_of_day=journal.month_of_day)
        return cls(replace(people, months=months, days=None), journal)

    def slates(self, slate_size: int) -> dict[str, NDArray[np.int64]]:
        """(V, n) the products of greatest score, by each rule."""
        rules = {"month": self._month, "taste": self._taste, "person": self._person}
        return {name: self._best(rule, slate_size) for name, rule in rules.items()}

    def _best(self, rule: Rule, size: int) -> NDArray[np.int64]:
        found = np.empty((self.journal.day.size, size), dtype=np.int64)
        for at in range(0, len(found), VISITS):
            visits = np.arange(at, min(at + VISITS, len(found)))
            found[visits] = top(rule(visits), size)
        return found

    def _month(self, visits: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) share of the month's purchases."""
        return self.people.months.share[self.journal.month[visits]].astype(np.float64)

    def _taste(self, visits: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) expected purchases of persons of this taste, as if they bought nothing again."""
        persons = self._foreseen.rows(visits)
        return self.people.rates.of_visits(self.journal, visits, replace(persons, cap=np.zeros(visits.size)))

    def _person(self, visits: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) expected purchases."""
        return self.people.rates.of_visits(self.journal, visits, self._foreseen.rows(visits))

    @cached_property
    def _foreseen(self) -> Persons:
        return self.people.foreseen(self.journal)
