"""The frames of visits side by side, drawn when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Outcome, Visits
from selflearn_env.envs.frames import Frame, frames_shown, frames_waiting
from selflearn_env.envs.rendering import check_render_mode, draw
from selflearn_env.shop.shop import Shop


class Screens:
    """A frame for each of B visits: of the slate that was shown last, or of the visit that waits for one.

    Where nothing is to be drawn, nothing is kept.
    """

    def __init__(self, shop: Shop, simulator: Simulator, render_mode: str | None):
        """Shows nothing yet.

        Args:
            shop: whose states and products are named.
            simulator: whose visits they are.
            render_mode: None, "ansi" or "rgb_array".

        Raises:
            ValueError: the render mode is unknown.
        """
        self._shop, self._simulator, self._mode = shop, simulator, check_render_mode(render_mode)
        self._frames: list[Frame] = []

    def start(self, visits: Visits) -> None:
        """New visits wait, in every row."""
        if self._mode is not None:
            self._frames = frames_waiting(self._simulator, visits)

    def renew(self, visits: Visits, rows: NDArray[np.int64]) -> None:
        """New visits, of all the B, wait in these rows."""
        if self._mode is not None:
            self._put(rows, frames_waiting(self._simulator, visits.rows(rows)))

    def show(
        self, visits: Visits, slates: NDArray[np.int64], outcome: Outcome, rows: NDArray[np.int64] | None = None
    ) -> None:
        """The visits in some rows have been shown slates.

        Args:
            visits: R visits, as they were.
            slates: (R, n) product indexes.
            outcome: what came of it, for R visits.
            rows: (R,) numbers of their rows; None for all.
        """
        if self._mode is not None:
            rows = np.arange(len(visits)) if rows is None else rows
            before = [self._frames[row] for row in rows]
            self._put(rows, frames_shown(self._simulator, before, visits, slates, outcome))

    def draw(self) -> tuple[Any, ...] | None:
        """A text or an image per row, None where nothing is to be drawn; see `rendering.draw`.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
        """
        if self._mode is None:
            return None
        if not self._frames:
            raise gym.error.ResetNeeded("there is nothing to render yet: call reset() first")
        return tuple(draw(self._shop, self._simulator.slate_size, frame, self._mode) for frame in self._frames)

    def _put(self, rows: NDArray[np.int64], frames: Iterable[Frame]) -> None:
        for row, frame in zip(rows, frames, strict=True):
            self._frames[row] = frame
