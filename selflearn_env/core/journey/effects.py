"""What a visit changes for the visits after it; each effect has its own switch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from selflearn_env.core.numbers import is_number


@dataclass(frozen=True)
class Journey:
    """How a customer's life goes on after a visit.

    The log says when customers buy; it does not say what they were shown. `returns`, `segments` and the days of
    satiation follow the log. How strong satiation, fatigue, boredom and leaving are is an assumption;
    `docs/check_lives.md` says what the log tells about each.

    Attributes:
        returns: whether customers come back; False: an episode is one visit of `Retail-v0`.
        segments: whether RFM measures and segment move with what is bought; False: the customer's segment in the log.
        satiation: share of the interest in a product that a purchase takes away, 0..1; 0 is off.
        satiation_days: days after which half of it is back, > 0; None for the log's median time from one purchase of a
            product to the customer's next.
        fatigue: share of the interest in a product that is lost per time that it was shown and ignored, within the
            customer's last four slates, 0 <= fatigue < 1; 0 is off.
        fatigue_days: days after which half of such a showing is forgotten, > 0.
        boredom: share of the attention to a whole slate that a customer of no satisfaction has lost, 0..1; 0 is off.
            Satisfaction starts at 1 and moves half-way, visit by visit, to the share of the slots that did not bore: a
            slot bores that is ignored and shows what was ignored within the last four slates already.
        delay: factor of the time to the next visit of a customer of no satisfaction, >= 1; 1 is off. In between, the
            factor is delay^(1 - satisfaction).
        leave: probability to leave for good after a visit that ends `patience` or more in a row in which nothing was
            bought or clicked, 0..1; 0 is off.
        patience: how many such visits in a row, >= 1.
        horizon: days of the calendar, counted from the log's first, after which an episode is truncated; None for the
            log's own. Beyond the log, months and weekdays go on as they were.

    Raises:
        TypeError: a value has the wrong type.
        ValueError: a value is out of its range.
    """

    returns: bool = True
    segments: bool = True
    satiation: float = 0.5
    satiation_days: float | None = None
    fatigue: float = 0.2
    fatigue_days: float = 30.0
    boredom: float = 0.5
    delay: float = 1.2
    leave: float = 0.1
    patience: int = 3
    horizon: int | None = None

    def __post_init__(self) -> None:
        for name in ("returns", "segments"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise TypeError(f"Journey.{name} is True or False, got {getattr(self, name)!r}")
        optional = ("satiation_days", "horizon")
        for number in fields(self)[2:]:
            value = getattr(self, number.name)
            if not (is_number(value) or (value is None and number.name in optional)):
                raise TypeError(f"Journey.{number.name} must be a number, got {value!r}")
        for name, fits, range_ in (
            ("satiation", 0 <= self.satiation <= 1, "a share, 0..1"),
            ("satiation_days", self.satiation_days is None or 0 < self.satiation_days < np.inf, "days, > 0"),
            ("fatigue", 0 <= self.fatigue < 1, "a share, 0 <= fatigue < 1"),
            ("fatigue_days", 0 < self.fatigue_days < np.inf, "days, > 0"),
            ("boredom", 0 <= self.boredom <= 1, "a share, 0..1"),
            ("delay", 1 <= self.delay < np.inf, "a factor >= 1"),
            ("leave", 0 <= self.leave <= 1, "a probability, 0..1"),
            ("patience", _counts(self.patience), "a whole number of visits >= 1"),
            ("horizon", self.horizon is None or _counts(self.horizon), "whole days >= 1"),
        ):
            if not fits:
                raise ValueError(f"Journey.{name} is {range_}, got {getattr(self, name)!r}")
        object.__setattr__(self, "patience", int(self.patience))
        object.__setattr__(self, "horizon", None if self.horizon is None else int(self.horizon))

    @classmethod
    def off(cls, returns: bool = False) -> Self:
        """No effect at all; with `returns` customers come back, but nothing that they are shown changes how or when."""
        return cls(returns=returns, segments=False, satiation=0.0, fatigue=0.0, boredom=0.0, delay=1.0, leave=0.0)


def _counts(value: float) -> bool:
    """Whether it is a whole number of at least 1."""
    return 1 <= value < np.inf and value % 1 == 0
