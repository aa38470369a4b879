"""The one style of all pictures: their size, headline, axes, labels and files.

A picture is made for a page that is read on a telephone, too: about 6 inches wide, with letters of 9 points and more,
so that an SVG of it can be read where it is shown 390 pixels wide. Colours are in `looks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from selflearn_agents.plots.looks import GREY, INK, PALE, Look, look_of, wrapped

WIDTH = 6.0  # inches
SMALL, NORMAL, LARGE = 9.0, 9.5, 11.5  # points
MARGIN = 0.08  # inches around a picture
LETTERS = 66  # in a line of that width
LEADER = 18.0  # points from the end of the axes to a label
DPI = 160


def figure(
    title: str,
    detail: str = "",
    *,
    width: float = WIDTH,
    height: float = 3.2,
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> tuple[Figure, NDArray[Any]]:
    """A figure of its own, without pyplot, under its headline.

    Args:
        title: what the picture shows, as a sentence that is true of the data drawn.
        detail: a line below it, in grey: of what, how many, what bands and bars are.
        width: inches.
        height: inches of all axes together, with their labels; the headline comes on top.
        rows: of axes.
        columns: of axes.
        subplots: as `Figure.subplots` takes them, such as sharey.

    Returns:
        The figure, and its axes (rows, columns).
    """
    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)  # measures texts
    top = _headline(made, title, detail)
    made.set_size_inches(width, height + top)
    _keep_below(made, top)
    axes = made.subplots(rows, columns, squeeze=False, **subplots)
    for each in axes.flat:
        dress(each)
    return made, axes


def _headline(made: Figure, title: str, detail: str) -> float:
    """Writes it, in as many lines as the width wants, and gives its height in inches."""
    room, below = 0.98 * made.get_figwidth() - 2 * MARGIN, MARGIN
    for text, size, weight, colour in ((title, LARGE, "bold", INK), (detail, SMALL, "normal", GREY)):
        if text:
            lines = _fitted(made, text, size, weight, room)
            place = offset_copy(made.transFigure, made, MARGIN, -below)  # it stays there where the figure grows
            made.text(
                0, 1, "\n".join(lines), fontsize=size, fontweight=weight, color=colour, va="top", linespacing=1.2,
                parse_math=False, transform=place,
            )  # fmt: skip
            below += len(lines) * size * 1.3 / 72 + 0.03
    return below + 0.04


def _fitted(made: Figure, text: str, size: float, weight: str, inches: float) -> list[str]:
    """The text in lines that are not wider than so many inches."""
    measured = made.text(0, 0, "", fontsize=size, fontweight=weight, parse_math=False)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        measured.set_text(longer)
        if lines[-1] and measured.get_window_extent().width > inches * made.dpi:
            lines.append(word)
        else:
            lines[-1] = longer
    measured.remove()
    return lines


def _keep_below(made: Figure, top: float) -> None:
    """Keeps the axes below a headline of so many inches."""
    engine: Any = made.get_layout_engine()
    below = (0, 0, 1, 1 - top / made.get_figheight())
    engine.set(rect=below, w_pad=MARGIN / 2, h_pad=MARGIN / 2, wspace=0.03, hspace=0.04)  # the pads are inches


def dress(axes: Axes) -> None:
    """Gives axes the style: letters, numbers, a light grid behind all that is drawn, and no frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", color=PALE, labelcolor=INK, labelsize=SMALL)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(size=NORMAL, color=INK, parse_math=False)
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(plain))
    axes.title.set_parse_math(False)


def plain(value: float, _: int | None = None) -> str:
    """A number on an axis: 100,000 or 0.05."""
    return f"{value:,.10g}" if 1e-4 <= abs(value) < 1e10 or value == 0 else f"{value:.0e}"


def logarithmic(axes: Axes, which: str) -> None:
    """Makes an axis logarithmic, with numbers as on the others.

    Args:
        axes: of which.
        which: "x" or "y".
    """
    axes.set(**{f"{which}scale": "log"})
    axis: Axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(_Decades(numticks=6))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


class _Decades(LogLocator):
    """The powers of ten, with numbers between them where there are few."""

    BETWEEN = ((2.5, (1.0,)), (1.5, (1.0, 3.0)), (0.5, (1.0, 2.0, 5.0)), (-1.0, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The ticks between two values."""
        decades = np.log10(vmax / vmin) if 0 < vmin < vmax else 0.0
        between = next(subs for least, subs in self.BETWEEN if decades > least)
        self.set_params(subs=between)
        return super().tick_values(vmin, vmax)


def panel(axes: Axes, title: str) -> None:
    """What one of several axes shows."""
    spec: Any = axes.get_subplotspec()
    made: Any = axes.get_figure(root=True)
    width = int(LETTERS * made.get_figwidth() / WIDTH / spec.get_gridspec().ncols) - 5  # characters
    axes.set_title(wrapped(title, width), loc="left", fontsize=NORMAL, color=INK, linespacing=1.1, parse_math=False)


def rows_named(axes: Axes, names: list[str], width: int = 32) -> None:
    """Names the rows 0, 1, ... of axes, of which the first is on top; without a grid between them.

    Args:
        axes: with the rows.
        names: of them.
        width: characters of a line.
    """
    axes.set_yticks(range(len(names)), [wrapped(name, width) for name in names], parse_math=False, linespacing=1.0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def label_lines(axes: Axes, ends: Mapping[str, tuple[float, float]], looks: Callable[[str], Look] = look_of) -> None:
    """Names lines at the right of the axes, in the place of a legend; to be called when all else is drawn.

    Labels are moved apart until none covers another, in the order of the lines' ends; where they need more room than
    the axes have, the figure grows. A leader joins each to its line.

    Args:
        axes: with the lines.
        ends: name -> (x, y), where its line ends; finite.
        looks: of the lines, by their names.
    """
    made: Any = axes.get_figure(root=True)
    spec: Any = axes.get_subplotspec()
    texts = [
        axes.annotate(
            wrapped(name), (1.0, 0.5), (LEADER + 2, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", fontsize=SMALL, color=INK, linespacing=1.0, parse_math=False,
        )
        for name in ends
    ]  # fmt: skip
    made.draw_without_rendering()  # which gives the axes their size, now that the labels have their width
    heights = np.array([text.get_window_extent().height + 2.0 * made.dpi / 72 for text in texts])
    missing = heights.sum() / axes.bbox.height - 1
    if missing > 0:
        _grow(made, 1.05 * missing * axes.bbox.height / made.dpi * spec.get_gridspec().nrows + 0.05)
    to_axes = axes.transAxes.inverted()
    points = to_axes.transform(axes.transData.transform(np.array(list(ends.values()), dtype=float)))
    places = spread(points[:, 1], heights / axes.bbox.height)
    at_label = 1 + LEADER * made.dpi / 72 / axes.bbox.width
    for name, text, (x, y), place in zip(ends, texts, points, places, strict=True):
        text.xy = (1.0, place)
        look = looks(name)
        if x < 1:
            _leader(axes, [x, 1.0], [y, y], look, linewidth=0.7, alpha=0.6)
        _leader(axes, [1.0, at_label], [y, place], look, linewidth=1.6)


def _leader(axes: Axes, x: list[float], y: list[float], look: Look, **style: Any) -> None:
    line = Line2D(x, y, transform=axes.transAxes, color=look.colour, linestyle=look.line, clip_on=False, **style)
    line.set_in_layout(False)
    line.set_label("_leader")  # no legend names it
    axes.add_artist(line)


def _grow(made: Figure, inches: float) -> None:
    engine: Any = made.get_layout_engine()
    top = made.get_figheight() * (1 - engine.get()["rect"][3])
    made.set_figheight(made.get_figheight() + inches)
    _keep_below(made, top)
    made.draw_without_rendering()


def spread(places: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places moved as little as possible so that what is centred there does not overlap, between 0 and 1.

    The least squares of the moves under least distances are an isotonic regression (Barlow et al., 1972).

    Args:
        places: (n,) where each would be.
        heights: (n,) of each; together at most 1.
    """
    order = np.argsort(places, kind="stable")
    heights = heights[order]
    below = np.cumsum(heights) - heights / 2  # of each centre, if all were packed from 0 on
    free = isotonic_regression(places[order] - below).x
    moved = np.empty(len(places))
    moved[order] = np.clip(free, 0.0, max(0.0, 1.0 - heights.sum())) + below
    return moved


def save(made: Figure, file: IO[bytes], kind: str) -> None:
    """Writes a figure.

    Args:
        made: the figure.
        file: a binary file.
        kind: "png" or "svg". An SVG keeps its text as text, and is the same whenever it is written.
    """
    if kind == "svg":
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "selflearn"}):
            made.savefig(file, format="svg", metadata={"Date": None})
    else:
        made.savefig(file, format=kind, dpi=DPI)
