"""Bars for runs that go on side by side, in other processes."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_env.scratch import scratch_folder

EVERY = 0.5  # seconds between two looks
IN_A_LOG = 30.0  # seconds between two lines where no terminal is, which keeps them all
LIVELY: dict[str, Any] = {"smoothing": 0.05, "miniters": 1, "mininterval": 0.0}  # the rate, and what is left, of late
OF_ALL = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{left}, {rate_fmt}]"


class Counter:
    """What a run calls with the visits that it has served; it counts them in a file that the bars are drawn from."""

    def __init__(self, place: Path, run: int):
        self.place, self.run = place, run

    def start(self) -> Self:
        """Opens the file, in the process of the run; on a machine that has no such file, nothing is counted."""
        there = self.place.is_file()
        self._counts = np.memmap(self.place, dtype=np.int64, mode="r+") if there else np.zeros(self.run + 1, np.int64)
        self._counts[self.run] = 0
        return self

    def __call__(self, visits: int) -> None:
        """Counts some more visits."""
        self._counts[self.run] += visits


class Left:
    """How long it will take until all runs are through, each at its own speed: one agent takes ten times another's."""

    def __init__(self, visits: NDArray[np.int64], seconds: Sequence[float], jobs: int):
        """Takes the visits of each run (R,), the seconds of a visit as foreseen, and how many go on side by side."""
        self._visits, self._jobs = visits, jobs
        self._seconds = np.maximum(seconds, 1e-9)
        self._begun, self._ended = np.full((2, visits.size), np.nan)
        self._first = np.zeros(visits.size)

    def look(self, served: NDArray[np.int64], now: float) -> float:
        """The seconds left, after so many visits of each run (R,) and so many seconds; nan as long as nothing is known.

        A run under way goes on as it went. One to come takes what was foreseen, as much more or less as the others did,
        and what all runs so far took beside their visits: processes and worlds are made, results are worked out.
        """
        new = (served > 0) & np.isnan(self._begun)
        self._begun[new], self._first[new] = now, served[new]
        self._ended[(served >= self._visits) & np.isnan(self._ended)] = now
        gone = served - self._first
        took = np.where(np.isnan(self._ended), now, self._ended) - self._begun
        known = (gone > 0) & (took > 0)
        seconds = self._seconds.copy()
        if known.any():
            seconds *= took[known].sum() / (self._seconds[known] @ gone[known])
            seconds[known] = took[known] / gone[known]
        rest = (self._visits - served) * seconds
        begun = int((served > 0).sum())
        if not begun:
            return float("nan")
        running, to_come = begun - int((served >= self._visits).sum()), served.size - begun
        half = max(0, min(self._jobs - running, to_come)) / 2  # of those that are made ready just now
        beside = max(0.0, self._jobs * now - np.nansum(took)) / (begun + half)
        rest[served == 0] += beside * (1 - half / max(1, to_come))
        return float(max(rest.sum() / self._jobs, rest.max(initial=0.0)))


class _Total(tqdm):  # type: ignore[misc]
    """The bar of all runs; what it says is left is not by its own rate."""

    left = math.nan

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the bar is drawn from."""
        return super().format_dict | {"left": "?" if math.isnan(self.left) else self.format_interval(self.left)}


class Progress:
    """One bar over the visits of all runs, and on a terminal one for each run under way; drawn by a thread."""

    def __init__(
        self, labels: Sequence[str], visits: Sequence[int], shown: bool, seconds: Sequence[float], jobs: int = 1
    ):
        """Takes the runs.

        Args:
            labels: (R,) names of the runs.
            visits: (R,) visits of each.
            shown: whether to draw anything.
            seconds: (R,) of a visit of each, as foreseen.
            jobs: how many runs go on side by side.
        """
        self._labels, self._visits, self._shown = list(labels), np.array(visits, dtype=np.int64), shown
        self._left = Left(self._visits, seconds, jobs)
        self._bars: dict[int, tqdm] = {}
        self._open = ExitStack()
        self._place = self._open.enter_context(scratch_folder()) / "visits"
        self._counts = np.memmap(self._place, dtype=np.int64, mode="w+", shape=max(1, len(self._labels)))
        self._ended = Event()
        self._thread = Thread(target=self._draw, daemon=True)

    def counter(self, run: int) -> Counter:
        """What run number `run` counts with."""
        return Counter(self._place, run)

    def under_way(self) -> list[str]:
        """The labels of the runs that have begun and not ended."""
        served = self._counts[: len(self._visits)]
        return [label for label, some, all_ in zip(self._labels, served, self._visits, strict=True) if 0 < some < all_]

    def __enter__(self) -> Self:
        total, shown = int(self._visits.sum()), self._shown
        self._total = _Total(
            total=total, desc="all runs", unit=" visits", disable=not shown, bar_format=OF_ALL, **LIVELY
        )
        self._entered = self._drawn = monotonic()
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._shown:
            self._thread.join()
            self._look()
        for bar in (*self._bars.values(), self._total):
            bar.close()
        del self._counts
        self._open.close()

    def _draw(self) -> None:
        while not self._ended.wait(EVERY):
            self._look()

    def _look(self) -> None:
        served = self._counts[: len(self._visits)].copy()
        now = monotonic()
        self._total.left = self._left.look(served, now - self._entered)
        terminal = sys.stderr.isatty()
        if terminal or now - self._drawn >= IN_A_LOG or self._ended.is_set():
            self._drawn = now
            _move(self._total, served.sum())
        if not terminal:
            return
        running = np.flatnonzero((served > 0) & (served < self._visits)).tolist()
        for run in [run for run in self._bars if run not in running]:
            self._bars.pop(run).close()
        for run in running:
            if run not in self._bars:
                taken = {bar.pos for bar in self._bars.values()}
                line = next(line for line in range(1, len(taken) + 2) if -line not in taken)
                self._bars[run] = tqdm(
                    total=int(self._visits[run]),
                    initial=int(served[run]),
                    desc=self._labels[run],
                    unit=" visits",
                    position=line,
                    leave=False,
                    **LIVELY,
                )
            _move(self._bars[run], served[run])


def _move(bar: tqdm, served: int) -> None:
    bar.update(int(served) - bar.n)
    bar.refresh()
