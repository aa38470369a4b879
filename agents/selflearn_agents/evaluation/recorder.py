"""Every visit of a run, compared with the customers as they were at that moment, and summed up in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.exact import gini
from selflearn_agents.evaluation.references import References
from selflearn_agents.evaluation.result import BY_TURN, MEANS, TURNS
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.tables import sum_rows
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History

CHUNKS = 50  # points of a curve
SAMPLES = 20  # visits of a chunk, at least, in which exploration is measured
BLOCK = 4_096  # visits, about, that are written down before they are worked out together


class Recorder:
    """What happened in the visits, summed up in chunks of equal size whatever the batch.

    A visit is only written down; what it means is worked out for a block of visits at once.
    """

    def __init__(self, visits: int, history: History, references: References, remembers: bool = False):
        """Makes the chunks.

        Args:
            visits: how many are to come.
            history: of the shop, which has the segment of each state and how popular the products were.
            references: of the world.
            remembers: whether more is to be known of a visit than its state.
        """
        self.chunk = -(-visits // CHUNKS)
        self.every = max(1, self.chunk // SAMPLES)  # exploration is measured in one of so many visits
        self._references, self._remembers = references, remembers
        self._segment = history.segment
        purchases = sum_rows(history.purchases, np.zeros_like(self._segment), 1)[0] + 1.0
        self._information = -np.log2(purchases / purchases.sum())  # (P,) bits

        self._simulator: Simulator | None = None  # of the visits that wait
        self._count, self._done = 0, 0  # visits that wait, and those worked out
        self._room = 0  # for so many visits
        self._visits: list[Visits] = []  # those that wait, where they remember

        self._sums = np.zeros((len(MEANS), CHUNKS))
        self._turns = np.zeros((1 + len(BY_TURN), len(TURNS)))
        self._states_met = np.zeros((2, history.segment.size))  # visits, and their expected reward
        self._shown = np.zeros((len(history.segment_products), history.products), dtype=np.int64)
        self._shown_now = np.zeros_like(self._shown)  # in the present chunk
        self._coverage, self._gini = np.full((2, CHUNKS), np.nan)
        self._explored, self._measured = np.zeros((2, CHUNKS))
        self._due = 0  # the next visit in which exploration is measured

    def add(
        self, simulator: Simulator, visits: Visits, slates: NDArray, responses: NDArray, item_rewards: NDArray
    ) -> None:
        """Writes down some visits, the slates, responses and item rewards, and the simulator that served them."""
        begin, end = self._count, self._count + len(slates)
        if self._simulator is None or simulator.customers is not self._simulator.customers or end > self._room:
            self._work_out()
            self._simulator = simulator
            begin, end = 0, len(slates)
            if end > self._room:
                self._make_room(max(end, BLOCK), slates.shape[1])
        # Copies: an agent may use its arrays again, or write to those that it is given.
        self._states[begin:end] = visits.state
        self._slates[begin:end] = slates
        self._responses[begin:end] = responses
        self._rewards[begin:end] = item_rewards
        if self._remembers:
            self._visits.append(visits)
        self._count = end

    def look_at(self, agent: Agent, seen: Any, slates: NDArray, eligible: NDArray[np.bool_] | None = None) -> None:
        """Measures how much an agent explores in some of these visits; before `add`, and before it learns from them.

        Of the products that could not be shown, `eligible` (P,) or None for all, none counts as better.
        """
        first = self._done + self._count
        if first + len(slates) <= self._due:
            return
        visits = []
        while self._due < first + len(slates):  # the first of each chunk is measured, so that none goes without
            visits.append(self._due)
            self._due = min(self._due + self.every, (self._due // self.chunk + 1) * self.chunk)
        rows = np.array(visits) - first
        try:
            values = agent.values(seen.rows(rows) if isinstance(seen, SeenVisits) else seen[rows])
        except NotImplementedError:
            return
        size = slates.shape[1]
        shown = np.take_along_axis(values, slates[rows], axis=1)
        if eligible is not None:
            values = values[:, eligible]
        for visit, own, known in zip(visits, shown, values, strict=True):
            # Less worth than the n best: n or more are worth more.
            explored = [np.count_nonzero(known > value) >= size for value in own]
            self._explored[visit // self.chunk] += np.mean(explored)
            self._measured[visit // self.chunk] += 1.0

    def result(self) -> dict[str, Any]:
        """The arrays of `EvaluationResult`."""
        self._work_out()
        begins = np.arange(0, self._done, self.chunk)
        visits = np.minimum(begins + self.chunk, self._done)
        chunks = slice(len(begins))
        coverage, gini_ = self._coverage[chunks].copy(), self._gini[chunks].copy()
        if self._done % self.chunk:
            coverage[-1], gini_[-1] = self._unequal()
        measured = self._measured[chunks]
        exploration = np.divide(
            self._explored[chunks], measured, out=np.full(measured.shape, np.nan), where=measured > 0
        )
        turn_visits, *by_turn = self._turns
        turns = np.divide(by_turn, turn_visits, out=np.full_like(by_turn, np.nan), where=turn_visits > 0)
        state_visits, by_state = self._states_met
        return {
            "visits": visits,
            **dict(zip(MEANS, self._sums[:, chunks] / (visits - begins), strict=True)),
            "exploration": exploration,
            "coverage": coverage,
            "gini": gini_,
            "shown": self._shown + self._shown_now,
            "turn_visits": turn_visits.astype(np.int64),
            **{f"turn_{name}": means for name, means in zip(BY_TURN, turns, strict=True)},
            "state_visits": state_visits.astype(np.int64),
            "state_expected_reward": np.divide(
                by_state, state_visits, out=np.full_like(by_state, np.nan), where=state_visits > 0
            ),
        }

    def _make_room(self, visits: int, slate_size: int) -> None:
        self._room = visits
        self._states = np.empty(visits, dtype=np.int64)
        self._slates = np.empty((visits, slate_size), dtype=np.int64)
        self._responses = np.empty((visits, slate_size), dtype=np.int8)
        self._rewards = np.empty((visits, slate_size))

    def _work_out(self) -> None:
        """Adds the figures of the visits that wait to their chunks."""
        count, simulator = self._count, self._simulator
        if not count or simulator is None:
            return
        states, slates, responses = self._states[:count], self._slates[:count], self._responses[:count]
        visits = Visits.joined(self._visits) if self._remembers else states
        expected = simulator.expected_reward(visits, slates)
        random, optimal = self._references.look_up(simulator, visits)
        columns = {
            "reward": self._rewards[:count].sum(axis=1),
            "expected_reward": expected,
            "regret": optimal - expected,
            "random": random,
            "optimal": optimal,
            "purchases": _counted(responses == BOUGHT),
            "clicks": _counted(responses == CLICKED),
            "novelty": self._information.take(slates).mean(axis=1),
        }
        chunk = (self._done + np.arange(count)) // self.chunk
        for sums, name in zip(self._sums, MEANS, strict=True):
            np.add.at(sums, chunk, columns[name])
        before = visits.visits if isinstance(visits, JourneyVisits) else np.zeros_like(states)
        turn = np.searchsorted(list(TURNS.values()), before, side="right") - 1
        for sums, of in zip(self._turns, (np.ones(count), *(columns[name] for name in BY_TURN)), strict=True):
            np.add.at(sums, turn, of)
        for sums, weights in zip(self._states_met, (None, expected), strict=True):
            sums += np.bincount(states, weights, sums.size)
        self._count_shown(self._segment[states], slates)
        self._done += count
        self._count, self._visits = 0, []

    def _count_shown(self, segments: NDArray[np.int64], slates: NDArray[np.int64]) -> None:
        """Counts which products were shown in which segment, chunk by chunk."""
        counted = segments[:, None] * self._shown.shape[1] + slates
        counts = self._shown_now.reshape(-1)
        begin = 0
        while begin < len(counted):
            at = self._done + begin
            end = begin + self.chunk - at % self.chunk
            np.add.at(counts, counted[begin:end].reshape(-1), 1)
            if end <= len(counted):  # the chunk is over
                self._coverage[at // self.chunk], self._gini[at // self.chunk] = self._unequal()
                self._shown += self._shown_now
                self._shown_now[:] = 0
            begin = end

    def _unequal(self) -> tuple[float, float]:
        """Share of the catalogue that was shown in the present chunk, and how unequally."""
        shown = self._shown_now.sum(axis=0)
        return float((shown > 0).mean()), float(gini(shown))


def _counted(marks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(B,) how many of the slots (B, n) are marked."""
    return marks.astype(np.float32).dot(np.ones(marks.shape[1], dtype=np.float32)).astype(np.float64)
