"""Exact expected rewards of random and of the best slates, with which every visit is compared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.serving import keeps_references
from selflearn_env.archive import write_atomically
from selflearn_env.core.simulator import Simulator

TOGETHER = 8  # states that are worked out together; then another process is asked what it has found


class References:
    """The references of a world. Where they depend on the state alone, each state's are worked out once.

    In a large catalogue those of a state take up to a second; so they are shared by all runs in the world, and through
    a file by all processes of a comparison and by later ones. Each number in it is nan, or right and never changed.
    """

    def __init__(self, simulator: Simulator, place: Path | None = None):
        """Takes the simulator before its first visit.

        Args:
            simulator: of the world.
            place: the file, which is made where there is none; None for this process alone. Where it cannot be made, on
                a machine that does not see its folder, the references are worked out for this process alone.
        """
        self._by_state = keeps_references(simulator)
        shape = (2, simulator.states.size)
        self._known = np.full(shape, np.nan) if place is None or not self._by_state else _shared(place, shape)

    def look_up(self, simulator: Simulator, visits: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(B,) expected rewards of random and of the best slates.

        Args:
            simulator: as it was when the visits were served.
            visits: (B,) states, or the visits themselves where they remember.
        """
        if not self._by_state:
            return _worked_out(simulator, visits)
        self._fill(simulator, self._missing(visits))
        random, optimal = self._known.take(visits, axis=1)
        return random, optimal

    def _fill(self, simulator: Simulator, states: NDArray[np.int64]) -> None:
        """Works out those of some states."""
        states = np.unique(states)
        states = np.roll(states, os.getpid() % 2 * (states.size // 2))  # others, who need the same, begin elsewhere
        for at in range(0, states.size, TOGETHER):
            some = self._missing(states[at : at + TOGETHER])
            if some.size:
                self._known[:, some] = _worked_out(simulator, some)

    def _missing(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        return states[np.isnan(self._known).any(axis=0).take(states)]


def _worked_out(simulator: Simulator, visits: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return simulator.random_reward(visits), simulator.expected_reward(visits, simulator.optimal_slate(visits))


def _shared(place: Path, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The numbers of a file, which other processes read and write too."""
    try:
        if not place.is_file():
            with write_atomically(place) as file:
                np.save(file, np.full(shape, np.nan))
        known = np.lib.format.open_memmap(place, mode="r+")
    except (OSError, ValueError):
        return np.full(shape, np.nan)
    return known if known.shape == shape else np.full(shape, np.nan)
