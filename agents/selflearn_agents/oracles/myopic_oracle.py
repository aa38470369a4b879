"""The best slate of this visit, and one that thinks of the next: references that know what no shop can know."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
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
    """

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

    def act(self, visits: ArrayLike | SeenVisits | Visits) -> NDArray[np.int64]:
        """(B, n) slates for the visits, or for state indexes (B,): customers who remember nothing.

        Raises:
            ValueError: a state does not exist.
        """
        if isinstance(visits, SeenVisits):  # too little for this agent
            visits = visits.state
        return self._simulator.optimal_slate(visits, self.holding_back)

    def _act(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        return self.act(states)

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: the oracle knows the best slates, and has no estimates of single products.
        """
        raise NotImplementedError("the oracle knows the best slates, and has no estimates of single products")

    def save(self, path: object) -> None:
        """Not possible.

        Raises:
            NotImplementedError: what it knows is the simulator.
        """
        raise NotImplementedError("the myopic oracle cannot be saved: what it knows is the simulator; make it anew")
