"""Compares agents over customers' lives: what a customer is worth under each, and whether it pays to think ahead."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from typing import IO, Any

import numpy as np
import pandas as pd
from command_line import (
    AGENT_HELP,
    add_environment_arguments,
    agent,
    environment,
    folder,
    manifest,
    options_text,
    place,
    positive,
    run,
    write_text,
)
from matplotlib.figure import Figure
from selflearn_agents.evaluation.lives import LivesResult, evaluate_lives, worth_more
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.result import marked
from selflearn_agents.specification import AgentSpec
from tqdm import tqdm

from selflearn_env.archive import write_atomically

MYOPIC = marked("myopic_oracle", privileged=True)
DEFAULT = ("random", "popular", "hierarchical", "oracle", "myopic_oracle", "myopic_oracle(holding_back=0.4)")
Runs = dict[str, list[LivesResult]]


def main() -> None:
    """Reads the arguments, lets the agents serve, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--agents", nargs="+", type=agent, metavar="NAME", default=argparse.SUPPRESS,
        help=f"agents to compare: {AGENT_HELP}; by default {', '.join(DEFAULT)}",
    )  # fmt: skip
    parser.add_argument("--seeds", type=positive, default=5, help="runs per agent, with the seeds 0, 1, ...")
    parser.add_argument("--customers", type=positive, default=10_000, help="customers to serve, per agent and seed")
    parser.add_argument(
        "--ppo", type=positive, metavar="VISITS",
        help="learns a policy by PPO from so many visits, per seed, and compares it; needs the extra sb3",
    )  # fmt: skip
    parser.add_argument("--discount", type=float, default=0.95, help="of PPO: a visit's reward against the one before")
    add_environment_arguments(parser, "selflearn/RetailJourney-v0")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")
    options = parser.parse_args(namespace=argparse.Namespace(agents=[AgentSpec.parse(name) for name in DEFAULT]))
    if options.ppo and not find_spec("stable_baselines3"):
        raise ImportError('--ppo needs stable-baselines3: pip install "selflearn-env[sb3]"')

    texts = [spec.text for spec in options.agents]
    if len(set(texts)) < len(texts):
        raise ValueError(f"an agent is asked for twice: {texts}")
    out = folder(options.out)
    env_options, shop, simulator = environment(options)
    runs: Runs = {}
    for seed in range(options.seeds):
        for spec in tqdm(options.agents, desc=f"seed {seed}", unit=" agents"):
            serving = spec.make(shop.history, options.slate_size, seed, simulator)
            result = evaluate_lives(serving, options.env, options.customers, seed, **env_options)
            runs.setdefault(marked(spec.text, serving.privileged), []).append(result)
        if options.ppo:
            runs.setdefault(marked("PPO", True), []).append(_learned(options, seed, env_options))
    text = _as_text(runs, options)
    write_text(out / "lives.md", text)
    write_text(out / "lives.csv", _frame(runs).to_csv(index=False))
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    with write_atomically(out / "lives.png") as file:
        _plot(runs, file)
    print(f"\n{text}")
    for name in ("lives.md", "lives.csv", "lives.png", "manifest.json"):
        print(out / name)


def _learned(options: argparse.Namespace, seed: int, env_options: dict[str, Any]) -> LivesResult:
    """PPO, trained for this seed and then served."""
    from learned_ranker import HOLDING_BACK, LearnedRanker  # torch is an extra

    history = env_options["shop"].history
    policy = LearnedRanker(history, seed=seed, steps=options.ppo, discount=options.discount, **env_options)
    result = evaluate_lives(policy, options.env, options.customers, seed, **env_options)
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
    reference = runs.get(MYOPIC)
    rows = []
    for name, of in means.iterrows():
        against = "-"
        if reference and name != MYOPIC:
            more = worth_more(runs[str(name)], reference)
            against = f"{number(more.value, 2)} ({number(more.low, 2)} .. {number(more.high, 2)})"
        rows.append(
            [
                str(name),
                *(number(of[column], 2) for column in ("return", "expected return", "reward per visit")),
                *(number(of[column], 2) for column in ("visits", "purchases")),
                f"{100 * of['left']:.1f} %",
                against,
            ]
        )
    head = [
        *("agent", "return", "expected return", "reward per visit", "visits", "purchases", "left for good"),
        "expected return above the myopic oracle (95 %)",
    ]
    return (
        f"# {options_text(options)}\n\nPer customer, means over {options.seeds} seeds of {options.customers:,} "
        f"customers; returns are undiscounted sums over a life.\nThe difference is paired by seed, with Student's t "
        "interval.\n\n"
        f"{table(head, rows)}"
    )


def _plot(runs: Runs, file: IO[bytes]) -> None:
    """Writes a PNG: the expected return of each agent, a dot per seed."""
    figure = Figure(figsize=(8, 0.5 * len(runs) + 1.2), layout="constrained")
    axes = figure.subplots()
    for place_, results in enumerate(reversed(runs.values())):
        returns = [each.expected_reward.mean() for each in results]
        axes.plot(returns, np.full(len(returns), place_), "o", color="tab:blue", alpha=0.6)
        axes.annotate(f"{np.mean(returns):.1f}", (max(returns), place_), (6, -3), textcoords="offset points")
    axes.set_yticks(range(len(runs)), list(reversed(runs)))
    axes.set(xlabel="expected return per customer, undiscounted; a dot per seed")
    axes.margins(x=0.12)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(file, format="png", dpi=130)


if __name__ == "__main__":
    run(main)
