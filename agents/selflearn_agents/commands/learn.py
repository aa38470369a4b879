"""Lets an agent learn from a log, says what it learned from and what that is worth by visits held out, and keeps it.

The log is a file as `selflearn ope` reads it. The agent that is kept has learned from all of it; the estimates are of
one that has learned from the first two thirds of the episodes, judged by the last third. `selflearn ope` and
`selflearn_agents.load_agent` take the agent that is kept.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from selflearn_agents.commands.arguments import add_column_argument, add_out_argument, add_shop_argument, seed
from selflearn_agents.commands.ope_input import read
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.logs import VisitLog
from selflearn_agents.offline import LEARNERS, Learner, find_learner
from selflearn_agents.ope import OfflineResult, evaluate_offline, tables
from selflearn_agents.ope.summary import finding
from selflearn_agents.registry import agent_rng
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop

WIDTH = 120  # characters of a line
HELD_OUT = 3  # one of so many parts of the episodes
OF_EPISODES = ("last_observation", "last_state")  # columns
FEWEST = 2 * HELD_OUT  # episodes that can be split: to be judged by takes two


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("log", type=Path, metavar="LOG", help="the log of visits, .parquet or .csv")
    parser.add_argument(
        "--learner",
        type=learner,
        default="pessimistic",
        help=f'{", ".join(LEARNERS)}; hyperparameters in brackets, all of it in quotes: "pessimistic(pessimism=2.0)"',
    )
    add_shop_argument(parser)
    add_column_argument(parser)
    parser.add_argument("--seed", type=seed, default=0, help="breaks ties, and makes the folds of the estimates")
    add_out_argument(parser)


def learner(text: str) -> AgentSpec:
    """An argument that names a learner, maybe with hyperparameters."""
    try:
        return AgentSpec.parse(text, find_learner)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> None:
    """Learns, judges, writes."""
    out = folder(options.out)
    log, shop = read(options)
    agent = made(options, log, shop).fit(log)
    result = held_out(options, log, shop)
    text = as_text(str(options.learner), log, shop, result)
    with outputs(out, options) as new:
        agent.save(new / "agent.npz")
        write_text(new / "learn.md", text)
        figures = {} if result is None else {"estimates": result.to_frame().to_dict("index")}
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest, visits=len(log), **figures))
    print(text)
    for name in ("agent.npz", "learn.md", "manifest.json"):
        print(out / name)


def made(options: argparse.Namespace, log: VisitLog, shop: Shop) -> Learner:
    """The learner asked for, which has not learned yet."""
    spec = options.learner
    return spec.agent_class(shop.history, log.slate.shape[1], agent_rng(options.seed), **spec.hyperparameters)


def held_out(options: argparse.Namespace, log: VisitLog, shop: Shop) -> OfflineResult | None:
    """What the last third of the episodes says of what is learned from those before; None of too few."""
    episodes = len(log.last_state)
    if episodes < FEWEST:
        return None
    cut = episodes - episodes // HELD_OUT
    agent = made(options, log, shop).fit(part_of(log, 0, cut))
    return evaluate_offline(part_of(log, cut, episodes), agent, seed=options.seed)


def part_of(log: VisitLog, first: int, last: int) -> VisitLog:
    """The episodes of a log from the first one to the one before the last."""
    visits = slice(*log.first[[first, last]])
    columns = {each.name: getattr(log, each.name) for each in fields(log)}
    arrays = {name: value for name, value in columns.items() if isinstance(value, np.ndarray)}
    part: dict[str, Any] = {
        name: value[slice(first, last) if name in OF_EPISODES else visits] for name, value in arrays.items()
    }
    return replace(log, **part)


def as_text(name: str, log: VisitLog, shop: Shop, result: OfflineResult | None) -> str:
    """Markdown: what it learned from, and what it is worth."""
    rows = [
        ["visits", f"{len(log):,}"],
        ["episodes", f"{len(log.last_state):,}"],
        ["slots of a slate", f"{log.slate.shape[1]:,}"],
        ["showings", f"{log.slate.size:,}"],
        ["states that came", f"{np.unique(log.state).size:,} of {shop.states.size:,}"],
        ["products that were shown", f"{np.unique(log.slate).size:,} of {shop.products:,}"],
        ["reward per visit", number(float(log.reward.mean()), 3)],
        ["least propensity", "not told" if log.propensity is None else f"{log.propensity.min():.2g}"],
    ]
    parts = [table([f"{name} learned from", log.agent], rows)]
    if result is None:
        parts.append(f"Fewer than {FEWEST} episodes are too few to learn from some and to be judged by others.\n")
        return "\n".join(parts)
    estimates = tables.estimates(result)
    parts.append(
        fill(f"Learned from the first two thirds, and judged by the last: {finding(result, name)}", WIDTH) + "\n"
    )
    parts.append(table(estimates.head, estimates.rows))
    parts.append(fill(estimates.note, WIDTH) + "\n")
    return "\n".join(parts)
