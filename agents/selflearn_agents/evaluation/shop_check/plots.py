"""The pictures of `selflearn check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

import numpy as np
from matplotlib.figure import Figure

from selflearn_agents.evaluation.shop_check.findings import Findings
from selflearn_agents.evaluation.shop_check.verdict import ENVIRONMENTS
from selflearn_env.shop.validation.habits import TURNS, products_per_customer, repeat_shares
from selflearn_env.shop.validation.persons import DRAW, gains
from selflearn_env.shop.validation.purchases import OURS, WORLD, calibration, popularity
from selflearn_env.shop.validation.purchases import gains as gains_by_state

COLOURS = {OURS: "tab:blue", WORLD: "tab:orange"}
SHARES = np.linspace(0.02, 0.995, 60)  # of the quantiles that are drawn


def _panels(figure: Figure, panels: int, share: bool = True) -> list[Any]:
    """Panels side by side, with one vertical scale if asked."""
    return list(figure.subplots(1, panels, sharey=share, squeeze=False)[0])


def likelihood_plot(found: Findings, file: IO[bytes]) -> None:
    """Writes a PNG: how well visits are foreseen, estimate by estimate, by states and by persons."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, check in zip(_panels(figure, len(found.states)), found.states, strict=True):
        bars = [(f"states: {gain.estimate}", gain.mean, gain.error, COLOURS.get(gain.estimate, "0.7"))
                for gain in gains_by_state(check)[1:]]  # fmt: skip
        if check.name in found.persons and found.known_persons:
            for gain in gains(found.persons[check.name])[3:]:
                last = gain.step == DRAW
                name = "one draw of these" if last else f"+ {gain.step}"
                bars.append((f"persons: {name}", gain.level, gain.error, "tab:orange" if last else "tab:green"))
        names, means, errors, colours = zip(*bars, strict=True)
        places = -np.arange(len(bars))
        axes.barh(places, means, xerr=2 * np.array(errors), color=colours)
        axes.set_yticks(places, names)
        axes.axvline(0, color="0.3", linewidth=1)
        axes.set(title=check.name, xlabel="nats per visit, ± 2 s.e.")
    figure.savefig(file, format="png", dpi=130)


def ranking_plot(found: Findings, file: IO[bytes]) -> None:
    """Writes a PNG: what each simulator expects of a list, against its real hits."""
    figure = Figure(figsize=(4 * len(found.judged), 4), layout="constrained")
    for axes, (name, judged) in zip(_panels(figure, len(found.judged), False), found.judged.items(), strict=True):
        for each in judged.ranking.lists:
            axes.plot(each.hits, each.reward, "o", color="tab:blue")
            label = each.names[0] if len(each.names) == 1 else f"{each.names[0]}, ..."
            axes.annotate(label, (each.hits, each.reward), (4, 3), textcoords="offset points", fontsize=7)
        title = f"{ENVIRONMENTS[name]}\nrank correlation {judged.ranking.correlation:.2f}"
        axes.set_title(title, fontsize=9)
        axes.set(xlabel="real hits per visit", ylabel="reward that the simulator expects")
        axes.margins(x=0.15)
        axes.grid(alpha=0.3)
    figure.savefig(file, format="png", dpi=130)


def habits_plot(found: Findings, file: IO[bytes]) -> None:
    """Writes a PNG: sizes of baskets, products per customer, and what is bought again, in the log and simulated."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    sizes, products, again = _panels(figure, 3, False)
    log, drawn = found.journals["log"][0], found.journals["simulated"][0]
    for axes, name, real, made in (
        (sizes, "products of a visit", log.size, drawn.size),
        (products, "products of a customer", products_per_customer(log), products_per_customer(drawn)),
    ):
        quantiles = np.quantile(real, SHARES), np.quantile(made, SHARES)
        ends = [1, max(of[-1] for of in quantiles)]
        axes.plot(ends, ends, color="0.5", linewidth=1)
        axes.plot(*quantiles, ".-", markersize=4)
        axes.set(title=f"{name}, quantiles", xscale="log", yscale="log", xlabel="log", ylabel="simulated")
        axes.grid(alpha=0.3)
    for label, journal, style in (("log", log, "o-"), ("simulated", drawn, "o--")):
        again.plot(TURNS, repeat_shares(journal), style, markersize=4, label=label)
    again.set(title="bought before, %", xlabel="earlier visits", ylim=(0, None))
    again.legend(frameon=False)
    again.grid(alpha=0.3)
    figure.savefig(file, format="png", dpi=130)


def calibration_plot(found: Findings, file: IO[bytes]) -> None:
    """Writes a PNG: foreseen against observed purchases, by decile."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, check in zip(_panels(figure, len(found.states)), found.states, strict=True):
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


def popularity_plot(found: Findings, file: IO[bytes]) -> None:
    """Writes a PNG: purchases of each product by rank, in the log and simulated, for each segment."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    for axes, check in zip(_panels(figure, len(found.states)), found.states, strict=True):
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


PLOTS: dict[str, Callable[[Findings, IO[bytes]], None]] = {
    "likelihood.png": likelihood_plot,
    "ranking.png": ranking_plot,
    "habits.png": habits_plot,
    "calibration.png": calibration_plot,
    "popularity.png": popularity_plot,
}
