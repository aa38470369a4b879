"""What makes customers persons; each effect has its own switch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Tastes:
    """In what customers of one state differ.

    All of it is fitted to the log; `docs/check.md` says how much each effect tells there.

    Attributes:
        taste: whether each wants some kinds of products more than others do.
        repeat: whether what was bought before is bought again.
        activity: whether some buy more in a visit than others do.

    Raises:
        TypeError: a value is neither True nor False.
    """

    taste: bool = True
    repeat: bool = True
    activity: bool = True

    def __post_init__(self) -> None:
        for switch in fields(self):
            if not isinstance(getattr(self, switch.name), bool | np.bool_):
                raise TypeError(f"Tastes.{switch.name} is True or False, got {getattr(self, switch.name)!r}")

    @classmethod
    def off(cls) -> Self:
        """No effect at all: customers of one state are alike, as in `RetailJourney-v0`."""
        return cls(taste=False, repeat=False, activity=False)

    @property
    def any(self) -> bool:
        """Whether customers of one state differ at all."""
        return self.taste or self.repeat or self.activity
