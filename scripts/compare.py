"""Compares agents on the same customers, in the null world and with other customers; writes tables, plots, a report."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from datetime import date
from importlib.util import find_spec
from textwrap import fill

import pandas as pd
from command_line import (
    AGENT_HELP,
    add_run_arguments,
    agent,
    environment,
    folder,
    manifest,
    options_text,
    positive,
    run,
    versions,
    write_text,
)
from selflearn_agents import AGENTS
from selflearn_agents.evaluation import World
from selflearn_agents.evaluation.markdown import table
from selflearn_agents.evaluation.plots import save
from selflearn_agents.evaluation.report import html
from selflearn_agents.evaluation.study import NULL, Study, run_study
from selflearn_agents.specification import AgentSpec

from selflearn_env.archive import write_atomically
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.simulator import Simulator

BACKENDS = {"loky": "joblib", "ray": "ray", "dask": "distributed"}  # and the package that each needs


def main() -> None:
    """Reads the arguments, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--agents",
        nargs="+",
        type=agent,
        metavar="NAME",
        help=f"agents to compare: {AGENT_HELP}; by default all that need no extra, without the privileged where "
        "customers drift",
    )
    parser.add_argument("--seeds", type=positive, default=5, help="runs per agent, with the seeds 0, 1, ...")
    add_run_arguments(parser)
    parser.add_argument(
        "--customer-models",
        nargs="+",
        metavar="NAME",
        help=f"customer models to repeat it in, of {', '.join(CUSTOMERS)}, or module:Class, or none; by default "
        "all in which a slate matters",
    )
    parser.add_argument(
        "--check-customers",
        type=positive,
        help="visits per run in the null world and in the other customer models; by default a fifth of --customers",
    )
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, help="runs side by side")
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="loky",
        help="of joblib: processes of this machine; or a cluster, with ray or dask[distributed] installed",
    )
    options = parser.parse_args()

    needed = BACKENDS[options.backend]
    if not find_spec(needed):
        raise ImportError(f"--backend {options.backend} needs {needed}: pip install {needed}")
    out, used = folder(options.out), versions()
    env_options, shop, simulator = environment(options)
    own = str(env_options.get("customer", "seed" if options.env == NULL else "independent"))
    try:
        study = run_study(
            options.agents or _suitable(simulator),
            World(own, options.env, options.customers, env_options),
            options.seeds,
            options.batch,
            models=_models(options.customer_models, own),
            check_customers=options.check_customers,
            jobs=options.jobs,
            backend=options.backend,
            keep=out / "runs",
        )
    except KeyboardInterrupt:
        print(f"\nfinished runs are kept in {out / 'runs'}; the same command goes on from there", file=sys.stderr)
        raise
    made = {
        "environment": options_text(options),
        "visits": f"{options.customers:,} per run, {options.batch} decided before their feedback is learned from",
        "seeds": f"{options.seeds}, those of the environment and of the agent",
        "shop": f"{shop.products:,} products, {shop.states.size:,} states, digest {shop.digest[:16]}",
        "command": shlex.join(["compare.py", *sys.argv[1:]]),
        "versions": ", ".join(f"{name} {version}" for name, version in used.items()),
        "made": f"{date.today():%d %B %Y}, on {os.cpu_count()} cores, {options.jobs} runs side by side",
    }
    _write(study, options, made)
    print(f"\n{options_text(options)}, {options.customers:,} customers, {options.seeds} seed(s)\n\n{study.summary()}\n")
    for each in study.tables:
        print(f"{each.title}\n\n{table(each.head, each.rows)}\n{fill(each.note, 120)}\n")
    for name in FILES:
        print(out / name)


FILES = (
    *("tables.md", "results.csv", "runs.csv", "manifest.json"),
    *(f"{name}.{kind}" for name in ("curves", "regret", "differences") for kind in ("png", "svg")),
    "report.html",
)


def _write(study: Study, options: argparse.Namespace, made: dict[str, str]) -> None:
    """All files."""
    out = options.out
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
    write_text(out / "report.html", html(study, f"Agents compared in {made['environment']}", made))


def _suitable(simulator: Simulator) -> list[AgentSpec | str]:
    """The agents that can be compared here without an extra."""
    return [
        name
        for name, kind in AGENTS.items()
        if not (kind.privileged and simulator.drift is not None)
        and not (kind.sees_visits and not simulator.lasting)  # the same as `oracle` there
        and kind.extra is None
    ]


def _models(asked: list[str] | None, own: str) -> list[str]:
    """The customer models beside the comparison's own."""
    if own == "seed" or asked == ["none"]:
        return []
    return [name for name in dict.fromkeys(asked or CUSTOMERS) if name not in ("seed", own)]


if __name__ == "__main__":
    run(main)
