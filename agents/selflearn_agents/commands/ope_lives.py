"""Shows how soon off-policy estimates of customers' lives fail, against the truth that a simulator knows."""

from __future__ import annotations

import argparse

from selflearn_agents.commands.arguments import add_out_argument, place, positive, seed
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.ope.lives.study import SIZES, as_text, study_lives
from selflearn_agents.plots.ope_lives import effective_lives_plot
from selflearn_agents.plots.style import save
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
    parser.add_argument("--seed", type=seed, default=0, help="seed of customers and policies")
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
    with outputs(out, options) as new:
        write_text(new / "ope_lives.md", text)
        write_text(new / "ope_lives.csv", frame.to_csv(index=False))
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest))
        with write_atomically(new / "ope_lives.png") as file:
            save(effective_lives_plot(frame, options.lives), file, "png")
    print(f"\n{text}")
    for name in ("ope_lives.md", "ope_lives.csv", "ope_lives.png", "manifest.json"):
        print(out / name)
