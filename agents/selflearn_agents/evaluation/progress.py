"""Bars for runs that go on side by side, in other processes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import numpy as np
from tqdm import tqdm

EVERY = 0.5  # seconds between two looks
LIVELY: dict[str, Any] = {"smoothing": 0.05, "miniters": 1, "mininterval": 0.0}  # the rate, and what is left, of late


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


class Progress:
    """One bar over the visits of all runs, and on a terminal one for each run under way; drawn by a thread."""

    def __init__(self, labels: Sequence[str], visits: Sequence[int], shown: bool):
        """Takes the runs.

        Args:
            labels: (R,) names of the runs.
            visits: (R,) visits of each.
            shown: whether to draw anything.
        """
        self._labels, self._visits, self._shown = list(labels), np.array(visits, dtype=np.int64), shown
        self._bars: dict[int, tqdm] = {}
        self._folder = tempfile.TemporaryDirectory()
        self._place = Path(self._folder.name) / "visits"
        self._counts = np.memmap(self._place, dtype=np.int64, mode="w+", shape=max(1, len(self._labels)))
        self._ended = Event()
        self._thread = Thread(target=self._draw, daemon=True)

    def counter(self, run: int) -> Counter:
        """What run number `run` counts with."""
        return Counter(self._place, run)

    def __enter__(self) -> Self:
        self._total = tqdm(
            total=int(self._visits.sum()), desc="all runs", unit=" visits", disable=not self._shown, **LIVELY
        )
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
        self._folder.cleanup()

    def _draw(self) -> None:
        while not self._ended.wait(EVERY):
            self._look()

    def _look(self) -> None:
        served = self._counts[: len(self._visits)].copy()
        _move(self._total, served.sum())
        if not sys.stderr.isatty():
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
