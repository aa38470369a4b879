"""The picture of what other policies would have earned, by a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from selflearn_agents.ope.offline import Estimate, OfflineResult
from selflearn_agents.ope.summary import best_estimate, finding, gain_of, is_trusted, percent, word_of
from selflearn_agents.plots.looks import BLUE, GREY, INK, wrapped
from selflearn_agents.plots.style import NORMAL, SMALL, WIDTH, dress, figure

TRUSTED, PALE, LOGGED = BLUE, "0.6", INK  # told apart without colours, too: by their brightness and marks
LINE = 62  # characters of a line of the title
NEAR = 3.0  # medians of the distances to the logged reward; what is not trusted and further away is at the edge


def figure_of(results: Mapping[str, OfflineResult], titled: bool = True) -> Figure:
    """A figure of its own, without pyplot: the targets by their names, one below the other.

    Args:
        results: what to draw.
        titled: whether each says what was found.
    """
    heights = [size_of(result)[1] for result in results.values()]
    findings = {name: finding(result, name) if titled else "" for name, result in results.items()}
    (first,) = findings.values() if len(findings) == 1 else ("",)
    title, _, detail = first.partition(" (") if " (" in first else first.partition(": ")
    made, panels = figure(
        title if len(findings) == 1 or not titled else _headline(results),
        detail.replace(").", ".", 1),
        height=sum(heights), rows=len(results), height_ratios=heights,
    )  # fmt: skip
    for axes, (name, result) in zip(panels[:, 0], results.items(), strict=True):
        draw(result, axes, "" if first else findings[name])
    return made


def _headline(results: Mapping[str, OfflineResult]) -> str:
    """How many targets would have earned more."""
    found = [(result, best_estimate(result)) for result in results.values()]
    more = sum(best is not None and gain_of(result, best).low > 0 for result, best in found)
    unknown = sum(best is None for _, best in found)
    text = f"{more} of {len(found)} policies would have earned more than was logged"
    return f"{text}; of {unknown} this log cannot tell" if unknown else text


def size_of(result: OfflineResult) -> tuple[float, float]:
    """Width and height of a picture of it, in inches."""
    return WIDTH, 1.6 + 0.27 * max(2, len(result.estimates))


def shown_axes(result: OfflineResult) -> Axes:
    """Axes of a new figure of pyplot, which a notebook shows by itself."""
    from matplotlib import pyplot  # nothing else draws on a screen

    return pyplot.subplots(figsize=size_of(result), layout="constrained")[1]


def draw(result: OfflineResult, axes: Axes, title: str) -> Axes:
    """Estimates as points with their intervals, line by line, and the logged reward as a vertical line in its interval.

    What cannot be trusted is pale and hollow, with the word beside it. The axis spans the logged reward, what is
    trusted, and what else is near; arrows at the edge point to the rest.

    Args:
        result: what to draw.
        axes: where.
        title: what it shows.
    """
    dress(axes)
    rows = len(result.estimates)
    low, high = _limits(result)
    axes.axvspan(result.logged_low, result.logged_high, color=LOGGED, alpha=0.15, linewidth=0)
    axes.axvline(result.logged_reward, color=LOGGED, linestyle="--", linewidth=1.2)
    for row, estimate in enumerate(result.estimates):
        _line(axes, row, estimate, low, high)
        axes.annotate(
            word_of(estimate), (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL,
            color=INK if is_trusted(estimate) else GREY,
        )  # fmt: skip
    axes.set_yticks(range(rows), [wrapped(estimate.estimator, 32) for estimate in result.estimates])
    axes.tick_params(axis="y", length=0, pad=8)  # beside the arrows
    axes.set(xlim=(low, high), ylim=(rows - 0.4, -0.6))
    axes.set_xlabel(f"reward units per visit, {percent(result.level)} intervals; dashed: logged", fontsize=NORMAL)
    axes.set_title(fill(title, LINE), loc="left", fontsize=NORMAL, color=INK, parse_math=False)
    axes.grid(visible=False, axis="y")
    return axes


def _line(axes: Axes, row: int, estimate: Estimate, low: float, high: float) -> None:
    """The point, its interval as far as the axis goes, and arrows to what is beyond."""
    if not math.isfinite(estimate.value):
        return
    trusted = is_trusted(estimate)
    colour, fill_colour = (TRUSTED, TRUSTED) if trusted else (PALE, "white")
    ends = np.array([estimate.low, estimate.high])
    if np.isfinite(ends).all():
        axes.plot(ends.clip(low, high), [row, row], color=colour, linewidth=2.2 if trusted else 1.4)
    else:
        ends = np.full(2, estimate.value)
    if low <= estimate.value <= high:
        axes.plot([estimate.value], [row], "o", color=colour, markerfacecolor=fill_colour, markersize=6)
    for beyond, edge, arrow in ((ends[0] < low, low, "<"), (ends[1] > high, high, ">")):
        if beyond:
            axes.plot([edge], [row], arrow, color=colour, markerfacecolor=fill_colour, markersize=7, clip_on=False)


def _limits(result: OfflineResult) -> tuple[float, float]:
    """From where to where the axis goes."""
    shown = [result.logged_low, result.logged_reward, result.logged_high]
    others = [result.logged_reward]
    for estimate in result.estimates:
        (shown if is_trusted(estimate) else others).extend([estimate.value, estimate.low, estimate.high])
    core = np.array([value for value in shown if math.isfinite(value)])
    rest = np.array([value for value in others if math.isfinite(value)])
    distance = np.abs(rest - result.logged_reward)
    reach = max(np.ptp(core), NEAR * np.median(distance[distance > 0])) if distance.any() else 0.0
    seen = np.concatenate([core, rest[distance <= reach]])
    span = np.ptp(seen) or abs(seen[0]) or 1.0
    return float(seen.min() - 0.06 * span), float(seen.max() + 0.06 * span)
