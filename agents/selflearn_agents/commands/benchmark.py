"""Measures speed and memory on this machine: medians over repeats, and ratios to peers measured in the same run.

How good agents are is another command: `selflearn bench`.
"""

from __future__ import annotations

import argparse
import json

from selflearn_agents.benchmark.agents import agent_rows
from selflearn_agents.benchmark.comparison import compare_rows
from selflearn_agents.benchmark.environments import environment_rows
from selflearn_agents.benchmark.growth import growth
from selflearn_agents.benchmark.judging import judging_rows
from selflearn_agents.benchmark.large import large
from selflearn_agents.benchmark.report import BASELINE, as_text, check, described, relative
from selflearn_agents.benchmark.serving import serving_rows
from selflearn_agents.benchmark.shops import shop_rows
from selflearn_agents.commands.arguments import add_out_argument, positive
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.plots.speed import targets_plot
from selflearn_agents.plots.style import save
from selflearn_env.archive import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--repeats", type=positive, default=5, help="repeats of each measurement")
    parser.add_argument(
        "--check", action="store_true", help="fail if anything fell by more than a fifth below the baseline"
    )
    parser.add_argument("--keep", action="store_true", help=f"write the baseline, {BASELINE.name}, anew")
    parser.add_argument("--growth", action="store_true", help="measure how the cost grows, too")
    parser.add_argument("--large", action="store_true", help="measure logs of up to 50 million rows, too")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Measures, writes, and compares with the baseline if asked."""
    out = folder(options.out)
    at_scale = large(out, options.repeats) if options.large else []
    rows = [
        *shop_rows(options.repeats),
        *environment_rows(options.repeats),
        *agent_rows(options.repeats),
        *compare_rows(),
        *serving_rows(options.repeats),
        *judging_rows(options.repeats),
        *at_scale,
    ]
    machine = described()
    with outputs(out, options) as new:
        write_text(new / "benchmark.md", f"{machine}\n\n{as_text(rows)}")
        write_text(new / "benchmark.json", manifest(options, described=machine, rows=[row._asdict() for row in rows]))
        with write_atomically(new / "benchmark.png") as file:
            save(targets_plot(rows), file, "png")
    print(f"{machine}\n\n{as_text(rows)}")
    if options.growth:
        growth(out)
    for file_name in sorted(path.name for path in out.glob("[!.]*")):
        print(out / file_name)
    now = relative(rows)
    if options.keep:
        write_text(BASELINE, json.dumps(now, indent=2) + "\n")
    if options.check:
        check(now, json.loads(BASELINE.read_text(encoding="utf-8")))
