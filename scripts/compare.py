"""Compares agents on the same customers, and writes a table, the curves, a picture and a manifest."""

from __future__ import annotations

import argparse

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

from agents import AGENTS
from agents.evaluation import compare
from agents.evaluation.plots import learning_curves
from selflearn_env.archive import write_atomically

COLUMNS = {
    "reward_early": "reward early",
    "reward_late": "reward late",
    "purchases": "purchases",
    "gap": "gap",
    "gap_late": "gap late",
    "slates_per_second": "slates/s",
}


def main() -> None:
    """Reads the arguments, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add_comparison_arguments(parser, None, "; by default all, without the privileged where customers drift")
    options = parser.parse_args()

    out = folder(options.out)
    env_options, shop, simulator = environment(options)
    suitable = [name for name, agent in AGENTS.items() if simulator.drift is None or not agent.privileged]
    result = compare(
        options.agents or suitable, options.env, options.customers, options.seeds, options.batch, **env_options
    )

    text = _as_text(result.table())
    write_text(out / "table.md", text)
    write_text(out / "results.csv", result.frame().to_csv(index=False))
    with write_atomically(out / "curves.png") as file:
        learning_curves(result, file)
    runs = [run_.figures() for run_ in result.runs]
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest, runs=runs))
    print(f"\n{options_text(options)}, {options.customers:,} customers, {options.seeds} seed(s)\n\n{text}")
    print("reward: mean per slate, early and late are the first and last tenth of the customers; gap: share of the way")
    print("from random to optimal expected reward; slates/s: environment and agent together")
    for name in ("table.md", "results.csv", "manifest.json", "curves.png"):
        print(out / name)


def _as_text(figures: pd.DataFrame) -> str:
    """A Markdown table of the figures that people ask for first."""
    decimals = {name: 0 if name == "slates_per_second" else 3 for name in COLUMNS}
    rows = [
        [str(agent), *(number(row[name], places) for name, places in decimals.items())]
        for agent, row in figures.iterrows()
    ]
    return table(["agent", *COLUMNS.values()], rows)


if __name__ == "__main__":
    run(main)
