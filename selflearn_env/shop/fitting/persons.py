"""The population as persons: one draw of what its purchases in the log leave possible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.people.effects import Tastes
from selflearn_env.core.people.log import LoggedVisits
from selflearn_env.core.people.world import Persons, World
from selflearn_env.shop.fitting.lives import LogLives
from selflearn_env.shop.people.fit import People
from selflearn_env.shop.people.journal import MONTHS, Journal
from selflearn_env.shop.people.rates import moments_of

CALIBRATED = 10_000  # visits of the log, or less than twice as many, on which the level of interest is set


class DrawnPersons:
    """One plausible world of persons.

    Attributes:
        journal: the visits of the population in the log, a customer's day being one.
        people: what was fitted to them.
    """

    def __init__(self, journal: Journal, people: People, lives: LogLives, start: NDArray[np.int64], seed: int):
        """Draws when asked.

        Args:
            journal: as the attribute.
            people: as the attribute.
            lives: how the customers come.
            start: (S, m) the starting slate of each state, which sets the level of interest.
            seed: another seed draws another world.
        """
        self.journal, self.people = journal, people
        self._lives, self._start, self._seed = lives, start, seed
        self._worlds: dict[bool, World] = {}

    @property
    def log(self) -> LoggedVisits:
        """The visits of the log."""
        return self.journal.logged

    @cached_property
    def persons(self) -> Persons:
        """(C,) the customers of the log, drawn from what their visits leave possible."""
        return self.people.draw_persons(self.journal, self._rng(0))

    def world(self, present: bool) -> World:
        """The world in which they live; products come and go with the days, where `present`, or with the months."""
        if present not in self._worlds:
            self._worlds[present] = self.people.draw(self.journal, self._rng(1), follow=present).world(self.journal)
        return self._worlds[present]

    def with_effects(self, tastes: Tastes, present: bool) -> tuple[World, Persons]:
        """World and persons with some of the effects only; without its own, each has the mean of all."""
        world, persons = self.world(present), self.persons
        if not tastes.taste:
            one = np.ones((len(persons.activity), 1))
            world, persons = replace(world, factors=np.ones((world.products, 1))), replace(persons, theta=one)
        if not tastes.repeat:
            persons = replace(persons, cap=np.zeros_like(persons.cap))
        if not tastes.activity:
            persons = replace(persons, activity=np.full_like(persons.activity, self._mean_activity))
        return world, persons

    def model(
        self, kind: type[CustomerModel], slate_size: int, options: Any, tastes: Tastes, present: bool
    ) -> CustomerModel:
        """The customer model of this kind, at the level at which the starting slates earn the article's responses."""
        world, persons = self.with_effects(tastes, present)
        return kind.for_shop(_Demand(self._usual(world), *self._shown(world, persons)), slate_size, **options)

    @property
    def _mean_activity(self) -> float:
        """Mean over the visits of the log."""
        return float(self.persons.activity[self.journal.customer].mean())

    def _shown(self, world: World, persons: Persons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(V, m) the rates of the products of the starting slates in visits of the log, and (V,) equal shares."""
        journal, calendar = self.journal, self._lives.calendar()
        visits = np.arange(0, journal.day.size, max(1, journal.day.size // CALIBRATED))
        customer = journal.customer[visits]
        state = calendar.state[journal.day[visits]] + calendar.segment_step * self._lives.lives.segment[customer]
        rates = world.rates(moments_of(journal, visits), persons.rows(customer), self._start[state])
        return rates, np.full(visits.size, 1 / visits.size)

    def _usual(self, world: World) -> NDArray[np.float32]:
        """(S, P) purchases per visit of the usual customer of each state: what its month sells, at the mean activity.

        A month that the log does not have sells what all of them do.
        """
        journal, month_of_state = self.journal, self._lives.month_of_state
        often = np.zeros((MONTHS, len(world.share)))
        np.add.at(often, (journal.month, world.row_of_day[journal.day]), 1.0)
        share = np.tile(world.usual, (MONTHS, 1))
        known = often.any(axis=1)
        share[known] = often[known] @ world.share / often[known].sum(axis=1, keepdims=True)
        size = self.people.activity.level * self._mean_activity
        return (share * size[:, None]).astype(np.float32)[month_of_state]

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self._seed).spawn(8)[6 + purpose])


@dataclass(frozen=True, eq=False)
class _Demand:
    """What a customer model is made from: persons in visits of the log, and the usual customers of the states."""

    incidence: NDArray[np.float32]
    shown: NDArray[np.float64]
    shown_share: NDArray[np.float64]

    @property
    def products(self) -> int:
        return self.incidence.shape[1]
