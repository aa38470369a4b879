"""How the entries stand in each environment on each log: means over the seeds, and paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.statistics import Interval, holm, p_value, paired_difference
from selflearn_agents.suite.cells import Cell
from selflearn_agents.suite.measures import MEASURES
from selflearn_agents.suite.results import CellResult, stored

NONE = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Standing:
    """A row of the table.

    Attributes:
        cell: of which it is.
        remark: why there are no figures, or not of all seeds; "" where there is nothing to say.
        seeds: how many there are.
        score: the figure by which agents are compared, mean over the seeds with its 95 % interval of Student's t.
        late: the same figure at the end of the run.
        difference: to the reference, paired by seed, with its interval; nan for the reference itself.
        p: that there is no difference, adjusted by Holm for the others in this environment on this log.
        reward: what the agent earns, by exact expected rewards, mean: per visit, or per customer over a life.
        real_hits: mean; nan where it is not measured.
        seconds: of a processor, for a run, mean.
    """

    cell: Cell
    remark: str
    seeds: int = 0
    score: Interval = NONE
    late: float = math.nan
    difference: Interval = NONE
    p: float = math.nan
    reward: float = math.nan
    real_hits: float = math.nan
    seconds: float = math.nan


def standings(cells: Sequence[Cell]) -> list[Standing]:
    """One row per cell: environment by environment, log by log, best first, those without figures behind.

    Raises:
        ValueError: a file of results is broken.
    """
    rows = []
    for _, group in groupby(cells, lambda cell: (cell.environment.name, cell.log.name)):
        rows += _in_one_place(list(group))
    return rows


def _in_one_place(cells: list[Cell]) -> list[Standing]:
    """The rows of one environment on one log."""
    results = {cell.entry.name: stored(cell) for cell in cells if cell.left_out is None}
    suite = cells[0].suite
    reference = results.get(suite.reference)
    rows, others = [], []
    for cell in cells:
        result = results.get(cell.entry.name)
        if result is None or not _seeds(cell, result):
            reason = "not run here" if cell.left_out is None else f"takes no part: {cell.left_out}"
            rows.append(Standing(cell, reason))
            continue
        difference, p = NONE, math.nan
        if reference is not None and cell.entry.name != suite.reference:
            both = [seed for seed in _seeds(cell, result) if seed in reference.figures]
            if both:
                own, other = _scores(cell, result, both), _scores(cell, reference, both)
                difference, p = paired_difference(own, other), p_value(own, other)
                others.append(len(rows))
        rows.append(_row(cell, result, difference, p))
    for at, p in zip(others, holm([rows[at].p for at in others]), strict=True):
        rows[at] = Standing(**{**vars(rows[at]), "p": float(p)})
    return sorted(
        rows, key=lambda row: (row.cell.left_out is not None, row.seeds == 0, -np.nan_to_num(row.score.value))
    )


def _row(cell: Cell, result: CellResult, difference: Interval, p: float) -> Standing:
    measure = MEASURES[cell.environment.measure]
    seeds = _seeds(cell, result)
    scores = _scores(cell, result, seeds)
    return Standing(
        cell,
        "" if len(seeds) == len(cell.seeds) else f"{len(seeds)} of {len(cell.seeds)} seeds",
        len(seeds),
        paired_difference(scores, np.zeros_like(scores)),
        _mean(result, seeds, measure.late),
        difference,
        p,
        _mean(result, seeds, measure.reward),
        _mean(result, seeds, "real_hits"),
        float(np.mean([result.seconds[seed] for seed in seeds])),
    )


def _seeds(cell: Cell, result: CellResult) -> list[int]:
    """The seeds of the suite that are there: more may have been run."""
    return [seed for seed in cell.seeds if seed in result.figures]


def _scores(cell: Cell, result: CellResult, seeds: list[int]) -> NDArray[np.float64]:
    """(R,) the figure by which agents are compared."""
    figure = MEASURES[cell.environment.measure].figure
    return np.array([result.figures[seed][figure] for seed in seeds], dtype=np.float64)


def _mean(result: CellResult, seeds: list[int], name: str) -> float:
    """Mean of a figure; nan where there is none."""
    values = [result.figures[seed].get(name) for seed in seeds]
    return math.nan if None in values else float(np.mean(np.array(values, dtype=np.float64)))
