"""The options of an environment, the same for both faces, and what they build."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import check_slate_size
from selflearn_env.envs.observations import OBSERVATIONS
from selflearn_env.shop.shop import Shop

VISITS = ("log", "uniform")


@dataclass(frozen=True)
class Options:
    """How an environment is made from a shop.

    Attributes:
        shop: a Shop or the path of a saved one; None for the one of the environment's id.
        slate_size: products per slate.
        observation: "tiers", "index" or "onehot".
        customer: the customer model, a key of `selflearn_env.core.customers.CUSTOMERS`.
        visits: "log", as often as the simulated customers came in the log, or "uniform" over the states.
        rewards: what a response earns: Rewards, or a mapping with its fields.

    Raises:
        TypeError: the shop or the rewards have the wrong type.
        ValueError: an option has an unknown value.
    """

    shop: Shop | str | Path | None = None
    slate_size: int = 10
    observation: str = "tiers"
    customer: str = "independent"
    visits: str = "log"
    rewards: Rewards = field(default_factory=Rewards)

    def __post_init__(self) -> None:
        for name, known in (("observation", OBSERVATIONS), ("customer", CUSTOMERS), ("visits", VISITS)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                raise ValueError(f"unknown {name} {value!r}{_meant(value, known)}; known: {', '.join(known)}")
        if isinstance(self.rewards, Mapping):  # as a specification in JSON has them
            object.__setattr__(self, "rewards", Rewards(**self.rewards))
        if not isinstance(self.rewards, Rewards):
            raise TypeError(f"rewards is a selflearn_env.Rewards, got {self.rewards!r}")
        if not isinstance(self.shop, Shop | str | Path | None):
            raise TypeError(f"shop is a Shop or the path of a saved one, got {type(self.shop).__name__}")

    def changed(self, face: tuple[str, ...], **options: Any) -> Self:
        """These options with some replaced.

        Args:
            face: names of the options that the face itself takes, for the message.
            **options: the new values.

        Raises:
            TypeError: there is no such option; the message says which exist.
        """
        own = [known.name for known in fields(self)]
        for name in options:
            if name not in own:
                known = [*own, *face]
                hint = "; only the vector face has it" if name == "autoreset_mode" else _meant(name, known)
                raise TypeError(f"unknown option {name!r}{hint}; known: {', '.join(known)}")
        return replace(self, **options)

    def simulator(self, shop: Shop) -> Simulator:
        """The simulator of these options.

        Raises:
            ValueError: the slate does not fit the catalogue.
        """
        slate_size = check_slate_size(self.slate_size, shop.products)
        uniform = np.ones(shop.states.size, dtype=np.int64)
        return Simulator(
            states=shop.states,
            products=shop.products,
            slate_size=slate_size,
            customers=CUSTOMERS[self.customer].for_shop(shop, slate_size),
            rewards=self.rewards,
            visit_weights=shop.customers.visits if self.visits == "log" else uniform,
        )


def _meant(name: Any, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1) if isinstance(name, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""
