"""The open benchmark: how good agents are, in a table of entries x environments x logs x seeds that others can join.

What is fast, and how fast, is another command: `selflearn benchmark`.
"""

from __future__ import annotations

import argparse
import os

from selflearn_agents.commands.arguments import jobs, natural, pair, positive
from selflearn_agents.commands.helps import HelpFormatter
from selflearn_agents.commands.output import kept_in
from selflearn_agents.evaluation.workers import dismissing
from selflearn_agents.suite.cells import Cell, cells_of
from selflearn_agents.suite.definition import Suite, read_suite
from selflearn_agents.suite.entries import read_entries
from selflearn_agents.suite.rendering import as_markdown, write_tables
from selflearn_agents.suite.running import run_cells
from selflearn_agents.suite.standings import standings
from selflearn_agents.suite.verifying import verified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="run | table | verify")
    run_ = _action(actions, "run", "compute what is missing in the table; a run that was stopped goes on")
    run_.add_argument(
        "--only",
        nargs="+",
        type=pair,
        default=[],
        metavar="NAME=VALUE",
        help="compute only a part of the table: entry=..., env=... and log=..., each a name of the suite",
    )
    run_.add_argument("--seeds", type=positive, help="how many seeds, from the first on; by default those of the suite")
    run_.add_argument("--jobs", type=jobs, default=os.cpu_count() or 1, help="runs side by side")
    _action(actions, "table", "make the table of the results that are there, and show it")
    verify = _action(actions, "verify", "compute a row again, and compare it bit for bit with what is stored")
    for name, what in (
        ("entry", "an entry"),
        ("environment", "an environment of the suite"),
        ("log", "a log of the suite"),
    ):
        verify.add_argument(name, metavar=name.upper(), help=what)
    verify.add_argument("--seed", type=natural, help="compute only this seed; by default all")


def _action(actions: argparse._SubParsersAction, name: str, what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--suite",
        default="core",
        help="the name of a suite, such as core for benchmarks/core.yaml, or the path of a YAML file",
    )
    return parser


def run(options: argparse.Namespace) -> None:
    """Computes, shows or compares."""
    suite = read_suite(options.suite)
    if options.action == "run":
        _run(options, suite)
    elif options.action == "verify":
        _verify(options, suite)
    else:
        print(_write(suite, cells_of(suite, read_entries(suite.entries))))


def _run(options: argparse.Namespace, suite: Suite) -> None:
    entries = read_entries(suite.entries)
    names = [name for name, _ in options.only]
    if len(set(names)) < len(names):
        raise ValueError(f"--only {' '.join(names)}: each may be given once")
    cells = cells_of(suite, entries, dict(options.only))
    seeds = None if options.seeds is None else range(options.seeds)
    with kept_in(suite.results), dismissing():
        outcome = run_cells(cells, seeds, options.jobs)
    _write(suite, cells_of(suite, entries))
    print(f"{outcome.done:,} runs carried out, {outcome.kept:,} were there before")
    for name, reason in outcome.not_here.items():
        print(f"not run here: {name}: {reason}")
    for name, error in list(outcome.failed.items())[1:]:
        print(f"failed: {name}: {error}")
    if outcome.failed:
        raise next(iter(outcome.failed.values()))


def _write(suite: Suite, cells: list[Cell]) -> str:
    """Writes the files of the table; the one in Markdown."""
    rows = standings(cells)
    for path in write_tables(suite, rows):
        print(path)
    return as_markdown(suite, rows)


def _verify(options: argparse.Namespace, suite: Suite) -> None:
    only = {"entry": options.entry, "env": options.environment, "log": options.log}
    (cell,) = cells_of(suite, read_entries(suite.entries), only)
    if cell.left_out is not None:
        raise ValueError(f"{cell.name} takes no part: {cell.left_out}")
    for seed in cell.seeds if options.seed is None else [options.seed]:
        print(f"{cell.name}, seed {seed}: {verified(cell, seed)} figures are the same, bit for bit")
