"""What a learner reaches that sees the response to every product, shown or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.exact import standing
from selflearn_env.core.simulator import Simulator


class SeesAll(Protocol):
    """Learns from the responses to every product."""

    def observe_all(self, visits: NDArray[np.int64], responses: NDArray[np.int64]) -> None:
        """Learns from all visits so far (S,), and their clicks and purchases of each product (S, P, 2)."""

    def greedy_slates(self) -> NDArray[np.int64]:
        """(S, n) the slates that it holds for best."""


def full_information(
    agent: SeesAll, simulator: Simulator, customers: int, rng: np.random.Generator, times: int = 40
) -> NDArray[np.float64]:
    """(times,) share of the gap if each visit showed the response to every product, so that nothing need be explored.

    Near what could be reached with the agent's prior, no strict bound: it learns at so many moments only.

    Args:
        agent: who learns.
        simulator: whose customers respond, to each product as if it were alone on the slate.
        customers: visits in all.
        rng: draws which states they visit, and the responses.
        times: how often the agent learns.
    """
    states, products = np.arange(simulator.states.size), np.arange(simulator.products)
    chance = np.stack(
        [
            simulator.customers.response_probability(np.full(len(products), state), products[:, None], None)[:, 0]
            for state in states
        ]
    )
    visits, responses = np.zeros(len(states), int), np.zeros((len(states), len(products), 2), int)
    gaps = np.empty(times)
    for time in range(times):
        agent.observe_all(visits, responses)
        gaps[time] = standing(simulator, agent.greedy_slates()).gap
        new = rng.multinomial(customers // times, simulator.state_probability)
        responses += rng.multinomial(new[:, None], chance)[..., 1:]
        visits += new
    return gaps
