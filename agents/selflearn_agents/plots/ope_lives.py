"""How soon estimates of customers' lives fail."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from selflearn_agents.plots.looks import look_of
from selflearn_agents.plots.style import figure, label_lines, logarithmic, panel


def effective_lives_plot(judged: pd.DataFrame, lives: int) -> Figure:
    """What share of the lives of a log is left after so many visits, a panel for each policy and slate size.

    Args:
        judged: the study's table; see `study_lives`.
        lives: of each log.
    """
    of = judged[(judged["estimator"] == "tis") & (judged["visits"] > 0)]
    logged, sizes = of["logged"].unique(), of["slate_size"].unique()
    made, panels = figure(
        _title(of, lives),
        f"Share of a log's {lives:,} lives that is left, in effect, to judge other policies by the visits that count; "
        "lines end at the bottom where less than one life is left. The title is of medians.",
        rows=len(logged), columns=len(sizes), height=0.6 + 2.2 * len(logged), sharex=True, sharey=True,
    )  # fmt: skip
    least, ticks = 1 / lives, sorted(of["visits"].unique())
    for policy, row in zip(logged, panels, strict=True):
        for size, axes in zip(sizes, row, strict=True):
            here, ends = of[(of["logged"] == policy) & (of["slate_size"] == size)], {}
            logarithmic(axes, "x")
            logarithmic(axes, "y")
            axes.set(xlim=(ticks[0] / 1.1, ticks[-1] * 1.1), ylim=(least, 1.15))
            axes.set_xticks(ticks)
            for target, line in here.groupby("target", sort=False):
                look, share = look_of(str(target)), (line["foreseen"] / lives).clip(lower=1e-12)
                axes.plot(
                    line["visits"], share, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.5
                )
                ends[str(target)] = float(ticks[-1]), max(float(share.iloc[-1]), least)
            panel(axes, f"slates of {size}")
            if size == sizes[-1]:
                label_lines(axes, ends)
        row[0].set_ylabel(f"logged: {str(policy).partition('(')[0]}")
    for axes in panels[-1]:
        axes.set_xlabel("visits of a life")
    return made


def _title(of: pd.DataFrame, lives: int) -> str:
    """How fast the lives go, of the other policy of which most and least are left."""
    others = of[of["logged"] != of["target"]]
    longest = others["visits"].max()
    last = others[others["visits"] == longest]
    worth = last.groupby("slate_size")["foreseen"].median() / lives
    small, large = worth.index.min(), worth.index.max()
    text = (
        f"After {longest} visits a log judges another policy by {_share(worth[small])} of its lives, slates of {small}"
    )
    return text if small == large else f"{text}; by {_share(worth[large])}, slates of {large}"


def _share(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 0.0001 else "less than 0.01 %"
