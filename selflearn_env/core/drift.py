"""Drift: how the customers' interest in each product wanders while an agent serves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.numbers import is_number

MAX_SPREAD = 10.0  # a factor of 22,000 either way; beyond, nothing but zeros and overflow


@dataclass(frozen=True)
class Drift:
    """A slow random walk of each product's log-interest, and products that come and go; time counts slates shown.

    The walk is an Ornstein-Uhlenbeck process seen every `every` slates (Uhlenbeck and Ornstein 1930): it starts at 0,
    where the log has the product, and is drawn back there, so that it has a limit. With r the
    correlation over one period, log-interest moves by

        z <- r z + spread * sqrt(1 - r^2) * N(0, 1),    r = 2^(-every / half_life)

    and interest changes by the factor exp(z - var(z) / 2), whose mean is 1 at all times, the same in all states. The
    mean product keeps its interest, the best ones do not: there is always one that the walk has raised, so the best
    slates earn the more, the wider the spread. Two runs with equal seeds drift alike, whatever their agents do.

    Attributes:
        spread: standard deviation of a product's log-interest in the long run, 0..10.
        half_life: slates after which half of a deviation is forgotten, > 0.
        every: slates between two moves, >= 1.
        appear: product index -> number of the slate from which on it can be had; it may not be shown before.
        vanish: product index -> number of the slate from which on it is gone, and may not be shown any more.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is out of its range.
    """

    spread: float = 0.5
    half_life: float = 100_000
    every: int = 1_000
    appear: Mapping[int, int] = field(default_factory=dict)
    vanish: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("spread", "half_life", "every"):
            value = getattr(self, name)
            if not is_number(value):
                raise TypeError(f"Drift.{name} must be a number, got {value!r}")
        if not 0 <= self.spread <= MAX_SPREAD:
            raise ValueError(
                f"Drift.spread is a standard deviation of log-interest and must be 0..{MAX_SPREAD}, got {self.spread!r}"
            )
        if not self.half_life > 0:
            raise ValueError(f"Drift.half_life counts slates and must be > 0, got {self.half_life!r}")
        if not (1 <= self.every < np.inf and self.every % 1 == 0):
            raise ValueError(f"Drift.every counts slates and must be a whole number >= 1, got {self.every!r}")
        object.__setattr__(self, "every", int(self.every))
        for name in ("appear", "vanish"):
            times = getattr(self, name)
            if not isinstance(times, Mapping):
                raise TypeError(f"Drift.{name} is a mapping, product index -> slate number, got {times!r}")
            whole = {}
            for product, time in times.items():
                index = int(product) if isinstance(product, str) and product.isdecimal() else product  # JSON: texts
                for number in (index, time):
                    if isinstance(number, bool) or not isinstance(number, int | np.integer):
                        raise TypeError(f"Drift.{name} maps whole numbers to whole numbers, got {product!r}: {time!r}")
                    if number < 0:
                        raise ValueError(f"Drift.{name} has products and times >= 0, got product {product} at {time}")
                if int(index) in whole:
                    raise ValueError(f"Drift.{name} names product {index} twice")
                whole[int(index)] = int(time)
            object.__setattr__(self, name, whole)

    @property
    def has_events(self) -> bool:
        """Whether any product comes or goes."""
        return bool(self.appear or self.vanish)

    def had(self, served: int, products: int) -> NDArray[np.bool_]:
        """(P,) which products can be had after `served` slates."""
        had = np.ones(products, dtype=bool)
        for product, time in self.appear.items():
            had[product] &= served >= time
        for product, time in self.vanish.items():
            had[product] &= served < time
        return had

    def check_left(self, products: int, slate_size: int) -> None:
        """Raises ValueError where fewer products than a slate has can be had at some time."""
        for time in sorted({0, *self.appear.values(), *self.vanish.values()}):
            left = np.count_nonzero(self.had(time, products))
            if left < slate_size:
                raise ValueError(
                    f"Drift.appear and Drift.vanish leave {left} products after {time} slates, but a slate shows "
                    f"{slate_size}; let fewer products come or go"
                )

    def check_products(self, products: int) -> None:
        """Raises ValueError where a product that comes or goes is not in the catalogue."""
        for name, times in (("appear", self.appear), ("vanish", self.vanish)):
            if times and max(times) >= products:
                raise ValueError(f"Drift.{name} names product {max(times)}; the catalogue has 0..{products - 1}")


class DriftPath:
    """One run of a drift; it only goes forward.

    Attributes:
        had: (P,) bool, which products can be had; replaced, never changed.
    """

    def __init__(self, drift: Drift, products: int, rng: np.random.Generator):
        self._drift, self._rng = drift, rng
        self._walk, self._moves = np.zeros(products), 0
        self._until = 0  # the slate at which the factors change next
        self._factor = np.ones(products)
        self.had = drift.had(0, products)

    def factor(self, served: int) -> NDArray[np.float64]:
        """(P,) factor of the interest in each product after `served` slates; the same array until it changes."""
        self.advance(served)
        return self._factor

    def advance(self, served: int) -> bool:
        """Goes on to where interest is after `served` slates; whether it has changed since the last call."""
        if served < self._until:
            return False
        drift, move = self._drift, served // self._drift.every
        keep = 0.5 ** (drift.every / drift.half_life)
        step = drift.spread * np.sqrt(1.0 - keep**2)
        for _ in range(move - self._moves):
            self._walk = keep * self._walk + step * self._rng.standard_normal(self._walk.size)
        self._moves = move
        self.had = drift.had(served, self._walk.size)
        self._factor = np.exp(self._walk - 0.5 * drift.spread**2 * (1.0 - keep ** (2 * move))) * self.had
        events = [time for time in (*drift.appear.values(), *drift.vanish.values()) if time > served]
        self._until = min([(move + 1) * drift.every, *events])
        return True
