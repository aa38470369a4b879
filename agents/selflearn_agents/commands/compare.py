"""Compares agents on the same visits, in the null world and with other customers; writes tables, plots, a report."""

from __future__ import annotations

import argparse
import os
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd

from selflearn_agents import AGENTS
from selflearn_agents.commands.arguments import AGENT_HELP, add_run_arguments, agent, delay_of, jobs, positive, world
from selflearn_agents.commands.output import folder, kept_in, manifest, options_text, outputs, versions, write_text
from selflearn_agents.evaluation import Plan
from selflearn_agents.evaluation.markdown import table
from selflearn_agents.evaluation.report import html
from selflearn_agents.evaluation.study import Study, run_study
from selflearn_agents.evaluation.workers import dismissing
from selflearn_agents.plots.style import save
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.simulator import Simulator

BACKENDS = {"loky": "joblib", "ray": "ray", "dask": "distributed"}  # and the package that each needs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--agents",
        nargs="+",
        type=agent,
        metavar="NAME",
        help=f"agents to compare: {AGENT_HELP}; by default all that need no extra package, without myopic_oracle and "
        "those that know customers where none is known (others show the same there), and without privileged "
        "ones where interest drifts or products run out",
    )
    parser.add_argument("--seeds", type=positive, default=5, help="runs per agent, with the seeds 0, 1, ...")
    add_run_arguments(parser)
    parser.add_argument(
        "--customer-models",
        nargs="+",
        metavar="NAME",
        help="customer models in which to repeat the comparison: "
        f"{', '.join(name for name in CUSTOMERS if name != 'seed')}, or module:Class; none for no repetition; "
        "by default all but the environment's own. Ignored where that is seed",
    )
    parser.add_argument(
        "--check-customers",
        type=positive,
        help="visits per run in the null world and in the other customer models; by default a fifth of --customers",
    )
    parser.add_argument(
        "--jobs", type=jobs, default=os.cpu_count() or 1, help="runs side by side; by default one per core"
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="loky",
        help="where the runs go on: loky, on this machine; ray or dask, on a cluster (needs ray or dask[distributed])",
    )


def run(options: argparse.Namespace) -> None:
    """Compares, writes."""
    needed = BACKENDS[options.backend]
    if not find_spec(needed):
        raise ImportError(f"--backend {options.backend} needs {needed}: pip install {needed}")
    out, used = folder(options.out), versions()
    where = world(options)
    plan = Plan(
        options.agents or _suitable(where.simulator),
        [where],
        options.seeds,
        options.batch,
        jobs=options.jobs,
        backend=options.backend,
        keep=out / "runs",
        delay=delay_of(options),
    )
    with kept_in(out / "runs"), dismissing():
        study = run_study(plan, _models(options.customer_models, where.name), options.check_customers)
    late = "" if plan.delay is None else f"; {plan.delay}"
    about = described(
        where.shop, "Online Retail, the log of this package" if options.shop is None else options.shop.name
    )
    made = {
        "environment": options_text(options),
        "visits": f"{options.customers:,} per run, {options.batch} decided before their feedback is learned from{late}",
        "seeds": f"{options.seeds}, those of the environment and of the agent",
        "shop": f"{about}; {where.shop.states.size:,} states, digest {where.shop.digest[:16]}",
        "command": options.command,
        "versions": ", ".join(f"{name} {version}" for name, version in used.items()),
        "made": f"{date.today():%d %B %Y}, on {os.cpu_count()} cores, {options.jobs} runs side by side",
    }
    with kept_in(out / "runs"), outputs(out, options) as new:
        _write(study, options, made, about, new)
    print(
        f"\n{options_text(options)}, {options.customers:,} visits, {options.seeds} seed(s){late}\n\n{study.summary()}\n"
    )
    for each in study.tables:
        print(f"{each.title}\n\n{table(each.head, each.rows)}\n{fill(each.note, 120)}\n")
    for name in FILES:
        print(out / name)


FILES = (
    *("tables.md", "results.csv", "runs.csv", "manifest.json"),
    *(f"{name}.{kind}" for name in ("curves", "regret", "differences") for kind in ("png", "svg")),
    "report.html",
)


def _write(study: Study, options: argparse.Namespace, made: dict[str, str], about: str, out: Path) -> None:
    """All files."""
    heading = f"# {made['environment']}\n\n{study.summary()}\n\n{made['visits']}; {made['made']}\n"
    texts = [heading] + [f"## {each.title}\n\n{table(each.head, each.rows)}\n{each.note}\n" for each in study.tables]
    write_text(out / "tables.md", "\n".join(texts))
    curves = [result.frame().assign(world=name) for name, result in study.worlds.items()]
    write_text(out / "results.csv", pd.concat(curves, ignore_index=True).to_csv(index=False))
    runs = pd.DataFrame(
        [{"world": name, **run_.figures()} for name, result in study.worlds.items() for run_ in result.runs]
    )
    write_text(out / "runs.csv", runs.to_csv(index=False))
    write_text(out / "manifest.json", manifest(options, shop_digest=study.shop.digest, made=made))
    for name, figure in study.figures().items():
        for kind in ("png", "svg"):
            with write_atomically(out / f"{name}.{kind}") as file:
                save(figure, file, kind)
    write_text(out / "report.html", html(study, f"Agents compared in {made['environment']}", made, about))


def described(shop: Shop, name: str) -> str:
    """A shop by its name, its products, the rows of its log and their dates."""
    days = [
        each.first_date + day
        for each in (shop.history.baskets, shop.customers)
        if each.visit_day.size
        for day in (0, int(each.visit_day.max()))
    ]
    first, last = (np.datetime64(day, "D").item() for day in (min(days), max(days)))
    return (
        f"{name}: a shop of {shop.products:,} products, {shop.report.rows_kept:,} rows from {first.day} {first:%B %Y} "
        f"to {last.day} {last:%B %Y}"
    )


def _suitable(simulator: Simulator) -> list[AgentSpec | str]:
    """The agents that can be compared here without an extra."""
    return [
        name
        for name, kind in AGENTS.items()
        if not (kind.privileged and simulator.changes)
        and (simulator.lasting or not (kind.sees_visits or kind.knows_customers))  # others have nobody to know there
        and kind.extra is None
    ]


def _models(asked: list[str] | None, own: str) -> list[str]:
    """The customer models beside the comparison's own."""
    if own == "seed" or asked == ["none"]:
        return []
    return [name for name in dict.fromkeys(asked or CUSTOMERS) if name not in ("seed", own)]
