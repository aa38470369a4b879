"""References for our best agents: what others reach that are told what no shop can know."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from selflearn_agents.commands.arguments import place, positive
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation import evaluate
from selflearn_agents.evaluation.full_information import full_information
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.result import TURNS
from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_agents.hierarchical.informed import InformedAgent
from selflearn_agents.personal.agent import PersonalAgent
from selflearn_agents.personal.informed import AcquaintedAgent, InformedPersonalAgent
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.datasets import retail_shop
from selflearn_env.envs.people_options import PASTS

ENV, PEOPLE = "selflearn/Retail-v0", "selflearn/RetailPeople-v0"
LAST = 1 / 8  # the share of the visits that is called last


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--customers", type=positive, default=100_000, help="visits to serve, per run")
    parser.add_argument("--seeds", type=positive, default=2, help="runs of each kind, with the seeds 0, 1, ...")
    parser.add_argument(
        "--env", choices=[ENV, PEOPLE], default=ENV, help="whether customers of a state are alike, or persons"
    )
    parser.add_argument(
        "--past", choices=PASTS, default=PASTS[0], help="whether persons come with what they bought in the log before"
    )
    parser.add_argument("--no-baskets", action="store_true", help="persons buy nothing besides the slates")
    parser.add_argument("--batch", type=positive, default=1, help="visits decided before any of them is learned from")
    parser.add_argument(
        "--contrast",
        type=float,
        nargs="+",
        default=[1.0, 3.0],
        help="contrasts of the environments whose customers are alike",
    )
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument("--shop", type=place, help="a shop from `selflearn build`; by default the embedded log's")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")


def run(options: argparse.Namespace) -> None:
    """Lets the learners serve, writes a table."""
    out = folder(options.out)
    shop = Shop.load(options.shop) if options.shop else retail_shop()
    text = _persons(options, shop) if options.env == PEOPLE else _states(options, shop)
    with outputs(out, options) as new:
        write_text(new / "bound.md", text)
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(f"\nshare of the way from random to optimal, {options.customers:,} visits\n\n{text}")
    for name in ("bound.md", "manifest.json"):
        print(out / name)


def _states(options: argparse.Namespace, shop: Shop) -> str:
    """Of learners who know of a visit no more than its state."""
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
                result = evaluate(agent, ENV, options.customers, options.batch, seed, **world)
                curves.setdefault(name, []).append(result.gap)
            agent = InformedAgent(shop, contrast, size, rng(seed))
            all_seen = full_information(agent, simulator, options.customers, rng(seed))
            curves.setdefault("knows it, and sees all responses", []).append(all_seen)
        for name, some in curves.items():
            mean = np.mean(some, axis=0)
            last = mean[-round(LAST * len(mean)) :].mean()
            rows.append([name, number(contrast, 1), number(mean.mean(), 3), number(last, 3)])
    return table(["learner", "contrast", "gap", "gap of the last eighth"], rows)


def _persons(options: argparse.Namespace, shop: Shop) -> str:
    """Of learners who know their customers, overall and by the customer's earlier visits."""
    rows, size = [], options.slate_size
    world = {"shop": shop, "slate_size": size, "past": options.past, "baskets": not options.no_baskets}
    learners: dict[str, Callable[[np.random.Generator], PersonalAgent]] = {
        "personal": lambda rng: PersonalAgent(shop.history, size, rng),
        "is told the model, and infers the customers": lambda rng: InformedPersonalAgent(shop, size, rng),
        "is told the customers, and learns what is popular": lambda rng: AcquaintedAgent(shop, size, rng),
    }
    for name, made in learners.items():
        figures = []
        for seed in range(options.seeds):
            agent = made(np.random.default_rng(seed))
            result = evaluate(agent, PEOPLE, options.customers, options.batch, seed, **world)
            figures.append([result.gap_between(), result.gap_between(1 - LAST), *result.turn_gap])
        rows.append([name, *(number(each, 3) for each in np.mean(figures, axis=0))])
    turns = [f"after {turn} visits" for turn in TURNS]
    return table(["learner", "gap", "gap of the last eighth", *turns], rows)
