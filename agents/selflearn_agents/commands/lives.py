"""Compares agents over customers' lives: what a customer is worth under each, and whether it pays to think ahead."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

import pandas as pd
from tqdm import tqdm

from selflearn_agents.commands.arguments import (
    AGENT_HELP,
    add_environment_arguments,
    add_out_argument,
    agent,
    positive,
    world,
)
from selflearn_agents.commands.output import folder, manifest, options_text, outputs, write_text
from selflearn_agents.evaluation.lives import LivesResult, serve_customers, worth_more
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.result import marked
from selflearn_agents.evaluation.tables import interval, p_text
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.plots.lives import worth_plot
from selflearn_agents.plots.style import save
from selflearn_agents.specification import AgentSpec
from selflearn_env.archive import write_atomically
from selflearn_env.plugins import missing_extra

MYOPIC = "myopic_oracle"
REFERENCES = "oracle", MYOPIC, f"{MYOPIC}(holding_back=0.4)"
DEFAULT = ("random", "popular", "hierarchical", "personal", "patient", *REFERENCES)
Runs = dict[str, list[LivesResult]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--agents", nargs="+", type=agent, metavar="NAME",
        help=f"agents to compare: {AGENT_HELP}; by default {', '.join(DEFAULT)}",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=agent, metavar="NAME",
        help="the agent compared that the others' returns are set against; by default myopic_oracle, if it is there",
    )  # fmt: skip
    parser.add_argument("--seeds", type=positive, default=5, help="runs per agent, with the seeds 0, 1, ...")
    parser.add_argument("--customers", type=positive, default=10_000, help="customers to serve, per agent and seed")
    parser.add_argument(
        "--ppo", type=positive, metavar="VISITS",
        help="learns a policy by PPO from so many visits, per seed, and compares it; needs the extra sb3",
    )  # fmt: skip
    parser.add_argument(
        "--discount",
        type=float,
        default=0.95,
        help="discount of PPO: what the reward of a visit counts, against that of the visit before",
    )
    add_environment_arguments(parser, "selflearn/RetailJourney-v0")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Lets the agents serve, writes."""
    if options.ppo and not find_spec("stable_baselines3"):
        raise missing_extra("--ppo needs Stable-Baselines3", "sb3")
    options.agents = options.agents or [AgentSpec.parse(name) for name in DEFAULT]
    texts = [spec.text for spec in options.agents]
    if len(set(texts)) < len(texts):
        raise ValueError(f"an agent is asked for twice: {texts}")
    if options.against and options.against.text not in texts:
        raise ValueError(f"--against {options.against.text} is none of the agents compared: {', '.join(texts)}")
    options.against = options.against or AgentSpec.parse(MYOPIC)
    out = folder(options.out)
    where = world(options)
    runs: Runs = {}
    for seed in range(options.seeds):
        for spec in tqdm(options.agents, desc=f"seed {seed}", unit=" agents"):
            serving = spec.make(where.shop.history, options.slate_size, seed, where.simulator)
            result = serve_customers(serving, where, options.customers, seed)
            runs.setdefault(marked(spec.text, serving.privileged), []).append(result)
        if options.ppo:
            runs.setdefault(marked("PPO", True), []).append(_learned(options, seed, where))
    text = _as_text(runs, options)
    frame = _frame(runs)
    with outputs(out, options) as new:
        write_text(new / "lives.md", text)
        write_text(new / "lives.csv", frame.to_csv(index=False))
        write_text(new / "manifest.json", manifest(options, shop_digest=where.shop.digest))
        with write_atomically(new / "lives.png") as file:
            save(worth_plot(frame), file, "png")
    print(f"\n{text}")
    for name in ("lives.md", "lives.csv", "lives.png", "manifest.json"):
        print(out / name)


def _learned(options: argparse.Namespace, seed: int, where: World) -> LivesResult:
    """PPO, trained for this seed and then served."""
    from selflearn_agents.adapters.learned_ranker import HOLDING_BACK, LearnedRanker  # torch is an extra

    policy = LearnedRanker(
        where.shop.history, seed=seed, steps=options.ppo, discount=options.discount, **where.env_options
    )
    result = serve_customers(policy, where, options.customers, seed)
    shares = ", ".join(
        f"{share:.0%} of {held:g}"
        for held, share in zip(HOLDING_BACK, policy.chosen / policy.chosen.sum(), strict=True)
    )
    print(f"PPO of seed {seed} holds back: {shares}")
    return result


def _frame(runs: Runs) -> pd.DataFrame:
    """One row per agent and seed."""
    return pd.DataFrame(
        [{"agent": name, "seed": each.seed, **each.figures()} for name, results in runs.items() for each in results]
    )


def _as_text(runs: Runs, options: argparse.Namespace) -> str:
    """The table, as Markdown."""
    means = _frame(runs).drop(columns="seed").groupby("agent", sort=False).mean()
    against = options.against.text
    reference = next((name for name in runs if name in (against, marked(against, privileged=True))), None)
    rows = []
    for name, of in means.iterrows():
        gain, chance = "-", "-"
        if reference and name != reference:
            more, p = worth_more(runs[str(name)], runs[reference])
            gain, chance = interval(more, 2), p_text(p)
        rows.append(
            [
                str(name),
                *(
                    number(of[column], 2)
                    for column in ("return", "expected return", "last quarter", "reward per visit")
                ),
                *(number(of[column], 2) for column in ("visits", "purchases")),
                f"{100 * of['left']:.1f} %",
                gain,
                chance,
            ]
        )
    head = [
        *("agent", "return", "expected return", "last quarter", "reward per visit"),
        *("visits", "purchases", "left for good", f"expected return above {against} (95 %)", "p"),
    ]
    return (
        f"# {options_text(options)}\n\nPer customer, means over {options.seeds} seeds of {options.customers:,} "
        f"customers; returns are undiscounted sums over a life.\nThe last quarter is the expected return of the last "
        "quarter of the customers, who come in groups of\n1,000 side by side. The difference is paired by seed, with "
        "Student's t interval; p is that of the paired t-test.\n\n"
        f"{table(head, rows)}"
    )
