"""How often intervals hold and warnings come, counted over the cells."""

from __future__ import annotations

import pandas as pd

LOW, HIGH = 0.93, 0.97  # where the coverage of a 95 % interval should be
ERRORS = 2.0  # standard errors by which a cell may be off by chance
MOST, NEARLY_ALL = 0.5, 0.95  # of the logs


def counted(cells: pd.DataFrame) -> pd.DataFrame:
    """A row for each estimator, and one for all, with numbers of cells.

    - `right`: cells in which its assumption holds, the log supports the target, and most logs do not warn;
    - `covered`: of these, in how many the coverage is `LOW` to `HIGH`; `covered_by_chance`: or off by no more than
      `ERRORS` Monte Carlo errors; `least_coverage`: the least;
    - `failing`: all cells in which the interval fails, with a coverage below `LOW`; `failing_for_sure`: by more than
      chance;
    - `warned_mostly`, `warned_nearly_always`: of the latter, in how many at least half, and 95 %, of the logs warn;
    - `fine`: all cells with a coverage of `LOW` or more; `false_alarms`: the mean share of logs that warn in them.
    """
    names = [*dict.fromkeys(cells["estimator"]), "all"]
    return pd.DataFrame(
        [_count(cells if name == "all" else cells[cells["estimator"] == name]) for name in names], names
    )


def _count(cells: pd.DataFrame) -> dict[str, float]:
    cells = cells[cells["coverage"].notna()]
    coverage, warned, chance = cells["coverage"], cells["warned"], ERRORS * cells["coverage_error"]
    right = cells["holds"] & (warned < MOST)
    for_sure = coverage + chance < LOW
    return {
        "cells": len(cells),
        "right": int(right.sum()),
        "covered": int((right & coverage.between(LOW, HIGH)).sum()),
        "covered_by_chance": int((right & coverage.between(LOW - chance, HIGH + chance)).sum()),
        "least_coverage": float(coverage[right].min()),
        "failing": int((coverage < LOW).sum()),
        "failing_for_sure": int(for_sure.sum()),
        "warned_mostly": int((for_sure & (warned >= MOST)).sum()),
        "warned_nearly_always": int((for_sure & (warned >= NEARLY_ALL)).sum()),
        "fine": int((coverage >= LOW).sum()),
        "false_alarms": float(warned[coverage >= LOW].mean()),
    }


def blind_spots(cells: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """The cells whose intervals fail for sure and whose diagnosis warns least, those of least coverage first."""
    failing = cells[(cells["coverage"] + ERRORS * cells["coverage_error"] < LOW) & (cells["warned"] < NEARLY_ALL)]
    return failing.sort_values(["warned", "coverage"], kind="stable").head(most)
