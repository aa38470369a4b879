"""Several agents on the same customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import pandas as pd

from agents import AGENTS, make_agent
from agents.agent import Agent
from agents.evaluation.evaluate import EvaluationResult, evaluate


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """Runs of agents x seeds.

    Attributes:
        runs: one result per agent and seed, agents in the order asked for.
    """

    runs: tuple[EvaluationResult, ...]

    def table(self) -> pd.DataFrame:
        """One row per agent, in the order asked for: the mean over its seeds of each figure of `figures`."""
        figures = pd.DataFrame([run.figures() for run in self.runs])
        return figures.drop(columns="seed").groupby("agent", sort=False).mean()

    def frame(self) -> pd.DataFrame:
        """The curves, one row per agent, seed and chunk."""
        return pd.concat([run.frame() for run in self.runs], ignore_index=True)


def compare(
    names: Sequence[str],
    env_id: str,
    customers: int = 100_000,
    seeds: int | Sequence[int] = 5,
    batch: int = 1,
    progress: bool = True,
    **env_options: Any,
) -> ComparisonResult:
    """Evaluates agents on the same customers: for each seed the same states in the same order for every agent.

    Args:
        names: keys of `agents.AGENTS`.
        env_id: a registered environment with a vector face.
        customers: visits per run.
        seeds: how many seeds (0, 1, ...), or the seeds; each is the environment's and the agent's.
        batch: visits decided before the feedback of any of them is learned from.
        progress: whether to show progress bars.
        **env_options: options of the environment, such as `shop`.

    Raises:
        ValueError: no agents or no seeds, or an unknown agent.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not names or not chosen:
        raise ValueError(f"a comparison needs agents and seeds, got {list(names)!r} and {seeds!r}")
    envs = gym.make_vec(env_id, num_envs=1, vectorization_mode="vector_entry_point", **env_options)
    shop, simulator = envs.unwrapped.shop, envs.unwrapped.simulator  # type: ignore[attr-defined]
    envs.close()
    options = {**env_options, "shop": shop}

    def make(name: str, seed: int) -> Agent:
        known = {"simulator": simulator} if name in AGENTS and AGENTS[name].privileged else {}
        return make_agent(name, history=shop.history, slate_size=simulator.slate_size, seed=seed, **known)

    for name in names:  # one that cannot be made is refused before the others have served anybody
        make(name, chosen[0])
    runs = [
        evaluate(make(name, seed), env_id, customers, batch, seed, progress, **options)
        for name in names
        for seed in chosen
    ]
    return ComparisonResult(tuple(runs))
