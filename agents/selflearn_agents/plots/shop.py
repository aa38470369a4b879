"""The pictures of `selflearn check`: how far the simulated customers resemble those of the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from selflearn_agents.evaluation.markdown import number
from selflearn_agents.evaluation.shop_check.findings import Findings
from selflearn_agents.evaluation.shop_check.verdict import ENVIRONMENTS
from selflearn_agents.plots.looks import BLUE, GREEN, GREY, INK, LOG, ORANGE, SIMULATED, Look, look_of, wrapped
from selflearn_agents.plots.style import figure, label_lines, logarithmic, panel, rows_named
from selflearn_env.shop.validation.habits import TURNS, products_per_customer, repeat_shares
from selflearn_env.shop.validation.persons import DRAW, gains
from selflearn_env.shop.validation.purchases import (
    OURS,
    POPULARITY,
    WORLD,
    Check,
    calibration,
    gain_over,
    mean_and_error,
    popularity,
)
from selflearn_env.shop.validation.purchases import gains as gains_by_state

SHARES = np.linspace(0.02, 0.995, 60)  # of the quantiles that are drawn
ESTIMATES = {OURS: Look(BLUE, "-", "o"), WORLD: Look(ORANGE, "--", "s")}
ACROSS = 4  # panels side by side, of segments
HEAD = 10  # products most bought, or a tenth of all
EVEN = Look(GREY, (0, (1.2, 1.6)), "")  # where what is foreseen is what is observed


def likelihood_plot(found: Findings) -> Figure:
    """How well visits are foreseen, estimate by estimate, by states and by persons."""
    first = found.states[0]
    title = f"For {first.name}: beyond popularity, {_added('the state', *gain_over(first, OURS, POPULARITY))}"
    if first.name in found.persons and found.known_persons:
        persons = found.persons[first.name]
        worth = persons.likelihood["taste"] - persons.likelihood["month"]
        title += f", {_added('the customer', *mean_and_error(worth, persons.customer))}"
    made, (panels,) = figure(
        title,
        "Log-likelihood of visits that were not fitted, above one rate for all products (0.69 nats: a factor of 2); "
        "bars are ± 2 standard errors.",
        columns=len(found.states), height=3.6, sharey=True,
    )  # fmt: skip
    for axes, check in zip(panels, found.states, strict=True):
        levels = [
            _Level(f"state: {gain.estimate}", gain.mean, gain.error, ESTIMATES.get(gain.estimate, Look(GREY, "-", "o")))
            for gain in gains_by_state(check)[1:]
        ]
        if check.name in found.persons and found.known_persons:
            for step in gains(found.persons[check.name])[3:]:
                draw = step.step == DRAW
                look = ESTIMATES[WORLD] if draw else Look(GREEN, "-", "D")
                name = "customer: one draw" if draw else f"customer: + {step.step}"
                levels.append(_Level(name, step.level, step.error, look))
        for row, (_, mean, error, look) in enumerate(levels):
            axes.errorbar(mean, row, xerr=2 * error, fmt=look.marker, color=look.colour, markersize=5, linewidth=1.8)
        axes.axvline(0, color=GREY, linewidth=1)
        axes.set_xlabel("nats per visit")
        panel(axes, check.name)
        rows_named(axes, [level.name for level in levels])
    return made


class _Level(NamedTuple):
    """How well an estimate foresees."""

    name: str
    mean: float
    error: float
    look: Look


def _added(what: str, gain: float, error: float) -> str:
    """What something adds to a forecast, as far as it is certain by two standard errors."""
    if abs(gain) <= 2 * error:
        return f"{what} adds nothing certain"
    return f"{what} {'adds' if gain > 0 else 'loses'} {number(abs(gain), 1)} nats"


def ranking_plot(found: Findings) -> Figure:
    """The order of the lists in real baskets and in each simulator: lines that cross are judged otherwise."""
    judged = {ENVIRONMENTS[name]: each.ranking for name, each in found.judged.items()}
    real = next(iter(judged.values())).lists
    places = [rank.lists for rank in judged.values()]
    order = [each.names for each in real]
    made, ((axes,),) = figure(
        _agreement({name: rank.correlation for name, rank in judged.items()}),
        "Lists made from the history, best on top, with the products of each that were in a real basket (hits per "
        "visit), and their order by the reward that each simulator expects; rank correlation with its 95 % interval.",
        height=1.0 + 0.24 * len(real),
    )  # fmt: skip
    for names in order:
        ranks = [order.index(names)]
        for lists in places:
            by_reward = sorted(lists, key=lambda each: -each.reward)
            ranks.append([each.names for each in by_reward].index(names))
        look = look_of(names[0])
        axes.plot(ranks, color=look.colour, linestyle=look.line, marker=look.marker, markersize=5, clip_on=False)
    rows_named(axes, [f"{_called(each.names)}  {each.hits:.2f}" for each in real])
    under = ["real\nbaskets"]
    for name, rank in judged.items():
        interval = f"{rank.correlation:.2f}\n({rank.low:.2f} to {rank.high:.2f})" if np.isfinite(rank.low) else "-"
        under.append(f"{name.replace(' with ', chr(10))}\n{interval}")
    axes.set_xticks(range(len(under)), under)
    axes.set_xlim(0, len(judged))
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    return made


def _agreement(correlation: dict[str, float]) -> str:
    known = {name: value for name, value in correlation.items() if np.isfinite(value)}
    if not known:
        return "There are too few different lists to compare the order of simulated and of real customers"
    best, least = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    if best == least:
        return f"The order of lists in {best} and in real baskets: rank correlation {known[best]:.2f}"
    return (
        f"{best} orders lists most like real baskets (rank correlation {known[best]:.2f}), {least} least "
        f"({known[least]:.2f})"
    )


def _called(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}"


def habits_plot(found: Findings) -> Figure:
    """Sizes of baskets, products per customer, and what is bought again, in the log and simulated."""
    log, drawn = found.journals["log"][0], found.journals["simulated"][0]
    real, made_up = found.habits["log"], found.habits["simulated"]
    made, ((sizes, products, again),) = figure(
        f"A simulated visit has {made_up.basket_mean:.1f} products, a real one {real.basket_mean:.1f}; the customer "
        f"has bought {made_up.repeat_share:.0f} % of them before, in the log {real.repeat_share:.0f} %",
        "Left and middle: quantiles, a dot for each; on the dotted line, simulated ones are as in the log.",
        columns=3, height=2.5,
    )  # fmt: skip
    for axes, name, of_log, simulated in (
        (sizes, "products of a visit", log.size, drawn.size),
        (products, "products of a customer", products_per_customer(log), products_per_customer(drawn)),
    ):
        quantiles = np.unique([np.quantile(of_log, SHARES), np.quantile(simulated, SHARES)], axis=1)
        logarithmic(axes, "x")
        logarithmic(axes, "y")
        _even(axes, quantiles)
        axes.plot(*quantiles, ".", color=SIMULATED.colour, markersize=4)
        axes.set(xlabel="in the log", ylabel="simulated")
        panel(axes, name)
    ends = {}
    for label, journal, look in (("log", log, LOG), ("simulated", drawn, SIMULATED)):
        shares = repeat_shares(journal)
        again.plot(TURNS, shares, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.5)
        known = np.flatnonzero(np.isfinite(shares))
        if known.size:
            ends[label] = float(TURNS[known[-1]]), float(shares[known[-1]])
    again.set(xlabel="earlier visits", ylim=(0, None), xlim=(TURNS[0], None))
    panel(again, "bought before, %")
    label_lines(again, ends, {"log": LOG, "simulated": SIMULATED}.__getitem__)
    return made


def _even(axes: Axes, of: NDArray[np.float64]) -> None:
    """The line on which both are equal, as long as what is drawn."""
    ends = [of.min(), of.max()]
    axes.plot(ends, ends, color=EVEN.colour, linestyle=EVEN.line, linewidth=1.2, zorder=1)


def calibration_plot(found: Findings) -> Figure:
    """Foreseen against observed purchases, by decile."""
    points = [{estimate: 100 * calibration(check, estimate) for estimate in ESTIMATES} for check in found.states]
    heads = [
        f"{_judged(*of[OURS][-1])} for {check.name}"
        for of, check in zip(points, found.states, strict=True)
        if of[OURS][-1, 1] > 0
    ]
    made, (panels,) = figure(
        f"The most bought tenth is foreseen {', '.join(heads)}" if heads else "Nothing was bought to be foreseen",
        "Purchases of a product per 100 visits, by tenths of what is foreseen; bars are ± 2 standard errors, and on "
        "the dotted line the forecast is right.",
        columns=len(points), height=3.2, sharey=True,
    )  # fmt: skip
    for axes, check, of in zip(panels, found.states, points, strict=True):
        shown = {estimate: each[(each[:, 0] > 0) & (each[:, 1] > 0)] for estimate, each in of.items()}
        every = np.concatenate(list(shown.values()))
        logarithmic(axes, "x")
        logarithmic(axes, "y")
        if every.size:
            _even(axes, every[:, :2])
        for estimate, each in shown.items():
            foreseen, observed, error = each.T
            below = np.minimum(2 * error, 0.9 * observed)  # a logarithm has no place for nothing
            look = ESTIMATES[estimate]
            axes.errorbar(
                foreseen,
                observed,
                [below, 2 * error],
                fmt=look.marker,
                markersize=4,
                color=look.colour,
                label=wrapped(estimate, 18),
            )
        axes.set_xlabel("foreseen")
        panel(axes, check.name)
    panels[0].set_ylabel("observed")
    panels[0].legend(frameon=False, fontsize=9, loc="lower right", handletextpad=0.2, borderpad=0.0, labelcolor=INK)
    return made


def _judged(foreseen: float, observed: float, error: float) -> str:
    if abs(foreseen - observed) <= 2 * error:
        return "right, within its error,"
    return f"{100 * abs(foreseen / observed - 1):.0f} % too {'high' if foreseen > observed else 'low'}"


def popularity_plot(found: Findings) -> Figure:
    """Purchases of each product by rank, in the log and simulated, for each segment."""
    labels = found.states[0].states.tiers[0].labels
    across = min(ACROSS, len(labels))
    down = -(-len(labels) // across)
    counts = [popularity(check) for check in found.states]
    head = max(1, min(HEAD, counts[0][0][0].size // 10))
    log, simulated = (_span(_share_of(first, head)) for first in zip(*counts[0], strict=True))
    made, panels = figure(
        f"The {f'{head} most bought products have' if head > 1 else 'most bought product has'} {log} of a segment's "
        f"purchases in the log, {simulated} simulated",
        f"{_names(found.states)}; share of the segment's purchases of each product, by its rank.",
        rows=down * len(counts), columns=across, height=1.5 * down * len(counts) + 0.5, sharex=True, sharey=True,
    )  # fmt: skip
    for at, (check, pairs) in enumerate(zip(found.states, counts, strict=True)):
        for place, (label, pair) in enumerate(zip(labels, pairs, strict=True)):
            axes = panels[at * down + place // across, place % across]
            logarithmic(axes, "x")
            logarithmic(axes, "y")
            for of, look, name in zip(pair, (LOG, SIMULATED), ("log", "simulated"), strict=True):
                bought = of[of > 0]
                axes.plot(
                    np.arange(1, bought.size + 1), bought / max(bought.sum(), 1),
                    color=look.colour, linestyle=look.line, linewidth=1.6, label=name,
                )  # fmt: skip
            panel(axes, f"{label}, {check.name}" if place == 0 else label)
        for axes in panels[at * down : (at + 1) * down].flat[len(labels) :]:
            axes.set_axis_off()
    panels[0, 0].legend(
        frameon=False, fontsize=9, loc="lower left", handlelength=1.3, handletextpad=0.3, borderpad=0.0, labelcolor=INK
    )
    for axes in panels.flat:
        axes.xaxis.get_major_locator().set_params(numticks=4)  # so that they have room side by side
    made.supxlabel("product by rank", fontsize=9.5, color=INK)
    return made


def _names(checks: list[Check]) -> str:
    return ", then ".join(check.name for check in checks).capitalize()


def _share_of(segments: tuple[NDArray[np.int64], ...], head: int) -> list[float]:
    """The share of the most bought products, in each segment that buys anything."""
    return [of[:head].sum() / of.sum() for of in segments if of.sum()]


def _span(shares: list[float]) -> str:
    if not shares:
        return "none"
    low, high = f"{100 * min(shares):.1f}", f"{100 * max(shares):.1f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


PLOTS: dict[str, Callable[[Findings], Figure]] = {
    "likelihood.png": likelihood_plot,
    "ranking.png": ranking_plot,
    "habits.png": habits_plot,
    "calibration.png": calibration_plot,
    "popularity.png": popularity_plot,
}
