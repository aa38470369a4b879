"""What agents that learn from a log have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.baselines.static import RankedAgent
from selflearn_agents.offline.foreknowledge import Foreknowledge
from selflearn_env.declared import Declared, indexes, numbers, text, whole
from selflearn_env.shop.history import History

if TYPE_CHECKING:  # who records logs knows all agents
    from selflearn_agents.logs.visit_log import VisitLog


class Learner(RankedAgent):
    """Learns from a log, once and for all; then shows one slate in each state, the products of greatest score.

    Until then it shows what the history says is popular. A new learner writes `_learned`.

    Attributes:
        needs_propensity: whether a log must tell how probable it was that each slot showed its product.
        known: what the history says.
        score: (S, P) float32 of the products in each state; the greater, the better.
        visits: how many it has learned from.
        learned_from: digest of their log, by which who judges it knows it again; empty before.
    """

    parts = {"known": Foreknowledge}  # noqa: RUF012
    needs_propensity: ClassVar[bool] = False

    declared: ClassVar[Declared] = {
        "visits": whole(),
        "learned_from": text(),
        "score": numbers("states", "products", dtype=np.float32),
        "row": indexes("states", "states"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Starts from the history; ties break by the generator."""
        super().__init__(history, slate_size, rng)
        self.known = Foreknowledge(history)
        self.score = self.known.incidence
        self.visits, self.learned_from = 0, ""
        self._rank(np.arange(self.states), rng.permutation(self.products))

    def fit(self, log: VisitLog) -> Self:
        """Learns from a log, and forgets any that it has learned from before; equal logs give equal bits.

        Args:
            log: visits to the shop of the history, served by any agent.

        Returns:
            Itself.

        Raises:
            ValueError: the log is of another shop or slate size, or has no propensities where they are needed. Then
                nothing is changed.
        """
        self._check(log)
        self.score = self._learned(log)
        self.visits, self.learned_from = len(log), log.digest
        self._rank(self.row, self.order)
        return self

    @abstractmethod
    def _learned(self, log: VisitLog) -> NDArray[np.float32]:
        """(S, P) scores, from a checked log."""

    def _scores(self, row: int) -> tuple[NDArray[np.float64], ...]:
        return (self.score[row],)

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) scores; before anything is learned purchases per visit of the history."""
        return self.score[states].astype(np.float64)

    def _check(self, log: VisitLog) -> None:
        """Raises a ValueError where nothing can be learned from the log."""
        if log.slate.shape[1] != self.slate_size:
            raise ValueError(
                f"the log has slates of {log.slate.shape[1]}, but the learner shows slates of {self.slate_size}; make "
                f"it with slate_size={log.slate.shape[1]}"
            )
        check_shop(log, self)
        if self.needs_propensity and log.propensity is None:
            raise ValueError(
                f"{type(self).__name__} weights what was shown by how probable it was, and the log has no "
                f"propensities; record them, or use a learner that does without, such as reward_model"
            )


def check_shop(log: VisitLog, agent: Agent) -> None:
    """Sees that an agent of a shop can learn from a log.

    Raises:
        ValueError: the log has products or states that the shop has not.
    """
    for what, column, size in (("product", log.slate, agent.products), ("state", log.state, agent.states)):
        if column.max() >= size:
            raise ValueError(
                f"the log has {what} {column.max()}, but the shop has {what}s 0..{size - 1}: it is the log of another "
                f"shop"
            )
