"""What agents that show one fixed slate in each state have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent


class StaticAgent(Agent):
    """Shows the slate of the state's row in a table. Cost per visit: one look-up."""

    slates: NDArray[np.int64]  # (S, n)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the slates of the states."""
        return self.slates[states]

    def _propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot, 0 from the first other product on."""
        return self._certain(self.slates[states], slates)
