"""Lets one agent serve customers and learn from them, and writes the agent, its curve and a manifest."""

from __future__ import annotations

import argparse

from command_line import add_run_arguments, as_json, environment, folder, manifest, pair, run, seed, write_text

from agents import AGENTS, make_agent
from agents.evaluation import ComparisonResult, evaluate
from agents.evaluation.plots import learning_curves
from selflearn_env.archive import write_atomically


def main() -> None:
    """Reads the arguments, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--agent", choices=AGENTS, default="epsilon_greedy", help="which agent")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=pair,
        help="a hyperparameter of the agent, such as epsilon=0.05; may be repeated",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the agent and of the environment")
    add_run_arguments(parser)
    options = parser.parse_args()

    out = folder(options.out)
    env_options, shop, simulator = environment(options)
    settings = {name: as_json(value) for name, value in options.set}
    if AGENTS[options.agent].privileged:
        settings = {"simulator": simulator, **settings}
    agent = make_agent(
        options.agent, history=shop.history, slate_size=options.slate_size, seed=options.seed, **settings
    )
    result = evaluate(agent, options.env, options.customers, options.batch, options.seed, **env_options)
    figures = result.figures()

    agent.save(out / "agent.npz")
    write_text(out / "curve.csv", result.frame().to_csv(index=False))
    with write_atomically(out / "curve.png") as file:
        learning_curves(ComparisonResult((result,)), file)
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest, figures=figures))
    print(
        f"{figures['agent']}: reward per slate {figures['reward_early']:.2f} early, {figures['reward_late']:.2f} late; "
        f"{figures['gap']:.3f} of the way from random to optimal; {figures['slates_per_second']:,.0f} slates/s"
    )
    for name in ("agent.npz", "curve.csv", "curve.png", "manifest.json"):
        print(out / name)


if __name__ == "__main__":
    run(main)
