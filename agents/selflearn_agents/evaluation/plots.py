"""Pictures of how agents learn."""

from __future__ import annotations

from typing import IO

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from selflearn_agents.evaluation.compare import ComparisonResult
from selflearn_agents.evaluation.statistics import Interval, paired_difference
from selflearn_agents.evaluation.tables import ranked

GREY = "0.4"


def learning_curves(result: ComparisonResult) -> Figure:
    """Expected reward per slate over the visits of each agent, between the exact random and optimal references.

    A line is the mean over the seeds, its band the 95 % interval of Student's t.
    """
    figure, axes = _figure(result)
    for label, colour in _colours(result).items():
        _band(axes, result.runs[0].visits, result.curves(label, "expected_reward"), label, colour)
    for name, style in (("optimal", "--"), ("random", ":")):
        level = np.mean([getattr(run, name) for run in result.runs], axis=0)  # where customers drift, no straight line
        axes.plot(result.runs[0].visits, level, color=GREY, linestyle=style, linewidth=1, label=f"{name}, exact")
    axes.set(xlabel="visits served", ylabel="expected reward per slate")
    return _with_legend(figure, axes)


def regret_curves(result: ComparisonResult) -> Figure:
    """Regret of all visits so far, on logarithmic axes: where nothing more is learned, it grows along a slope of 1."""
    figure, axes = _figure(result)
    axes.set(xscale="log", yscale="log")
    visits = result.runs[0].visits
    for label, colour in _colours(result).items():
        regret = np.cumsum(result.curves(label, "regret") * np.diff(visits, prepend=0), axis=1)
        if regret[:, -1].min() > 1e-6 * visits[-1]:  # the oracle has none
            _band(axes, visits, np.where(regret > 0, regret, np.nan), label, colour)
    axes.set(xlabel="visits served", ylabel="regret so far, in reward units")
    return _with_legend(figure, axes)


def differences(result: ComparisonResult, baseline: str) -> Figure:
    """Paired differences of the gap to one agent, with 95 % intervals of Student's t."""
    labels = [label for label in ranked(result) if label != baseline][::-1]
    found = [paired_difference(result.gaps(label), result.gaps(baseline)) for label in labels]
    figure = Figure(figsize=(_width(result), 0.6 + 0.35 * max(2, len(labels))), layout="constrained")
    axes = figure.subplots()
    colours = _colours(result)
    for place, (label, difference) in enumerate(zip(labels, found, strict=True)):
        _whisker(axes, place, difference, colours[label])
    axes.axvline(0.0, color=GREY, linewidth=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel=f"share of the gap closed, less that of {baseline}")
    axes.grid(alpha=0.3, axis="x")
    return figure


def save(figure: Figure, file: IO[bytes], kind: str) -> None:
    """Writes a figure.

    Args:
        figure: the figure.
        file: a binary file.
        kind: "png" or "svg". An SVG keeps its text as text, and is the same whenever it is written.
    """
    if kind == "svg":
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "selflearn"}):
            figure.savefig(file, format="svg", metadata={"Date": None})
    else:
        figure.savefig(file, format=kind, dpi=130)


def _figure(result: ComparisonResult) -> tuple[Figure, Axes]:
    height = max(4.5, 1.0 + 0.23 * len(result.labels))
    figure = Figure(figsize=(_width(result), height), layout="constrained")
    axes = figure.subplots()
    axes.set_title(result.runs[0].env_id)
    axes.grid(alpha=0.3)
    return figure, axes


def _width(result: ComparisonResult) -> float:
    """Inches that leave the axes their room beside the names of the agents."""
    return 6.5 + 0.08 * max(len(label) for label in result.labels)


def _with_legend(figure: Figure, axes: Axes) -> Figure:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _colours(result: ComparisonResult) -> dict[str, list[float]]:
    """The same colour for an agent in all pictures of a comparison."""
    palette = mpl.colormaps["tab20"](range(20)).tolist()
    order = [*range(0, 20, 2), *range(1, 20, 2)]  # the strong ones first
    return {label: palette[order[at % 20]] for at, label in enumerate(result.labels)}


def _band(axes: Axes, visits: NDArray, curves: NDArray, label: str, colour: list[float]) -> None:
    # A logarithm has no place for less than nothing.
    least = np.nanmin(curves) / 2 if axes.get_yscale() == "log" else -np.inf
    intervals = [paired_difference(of, np.zeros(len(of))) for of in curves.T]
    middle, low, high = np.array(intervals).T
    axes.plot(visits, middle, label=label, color=colour)
    if len(curves) > 1:
        axes.fill_between(visits, np.maximum(low, least), high, color=colour, alpha=0.2, linewidth=0)


def _whisker(axes: Axes, place: int, found: Interval, colour: list[float]) -> None:
    axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2)
    axes.plot([found.value], [place], "o", color=colour)
