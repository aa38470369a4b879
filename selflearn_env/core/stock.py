"""Stock: products that are out of stock for a while, and may not be shown meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.drift import Drift
from selflearn_env.core.numbers import is_number


@dataclass(frozen=True)
class Stock:
    """Products that run out of stock and come back, each by itself; time counts slates shown.

    A product is a Markov chain of two states, which begins in its long-run law and moves every `every` slates: out of
    stock it comes back with probability b, in stock it runs out with probability a,

        b = every / lasts,    a = b * out / (1 - out)

    so that an outage lasts 1 / b moves on average, and a share a / (a + b) of the products is out. Two runs with equal
    seeds have equal stock, whatever their agents do. Where fewer than a slate's products would be left, the first of
    the others in the order of the catalogue are in stock all the same, as many as are missing.

    Attributes:
        out: share of the products that are out of stock in the long run, 0 <= out < 1.
        lasts: mean number of slates until a product is back, at least `every`.
        every: slates between two moves, >= 1.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is out of its range, or products would run out more often than they can move.
    """

    out: float = 0.1
    lasts: float = 1_000
    every: int = 100

    def __post_init__(self) -> None:
        for name in ("out", "lasts", "every"):
            value = getattr(self, name)
            if not is_number(value):
                raise TypeError(f"Stock.{name} must be a number, got {value!r}")
        if not 0 <= self.out < 1:
            raise ValueError(f"Stock.out is a share of the products and must be 0 <= out < 1, got {self.out!r}")
        if not (1 <= self.every < np.inf and self.every % 1 == 0):
            raise ValueError(f"Stock.every counts slates and must be a whole number >= 1, got {self.every!r}")
        object.__setattr__(self, "every", int(self.every))
        if not self.every <= self.lasts < np.inf:
            raise ValueError(
                f"Stock.lasts counts slates and must be finite and at least every={self.every}, got {self.lasts!r}"
            )
        if self.runs_out > 1:
            raise ValueError(
                f"with out={self.out!r} and lasts={self.lasts!r} products would be in stock for "
                f"{self.every / self.runs_out:g} slates on average, less than every={self.every}; make Stock.lasts "
                f"greater, or Stock.every smaller"
            )

    @property
    def comes_back(self) -> float:
        """Probability that a product that is out of stock is back at the next move."""
        return self.every / self.lasts

    @property
    def runs_out(self) -> float:
        """Probability that a product in stock is out at the next move."""
        return self.comes_back * self.out / (1.0 - self.out)


class StockPath:
    """One run of a stock; it only goes forward.

    Attributes:
        out: (P,) bool, which products are out of stock; replaced, never changed.
    """

    def __init__(self, stock: Stock, products: int, rng: np.random.Generator):
        self._stock, self._rng, self._moves = stock, rng, 0
        self._until = 0  # the slate at which the stock moves next
        self.out = rng.random(products) < stock.out

    def advance(self, served: int) -> bool:
        """Goes on to the stock after `served` slates; whether it has moved since the last call."""
        if served < self._until:
            return False
        stock, moves = self._stock, served // self._stock.every
        for _ in range(moves - self._moves):
            self.out = self._rng.random(self.out.size) < np.where(self.out, 1.0 - stock.comes_back, stock.runs_out)
        self._moves, self._until = moves, (moves + 1) * stock.every
        return True


def is_limited(drift: Drift | None, stock: Stock | None) -> bool:
    """Whether there may be products that may not be shown: out of stock, not there yet, or gone."""
    return stock is not None or (drift is not None and drift.has_events)


def choose_eligible(had: NDArray[np.bool_], out: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """(P,) which products may be shown, by the rule of `Stock`; read-only.

    Args:
        had: (P,) which products can be had at all, at least `least`.
        out: (P,) which are out of stock.
        least: how many must be left.
    """
    eligible = had & ~out
    missing = max(0, least - np.count_nonzero(eligible))
    eligible[np.flatnonzero(had & out)[:missing]] = True
    eligible.flags.writeable = False
    return eligible
