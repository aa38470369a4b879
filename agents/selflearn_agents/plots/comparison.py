"""Pictures of a comparison: how agents learn, what they lose on the way, and how far they are from one of them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from selflearn_agents.evaluation import findings
from selflearn_agents.evaluation.compare import ComparisonResult
from selflearn_agents.evaluation.findings import gap_curves
from selflearn_agents.evaluation.statistics import paired_difference
from selflearn_agents.evaluation.tables import ranked
from selflearn_agents.plots.looks import GREY, look_of, wrapped
from selflearn_agents.plots.style import WIDTH, figure, label_lines, logarithmic, rows_named

STEPS = [1, 2, 2.5, 5, 10]  # of ticks
LEAST = 1e-6  # regret per visit below which there is none: the oracle's


def learning_curves(result: ComparisonResult, width: float = WIDTH, titled: bool = True) -> Figure:
    """The gap of each agent over the visits: mean over the seeds, in a band that is the 95% interval of Student's t.

    Args:
        result: the comparison.
        width: inches.
        titled: whether the picture says its finding itself.
    """
    seeds = len(result.runs_by(result.labels[0]))
    drawn, axes = _figure(findings.curves(result), _detail(result, seeds), width, titled)
    ends = {}
    for label in result.labels:
        curves = gap_curves(result, label)
        if np.isfinite(curves).all():
            ends[label] = _band(axes, result.runs[0].visits, curves, label)
    axes.set(xlabel="visits", ylabel="gap closed: 0% random, 100% best slates")
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    return _labelled(drawn, axes, ends)


def regret_curves(result: ComparisonResult, width: float = WIDTH, titled: bool = True) -> Figure:
    """Regret of all visits so far, on logarithmic axes: where nothing more is learned, it grows along a slope of 1.

    Args:
        result: the comparison.
        width: inches.
        titled: whether the picture says its finding itself.
    """
    seeds = len(result.runs_by(result.labels[0]))
    drawn, axes = _figure(findings.regret(result), _detail(result, seeds), width, titled)
    visits, ends = result.runs[0].visits, {}
    for label in result.labels:
        regret = np.cumsum(result.curves(label, "regret") * np.diff(visits, prepend=0), axis=1)
        if regret[:, -1].min() > LEAST * visits[-1]:
            regret = np.where(regret > 0, regret, np.nan)
            ends[label] = _band(axes, visits, regret, label, np.nanmin(regret) / 2)  # a logarithm has no place for 0
    axes.set(xlabel="visits", ylabel="regret so far, in reward units")
    if ends:  # else there is nothing above 0
        logarithmic(axes, "x")
        logarithmic(axes, "y")
    return _labelled(drawn, axes, ends)


def differences(result: ComparisonResult, baseline: str, width: float = WIDTH, titled: bool = True) -> Figure:
    """Paired differences of the gap to one agent; with several seeds, in their 95% intervals of Student's t.

    Args:
        result: the comparison.
        baseline: the agent.
        width: inches.
        titled: whether the picture says its finding itself.
    """
    labels = [label for label in ranked(result) if label != baseline]
    height = 0.7 + 0.32 * max(2, len(labels))
    title, detail = findings.differences(result, baseline), f"points: mean over {_seeds(result)}; lines: 95% intervals"
    if len(result.runs_by(baseline)) == 1:
        detail = "of one seed"
    drawn, axes = _figure(title, detail, width, titled, height)
    axes.axvline(0.0, color=GREY, linewidth=1)
    for place, label in enumerate(labels):
        found, look = paired_difference(result.gaps(label), result.gaps(baseline)), look_of(label)
        if np.isfinite(found.low):
            axes.plot([found.low, found.high], [place, place], color=look.colour, linewidth=2)
        axes.plot([found.value], [place], look.marker, color=look.colour, markersize=6)
    rows_named(axes, labels)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=STEPS))
    axes.set(xlabel=wrapped(f"gap minus that of {baseline}", 44))
    return drawn


def _figure(title: str, detail: str, width: float, titled: bool, height: float = 3.4) -> tuple[Figure, Axes]:
    made, axes = figure(title if titled else "", detail if titled else "", width=width, height=height)
    return made, axes[0, 0]


def _seeds(result: ComparisonResult) -> str:
    seeds = len(result.runs_by(result.labels[0]))
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def _detail(result: ComparisonResult, seeds: int) -> str:
    bands = "; bands: 95% intervals" if seeds > 1 else ""
    return f"{result.runs[0].env_id}, {_seeds(result)}{bands}"


def _band(axes: Axes, visits: NDArray, curves: NDArray, label: str, least: float = -np.inf) -> tuple[float, float]:
    """Draws the mean of curves (seeds, C), in its band from `least` on, and gives the end of the line."""
    look = look_of(label)
    middle, low, high = np.array([paired_difference(of, np.zeros(len(of))) for of in curves.T]).T
    axes.plot(visits, middle, label=label, color=look.colour, linestyle=look.line, linewidth=1.8)
    if len(curves) > 1:
        axes.fill_between(visits, np.maximum(low, least), high, color=look.colour, alpha=0.18, linewidth=0)
    return float(visits[-1]), float(middle[-1])


def _labelled(drawn: Figure, axes: Axes, ends: dict[str, tuple[float, float]]) -> Figure:
    """The figure with names at its lines' ends, or with words where it has none."""
    if ends:
        axes.margins(x=0.01)
        label_lines(axes, ends)
    else:
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "nothing to draw: no slate is better than another", ha="center", color=GREY, wrap=True)
    return drawn
