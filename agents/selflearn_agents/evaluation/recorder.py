"""Every visit of a run, judged by the customers as they were at that moment, and summed up in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.exact import gini
from selflearn_agents.evaluation.result import MEANS
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.tables import sum_rows
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History

CHUNKS = 50  # points of a curve
SAMPLES = 20  # visits of a chunk, at least, in which exploration is measured
EVERY = 100  # visits between two such, at most


class Recorder:
    """What happened in the visits, summed up in chunks of equal size whatever the batch."""

    def __init__(self, customers: int, history: History):
        """Makes the chunks.

        Args:
            customers: visits to come.
            history: of the shop, which has the segment of each state and how popular the products were.
        """
        self.chunk = -(-customers // CHUNKS)
        self.every = max(1, min(EVERY, self.chunk // SAMPLES))  # how many visits exploration is measured in: one of so
        self._segment = history.segment
        purchases = sum_rows(history.purchases, np.zeros_like(self._segment), 1)[0] + 1.0
        self._information = -np.log2(purchases / purchases.sum())  # (P,) bits
        self._simulator: Simulator | None = None  # of the visits that wait
        self._waiting: list[tuple[Visits, NDArray, NDArray, NDArray]] = []
        self._count, self._done = 0, 0  # visits that wait, and those worked out
        self._sums = np.zeros((CHUNKS, len(MEANS)))
        self._shown = np.zeros((CHUNKS, history.products), dtype=np.int64)
        self._shown_to = np.zeros((len(history.segment_products), history.products), dtype=np.int64)
        self._explored, self._measured = np.zeros(CHUNKS), np.zeros(CHUNKS)

    def add(
        self, simulator: Simulator, visits: Visits, slates: NDArray, responses: NDArray, item_rewards: NDArray
    ) -> None:
        """Some visits, the slates, responses and item rewards, and the simulator that they were shown to."""
        if simulator is not self._simulator or self._count >= self.chunk:
            self._work_out()
            self._simulator = simulator
        # An agent may use its arrays again.
        self._waiting.append((visits, slates.copy(), responses.copy(), item_rewards.copy()))
        self._count += len(visits)

    def look_at(self, agent: Agent, states: NDArray, slates: NDArray) -> None:
        """Measures how much an agent explores in some of these visits; before `add`, and before it learns from them."""
        first = self._done + self._count
        begun = first % self.chunk
        # The first of each chunk is measured, so that none goes without.
        if min(-begun % self.every, self.chunk - begun) >= len(states):
            return
        chunk, within = np.divmod(first + np.arange(len(states)), self.chunk)
        rows = np.flatnonzero(within % self.every == 0)
        try:
            values = agent.values(states[rows])
        except NotImplementedError:
            return
        size = slates.shape[1]
        least = np.partition(values, -size, axis=1)[:, -size]
        explored = np.take_along_axis(values, slates[rows], axis=1) < least[:, None]
        np.add.at(self._explored, chunk[rows], explored.mean(axis=1))
        np.add.at(self._measured, chunk[rows], 1.0)

    def result(self) -> dict[str, Any]:
        """The arrays of `EvaluationResult`."""
        self._work_out()
        begins = np.arange(0, self._done, self.chunk)
        visits = np.minimum(begins + self.chunk, self._done)
        chunks = slice(len(begins))
        means = self._sums[chunks] / (visits - begins)[:, None]
        measured = self._measured[chunks]
        exploration = np.divide(
            self._explored[chunks], measured, out=np.full(measured.shape, np.nan), where=measured > 0
        )
        return {
            "visits": visits,
            **dict(zip(MEANS, means.T.copy(), strict=True)),
            "exploration": exploration,
            "coverage": (self._shown[chunks] > 0).mean(axis=1),
            "gini": gini(self._shown[chunks]),
            "shown": self._shown_to.copy(),
        }

    def _work_out(self) -> None:
        """Adds the figures of the visits that wait to their chunks."""
        if self._simulator is None or not self._waiting:
            return
        simulator = self._simulator
        each, *others = zip(*self._waiting, strict=True)
        visits = Visits.joined(each)
        slates, responses, item_rewards = (np.concatenate(column) for column in others)
        expected = simulator.expected_reward(visits, slates)
        optimal = simulator.expected_reward(visits, simulator.optimal_slate(visits))
        columns = {
            "reward": item_rewards.sum(axis=1),
            "expected_reward": expected,
            "regret": optimal - expected,
            "random": simulator.random_reward(visits),
            "optimal": optimal,
            "purchases": (responses == BOUGHT).sum(axis=1),
            "clicks": (responses == CLICKED).sum(axis=1),
            "novelty": self._information[slates].mean(axis=1),
        }
        chunk = (self._done + np.arange(self._count)) // self.chunk
        np.add.at(self._sums, chunk, np.stack([columns[name] for name in MEANS], axis=1))
        np.add.at(self._shown, (chunk[:, None], slates), 1)
        np.add.at(self._shown_to, (self._segment[visits.state][:, None], slates), 1)
        self._done += self._count
        self._waiting, self._count = [], 0
