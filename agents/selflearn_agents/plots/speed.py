"""The pictures of `selflearn benchmark`: what was reached, how costs grow, and how large logs may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from selflearn_agents.benchmark.measuring import Curve, Row
from selflearn_agents.evaluation.markdown import number
from selflearn_agents.plots.looks import BLUE, GREEN, GREY, INK, ORANGE, PALETTE, RED, SOLID, Look
from selflearn_agents.plots.style import figure, label_lines, logarithmic, rows_named

REACHED, MISSED = Look(BLUE, SOLID, "o"), Look(RED, SOLID, "X")
STEPS = (Look(BLUE, SOLID, "o"), Look(ORANGE, SOLID, "s"), Look(GREEN, SOLID, "D"))  # of a large log
MARKERS = "osD^vPX"


def targets_plot(rows: Sequence[Row]) -> Figure:
    """Each figure that has a target, as a share of it; the furthest from it on top."""
    aimed = sorted((row for row in rows if row.target), key=lambda row: _shares(row).mean())
    reached = sum(bool(row.reached) for row in aimed)
    title = f"{reached} of {len(aimed)} targets are reached on this machine"
    if aimed:
        least = f"{_times(float(np.median(_shares(aimed[0]))))} of its target"
        title += f"; {aimed[0].what}, the furthest from it, has {least}" if reached < len(aimed) else ""
    made, ((axes,),) = figure(
        title,
        "Speed over its target, or target over time or memory: the more the better. Lines: from the least to the "
        "greatest repeat; the number is the median.",
        height=0.6 + 0.27 * max(2, len(aimed)),
    )  # fmt: skip
    logarithmic(axes, "x")
    for row, each in enumerate(aimed):
        look, shares = REACHED if each.reached else MISSED, _shares(each)
        axes.plot([shares.min(), shares.max()], [row, row], color=look.colour, linewidth=2)
        axes.plot(np.median(shares), row, look.marker, color=look.colour, markersize=5)
        value = number(each.middle, 0 if each.middle >= 100 else 3 if each.middle < 0.1 else 2)
        unit = "" if each.unit == "ratio" else f" {each.unit}"
        axes.annotate(
            f"{value}{unit}", (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=9,
            color=INK if each.reached else RED,
        )  # fmt: skip
    axes.axvline(1.0, color=GREY, linewidth=1.2)
    rows_named(axes, [row.what for row in aimed], 42)
    axes.set_xlabel("times its target")
    return made


def _shares(row: Row) -> NDArray[np.float64]:
    """What each repeat reached of the target; the more the better."""
    target, values = float(row.target.replace(",", "")), np.array(row.values, dtype=np.float64)
    return target / values if row.unit in ("s", "MiB") else values / target


def _times(value: float) -> str:
    return f"{value:,.2g}" if value < 100 else f"{value:,.0f}"


def growth_plot(curves: Sequence[Curve]) -> Figure:
    """Each cost over its size, both beside the least size, on logarithmic axes."""
    steepest = max(curves, key=lambda each: each.exponent)
    compared = "faster than" if steepest.exponent > 1 else "no faster than"
    made, ((axes,),) = figure(
        f"The cost that grows most, to {steepest.what} by {steepest.size}, grows {compared} its size: exponent "
        f"{steepest.exponent:.2f}",
        "Each cost and each size beside its own smallest; the exponent is the slope over the greater half of the "
        "sizes. On the dotted line, twice the size costs twice as much.",
        height=4.2,
    )  # fmt: skip
    logarithmic(axes, "x")
    logarithmic(axes, "y")
    ends, looks = {}, {}
    for at, each in enumerate(curves):
        name = f"{each.what}, by {each.size}: {each.exponent:.2f}"
        looks[name] = Look(PALETTE[at % len(PALETTE)], SOLID, MARKERS[at % len(MARKERS)])
        size, cost = np.array(each.sizes) / each.sizes[0], np.array(each.costs) / each.costs[0]
        axes.plot(size, cost, color=looks[name].colour, marker=looks[name].marker, markersize=4, clip_on=False)
        ends[name] = float(size[-1]), float(cost[-1])
    greatest, (low, high) = max(x for x, _ in ends.values()), axes.get_ylim()
    axes.plot([1, high], [1, high], color=GREY, linestyle=":", linewidth=1.2, zorder=1)
    axes.set(xlabel="size, times the smallest", ylabel="cost, times that of the smallest")
    axes.set(xlim=(1, greatest), ylim=(low, high))
    label_lines(axes, ends, looks.__getitem__)
    return made


def large_plot(sizes: Sequence[int], steps: Sequence[str], measured: NDArray[np.float64]) -> Figure:
    """Time and memory over the rows of a log.

    Args:
        sizes: rows of each log.
        steps: what is done with each.
        measured: (sizes, steps, 2) seconds and MiB.
    """
    longest, most = int(measured[-1, :, 0].argmax()), measured[-1, :, 1].max()
    made, (panels,) = figure(
        f"With {sizes[-1]:,} rows no step takes more than {number(measured[-1, longest, 0], 0)} seconds "
        f"({steps[longest]}) or {number(most, 0)} MiB",
        "Time, and greatest memory, over the rows of the log.",
        columns=2, height=2.7,
    )  # fmt: skip
    looks = dict(zip(steps, STEPS, strict=False))
    for at, (axes, label) in enumerate(zip(panels, ("seconds", "MiB at most"), strict=True)):
        for step, values in zip(steps, measured[:, :, at].T, strict=True):
            axes.plot(sizes, values, color=looks[step].colour, marker=looks[step].marker, markersize=4, clip_on=False)
        axes.set(xlabel="million rows", ylabel=label, ylim=(0, None), xlim=(0, sizes[-1]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows / 1e6:g}"))
    axes = panels[-1]
    label_lines(
        axes, dict(zip(steps, [(sizes[-1], value) for value in measured[-1, :, 1]], strict=True)), looks.__getitem__
    )
    return made
