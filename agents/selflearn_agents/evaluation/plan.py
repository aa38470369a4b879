"""What is compared, and how its runs are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from selflearn_agents.evaluation.delay import Delay, check_delay
from selflearn_agents.evaluation.runs import RunSpec
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.specification import AgentSpec

Given = Sequence[str | AgentSpec]


@dataclass(frozen=True)
class Plan:
    """Agents that are compared in worlds, all with the same seeds; checked, and put into one form, when it is made.

    Attributes:
        agents: as `AgentSpec.parse` reads them: keys of `selflearn_agents.AGENTS`, maybe with hyperparameters such as
            "ucb(kind='ucb1', scale=0.2)", or "module:Class"; or an `AgentSpec`.
        worlds: where they are compared.
        seeds: how many seeds (0, 1, ...), or the seeds; each is the environment's and the agent's.
        batch: visits decided before the feedback of any of them is learned from.
        progress: whether to show progress bars.
        jobs: how many runs go on side by side; the results do not depend on it, only `slates_per_second` does.
        backend: of joblib: "loky" (processes of this machine), "threading", "ray" or "dask" (their cluster).
        keep: folder for finished runs. Those found there, of the same code and options, are not run again.
        delay: how much later the feedback of each visit arrives; None for at once.

    Raises:
        TypeError: the delay is no `Delay`.
        ValueError: no agents or no seeds, one of them twice, an unknown agent, or batch or jobs below 1.
    """

    agents: Given
    worlds: Sequence[World]
    seeds: int | Sequence[int] = 5
    batch: int = 1
    progress: bool = True
    jobs: int = 1
    backend: str = "loky"
    keep: str | Path | None = None
    delay: Delay | None = None

    def __post_init__(self) -> None:
        agents = [each if isinstance(each, AgentSpec) else AgentSpec.parse(each) for each in self.agents]
        seeds = [int(each) for each in (np.arange(self.seeds) if np.ndim(self.seeds) == 0 else self.seeds)]  # type: ignore[union-attr,arg-type]
        if not agents or not seeds:
            raise ValueError(f"a comparison needs agents and seeds, got {list(self.agents)!r} and {self.seeds!r}")
        texts = [agent.text for agent in agents]
        if len(set(texts)) < len(texts):
            raise ValueError(f"an agent is asked for twice: {texts}")
        if len(set(seeds)) < len(seeds):  # as if one run were two
            raise ValueError(f"a seed is asked for twice: {seeds}")
        for name in ("batch", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        check_delay(self.delay)
        object.__setattr__(self, "agents", tuple(agents))
        object.__setattr__(self, "worlds", tuple(self.worlds))
        object.__setattr__(self, "seeds", tuple(seeds))
        object.__setattr__(self, "keep", None if self.keep is None else Path(self.keep).resolve())

    def complete(self) -> Plan:
        """This plan with the shops of its worlds read or built, each once, and the folder for its runs made.

        Raises:
            OSError: the folder cannot be made.
            ValueError: an environment cannot be made as its world says.
        """
        worlds = [world.complete(self.keep) for world in self.worlds]  # type: ignore[arg-type]
        if self.keep is not None:
            Path(self.keep).mkdir(parents=True, exist_ok=True)
        return replace(self, worlds=worlds)

    def runs(self) -> list[RunSpec]:
        """All runs, world by world, agent by agent, seed by seed.

        Those in the first world have the agents' slates after the run.
        """
        return [
            RunSpec(agent, world, seed, self.batch, self.delay, looked_at=not place)  # type: ignore[arg-type]
            for place, world in enumerate(self.worlds)
            for agent in self.agents
            for seed in self.seeds  # type: ignore[union-attr]
        ]
