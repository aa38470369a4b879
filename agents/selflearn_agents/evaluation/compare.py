"""Several agents on the same customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.delay import Delay
from selflearn_agents.evaluation.jobs import carry_out
from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.specification import AgentSpec

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 9  # of what agents are compared by: sums in another order differ in the last digits, and no agent is better


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonResult:
    """Runs of agents x seeds in one world.

    Attributes:
        runs: one result per agent and seed, agents in the order asked for, and for each the same seeds.
    """

    runs: tuple[EvaluationResult, ...]

    def __repr__(self) -> str:
        first = self.runs[0]
        gaps = ", ".join(f"{label} {self.gaps(label).mean():.3f}" for label in self.labels)
        count = len(self.runs_by(self.labels[0]))
        seeds = "1 seed" if count == 1 else f"{count} seeds"
        return f"ComparisonResult({first.env_id}, {seeds} of {first.visit_count:,} visits, gaps: {gaps})"

    @property
    def labels(self) -> list[str]:
        """The agents, in the order asked for."""
        return list(dict.fromkeys(run.label for run in self.runs))

    def runs_by(self, label: str) -> list[EvaluationResult]:
        """The runs of an agent, one per seed."""
        return [run for run in self.runs if run.label == label]

    def gaps(self, label: str, first: float = 0.0, last: float = 1.0) -> NDArray[np.float64]:
        """(seeds,) share of the way from random to optimal of an agent, between two shares of the visits."""
        return np.array([run.gap_between(first, last) for run in self.runs_by(label)]).round(DECIMALS)

    def curves(self, label: str, name: str) -> NDArray[np.float64]:
        """(seeds, C) a per-chunk figure of an agent."""
        return np.stack([getattr(run, name) for run in self.runs_by(label)]).round(DECIMALS)

    def table(self) -> pd.DataFrame:
        """One row per agent, in the order asked for: the mean over its seeds of each figure of `figures`."""
        import pandas as pd  # not needed to run

        figures = pd.DataFrame([run.figures() for run in self.runs])
        return figures.drop(columns="seed").groupby("agent", sort=False).mean()

    def frame(self) -> pd.DataFrame:
        """The curves, one row per agent, seed and chunk."""
        import pandas as pd

        return pd.concat([run.frame() for run in self.runs], ignore_index=True)


def compare(
    names: Sequence[str | AgentSpec],
    env_id: str,
    customers: int = 100_000,
    seeds: int | Sequence[int] = 5,
    batch: int = 1,
    progress: bool = True,
    *,
    jobs: int = 1,
    backend: str = "loky",
    keep: str | Path | None = None,
    delay: Delay | None = None,
    **env_options: Any,
) -> ComparisonResult:
    """Evaluates agents on the same visits, with common random numbers.

    For each seed all agents meet the same states in the same order, and the same uniform draws lie behind the
    responses, so that differences between agents are paired.

    Args:
        names: the agents, as `Plan` takes them.
        env_id: a registered environment with a vector face.
        customers: visits per run.
        seeds: as `Plan` takes them, and so the others.
        batch: visits decided before the feedback of any of them is learned from.
        progress: whether to show progress bars.
        jobs: how many runs go on side by side.
        backend: of joblib.
        keep: folder for finished runs.
        delay: how much later the feedback of each visit arrives; None for at once.
        **env_options: options of the environment, such as `shop`.

    Raises:
        TypeError: the delay is no `Delay`.
        ValueError: no agents or no seeds, one of them twice, or an unknown agent.
    """
    world = World(env_id, env_id, customers, env_options)
    return compare_worlds(Plan(names, [world], seeds, batch, progress, jobs, backend, keep, delay))[0]


def compare_worlds(plan: Plan) -> list[ComparisonResult]:
    """One comparison per world of the plan, all runs side by side."""
    plan = plan.complete()
    results = carry_out(plan)
    each = len(results) // len(plan.worlds)
    return [ComparisonResult(tuple(results[at : at + each])) for at in range(0, len(results), each)]
