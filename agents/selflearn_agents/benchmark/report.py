"""What the measurements say: as a table, and against those of before."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from selflearn_agents.benchmark.environments import MINIMAL
from selflearn_agents.benchmark.measuring import Row
from selflearn_agents.evaluation.markdown import number, table

BASELINE = Path(__file__).with_name("baseline.json")
FALL = 0.2  # of what was reached before, that is reported
PEERS = ("SARDINE", "DummyVecEnv", "SubprocVecEnv", "mabwiser", "share of")  # not ours to guard


def described() -> str:
    """The machine, in a line."""
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""  # Windows has none
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}{load}"


def relative(rows: list[Row]) -> dict[str, float]:
    """What each of our rows is beside the minimal environment of the same run; the more the better, on any machine."""
    unit = next(row.middle for row in rows if row.what == MINIMAL)
    found = {}
    for row in rows:
        if row.what.startswith(PEERS):
            continue
        if row.unit == "visits/s":
            found[row.what] = row.middle / unit
        elif row.unit == "s":
            found[row.what] = 1.0 / (row.middle * unit)
        else:
            found[row.what] = row.middle if row.unit == "ratio" else 1.0 / row.middle
    return found


def check(now: dict[str, float], before: dict[str, float]) -> None:
    """Says what fell.

    Raises:
        ValueError: something fell by more than a fifth.
    """
    fallen = [
        f"{what}: {now[what] / value - 1:+.0%}"
        for what, value in before.items()
        if now.get(what, value) < (1 - FALL) * value
    ]
    if fallen:
        raise ValueError(f"slower than the baseline, against the minimal environment: {'; '.join(fallen)}")
    print(f"nothing fell by more than {FALL:.0%} below the baseline")


def as_text(rows: list[Row]) -> str:
    """A Markdown table of medians and ranges."""
    lines = []
    for row in rows:
        decimals = 0 if row.middle >= 100 else 4 if row.middle < 0.1 else 2
        middle, low, high = (number(of, decimals) for of in (row.middle, min(row.values), max(row.values)))
        reached = {None: "", True: "yes", False: "no"}[row.reached]
        lines.append([row.what, middle, f"{low} - {high}", row.unit, row.target, reached])
    return table(["what", "median", "least - greatest", "unit", "at least / at most", "reached"], lines)
