"""The calls of an agent, made now, or made again from a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.store.masks import unpacked
from selflearn_agents.store.protocol import StoreError
from selflearn_agents.store.record import Acted, Response, Updated, Visit
from selflearn_agents.store.seen import shown_of
from selflearn_agents.store.tally import Tally


class Calls:
    """Lets an agent act and learn, in the one way in which it does so live and from a record.

    Attributes:
        agent: the agent.
        number: of the last call.
        learned: visits learned from since the agent was last kept, or since recovery began to go through them again.
        tally: what was learned of the products since the store last kept their values.
    """

    def __init__(self, agent: Agent, number: int, rewards: NDArray[np.float64], valued: int):
        """Goes on after a call.

        Args:
            agent: as it is after the call.
            number: of that call.
            rewards: (3,) what a response earns.
            valued: number of the call up to which the store's values count.
        """
        self.agent, self.number, self.learned, self.tally = agent, number, 0, Tally()
        self._rewards, self._valued = rewards, valued

    def act(self, visits: Any, eligible: ArrayLike | None) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        """(B, n) slates, and (B, n) their propensities, or None where the agent does not know them.

        Raises:
            NotImplementedError, TypeError, ValueError: the agent cannot be asked this; it has not changed.
            RuntimeError: it failed, and may have changed.
        """
        agent = self.agent
        try:
            slates = np.array(agent.act(visits, eligible))
            try:
                propensity = agent.propensity(visits, slates, eligible)
            except NotImplementedError:
                propensity = None
        except Exception as error:
            agent._allowed(agent._act, eligible, len(agent._given(visits)))  # raises what has changed nothing
            raise RuntimeError(f"the agent failed to decide ({type(error).__name__}: {error})") from error
        self.number += 1
        return slates, propensity

    def update(self, visits: Sequence[Visit], responses: Sequence[Response], now: float) -> None:
        """Learns from the responses to visits, which have equally many slots.

        Raises:
            RuntimeError: the agent failed, and may have learned a part of it.
        """
        slates = np.stack([visit.products for visit in visits])
        response = np.stack([each.responses for each in responses])
        states = np.array([visit.state for visit in visits], dtype=np.int64)
        try:
            self.agent.update(shown_of(visits), slates.copy(), response.copy(), self._rewards.take(response))
        except Exception as error:
            raise RuntimeError(f"the agent failed to learn ({type(error).__name__}: {error})") from error
        self.number += 1
        self.learned += len(visits)
        if self.number > self._valued:
            self.tally.add(states, slates, response, now)

    def make_again(self, made: Acted | Updated, where: str) -> None:
        """Makes a recorded call once more, and sees that the same comes of it.

        Args:
            made: the call.
            where: the store, for messages.

        Raises:
            StoreError: something else comes of it.
        """
        self.number = made.call - 1
        if isinstance(made, Updated):
            responses = [response for response, _ in made.responses]
            self.update([visit for _, visit in made.responses], responses, responses[0].time)
            return
        mask = None if made.eligible is None else unpacked(made.eligible, len(made.visits), self.agent.products)
        slates, _ = self.act(shown_of(made.visits), mask)
        for visit, slate in zip(made.visits, slates, strict=True):
            if not np.array_equal(visit.products, slate[: visit.products.size]):
                raise StoreError(
                    f"{where}: visit {visit.number} was shown what this agent does not show there; was the record made "
                    f"by another version? Serve it with that version, or begin another store"
                )

    def kept(self) -> None:
        """The agent was kept, and the values of what it learned."""
        self.tally.clear()
        self.learned, self._valued = 0, self.number
