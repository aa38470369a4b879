"""What all measurements have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED_ENV, ENV, JOURNEY = "selflearn/Seed-v0", "selflearn/Retail-v0", "selflearn/RetailJourney-v0"
PEOPLE = "selflearn/RetailPeople-v0"
SLATE = 10


class Row(NamedTuple):
    """One line of the table."""

    what: str
    unit: str  # "visits/s" and "ratio" should be high, "s" and "MiB" low
    target: str
    values: list[float]  # one per repeat

    @property
    def middle(self) -> float:
        """The median over the repeats."""
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median is as good as the target; None without one."""
        if not self.target:
            return None
        target = float(self.target.replace(",", ""))
        return self.middle <= target if self.unit in ("s", "MiB") else self.middle >= target


class Curve(NamedTuple):
    """A cost in seconds at several sizes."""

    what: str
    size: str
    sizes: list[int]
    costs: list[float]

    @property
    def exponent(self) -> float:
        """Slope of the logarithm of the cost over that of the size, over the greater half of the sizes."""
        half = len(self.sizes) // 2
        return float(np.polyfit(np.log(self.sizes[half:]), np.log(self.costs[half:]), 1)[0])


def seconds(work: Callable[[], Any]) -> float:
    """How long the work takes."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def repeated(times: int, measure: Callable[[], float]) -> list[float]:
    """The measurement, once to warm up, then as often as asked."""
    measure()
    return [measure() for _ in range(times)]


def in_turns(times: int, measures: Sequence[Callable[[], float]]) -> list[list[float]]:
    """Measurements that are compared, one after the other in each round, so that all meet the same machine."""
    rounds = [[measure() for measure in measures] for _ in range(times + 1)][1:]
    return [list(of) for of in zip(*rounds, strict=True)]


def ratios(of: Sequence[float], to: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(of, to, strict=True)]


def distinct_slates(seed: int, count: int, products: int, size: int = SLATE) -> NDArray[np.int64]:
    """(count, size) slates without repeats."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice(products, size, replace=False) for _ in range(count)])
