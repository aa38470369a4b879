"""Compares agents in every customer model: does what they earn, and their order, survive a change of the customers?"""

from __future__ import annotations

import argparse

import gymnasium
import pandas as pd
from command_line import (
    add_comparison_arguments,
    environment,
    folder,
    manifest,
    number,
    options_text,
    run,
    table,
    write_text,
)

from agents.evaluation import ComparisonResult, compare
from selflearn_env.core.customers import CUSTOMERS


def main() -> None:
    """Reads the arguments, compares in one model after the other, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_comparison_arguments(parser, ["random", "popular", "epsilon_greedy"], "")
    parser.add_argument(
        "--models",
        nargs="+",
        default=list(CUSTOMERS),
        metavar="NAME",
        help=f"customer models, of {', '.join(CUSTOMERS)}, or module:Class",
    )
    options = parser.parse_args()

    out = folder(options.out)
    env_options, shop, _ = environment(options, refused=("customer", "customer_options"))
    for model in options.models:  # one that cannot be made is refused before the others have served anybody
        gymnasium.make(options.env, **{**env_options, "customer": model})
    results = {
        model: compare(
            options.agents,
            options.env,
            options.customers,
            options.seeds,
            options.batch,
            **{**env_options, "customer": model},
        )
        for model in options.models
    }
    text = _as_text(results)
    write_text(out / "models.md", text)
    frames = [result.frame().assign(customer=model) for model, result in results.items()]
    write_text(out / "models.csv", pd.concat(frames, ignore_index=True).to_csv(index=False))
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(f"\n{options_text(options)}, {options.customers:,} customers, {options.seeds} seed(s)\n\n{text}")
    print("expected reward per slate, exact, mean over all visits, and the share of the way from random to optimal")
    for name in ("models.md", "models.csv", "manifest.json"):
        print(out / name)


def _as_text(results: dict[str, ComparisonResult]) -> str:
    """A Markdown table, one row per model and one column per agent."""
    rows, agents = [], []
    for model, result in results.items():
        figures = result.table()
        agents = [str(agent) for agent in figures.index]
        cells = [
            f"{number(expected, 2)} ({number(gap, 3)})"
            for expected, gap in zip(figures["expected_reward"], figures["gap"], strict=True)
        ]
        rows.append([model, *cells, number(figures["optimal"].mean(), 2)])
    return table(["customers", *agents, "optimal"], rows)


if __name__ == "__main__":
    run(main)
