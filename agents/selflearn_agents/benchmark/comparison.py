"""How much faster a comparison is on two cores."""

from __future__ import annotations

from functools import partial

from selflearn_agents.benchmark.agents import ALONE
from selflearn_agents.benchmark.measuring import ENV, Row, seconds
from selflearn_agents.evaluation import compare
from selflearn_env.datasets import retail_shop

SEEDS, VISITS = 2, 12_000


def compare_rows() -> list[Row]:
    """A comparison with one run at a time, then with two, whose workers have started before, as in a long one."""

    def comparison(jobs: int, visits: int = VISITS) -> float:
        run = partial(compare, ALONE, ENV, visits, SEEDS, progress=False, jobs=jobs, shop=retail_shop())
        return seconds(run)

    comparison(jobs=2, visits=50)
    faster = comparison(jobs=1) / comparison(jobs=2)
    return [Row(f"compare, {len(ALONE)} agents, {SEEDS} seeds: two jobs / one", "ratio", "1.8", [faster])]
