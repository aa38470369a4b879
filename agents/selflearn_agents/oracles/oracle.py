"""The best slate of each state, as an agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.baselines.static import StaticAgent
from selflearn_env.core.simulator import Simulator
from selflearn_env.shop.history import History


class OracleAgent(StaticAgent):
    """The best slate of each state, from the simulator's own probabilities: a reference that no shop can have.

    Where not all of a slate is eligible it has no other; `MyopicOracleAgent` finds the best of what is.
    """

    privileged = True

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, simulator: Simulator):
        """Copies the best slates.

        Args:
            history: not read.
            slate_size: products per slate.
            rng: not drawn from.
            simulator: the simulator of the environment in which the agent will serve.

        Raises:
            TypeError: the simulator is none.
            ValueError: the simulator shows slates of another size, its customers' interest drifts, or products run out.
        """
        super().__init__(history, slate_size, rng)
        if not isinstance(simulator, Simulator):
            raise TypeError(f"simulator is the environment's Simulator, got {simulator!r}")
        if simulator.slate_size != slate_size:
            raise ValueError(f"the simulator shows slates of {simulator.slate_size}, the agent of {slate_size}")
        if simulator.changes:
            raise ValueError(
                "an oracle keeps one slate per state, and with drift or stock the best ones change; "
                "every evaluation has the exact optimum of each moment beside it"
            )
        self.slates = simulator.optimal_slate(np.arange(simulator.states.size))

    def _among(self, states: NDArray, eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(B, n) the slates of the states.

        Raises:
            NotImplementedError: not all of a slate is eligible.
        """
        slates = self.slates[states]
        if not np.take_along_axis(eligible, slates, axis=1).all():
            raise NotImplementedError(
                "the oracle keeps the best slate of each state, and no other where not all of it is eligible; ask "
                "'myopic_oracle' for the best of what is"
            )
        return slates

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: the oracle knows the best slates, and has no estimates of single products.
        """
        raise NotImplementedError("the oracle knows the best slates, and has no estimates of single products")
