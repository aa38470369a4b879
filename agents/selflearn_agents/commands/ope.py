"""Estimates from a log of visits what other policies would have earned; with verdicts, pictures and a report.

The log is a Parquet file of `VisitLog.to_parquet`, or a table of your own, CSV or Parquet, with a row for each product
shown: visit, state (a label of the shop's, such as Q4_September_1_Wednesday, or a column for each tier), slot (from 0
or 1), product (the shop's code), response (0 ignored, 1 clicked, 2 bought) or item_reward, and, as far as they are
known, propensity (of the product in its slot, given those above), marginal (whatever the others show), and episode (the
customer).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import fill

import pandas as pd
from tqdm import tqdm

from selflearn_agents.commands.arguments import AGENT_HELP, add_column_argument, add_out_argument, natural, seed
from selflearn_agents.commands.ope_input import made, policy, read
from selflearn_agents.commands.output import folder, manifest, outputs, versions, write_text
from selflearn_agents.evaluation.markdown import Table, table
from selflearn_agents.evaluation.page import Picture, Section, page
from selflearn_agents.ope import ESTIMATORS, OfflineResult, evaluate_offline, tables
from selflearn_agents.ope.summary import amount, decimals_of, finding, percent
from selflearn_agents.plots.ope import figure_of
from selflearn_agents.plots.style import save
from selflearn_env import Shop
from selflearn_env.archive import write_atomically

WIDTH = 120  # characters of a line
FILES = ("ope.md", "ope.csv", "ope.png", "report.html", "manifest.json")
POLICY_HELP = (
    f"{AGENT_HELP}; or the .npz file of a saved agent, as it is now. A named one is as the shop's history has it"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("log", type=Path, metavar="LOG", help="the log of visits, .parquet or .csv")
    parser.add_argument(
        "--target", nargs="+", type=policy, required=True, metavar="AGENT", help=f"what to judge: {POLICY_HELP}"
    )
    parser.add_argument(
        "--logging-policy",
        type=policy,
        metavar="AGENT",
        help="what showed the slates, as it was then, if it did not learn meanwhile: gives the probabilities that the "
        "log lacks, in the same words as --target",
    )
    parser.add_argument(
        "--estimators",
        nargs="+",
        choices=ESTIMATORS,
        metavar="NAME",
        help=f"how to estimate: {', '.join(ESTIMATORS)}; by default all",
    )
    parser.add_argument(
        "--shop",
        type=Path,
        help="the log's shop, from `selflearn build`; by default the one that the log names, else the embedded log's",
    )
    add_column_argument(parser)
    parser.add_argument("--level", type=float, default=0.95, help="how often intervals should hold the truth, 0..1")
    parser.add_argument(
        "--resamples",
        type=natural,
        default=1000,
        help="samples of the bootstrap, whose intervals are in ope.csv; 0 for none",
    )
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of the named agents, the reward model's folds and the bootstrap"
    )
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Judges, writes."""
    out = folder(options.out)
    names = [str(target) for target in options.target]
    if len(set(names)) < len(names):
        raise ValueError(f"a target is asked for twice: {names}")
    log, shop = read(options)
    logging_policy = options.logging_policy and made(options.logging_policy, log, shop, options.seed)
    targets = [made(target, log, shop, options.seed) for target in options.target]
    results = {}
    for name, target in tqdm(list(zip(names, targets, strict=True)), desc="judging", unit=" targets", disable=None):
        results[name] = evaluate_offline(
            log,
            target,
            options.estimators,
            logging_policy=logging_policy,
            seed=options.seed,
            resamples=options.resamples,
            level=options.level,
        )
    text = text_of(results)
    with outputs(out, options) as new:
        write(new, options, shop, results, text)
    print(text)
    for name in FILES:
        print(out / name)


def summary(results: Mapping[str, OfflineResult]) -> str:
    """What was logged."""
    result = next(iter(results.values()))
    reward, low, high = (
        amount(each, decimals_of(result)) for each in (result.logged_reward, result.logged_low, result.logged_high)
    )
    return (
        f"{result.visits:,} visits served by {result.logged_agent} earned {reward} reward units each "
        f"({percent(result.level)} interval {low} to {high})."
    )


def text_of(results: Mapping[str, OfflineResult]) -> str:
    """All that there is to read, as Markdown."""
    one, every = next(iter(results.values())), tables.overview(results)
    findings = [fill(f"- {finding(result, name)}", WIDTH, subsequent_indent="  ") for name, result in results.items()]
    parts = [fill(summary(results), WIDTH), "\n".join(findings), table(every.head, every.rows).rstrip()]
    for name, result in results.items():
        found = tables.estimates(result)
        parts += [f"## {name}", table(found.head, found.rows).rstrip(), _bullets(tables.verdicts(result))]
    assumed = tables.assumptions(one)
    parts += [f"## {assumed.title}", _bullets(assumed), fill(assumed.note, WIDTH), "## How to read the tables"]
    parts += [fill(each.note, WIDTH) for each in (every, tables.estimates(one))]
    return "\n\n".join(parts) + "\n"


def _bullets(of: Table) -> str:
    """A table of two columns of words as a list."""
    return "\n".join(fill(f"- {who}: {what}", WIDTH, subsequent_indent="  ") for who, what in of.rows)


def write(out: Path, options: argparse.Namespace, shop: Shop, results: Mapping[str, OfflineResult], text: str) -> None:
    """All files."""
    made = {
        "log": str(options.log),
        "logging policy": str(options.logging_policy or "not given"),
        "shop": f"{shop.products:,} products, {shop.states.size:,} states, digest {shop.digest[:16]}",
        "command": options.command,
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        "made": f"{date.today():%d %B %Y}",
    }
    title = "What other policies would have earned"
    write_text(out / "ope.md", f"# {title}\n\n{text}")
    frame = pd.concat({name: result.to_frame() for name, result in results.items()}, names=["target"])
    write_text(out / "ope.csv", frame.to_csv())
    with write_atomically(out / "ope.png") as file:
        save(figure_of(results), file, "png")
    write_text(out / "report.html", page(title, summary(results), _sections(results), made))
    figures = {
        name: {"finding": finding(result, name), "support": result.support.share} for name, result in results.items()
    }
    logged = next(iter(results.values())).logged_reward
    write_text(
        out / "manifest.json",
        manifest(options, shop_digest=shop.digest, logged_reward=logged, targets=figures, made=made),
    )


def _sections(results: Mapping[str, OfflineResult]) -> list[Section]:
    """Of the report."""
    every = tables.overview(results)
    sections = [Section("overview", every.title, every.title, [every])]
    for number, (name, result) in enumerate(results.items()):
        caption = (
            f"{name}: estimates with their {percent(result.level)} intervals; dashed: what was logged, in its interval."
        )
        sections.append(
            Section(
                f"target-{number}",
                name,
                name,
                [tables.estimates(result), tables.verdicts(result)],
                [Picture.of(figure_of({name: result}, titled=False), caption)],
                finding(result, name),
            )
        )
    assumed = tables.assumptions(next(iter(results.values())))
    return [*sections, Section("assumptions", "Assumptions", assumed.title, [assumed])]
