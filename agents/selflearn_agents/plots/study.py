"""Heat maps of the study of estimators: estimators down, cells across."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Colormap, LogNorm, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from selflearn_agents.ope.study.summary import LOW, counted
from selflearn_agents.plots.looks import GREY
from selflearn_agents.plots.style import NORMAL, SMALL, WIDTH, figure, panel

CELL = 0.165  # inches, which leave a row or a column its name


class Measure(NamedTuple):
    """What a map shows: a figure of each row, its colours, and what is to be seen."""

    what: str
    of: Callable[[pd.DataFrame], pd.Series]
    colours: str  # told apart by colour-blind people, too
    norm: Normalize
    title: Callable[[pd.DataFrame], str]


def _intervals_hold(cells: pd.DataFrame) -> str:
    all_ = counted(cells).loc["all"]
    return (
        f"Of {all_['right']:,.0f} cells where intervals should hold, {all_['covered_by_chance']:,.0f} do; "
        f"{all_['failing_for_sure']:,.0f} of all {all_['cells']:,.0f} fail for sure"
    )


def _errs_least(cells: pd.DataFrame) -> str:
    median = _relative_error(cells).groupby(cells["estimator"], sort=False).median()
    return f"{median.idxmin()} errs least: by {median.min():.2g} of the difference of the policies, in the median cell"


def _warn(cells: pd.DataFrame) -> str:
    all_ = counted(cells).loc["all"]
    text = (
        f"In {all_['warned_mostly']:,.0f} of {all_['failing_for_sure']:,.0f} cells that fail for sure, most logs warn"
    )
    return f"{text}; where intervals hold, {100 * all_['false_alarms']:.0f} % do" if all_["fine"] else text


def _relative_error(cells: pd.DataFrame) -> pd.Series:
    return cells["rmse"] / cells["difference"].abs()


MEASURES = {
    "coverage": Measure(
        "coverage of the 95 % interval",
        lambda cells: cells["coverage"],
        "RdYlBu",
        TwoSlopeNorm(LOW, 0.5, 1.0),
        _intervals_hold,
    ),
    "rmse": Measure(
        "RMSE, over the difference of target and logging policy",
        _relative_error,
        "viridis_r",
        LogNorm(0.01, 10),
        _errs_least,
    ),
    "warned": Measure(
        "share of logs that warn", lambda cells: cells["warned"], "cividis", Normalize(0, 1), _warn
    ),
}  # fmt: skip


def heat_map(cells: pd.DataFrame, measure: Measure) -> Figure:
    """A map of the cells of one catalogue: panels by customers and visits, and in each logging policies and targets.

    A dot marks where the estimator's assumption holds and the log supports the target. White is where there is nothing.
    """
    estimators, customers, visits = (list(dict.fromkeys(cells[name])) for name in ("estimator", "customer", "visits"))
    visits = sorted(visits)
    pairs = list(dict.fromkeys(zip(cells["logging"], cells["target"], strict=True)))
    of = cells.assign(shown=measure.of(cells)).set_index(["customer", "visits", "estimator", "logging", "target"])
    made, panels = figure(
        measure.title(cells),
        f"{cells['catalogue'].iloc[0]} products: {measure.what}. A column is a logging policy and the target it "
        "judges; a dot: the estimator's assumption holds there, and the log supports the target.",
        width=max(WIDTH, 1.6 + (0.15 + CELL * len(pairs)) * len(customers)),
        height=3.2 + (0.35 + CELL * len(estimators)) * len(visits),
        rows=len(visits), columns=len(customers), sharex=True, sharey=True,
    )  # fmt: skip
    colours: Colormap = colormaps[measure.colours].with_extremes(bad="white")
    places = [(estimator, *pair) for estimator in estimators for pair in pairs]
    shape = (len(estimators), len(pairs))
    for row, of_visits in zip(panels, visits, strict=True):
        for axes, customer in zip(row, customers, strict=True):
            some = of.loc[[(customer, of_visits, *place) for place in places]]
            image = axes.imshow(
                np.reshape(some["shown"], shape), cmap=colours, norm=measure.norm, aspect="auto", interpolation="none"
            )
            down, across = np.nonzero(np.reshape(some["holds"], shape))
            axes.plot(across, down, ".", color=GREY, markersize=2)
            panel(axes, f"{customer}, {of_visits:,} visits")
            axes.set_xticks(range(len(pairs)), [f"{log} > {target}" for log, target in pairs], rotation=90)
            axes.set_yticks(range(len(estimators)), estimators)
            axes.tick_params(length=0)
            axes.grid(visible=False)
            axes.spines[:].set_visible(False)
    bar = made.colorbar(image, ax=panels, location="bottom", extend="both", shrink=0.7, aspect=40)
    bar.set_label(measure.what, fontsize=NORMAL)
    bar.ax.tick_params(labelsize=SMALL)
    return made
