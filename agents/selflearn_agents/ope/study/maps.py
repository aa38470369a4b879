"""Heat maps: estimators down, cells across."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import Colormap, LogNorm, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from selflearn_agents.plots.looks import GREY


class Measure(NamedTuple):
    """What a map shows: a figure of each row, and its colours."""

    title: str
    of: Callable[[pd.DataFrame], pd.Series]
    colours: str
    norm: Normalize


MEASURES = {
    "coverage": Measure(
        "coverage of the 95 % interval", lambda cells: cells["coverage"], "RdYlGn", TwoSlopeNorm(0.93, 0.5, 1.0)
    ),
    "rmse": Measure(
        "RMSE, relative to the difference of target and logging policy",
        lambda cells: cells["rmse"] / cells["difference"].abs(),
        "viridis_r",
        LogNorm(0.01, 10),
    ),
    "warned": Measure("share of logs that warn", lambda cells: cells["warned"], "cividis", Normalize(0, 1)),
}


def heat_map(cells: pd.DataFrame, measure: Measure) -> Figure:
    """A map of the cells of one catalogue: panels by customers and visits, and in each logging policies and targets.

    A dot marks where the estimator's assumption holds and the log supports the target. White is where there is nothing.
    """
    estimators, customers, visits = (list(dict.fromkeys(cells[name])) for name in ("estimator", "customer", "visits"))
    visits = sorted(visits)
    pairs = list(dict.fromkeys(zip(cells["logging"], cells["target"], strict=True)))
    cells = cells.assign(shown=measure.of(cells)).set_index(["customer", "visits", "estimator", "logging", "target"])
    size = (2.5 + (1.2 + 0.2 * len(pairs)) * len(customers), 2.2 + (0.3 + 0.17 * len(estimators)) * len(visits))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(visits), len(customers), squeeze=False, sharex=True, sharey=True)
    colours: Colormap = colormaps[measure.colours].with_extremes(bad="white")
    for row, of_visits in enumerate(visits):
        for column, customer in enumerate(customers):
            places = pd.MultiIndex.from_product([estimators, pairs]).to_list()
            index = [(customer, of_visits, estimator, *pair) for estimator, pair in places]
            some = cells.loc[index]
            shape = (len(estimators), len(pairs))
            axes = panels[row, column]
            image = axes.imshow(
                np.reshape(some["shown"], shape), cmap=colours, norm=measure.norm, aspect="auto", interpolation="none"
            )
            down, across = np.nonzero(np.reshape(some["holds"], shape))
            axes.plot(across, down, ".", color=GREY, markersize=2)
            axes.set_title(f"{customer}, {of_visits:,} visits", fontsize=8)
            axes.set_xticks(range(len(pairs)), [f"{log} > {target}" for log, target in pairs], rotation=90, fontsize=6)
            axes.set_yticks(range(len(estimators)), estimators, fontsize=7)
    figure.colorbar(image, ax=panels, extend="both", shrink=0.6)
    figure.suptitle(f"{cells['catalogue'].iloc[0]} products: {measure.title}", fontsize=10)
    return figure
