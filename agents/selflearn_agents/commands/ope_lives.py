"""Shows how soon off-policy estimates of customers' lives fail, against the truth that a simulator knows."""

from __future__ import annotations

import argparse
from typing import IO

import pandas as pd
from matplotlib.figure import Figure

from selflearn_agents.commands.arguments import add_out_argument, place, positive, seed
from selflearn_agents.commands.output import folder, manifest, write_text
from selflearn_agents.ope.lives.study import SIZES, as_text, study_lives
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.datasets import ONLINE_RETAIL

PRODUCTS = 20  # of the shop that is judged by default


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--shop", type=place,
        help=f"a shop from `selflearn build`; by default the {PRODUCTS} products of the embedded log that are bought "
        "most often",
    )  # fmt: skip
    parser.add_argument("--slate-sizes", type=positive, nargs="+", default=list(SIZES), help="products per slate")
    parser.add_argument("--logs", type=positive, default=50, help="logs of each logged policy and slate size")
    parser.add_argument("--lives", type=positive, default=1_000, help="lives of each log")
    parser.add_argument("--true-lives", type=positive, default=20_000, help="lives simulated for the truth")
    parser.add_argument("--seed", type=seed, default=0, help="of customers and policies")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Judges, writes."""
    out = folder(options.out)
    shop = Shop.load(options.shop) if options.shop else Shop.from_transactions(ONLINE_RETAIL, max_products=PRODUCTS)
    frame = study_lives(
        shop,
        slate_sizes=options.slate_sizes,
        logs=options.logs,
        lives=options.lives,
        true_lives=options.true_lives,
        seed=options.seed,
    )
    text = as_text(frame)
    write_text(out / "ope_lives.md", text)
    write_text(out / "ope_lives.csv", frame.to_csv(index=False))
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    with write_atomically(out / "ope_lives.png") as file:
        _plot(frame, options.lives, file)
    print(f"\n{text}")
    for name in ("ope_lives.md", "ope_lives.csv", "ope_lives.png", "manifest.json"):
        print(out / name)


def _plot(frame: pd.DataFrame, lives: int, file: IO[bytes]) -> None:
    """Writes a PNG: what share of the lives is left after so many visits, a panel for each policy and slate size."""
    of = frame[(frame["estimator"] == "tis") & (frame["visits"] > 0)]
    logged, sizes = of["logged"].unique(), of["slate_size"].unique()
    figure = Figure(figsize=(4 * len(sizes), 3.2 * len(logged)), layout="constrained")
    panels = figure.subplots(len(logged), len(sizes), sharex=True, sharey=True, squeeze=False)
    for row, policy in zip(panels, logged, strict=True):
        for axes, size in zip(row, sizes, strict=True):
            here = of[(of["logged"] == policy) & (of["slate_size"] == size)]
            for target, line in here.groupby("target", sort=False):
                share = (line["foreseen"] / lives).clip(lower=1e-4)
                axes.plot(line["visits"], share, marker="o", markersize=3, label=target)
            axes.set(xscale="log", yscale="log", title=f"{policy},\nslates of {size}")
            axes.title.set_fontsize(8)
            axes.grid(alpha=0.3)
        row[-1].legend(fontsize=6)
        row[0].set_ylabel("effective lives foreseen, share")
    for axes in panels[-1]:
        axes.set_xlabel("visits of a life that count")
    figure.savefig(file, format="png", dpi=130)
