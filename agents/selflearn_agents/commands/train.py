"""Lets one agent serve visits and learn from them, and writes the agent, its curve and a manifest."""

from __future__ import annotations

import argparse
from dataclasses import replace

from selflearn_agents.commands.arguments import AGENT_HELP, add_run_arguments, agent, delay_of, seed, world
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation import ComparisonResult
from selflearn_agents.evaluation.evaluate import judged_by_log, serve_world
from selflearn_agents.plots.comparison import learning_curves
from selflearn_agents.plots.style import save
from selflearn_env.archive import write_atomically
from selflearn_env.scratch import scratch_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--agent", type=agent, default="epsilon_greedy", help=AGENT_HELP)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the agent and of the environment")
    add_run_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Trains, writes."""
    out = folder(options.out)
    where = world(options)
    learner = options.agent.make(where.shop.history, options.slate_size, options.seed, where.simulator)
    with scratch_folder() as scratch:
        learner.save(scratch / "agent.npz")  # what cannot be saved says so before the work
    result = serve_world(learner, where, options.batch, options.seed, progress=True, delay=delay_of(options))
    result = replace(judged_by_log(result, learner, where), agent=options.agent.text)
    figures = result.figures()

    with outputs(out, options) as new:
        learner.save(new / "agent.npz")
        write_text(new / "curve.csv", result.frame().to_csv(index=False))
        with write_atomically(new / "curve.png") as file:
            save(learning_curves(ComparisonResult((result,))), file, "png")
        write_text(new / "manifest.json", manifest(options, shop_digest=where.shop.digest, figures=figures))
    print(
        f"{figures['agent']}: reward per slate {figures['reward_early']:.2f} early, {figures['reward_late']:.2f} late; "
        f"{figures['gap']:.3f} of the way from random to optimal; {figures['slates_per_second']:,.0f} slates/s"
    )
    for name in ("agent.npz", "curve.csv", "curve.png", "manifest.json"):
        print(out / name)
