"""How a visit of a person is observed: with what the shop knows of it, or with all that is hidden."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.people.tastes import PersonalTastes
from selflearn_env.core.people.visits import PeopleVisits
from selflearn_env.core.people.world import Persons
from selflearn_env.core.states import StateSpace
from selflearn_env.envs.observations import COUNT


class RecordObservation:
    """The state one-hot, and what the shop really knows of the person, as one float32 vector.

    After the state's sum of tier sizes, 25 of them for the embedded log, come

        days since the last visit, as a share of the calendar      0..1
        log(1 + visits before this one)                            0..20
        log(1 + products bought so far, baskets included)          0..20
        log(1 + visits in a row without a purchase or a click)     0..20
        for each of K topics, its share in the record              0..1

    The topics are those of the *history's* customers: of each product bought before the share of each topic, and what a
    new customer is expected to buy counts as a few products more.

    Attributes:
        space: the space of one observation.
    """

    space: gym.Space

    def __init__(self, states: StateSpace, tastes: PersonalTastes, responsibility: NDArray[np.float64], days: int):
        """Makes the view.

        Args:
            states: the state space.
            tastes: the persons; only their records are looked at.
            responsibility: (1 + P, K) shares of the topics in each product, and before them in a new customer.
            days: length of the calendar.
        """
        self._onehot, self._tastes, self._days = states.onehot(), tastes, days
        self._responsibility = responsibility
        high = np.concatenate([np.ones(self._onehot.shape[1] + 1), np.full(3, COUNT), np.ones(responsibility.shape[1])])
        self.space = gym.spaces.Box(np.zeros(high.size, dtype=np.float32), high.astype(np.float32))

    def observe(self, visits: PeopleVisits) -> NDArray[np.float32]:
        """(B, width) what is observed of the visits."""
        topics = self._responsibility[0] + self._tastes.sum_record(visits, self._responsibility[1:])
        return np.concatenate(
            [
                self._onehot.take(visits.state, axis=0),
                ((visits.day - visits.last_visit) / self._days)[:, None],
                np.log1p(np.stack([visits.visits, visits.purchases, visits.empty], axis=1)),
                topics / topics.sum(axis=1, keepdims=True),
            ],
            axis=1,
            dtype=np.float32,
            casting="same_kind",
        )


class PersonObservation:
    """What `RecordObservation` shows, and all that is hidden of the person: privileged, for research on memory.

    After what the shop knows come the K weights of the person's topics (those of the world, 0..1), log(activity), and
    the greatest part of its purchases that follows the record, 0..1.

    Attributes:
        space: the space of one observation.
    """

    space: gym.Space

    def __init__(self, seen: RecordObservation, persons: Persons):
        """Adds the persons (C,) to what is seen."""
        self._seen = seen
        self._hidden = np.concatenate(
            [persons.theta, np.log(persons.activity)[:, None], persons.cap[:, None]], axis=1
        ).astype(np.float32)
        topics = persons.theta.shape[1]
        low = np.concatenate([np.zeros(topics), [-COUNT, 0.0]]).astype(np.float32)
        high = np.concatenate([np.ones(topics), [COUNT, 1.0]]).astype(np.float32)
        inner = seen.space
        assert isinstance(inner, gym.spaces.Box)
        self.space = gym.spaces.Box(np.concatenate([inner.low, low]), np.concatenate([inner.high, high]))

    def observe(self, visits: PeopleVisits) -> NDArray[np.float32]:
        """(B, width) what is observed of the visits."""
        return np.concatenate([self._seen.observe(visits), self._hidden.take(visits.customer, axis=0)], axis=1)
