"""Visits of a simulator under way: the one place in which an evaluation runs a simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.faults import is_own, warn_of_faults
from selflearn_env.core.journey.serving import Served, serve
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Outcome, Visits


class Serving:
    """Visits side by side, each followed by another as soon as its episode is over.

    Bit for bit what a vector environment does with autoreset SAME_STEP, without its observations and infos.

    Attributes:
        visits: B visits, to be shown the next slates; replaced, never changed.
    """

    def __init__(self, simulator: Simulator, batch: int, seed: int):
        """Begins.

        Args:
            simulator: whose visits are served.
            batch: visits side by side, B.
            seed: of the environment, as `reset` takes it.
        """
        self._simulator = simulator
        self._run = simulator.begin(np.random.default_rng(seed))
        self.visits = simulator.start(batch, self._run)

    @property
    def present(self) -> Simulator:
        """The simulator as it is when the next slates are shown."""
        return self._simulator.now(self._run)

    def show(self, slates: NDArray[np.int64]) -> Outcome:
        """What comes of showing slates (B, n) to the visits; other visits take the place of those that are over.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        outcome = self._simulator.respond(self.visits, slates, self._run)
        self.visits = self._simulator.restart(outcome.visits, outcome.terminated | outcome.truncated, self._run)
        return outcome


def serve_lives(simulator: Simulator, agent: Agent, customers: int, side_by_side: int, seed: int) -> Iterator[Served]:
    """The rounds of visits of customers whom an agent serves to the end of their lives, in groups side by side.

    Args:
        simulator: of the customers.
        agent: the agent; what it learns from each round is the caller's to say.
        customers: how many, C; each item says which of them it is about.
        side_by_side: customers of a group, at most; nobody is in a group twice.
        seed: of the environment.
    """
    run, begin, round_ = simulator.begin(np.random.default_rng(seed)), 0, simulator.arrivals.positions
    while begin < customers:
        size = min(side_by_side, round_ - begin % round_, customers - begin)
        first = simulator.start(size, run)
        for served in serve(simulator, first, lambda visits: decide(agent, simulator.now(run), visits), run):
            yield served._replace(rows=begin + served.rows)
        begin += size


def keeps_references(simulator: Simulator) -> bool:
    """Whether the best slates depend on the state alone: nothing changes with time, and no customer remembers."""
    return not simulator.changes and not simulator.lasting


def decide(agent: Agent, simulator: Simulator, visits: Visits) -> NDArray[np.int64]:
    """(B, n) the slates that an agent chooses for visits, of what may be shown.

    Args:
        agent: the agent.
        simulator: as it is when the slates are shown.
        visits: B visits.
    """
    seen = seen_by(agent, simulator, visits)
    slates = agent.act(seen, **limits(simulator))
    if is_own(type(agent)):
        warn_of_faults(agent, slates, visits.state, seen if isinstance(seen, np.ndarray) else seen.state)
    return slates


def limits(simulator: Simulator) -> dict[str, NDArray[np.bool_]]:
    """What an agent is told of what may be shown, as a keyword of its methods: nothing where all may; a copy."""
    return {} if simulator.eligible is None else {"eligible": simulator.eligible.copy()}


def seen_by(agent: Agent, simulator: Simulator, visits: Visits) -> Any:
    """What an agent is shown of the visits: the states of most; a copy, since it might write to what it is given."""
    if agent.sees_visits:
        return visits.rows(np.arange(len(visits)))
    return learned_by(agent, simulator, visits)


def learned_by(agent: Agent, simulator: Simulator, visits: Visits) -> Any:
    """The visits as an agent is told of them when it learns: what the shop sees, or the states; a copy likewise."""
    return simulator.seen(visits) if agent.knows_customers else visits.state.copy()
