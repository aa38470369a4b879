"""The best slate of this visit, and one that thinks of the next: references that know what no shop can know."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import check_eligible
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History


class MyopicOracleAgent(Agent):
    """The slate of greatest expected reward in each visit, from the simulator's own probabilities.

    It sees the visits themselves, with all that the customers remember, where `oracle` has one slate per state: in a
    customer's life this is the most that can be earned in a visit, whatever comes of it. Where an episode is one visit
    the two are the same.

    With `holding_back` it is no longer myopic but a rule that spares: products that the customer ignored within its
    last slates lose that share of their interest in the choice, so that the slate tires less and bores less. Cost per
    visit: O(P).

    The best slate of eligible products is that of customers who want no others: with an appeal of 0 these are shown
    only where they cost nothing, and then others take their place.
    """

    unsaved = "the myopic oracle cannot be saved: what it knows is the simulator; make it anew"
    privileged = True
    sees_visits = True

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        simulator: Simulator,
        holding_back: float = 0.0,
    ):
        """Keeps the simulator.

        Args:
            history: not read.
            slate_size: products per slate.
            rng: not drawn from.
            simulator: the simulator of the environment in which the agent will serve.
            holding_back: share of their interest, 0..1, that products ignored within the last slates lose; without
                effect where slates are not remembered.

        Raises:
            TypeError: the simulator is none.
            ValueError: the simulator shows slates of another size, its customers' interest drifts, products run out, or
                the share is out of range.
        """
        super().__init__(history, slate_size, rng)
        if not isinstance(simulator, Simulator):
            raise TypeError(f"simulator is the environment's Simulator, got {simulator!r}")
        if simulator.slate_size != slate_size:
            raise ValueError(f"the simulator shows slates of {simulator.slate_size}, the agent of {slate_size}")
        if simulator.changes:
            raise ValueError("an oracle keeps the simulator that it is given, and with drift or stock it changes")
        if not is_number(holding_back) or not 0 <= holding_back <= 1:
            raise ValueError(f"holding_back is a share, 0..1, got {holding_back!r}")
        self._simulator, self.holding_back = simulator, float(holding_back)

    def act(self, visits: ArrayLike | SeenVisits | Visits, eligible: ArrayLike | None = None) -> NDArray[np.int64]:
        """(B, n) slates for the visits, or for state indexes (B,): customers who remember nothing.

        Args:
            visits: the visits themselves, or what the shop sees of them.
            eligible: (B, P) or (P,) bool, which products may be shown; None for all.

        Raises:
            NotImplementedError: the best slate of eligible products cannot be found with these customers.
            ValueError: a state does not exist, or fewer products than a slate has may be shown.
        """
        if isinstance(visits, SeenVisits):  # too little for this agent
            visits = visits.state
        slates = self._simulator.optimal_slate(visits, self.holding_back)
        if eligible is None:
            return slates
        allowed = check_eligible(eligible, len(slates), self.products, self.slate_size)
        other = np.flatnonzero(~np.take_along_axis(allowed, slates, axis=1).all(axis=1))
        masks, which = np.unique(allowed[other], axis=0, return_inverse=True)
        for number, mask in enumerate(masks):
            rows = other[which.reshape(-1) == number]
            some = visits.rows(rows) if isinstance(visits, Visits) else np.asarray(visits)[rows]
            slates[rows] = self._best_of(mask, some)
        return slates

    def _best_of(self, allowed: NDArray[np.bool_], visits: NDArray | Visits) -> NDArray[np.int64]:
        """(B, n) the best slates of the products allowed (P,), the same to all of the visits."""
        world = copy(self._simulator)
        world.customers = world.customers.drifted(allowed.astype(np.float64))
        slates = world.optimal_slate(visits, self.holding_back)
        if allowed[slates].all():
            return slates
        filled = slates.copy()
        for row, slate in enumerate(slates):
            left = np.setdiff1d(np.flatnonzero(allowed), slate)
            filled[row, ~allowed[slate]] = left[: np.count_nonzero(~allowed[slate])]
        lost = world.expected_reward(visits, slates) - world.expected_reward(visits, filled)
        if self.holding_back or not np.allclose(lost, 0.0, atol=1e-9):
            raise NotImplementedError(
                f"these {type(world.customers).__name__} would rather see an empty slot than some of the eligible "
                f"products, and the best slate without empty slots is not known; make more of them eligible"
            )
        return filled

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        return self.act(states, eligible)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: the oracle knows the best slates, and has no estimates of single products.
        """
        raise NotImplementedError("the oracle knows the best slates, and has no estimates of single products")
