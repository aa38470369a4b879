"""Compares the simulated customers with visits of the log that were not fitted; writes tables and pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from check_plots import calibration_plot, gains_plot, popularity_plot
from command_line import folder, manifest, place, positive, run, seed, write_text

from agents import make_agent
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.datasets import retail_shop
from selflearn_env.envs.options import Options
from selflearn_env.shop.resemblance import (
    LATE_DAYS,
    OURS,
    Check,
    calibration,
    checks,
    gains,
    habits,
    overlap,
    popularity,
    tiers,
)

CONTRASTS = (0.5, 1, 2, 3, 4, 8, 16)


def main() -> None:
    """Reads the arguments, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--shop", type=Path, help="a shop from build_shop.py; by default the embedded log's")
    parser.add_argument("--seed", type=seed, default=0, help="of the third group of customers and of simulated visits")
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate, where slates are compared")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")
    options = parser.parse_args()

    out = folder(options.out)
    shop = retail_shop() if options.shop is None else Shop.load(options.shop)
    rng = np.random.default_rng(options.seed)
    compared = checks(shop, rng)
    sections = [
        _visits_text(shop, compared),
        _gains_text(compared),
        _tiers_text(shop),
        _calibration_text(compared),
        _popularity_text(compared, rng),
        _habits_text(compared, rng),
        _overlap_text(shop, options.slate_size),
        _contrast_text(shop, options.slate_size),
    ]
    text = "\n".join(sections)
    write_text(out / "check.md", text)
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    for name, plot in (("likelihood", gains_plot), ("calibration", calibration_plot), ("popularity", popularity_plot)):
        with write_atomically(out / f"{name}.png") as file:
            plot(compared, file)
    print(text)
    for name in ("check.md", "likelihood.png", "calibration.png", "popularity.png", "manifest.json"):
        print(out / name)


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its columns aligned."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in (head, rule, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)


def _visits_text(shop: Shop, compared: list[Check]) -> str:
    rows = [
        [check.name, f"{check.fitted.visit_state.size:,}", f"{check.checked.visit_state.size:,}"] for check in compared
    ]
    return (
        "# Do the simulated customers resemble the log?\n\n"
        f"{shop.customers.visit_state.size:,} visits of the simulated customers, {shop.products:,} products. "
        f"The last two months are the last {LATE_DAYS} days.\n\n"
        + _table(["compared with", "visits fitted", "visits compared"], rows)
    )


def _gains_text(compared: list[Check]) -> str:
    found = [gains(check) for check in compared]
    rows = [
        [same[0].estimate, *(f"{gain.mean:+.2f} ± {gain.error:.2f}" for gain in same)]
        for same in zip(*found, strict=True)
    ]
    return (
        "## Likelihood of their purchases\n\nNats per visit above one rate for all products, ± standard error "
        "(customers are the units).\nEach estimate is as strong as it can be: its weights are fitted like ours.\n\n"
        + _table(["estimate", *(check.name for check in compared)], rows)
    )


def _tiers_text(shop: Shop) -> str:
    rows = [[tier.name, f"{tier.alone:+.3f}", f"{tier.last:+.3f}"] for tier in tiers(shop.states, shop.customers)]
    levels = [
        [
            " x ".join(shop.states.tiers[tier].name for tier in level.tiers) or "all visits together",
            f"{level.weight:,.4g}",
            f"{level.gain:+.3f}",
        ]
        for level in shop.customers.pooling.levels
    ]
    return (
        "## What each tier of the state tells\n\nNats per visit that one half of the simulated customers gains from "
        "the other half, when the tier is\nadded to all visits together (alone), and to all the other tiers (last).\n\n"
        + _table(["tier", "alone", "last"], rows)
        + "\nThe levels of the pooling, each shrunk to the one above by so many purchases:\n\n"
        + _table(["level", "weight", "gain"], levels)
    )


def _calibration_text(compared: list[Check]) -> str:
    tables = [calibration(check) for check in compared]
    rows = [
        [f"{decile + 1}", *(f"{100 * value:.3f}" for table in tables for value in table[decile, :2])]
        for decile in range(len(tables[0]))
    ]
    head = ["decile", *(f"{what}, {check.name}" for check in compared for what in ("foreseen", "observed"))]
    return (
        f"## Calibration\n\nPurchases of a product per 100 visits, foreseen ({OURS}), and observed; pairs of state and "
        "product\nsorted by what is foreseen, each decile with a tenth of the foreseen purchases.\n\n"
        + _table(head, rows)
    )


def _popularity_text(compared: list[Check], rng: np.random.Generator) -> str:
    rows = []
    for check in compared:
        for label, (log, simulated) in zip(check.states.tiers[0].labels, popularity(check, rng), strict=True):
            shares = [f"{of[:top].sum() / max(of.sum(), 1):.3f}" for top in (10, 100) for of in (log, simulated)]
            rows.append([f"{check.name}, {label}", f"{log.sum():,}", f"{simulated.sum():,}", *shares])
    head = ["segment", "purchases, log", "simulated", "top 10, log", "simulated", "top 100, log", "simulated"]
    return (
        "## Popularity by segment\n\nPurchases, and the share of the 10 and 100 most bought products, in the log and "
        "in as many simulated visits.\n\n" + _table(head, rows)
    )


def _habits_text(compared: list[Check], rng: np.random.Generator) -> str:
    rows = []
    for check in compared:
        for source, found in zip(("log", "simulated"), habits(check, rng), strict=True):
            rows.append(
                [
                    f"{check.name}, {source}",
                    f"{found.products:.1f}",
                    f"{found.spread:.1f}",
                    f"{100 * found.again:.1f} %",
                ]
            )
    head = ["visits", "products per visit", "standard deviation", "bought before by the same customer"]
    return "## Habits, which are not simulated\n\n" + _table(head, rows)


def _overlap_text(shop: Shop, slate_size: int) -> str:
    found = overlap(Options(slate_size=slate_size).simulator(shop))
    rows = [[name, "-" if np.isnan(share) else f"{share:.2f}"] for name, share in found.items()]
    return (
        "## How much the best slates have in common\n\nShare of the products that two best slates share, whose states "
        "differ in this tier only (`independent`).\n\n" + _table(["tier", "shared"], rows)
    )


def _contrast_text(shop: Shop, slate_size: int) -> str:
    """What a static list closes of the way from random to optimal, exactly, over all states as often as they visit."""
    states = np.arange(shop.states.size)
    popular = make_agent("popular", history=shop.history, slate_size=slate_size).act(states)
    rows = []
    for contrast in CONTRASTS:
        simulator = Options(slate_size=slate_size, contrast=contrast).simulator(shop)
        random, static, optimal = (
            float(simulator.state_probability @ expected)
            for expected in (
                simulator.random_reward(states),
                simulator.expected_reward(states, popular),
                simulator.expected_reward(states, simulator.optimal_slate(states)),
            )
        )
        rewards = [f"{reward:.2f}" for reward in (random, static, optimal)]
        share = f"{(static - random) / (optimal - random):.3f}" if optimal > random else "-"
        rows.append([f"{contrast:g}", *rewards, share])
    head = ["contrast", "random", "popular", "optimal", "share of the gap that popular closes"]
    return (
        "## Contrast\n\nExpected reward per slate (`independent`) where the states differ more than the log supports "
        "(at 1), or less.\n\n" + _table(head, rows)
    )


if __name__ == "__main__":
    run(main)
