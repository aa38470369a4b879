"""Shows what drift does to learning, and what it is worth to follow it: agents that do, beside agents that do not."""

from __future__ import annotations

import argparse
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from selflearn_agents import make_agent
from selflearn_agents.commands.arguments import add_out_argument, positive
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation import EvaluationResult, evaluate
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.plots.drift import drift_plot
from selflearn_agents.plots.style import save
from selflearn_env import Drift, Shop, load_transactions
from selflearn_env.archive import write_atomically
from selflearn_env.datasets import ONLINE_RETAIL, retail_shop

BATCH = 50  # visits decided before their feedback is learned from
Runs = dict[tuple[str, str, str], list[EvaluationResult]]  # shop, world, agent
Agents = dict[str, tuple[str, dict[str, Any]]]  # how an agent is called here, its name and hyperparameters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--customers", type=positive, default=400_000, help="visits to serve, per run")
    parser.add_argument("--seeds", type=positive, default=5, help="runs of each kind, with the seeds 0, 1, ...")
    parser.add_argument("--products", type=positive, default=50, help="products of the small shop")
    parser.add_argument(
        "--half-life",
        type=positive,
        default=100_000,
        help="slates after which half of a deviation of the interest is gone",
    )
    parser.add_argument("--spread", type=float, default=1.0, help="standard deviation of the logarithm of the interest")
    parser.add_argument("--step-size", type=float, default=0.02, help="least step of the average that forgets")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Lets agents serve with and without drift, writes."""
    out = folder(options.out)
    log = load_transactions(ONLINE_RETAIL)
    # One segment and few products: each state is served often enough for its averages to settle.
    small = Shop.from_transactions(
        log, max_products=options.products, segments=dict.fromkeys(log.frame["customer"].dropna(), "all")
    )
    worlds = {"no drift": None, "drift": Drift(spread=options.spread, half_life=options.half_life)}
    averages: Agents = {
        "average, 1/n": ("epsilon_greedy", {"epsilon": 0.05}),
        f"average, step at least {options.step_size:g}": (
            "epsilon_greedy",
            {"epsilon": 0.05, "step_size": options.step_size},
        ),
    }
    beliefs: Agents = {
        "hierarchical, does not follow": ("hierarchical", {"follow": False}),
        "hierarchical, follows": ("hierarchical", {"follow": True}),
    }
    runs: Runs = {}
    for name, shop, agents in (
        (f"{small.products:,} products", small, {**averages, **beliefs}),
        (f"{retail_shop().products:,} products", retail_shop(), beliefs),
    ):
        for (world, drift), (agent, (known, given)) in product(worlds.items(), agents.items()):
            runs[name, world, agent] = [
                evaluate(
                    make_agent(known, history=shop.history, seed=seed, **given),
                    *("selflearn/Retail-v0", options.customers, BATCH, seed),
                    shop=shop,
                    drift=drift,
                )
                for seed in range(options.seeds)
            ]

    frames = [
        run_.frame().assign(shop=shop, world=world, agent=agent)
        for (shop, world, agent), some in runs.items()
        for run_ in some
    ]
    frame = pd.concat(frames, ignore_index=True)
    text = _as_text(runs)
    with outputs(out, options) as new:
        write_text(new / "drift.csv", frame.to_csv(index=False))
        write_text(new / "drift.md", text)
        write_text(new / "manifest.json", manifest(options, shop_digest=small.digest))
        with write_atomically(new / "drift.png") as file:
            save(drift_plot(frame), file, "png")
    print(f"\n{text}")
    for name in ("drift.csv", "drift.md", "drift.png", "manifest.json"):
        print(out / name)


def _as_text(runs: Runs) -> str:
    """A Markdown table: share of the way from random to optimal in each fifth of the visits, mean over the seeds."""
    rows = []
    for (shop, world, agent), some in runs.items():
        fifths = np.mean([[fifth.mean() for fifth in np.array_split(run_.gap, 5)] for run_ in some], axis=0)
        rows.append([f"{shop}, {world}: {agent}", *(number(share, 3) for share in fifths)])
    return table(["shop, world: agent", "1st fifth", "2nd", "3rd", "4th", "5th"], rows)
