"""Compares simulated customers' lives with those in the log; writes a table and pictures."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.commands.arguments import add_out_argument, add_shop_argument, positive, seed, shop_of
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.plots.lives import lives_plot
from selflearn_agents.plots.style import save
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.envs.journey_options import JourneyOptions
from selflearn_env.shop.validation.evidence import SPANS, Rebuying, Return, coming_back, rebuying
from selflearn_env.shop.validation.lives import Forecast, LifeHabits, forecast, habits_of_the_log, simulated_habits

QUANTILES = (0.25, 0.5, 0.75, 0.9)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_shop_argument(parser)
    parser.add_argument("--lives", type=positive, default=20, help="lives of each simulated customer")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the simulated lives")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Compares, writes."""
    out = folder(options.out)
    shop = shop_of(options)
    simulator = JourneyOptions(slate_size=shop.demand().start.shape[1]).simulator(shop)
    rng = np.random.default_rng(options.seed)
    log, simulated = habits_of_the_log(shop), simulated_habits(shop, simulator, options.lives, rng)
    foreseen = forecast(shop, rng)
    sections = [
        _fit_text(shop, simulator),
        _habits_text(shop, log, simulated),
        _forecast_text(foreseen),
        _evidence_text(rebuying(shop), coming_back(shop)),
    ]
    text = "\n".join(sections)
    with outputs(out, options) as new:
        write_text(new / "lives.md", text)
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest))
        with write_atomically(new / "lives.png") as file:
            save(lives_plot(shop.states.tiers[0].labels, log, simulated, foreseen), file, "png")
    print(text)
    for name in ("lives.md", "lives.png", "manifest.json"):
        print(out / name)


def _fit_text(shop: Shop, simulator: Any) -> str:
    model, lives, pace = shop.lives.model, shop.lives.lives, simulator.arrivals.pace
    return (
        f"# Simulated lives and the log\n\n{len(lives.first_day):,} simulated customers, {shop.lives.days} days. "
        f"BG/NBD, days on the shop's clock: r = {model.r:.3f}, alpha = {model.alpha:.1f},\na = {model.a:.4f}, "
        f"b = {model.b:.1f}; a customer leaves after a purchase with probability "
        f"{100 * model.a / (model.a + model.b):.2f} % on average. A product is\nbought again after "
        f"{lives.repurchase_days:.0f} days (median). The pace that makes up for visits without a purchase: "
        f"{pace.visits:.2f} visits per\nvisit with one, and {pace.products:.2f} products bought in those.\n"
    )


def _habits_text(shop: Shop, log: LifeHabits, simulated: LifeHabits) -> str:
    rows = []

    def add(what: str, of_log: NDArray, of_simulated: NDArray, unit: float = 1.0, decimals: int = 2) -> None:
        mean, error = of_log.mean() * unit, of_log.std() / np.sqrt(of_log.size) * unit
        found = of_simulated.mean() * unit
        ratio = f"{100 * (found / mean - 1):+.0f} %" if mean else "-"
        rows.append([what, number(mean, decimals), f"± {number(error, decimals)}", number(found, decimals), ratio])

    add("days with a purchase after the first, mean", log.again, simulated.again)
    for share in QUANTILES:
        rows.append(_quantile(f"the same, {share:.0%} quantile", log.again, simulated.again, share))
    add("customers who never buy again, %", log.again == 0, simulated.again == 0, 100, 1)
    add("days between two of them, mean", log.gaps, simulated.gaps, decimals=1)
    for share in QUANTILES:
        rows.append(_quantile(f"the same, {share:.0%} quantile", log.gaps, simulated.gaps, share))
    for segment, label in enumerate(shop.states.tiers[0].labels):
        add(f"segment {label} at the end, %", log.segment == segment, simulated.segment == segment, 100, 1)
    last, label = len(shop.states.tiers[0].labels) - 1, shop.states.tiers[0].labels[-1]
    once = log.again == 0
    lived = np.repeat(once, simulated.again.size // once.size)
    for who, some, of in (("once", once, lived), ("more often", ~once, ~lived)):
        of_log, of_simulated = log.segment[some] == last, simulated.segment[of] == last
        if of_log.size:
            add(f"{label}, of those who bought {who} in the log, %", of_log, of_simulated, 100, 1)
    visits = simulated.visits
    rows.append(["visits, with a purchase or without, mean", "-", "-", number(np.mean(visits), 2), "-"])  # type: ignore[arg-type]
    head = ["per customer", "log", "± s.e.", "simulated", "difference"]
    return (
        "## Habits\n\nThe customers of the log that are simulated, and the same when they are shown the article's "
        "starting slates.\n\n" + table(head, rows)
    )


def _quantile(what: str, log: NDArray, simulated: NDArray, share: float) -> list[str]:
    one, other = (float(np.quantile(of, share)) for of in (log, simulated))
    ratio = f"{100 * (other / one - 1):+.0f} %" if one else "-"
    return [what, number(one, 0), "", number(other, 0), ratio]


def _forecast_text(found: Forecast) -> str:
    rows = []
    for group, customers in enumerate(found.customers):
        more = " or more" if group == len(found.customers) - 1 else ""
        error = f"± {number(found.error[group], 2)}"
        figures = [number(of[group], 2) for of in (found.foreseen, found.observed)]
        rows.append([f"{group}{more}", f"{customers:,}", *figures, error])
    head = ["days with a purchase after the first until then", "customers", "foreseen", "observed", "± s.e."]
    return (
        f"## Forecast\n\nDays with a purchase after day {found.until}, foreseen by BG/NBD from those before it, and "
        "observed;\nmeans per customer. Only the factors of months and weekdays come from the whole log.\n\n"
        + table(head, rows)
    )


def _evidence_text(again: Rebuying, back: Return) -> str:
    rows = []
    for span, begin in enumerate(SPANS):
        end = f"{SPANS[span + 1] - 1}" if span + 1 < len(SPANS) else "..."
        figures = [f"{again.pairs[span]:,}", f"{100 * again.again[span]:.1f} %", number(again.relative[span], 2)]
        rows.append([f"{begin} - {end}", *figures])
    head = ["days in between", "pairs of baskets", "bought again", "over what is expected"]
    return (
        "## What the log has to say\n\nOf the products of a basket, the share that is in a later one of the same "
        "customer, and that over what the\npopularity of the products and the customer's other pairs let expect: "
        "satiation would begin low and rise.\n\n"
        + table(head, rows)
        + f"\nWithin customers, the logarithm of the days to the next purchase goes with that of the products of a "
        f"basket with a\nslope of {number(back.slope, 3)} ± {number(back.error, 3)} ({back.pairs:,} pairs): "
        "negative means that who found more comes back sooner.\n"
    )
