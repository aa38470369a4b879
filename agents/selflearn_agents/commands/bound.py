"""References for our best agent: one that knows how the states pool, and one that also sees all responses."""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from selflearn_agents.commands.arguments import place, positive
from selflearn_agents.commands.output import folder, manifest, write_text
from selflearn_agents.evaluation import evaluate
from selflearn_agents.evaluation.full_information import full_information
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_agents.hierarchical.informed import InformedAgent
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.datasets import retail_shop

ENV = "selflearn/Retail-v0"
LAST = 1 / 8  # the share of the visits that is called last


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--customers", type=positive, default=100_000, help="visits to serve, per run")
    parser.add_argument("--seeds", type=positive, default=2, help="runs of each kind, with the seeds 0, 1, ...")
    parser.add_argument("--contrast", type=float, nargs="+", default=[1.0, 3.0], help="of the environments")
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument("--shop", type=place, help="a shop from `selflearn build`; by default the embedded log's")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")


def run(options: argparse.Namespace) -> None:
    """Lets the three learners serve, writes a table."""
    out = folder(options.out)
    shop = Shop.load(options.shop) if options.shop else retail_shop()
    rows, size = [], options.slate_size
    for contrast in options.contrast:
        world: dict[str, Any] = {"shop": shop, "contrast": contrast, "slate_size": size}
        simulator: Simulator = gymnasium.make(ENV, **world).unwrapped.simulator  # type: ignore[attr-defined]
        curves: dict[str, list[NDArray]] = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng
            learners = {
                "hierarchical": HierarchicalAgent(shop.history, size, rng(seed)),
                "knows how the states pool": InformedAgent(shop, contrast, size, rng(seed)),
            }
            for name, agent in learners.items():
                result = evaluate(agent, ENV, options.customers, seed=seed, **world)
                curves.setdefault(name, []).append(result.gap)
            agent = InformedAgent(shop, contrast, size, rng(seed))
            all_seen = full_information(agent, simulator, options.customers, rng(seed))
            curves.setdefault("knows it, and sees all responses", []).append(all_seen)
        for name, some in curves.items():
            mean = np.mean(some, axis=0)
            last = mean[-round(LAST * len(mean)) :].mean()
            rows.append([name, number(contrast, 1), number(mean.mean(), 3), number(last, 3)])
    text = table(["learner", "contrast", "gap", "gap of the last eighth"], rows)
    write_text(out / "bound.md", text)
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(f"\nshare of the way from random to optimal, {options.customers:,} visits\n\n{text}")
    for name in ("bound.md", "manifest.json"):
        print(out / name)
