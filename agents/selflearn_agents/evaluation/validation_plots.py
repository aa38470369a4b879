"""The pictures of `check_customers.py`."""

from __future__ import annotations

from typing import IO, Any

import numpy as np
from matplotlib.figure import Figure

from selflearn_env.shop.validation.purchases import OURS, WORLD, Check, calibration, gains, popularity

COLOURS = {OURS: "tab:blue", WORLD: "tab:orange"}


def _panels(figure: Figure, compared: list[Check]) -> list[Any]:
    """One panel per check, with one vertical scale."""
    return list(figure.subplots(1, len(compared), sharey=True, squeeze=False)[0])


def gains_plot(compared: list[Check], file: IO[bytes]) -> None:
    """Writes a PNG: log-likelihood of the compared visits by each estimate."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    for axes, check in zip(_panels(figure, compared), compared, strict=True):
        found = gains(check)
        places = -np.arange(len(found))
        colours = [COLOURS.get(gain.estimate, "0.7") for gain in found]
        axes.barh(places, [gain.mean for gain in found], xerr=[2 * gain.error for gain in found], color=colours)
        axes.set_yticks(places, [gain.estimate for gain in found])
        axes.axvline(0, color="0.3", linewidth=1)
        axes.set(title=check.name, xlabel="nats per visit, ± 2 s.e.")
    figure.savefig(file, format="png", dpi=130)


def calibration_plot(compared: list[Check], file: IO[bytes]) -> None:
    """Writes a PNG: foreseen against observed purchases, by decile."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, check in zip(_panels(figure, compared), compared, strict=True):
        for estimate in (OURS, WORLD):
            foreseen, observed, error = 100 * calibration(check, estimate).T
            colour = COLOURS[estimate]
            axes.errorbar(foreseen, observed, 2 * error, fmt="o", markersize=4, label=estimate, color=colour)
        low, high = axes.get_xlim()[0], max(axes.get_xlim()[1], axes.get_ylim()[1])
        low = max(low, 0.02)
        axes.plot([low, high], [low, high], color="0.5", linewidth=1)
        axes.set(xscale="log", yscale="log", title=check.name, xlabel="foreseen purchases per 100 visits")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("observed")
    figure.axes[0].legend(frameon=False)
    figure.savefig(file, format="png", dpi=130)


def popularity_plot(compared: list[Check], file: IO[bytes]) -> None:
    """Writes a PNG: purchases of each product by rank, in the log and simulated, for each segment."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, check in zip(_panels(figure, compared), compared, strict=True):
        curves = popularity(check)
        for at, (label, pair) in enumerate(zip(check.states.tiers[0].labels, curves, strict=True)):
            for counts, style in zip(pair, ("-", "--"), strict=True):
                rank = np.arange(1, np.count_nonzero(counts) + 1)
                share = counts[: rank.size] / max(counts.sum(), 1)
                axes.plot(rank, share, style, color=f"C{at % 10}", linewidth=1.2, label=label if style == "-" else None)
        axes.set(xscale="log", yscale="log", title=check.name, xlabel="product by rank (solid: log, dashed: simulated)")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("share of the segment's purchases")
    figure.axes[0].legend(frameon=False)
    figure.savefig(file, format="png", dpi=130)
