"""Several agents on the same customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.cells import Cell, World
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.side_by_side import run_cells
from selflearn_agents.specification import AgentSpec

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 9  # of what agents are compared by: sums in another order differ in the last digits, and no agent is better


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """Runs of agents x seeds in one world.

    Attributes:
        runs: one result per agent and seed, agents in the order asked for, and for each the same seeds.
    """

    runs: tuple[EvaluationResult, ...]

    @property
    def labels(self) -> list[str]:
        """The agents, in the order asked for."""
        return list(dict.fromkeys(run.label for run in self.runs))

    def of(self, label: str) -> list[EvaluationResult]:
        """The runs of an agent, one per seed."""
        return [run for run in self.runs if run.label == label]

    def gaps(self, label: str, first: float = 0.0, last: float = 1.0) -> NDArray[np.float64]:
        """(seeds,) share of the way from random to optimal of an agent, between two shares of the visits."""
        return np.array([run.gap_between(first, last) for run in self.of(label)]).round(DECIMALS)

    def curves(self, label: str, name: str) -> NDArray[np.float64]:
        """(seeds, C) a per-chunk figure of an agent."""
        return np.stack([getattr(run, name) for run in self.of(label)]).round(DECIMALS)

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
    **env_options: Any,
) -> ComparisonResult:
    """Evaluates agents on the same customers, with common random numbers.

    For each seed all agents meet the same states in the same order, and the same uniform draws lie behind the
    responses, so that differences between agents are paired.

    Args:
        names: agents as `AgentSpec.parse` reads them: keys of `selflearn_agents.AGENTS`, maybe with hyperparameters
            such as "ucb(kind='ucb1', scale=0.2)", or "module:Class"; or an `AgentSpec`.
        env_id: a registered environment with a vector face.
        customers: visits per run.
        seeds: how many seeds (0, 1, ...), or the seeds; each is the environment's and the agent's.
        batch: visits decided before the feedback of any of them is learned from.
        progress: whether to show progress bars.
        jobs: how many runs go on side by side; the results do not depend on it, only `slates_per_second` does.
        backend: of joblib: "loky", "ray" or "dask".
        keep: folder for finished runs. Those found there, of the same code and options, are not run again.
        **env_options: options of the environment, such as `shop`.

    Raises:
        ValueError: no agents or no seeds, one of them twice, or an unknown agent.
    """
    world = World(env_id, env_id, customers, env_options)
    return compare_worlds(names, [world], seeds, batch, progress, jobs=jobs, backend=backend, keep=keep)[0]


def compare_worlds(
    names: Sequence[str | AgentSpec],
    worlds: Sequence[World],
    seeds: int | Sequence[int] = 5,
    batch: int = 1,
    progress: bool = True,
    *,
    jobs: int = 1,
    backend: str = "loky",
    keep: str | Path | None = None,
) -> list[ComparisonResult]:
    """One comparison per world, all runs side by side; see `compare`.

    Raises:
        ValueError: no agents or no seeds, one of them twice, or an unknown agent.
    """
    chosen = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    specs = [name if isinstance(name, AgentSpec) else AgentSpec.parse(name) for name in names]
    if not specs or not chosen:
        raise ValueError(f"a comparison needs agents and seeds, got {list(names)!r} and {seeds!r}")
    if len({spec.text for spec in specs}) < len(specs):
        raise ValueError(f"an agent is asked for twice: {[spec.text for spec in specs]}")
    if len(set(chosen)) < len(chosen):  # as if one run were two
        raise ValueError(f"a seed is asked for twice: {chosen}")
    complete = [world.complete() for world in worlds]
    folder = Path(keep).resolve() if keep is not None else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    cells = [Cell(spec, world, seed, batch) for world in complete for spec in specs for seed in chosen]
    results = iter(run_cells(cells, jobs, backend, folder, progress))
    return [ComparisonResult(tuple(next(results) for _ in range(len(specs) * len(chosen)))) for _ in complete]
