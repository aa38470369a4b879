"""What a run of the suite gives, and by which figure agents are compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

from selflearn_agents.evaluation.lives import serve_customers
from selflearn_agents.evaluation.progress import Counter
from selflearn_agents.evaluation.runs import RunSpec

Figures = dict[str, float | None]  # None where there is no such figure

OF_VISITS = ("gap", "gap_late", "expected_reward", "random", "optimal", "reward", "real_hits", "purchases", "clicks")


@dataclass(frozen=True)
class Measure:
    """What is measured in an environment.

    Attributes:
        figure: the one by which agents are compared; more is better.
        title: of its column.
        decimals: in tables.
        late: the figure of the end of the run.
        late_title: of its column.
        reward: the figure of what agents earn.
        counted: what `visits` of the suite counts.
        serve: carries a run out; its figures, and the processor seconds that it took.
    """

    figure: str
    title: str
    decimals: int
    late: str
    late_title: str
    reward: str
    counted: str
    serve: Callable[[RunSpec, Counter], tuple[Figures, float]]


def _visits(run: RunSpec, served: Counter) -> tuple[Figures, float]:
    begin = process_time()
    result = run.serve(served)
    figures = result.figures()
    return _finite({name: float(figures[name]) for name in OF_VISITS}), process_time() - begin


def _lives(run: RunSpec, served: Counter) -> tuple[Figures, float]:
    begin = process_time()
    customers = run.world.visits
    result = serve_customers(run.make_agent(), run.world, customers, run.seed)
    served.start()(customers)
    late = float(result.purchases[-max(1, customers // 4) :].mean())
    return _finite({**result.figures(), "purchases, last quarter": late}), process_time() - begin


def _finite(figures: dict[str, float]) -> Figures:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


MEASURES = {
    "gap": Measure("gap", "gap", 3, "gap_late", "gap, last tenth", "expected_reward", "visits", _visits),
    # Not the return: where a visit earns less than nothing, who keeps customers has a lower one.
    "purchases": Measure(
        "purchases",
        "purchases per customer",
        2,
        "purchases, last quarter",
        "the same, last quarter of the customers",
        "expected return",
        "customers",
        _lives,
    ),
}
