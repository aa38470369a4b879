"""Shows what agents that learned from logs earn, beside the policy that made the log and the best sellers."""

from __future__ import annotations

import argparse
from itertools import product

import pandas as pd
from tqdm import tqdm

from selflearn_agents.commands.arguments import add_out_argument, add_shop_argument, agent, positive, shop_of
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation.learning import (
    AT_THE_END,
    BEST,
    COLD,
    LOGGERS,
    LOGGING,
    POPULAR,
    WARM,
    compared,
    runs_of,
)
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.offline import LEARNERS

MODELS = ["independent", "position", "cascade", "logit"]
ENV = "selflearn/Retail-v0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_shop_argument(parser)
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument("--visits", type=positive, default=100_000, help="visits of each log")
    parser.add_argument("--seeds", type=positive, default=5, help="logs of each kind, with the seeds 0, 1, ...")
    parser.add_argument("--customer-models", nargs="+", choices=MODELS, default=MODELS, help="who logs are made of")
    parser.add_argument(
        "--warm", type=agent, default="hierarchical", help="an agent that serves after the log, warm-started and cold"
    )
    parser.add_argument("--warm-visits", type=positive, default=10_000, help="how many it then serves")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Logs, learns, writes."""
    out, shop = folder(options.out), shop_of(options)
    rows: list[dict[str, object]] = []
    cells = list(product(options.customer_models, LOGGERS))
    for customers, logger in tqdm(cells, unit=" kinds of log", disable=None):
        world = World(customers, ENV, 1, {"shop": shop, "slate_size": options.slate_size, "customer": customers})
        rows += runs_of(world, logger, options.visits, options.seeds, options.warm, options.warm_visits)
    frame = pd.DataFrame(rows)
    comparison = compared(frame)
    text = as_text(comparison, str(options.warm), options.warm_visits)
    with outputs(out, options) as new:
        write_text(new / "learning.csv", frame.to_csv(index=False))
        write_text(new / "comparison.csv", comparison.to_csv(index=False))
        write_text(new / "learning.md", text)
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(f"\n{text}")
    for name in ("learning.csv", "comparison.csv", "learning.md", "manifest.json"):
        print(out / name)


def as_text(comparison: pd.DataFrame, warm: str, visits: int) -> str:
    """Markdown: what the policies are worth; p-values of the learners; and of an agent that begins with the log."""
    worth, logging, popular, warmed = [], [], [], []
    for (customers, log), cell in comparison.groupby(["customers", "log"], sort=False):
        rows, name = cell.set_index("policy"), f"{customers}; {log}"
        value = rows["value"]
        worth.append([name, *(number(value[each], 3) for each in (LOGGING, AT_THE_END, POPULAR, *LEARNERS, BEST))])
        logging.append([name, *(_verdict(rows.loc[each], "logging") for each in LEARNERS)])
        popular.append([name, *(_verdict(rows.loc[each], "popular") for each in LEARNERS)])
        begun = rows.loc[f"{warm}, {WARM}"]
        warmed.append([name, number(value[f"{warm}, {COLD}"], 3), number(begun["value"], 3), _verdict(begun, "cold")])
    first = "customers; log"
    return "\n".join(
        [
            "Expected reward per visit, mean over the seeds:\n",
            table([first, LOGGING, AT_THE_END, POPULAR, *LEARNERS, BEST], worth),
            f"Above the {LOGGING} (two-sided p-value of the paired t-test over the seeds):\n",
            table([first, *LEARNERS], logging),
            f"Above {POPULAR}:\n",
            table([first, *LEARNERS], popular),
            f"{warm} over its first {visits:,} visits, without and with the log:\n",
            table([first, COLD, WARM, "difference"], warmed),
        ]
    )


def _verdict(row: pd.Series, against: str) -> str:
    return f"{row[f'over_{against}']:+.3f} (p {row[f'p_{against}']:.1g})"
