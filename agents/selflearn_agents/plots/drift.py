"""What drift does to learning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from selflearn_agents.evaluation.statistics import paired_difference
from selflearn_agents.plots.looks import DASHED, GREEN, RED, SOLID, Look
from selflearn_agents.plots.style import figure, label_lines, panel

LAST = 0.2  # of the visits, whose means the title compares
LINES = (Look(GREEN, SOLID, "o"), Look(GREEN, DASHED, "s"), Look(RED, DASHED, "^"), Look(RED, SOLID, "D"))


def drift_plot(runs: pd.DataFrame) -> Figure:
    """The share of the gap over the visits, a panel for each shop and world.

    Args:
        runs: a row for each chunk of visits of each run: shop, world, agent, seed, visits, gap. The last world drifts.
    """
    shops, worlds, agents = (list(dict.fromkeys(runs[name])) for name in ("shop", "world", "agent"))
    looks = dict(zip(agents, LINES, strict=False))
    seeds = runs["seed"].nunique()
    of = f"means of {seeds} seeds, bands are 95 % intervals" if seeds > 1 else "one seed"
    made, panels = figure(
        _title(runs, shops[-1], worlds),
        f"Share of the way from random to the best slates; {of}.",
        rows=len(shops), columns=len(worlds), height=4.8, sharex=True, sharey=True,
    )  # fmt: skip
    for shop, row in zip(shops, panels, strict=True):
        for world, axes in zip(worlds, row, strict=True):
            here, ends = runs[(runs["shop"] == shop) & (runs["world"] == world)], {}
            for agent, own in here.groupby("agent", sort=False):
                curves = own.pivot_table(index="visits", columns="seed", values="gap")
                intervals = [paired_difference(values, np.zeros(seeds)) for values in curves.to_numpy()]
                middle, low, high = np.transpose(intervals)
                look = looks[str(agent)]
                axes.plot(curves.index, middle, color=look.colour, linestyle=look.line, linewidth=1.6)
                if seeds > 1:
                    axes.fill_between(curves.index, low, high, color=look.colour, alpha=0.15, linewidth=0)
                ends[str(agent)] = float(curves.index[-1]), float(middle[-1])
            axes.set_xlim(runs["visits"].min(), runs["visits"].max())
            axes.locator_params(axis="x", nbins=3)
            panel(axes, f"{shop}, {world}")
            if world == worlds[-1]:
                label_lines(axes, ends, looks.__getitem__)
    for axes in panels[-1]:
        axes.set_xlabel("visits served")
    for axes in panels[:, 0]:
        axes.set_ylabel("share of the gap")
    return made


def _title(runs: pd.DataFrame, shop: str, worlds: list[str]) -> str:
    late = runs[(runs["shop"] == shop) & (runs["visits"] > (1 - LAST) * runs["visits"].max())]
    gap = late.groupby(["world", "agent"])["gap"].mean()
    drifting, still = gap[worlds[-1]], gap[worlds[0]]
    best, worst = drifting.idxmax(), drifting.idxmin()
    return (
        f'With drift, "{best}" ends at {drifting[best]:.2f} of the gap and "{worst}" at {drifting[worst]:.2f}; '
        f"without, at {still[best]:.2f} and {still[worst]:.2f}"
    )
