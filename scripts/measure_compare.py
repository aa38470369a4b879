"""How much faster a comparison is on two cores."""

from __future__ import annotations

from functools import partial

from measure_agents import ALONE
from measuring import ENV, Row, ratios, seconds

from agents.evaluation import compare
from selflearn_env.datasets import retail_shop

ROUNDS, SEEDS, VISITS = 2, 2, 3_000


def compare_rows() -> list[Row]:
    """A comparison with one run at a time and with two, in turns; the workers have started before, as in a long one."""

    def comparison(jobs: int, visits: int = VISITS) -> float:
        run = partial(compare, ALONE, ENV, visits, SEEDS, progress=False, jobs=jobs, shop=retail_shop())
        return seconds(run)

    comparison(jobs=2, visits=50)
    rounds = [(comparison(jobs=1), comparison(jobs=2)) for _ in range(ROUNDS)]
    alone, together = (list(of) for of in zip(*rounds, strict=True))
    return [
        Row(f"compare, {len(ALONE)} agents, {SEEDS} seeds: two jobs / one", "ratio", "1.8", ratios(alone, together))
    ]
