"""How a visit is observed: its state as tier numbers, index or one-hot, and what is known of the customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.visits import NONE, PURCHASES, JourneyVisits
from selflearn_env.core.states import StateSpace
from selflearn_env.core.visits import Visits

SeenVisits = TypeVar("SeenVisits", bound=Visits, contravariant=True)


class Observation(Protocol[SeenVisits]):
    """How visits are observed."""

    @property
    def space(self) -> gym.Space:
        """The space of one observation."""
        ...

    def observe(self, visits: SeenVisits) -> NDArray:
        """(B, ...) what is observed of the visits."""
        ...


@dataclass(frozen=True, eq=False)
class StateObservation:
    """An observation space, and what is observed in each state.

    Attributes:
        space: the space of one observation.
        by_state: (S, ...) the observation of each state.
    """

    space: gym.Space
    by_state: NDArray

    def observe(self, visits: Visits) -> NDArray:
        """(B, ...) what is observed of the visits."""
        return self.by_state.take(visits.state, axis=0)


def _tiers(states: StateSpace) -> StateObservation:
    return StateObservation(gym.spaces.MultiDiscrete(list(states.shape)), states.table)


def _index(states: StateSpace) -> StateObservation:
    return StateObservation(gym.spaces.Discrete(states.size), np.arange(states.size))


def _onehot(states: StateSpace) -> StateObservation:
    return StateObservation(gym.spaces.Box(0.0, 1.0, (sum(states.shape),), np.float32), states.onehot())


OBSERVATIONS: dict[str, Callable[[StateSpace], StateObservation]] = {
    "tiers": _tiers,
    "index": _index,
    "onehot": _onehot,
}


COUNT = 20.0  # the logarithm of more visits than there will be


class JourneyObservation:
    """The state one-hot, and what a shop really knows of the customer, as one float32 vector.

    After the state's sum of tier sizes, 25 of them for the embedded log, come

        days since the last visit, as a share of the calendar      0..1
        log(1 + visits before this one)                            0..20
        log(1 + products bought so far)                            0..20
        log(1 + visits in a row without a purchase or a click)     0..20
        the last 10 products bought, newest visit first            0..1: (index + 1) / P, 0 where there are fewer

    Attributes:
        space: the space of one observation.
    """

    space: gym.Space

    def __init__(self, states: StateSpace, products: int, days: int):
        """Makes the view of a shop of so many products whose calendar has so many days."""
        self._onehot, self._products, self._days = states.onehot(), products, days
        width = self._onehot.shape[1]
        high = np.concatenate([np.ones(width + 1), np.full(3, COUNT), np.ones(PURCHASES)]).astype(np.float32)
        self.space = gym.spaces.Box(np.zeros_like(high), high)

    def observe(self, visits: JourneyVisits) -> NDArray[np.float32]:
        """(B, width) what is observed of the visits."""
        counts = np.stack([visits.visits, visits.purchases, visits.empty], axis=1)
        return np.concatenate(
            [
                self._onehot.take(visits.state, axis=0),
                ((visits.day - visits.last_visit) / self._days)[:, None],
                np.log1p(counts),
                (visits.bought.astype(np.float32) - NONE) / self._products,
            ],
            axis=1,
            dtype=np.float32,
            casting="same_kind",
        )
