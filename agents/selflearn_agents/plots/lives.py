"""The pictures of customers' lives: beside those of a log, and what they are worth under each agent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from selflearn_agents.evaluation.result import marked
from selflearn_agents.evaluation.statistics import paired_difference
from selflearn_agents.plots.looks import GREY, LOG, SIMULATED, look_of
from selflearn_agents.plots.style import figure, logarithmic, panel, rows_named
from selflearn_env.shop.validation.lives import Forecast, LifeHabits

MANY = 15  # days with a purchase after the first, from which on customers are drawn together
BOTH = {"log": LOG, "simulated": SIMULATED}


def lives_plot(segments: Sequence[str], log: LifeHabits, simulated: LifeHabits, foreseen: Forecast) -> Figure:
    """Purchases per customer, gaps, the course of the log, segments and a forecast, of a log and simulated.

    Args:
        segments: their labels.
        log: the lives in the log.
        simulated: the simulated ones.
        foreseen: the forecast from the first part of the log.
    """
    never, simulated_never = (100 * np.mean(of.again == 0) for of in (log, simulated))
    made, panels = figure(
        f"Simulated customers come back {simulated.again.mean():.1f} times, those of the log {log.again.mean():.1f}; "
        f"{simulated_never:.0f} % never do, of the log {never:.0f} %",
        "The same customers in both; bars of the forecast are ± 2 standard errors.",
        rows=3, columns=2, height=6.4,
    )  # fmt: skip
    often, gaps, year, ends, ahead, key = panels.flat
    for name, of in (("log", log), ("simulated", simulated)):
        look = BOTH[name]
        style = {"color": look.colour, "linestyle": look.line, "linewidth": 1.6, "label": name}
        counts = np.bincount(np.minimum(of.again, MANY), minlength=MANY + 1) / of.again.size
        often.plot(100 * counts, marker=look.marker, markersize=3.5, clip_on=False, **style)
        gaps.plot(np.sort(of.gaps), np.linspace(0, 100, of.gaps.size), **style)
        months = of.months[:-1] / of.again.size  # the last span is not whole
        year.plot(np.arange(1, len(months) + 1), months, marker=look.marker, markersize=3.5, clip_on=False, **style)
        shares = np.bincount(of.segment, minlength=len(segments)) / of.segment.size
        ends.plot(
            100 * shares, np.arange(len(segments)), look.marker, color=look.colour, markersize=5, clip_on=False,
            fillstyle="full" if look is LOG else "none",
        )  # fmt: skip
    often.set(xlabel=f"days ({MANY}: or more)", ylabel="% of customers", ylim=(0, None), xlim=(0, MANY))
    panel(often, "days with a purchase after the first")
    if log.gaps.size and simulated.gaps.size:
        logarithmic(gaps, "x")
        gaps.set_xlim(1, None)
    gaps.set(xlabel="days or fewer", ylabel="% of gaps", ylim=(0, 100))
    panel(gaps, "days from one to the next")
    year.set(xlabel="30 days, of the log", ylabel="days per customer", ylim=(0, None), xlim=(1, None))
    year.locator_params(axis="x", integer=True)
    panel(year, "days with a purchase")
    rows_named(ends, list(segments), 14)
    ends.set(xlabel="% of customers", xlim=(0, None))
    panel(ends, "segment at the end")
    _forecast(ahead, foreseen)
    key.set_axis_off()
    key.legend(*often.get_legend_handles_labels(), frameon=False, loc="center", fontsize=10, handlelength=3)
    return made


def _forecast(axes: Axes, of: Forecast) -> None:
    groups, error = np.arange(len(of.customers)), 2 * np.asarray(of.error)
    bars = [np.minimum(error, of.observed), error]  # there is nothing below nothing
    axes.errorbar(groups, of.observed, bars, fmt=LOG.marker, color=LOG.colour, markersize=4)
    axes.plot(
        groups, of.foreseen, SIMULATED.marker, color=SIMULATED.colour, markersize=5, fillstyle="none", clip_on=False
    )
    axes.set(xlabel=f"days with a purchase before ({groups[-1]}: or more)", ylabel="mean per customer", ylim=(0, None))
    panel(axes, f"days with a purchase after day {of.until}, foreseen")


def worth_plot(runs: pd.DataFrame) -> Figure:
    """The expected return of a customer under each agent.

    Args:
        runs: a row for each agent and seed: agent, seed, expected return. Agents are marked where they are privileged.
    """
    returns = {str(name): of.to_numpy() for name, of in runs.groupby("agent", sort=False)["expected return"]}
    order = sorted(returns, key=lambda name: -returns[name].mean())
    seeds = runs["seed"].nunique()
    spread = f"means of {seeds} seeds with 95 % intervals, a small dot per seed" if seeds > 1 else "one seed"
    made, ((axes,),) = figure(
        _leader(returns, [name for name in order if name != marked(name.partition(" (")[0], privileged=True)]),
        f"Expected return of a customer's life, undiscounted; {spread}. Privileged agents know what no shop can know.",
        height=0.7 + 0.3 * len(order),
    )  # fmt: skip
    for row, name in enumerate(order):
        look, own = look_of(name), returns[name]
        found = paired_difference(own, np.zeros(seeds))
        if seeds > 1:
            axes.plot([found.low, found.high], [row, row], color=look.colour, linewidth=2)
            axes.plot(own, np.full(seeds, row + 0.28), ".", color=GREY, markersize=3)
        axes.plot(found.value, row, look.marker, color=look.colour, markersize=6)
        axes.annotate(f"{found.value:,.1f}", (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=9)
    rows_named(axes, order)
    axes.set_xlabel("reward units per customer")
    return made


def _leader(returns: dict[str, np.ndarray], open_: list[str]) -> str:
    """Which agent that is not privileged earns most, and how much more than the next."""
    if not open_:
        return "Only privileged agents were compared: they show what could be reached"
    best = open_[0]
    title = f"{best} earns {returns[best].mean():,.1f} over a customer's life"
    if len(open_) == 1:
        return title
    more = paired_difference(returns[best], returns[open_[1]])
    chance = "with one seed, perhaps by chance" if np.isnan(more.low) else "perhaps by chance" if more.low <= 0 else ""
    return f"{title}, {more.value:,.1f} more than {open_[1]}{f', {chance}' if chance else ''}"
