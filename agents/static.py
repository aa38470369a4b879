"""Agents that show one fixed slate in each state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.agent import Agent
from selflearn_env.core.simulator import Simulator
from selflearn_env.shop.history import History


class StaticAgent(Agent):
    """Shows the slate of the state's row in a table. Cost per visit: one look-up."""

    slates: NDArray[np.int64]  # (S, n)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of the states."""
        return self.slates[states]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot, 0 from the first other product on."""
        return self._certain(self.slates[states], slates)


class PopularAgent(StaticAgent):
    """The products of greatest purchase incidence in the history, pooled over the tiers of the state."""

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Ranks the products of each state; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        self.incidence = history.incidence()
        order = rng.permutation(self.products)
        ranked = [np.argsort(-row[order], kind="stable")[:slate_size] for row in self.incidence]
        self.slates = order[np.stack(ranked)]

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) purchases per visit."""
        return self.incidence[states]


class OracleAgent(StaticAgent):
    """The best slate of each state, from the simulator's own probabilities: a reference that no shop can have."""

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
            ValueError: the simulator shows slates of another size, or its customers' interest drifts.
        """
        super().__init__(history, slate_size, rng)
        if not isinstance(simulator, Simulator):
            raise TypeError(f"simulator is the environment's Simulator, got {simulator!r}")
        if simulator.slate_size != slate_size:
            raise ValueError(f"the simulator shows slates of {simulator.slate_size}, the agent of {slate_size}")
        if simulator.drift is not None:
            raise ValueError(
                "an oracle keeps one slate per state, and with drift the best ones change; "
                "every evaluation has the exact optimum of each moment beside it"
            )
        self.slates = simulator.optimal_slate(np.arange(simulator.states.size))

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: the oracle knows the best slates, and has no estimates of single products.
        """
        raise NotImplementedError("the oracle knows the best slates, and has no estimates of single products")
