"""The options of an environment whose episodes are customers' lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Level
from selflearn_env.core.journey.serving import find_level
from selflearn_env.core.journey.simulator import JourneySimulator
from selflearn_env.core.slates import check_slate_size
from selflearn_env.envs.observations import OBSERVATIONS, JourneyObservation, Observation
from selflearn_env.envs.options import Options, from_mapping
from selflearn_env.shop.shop import Shop


@dataclass(frozen=True)
class JourneyOptions(Options):
    """How an environment of customers' lives is made from a shop.

    Attributes, beside those of `Options`:
        observation: "tiers", "index", "onehot", or "journey": the state, and what a shop knows of this customer.
        journey: what a visit changes for those after it: a Journey, or a mapping with its fields.

    Raises:
        TypeError, ValueError: an option has the wrong type or an unknown value.
    """

    observations: ClassVar[tuple[str, ...]] = (*OBSERVATIONS, "journey")

    journey: Journey = field(default_factory=Journey)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.journey, Mapping):
            object.__setattr__(self, "journey", from_mapping(Journey, self.journey))
        if not isinstance(self.journey, Journey):
            raise TypeError(f"journey is a selflearn_env.Journey, or a mapping with its fields, got {self.journey!r}")

    def view(self, shop: Shop) -> Observation:
        """How the visits of these options are observed."""
        if self.observation != "journey":
            return super().view(shop)
        return JourneyObservation(shop.states, shop.products, self.journey.horizon or shop.lives.days)

    def simulator(self, shop: Shop) -> JourneySimulator:
        """The simulator of these options.

        Raises:
            ValueError: the slate does not fit the catalogue, or the log has no lives to fit.
            NotImplementedError: the customer model cannot be satiated nor tire, and the journey asks for it.
        """
        return JourneySimulator(
            **self._of_visits(shop, check_slate_size(self.slate_size, shop.products)),
            journey=self.journey,
            lives=shop.lives.lives,
            calendar=shop.lives.calendar(self.journey.horizon),
            level=self._level(shop),
        )

    def _level(self, shop: Shop) -> Level:
        """The level of these customers; it depends neither on the horizon nor on the slate size of the environment."""
        clientele, journey = shop.clientele(self.contrast), replace(self.journey, horizon=None)
        if not journey.returns:
            return Level(1.0, 1.0)

        def simulator_at(level: Level) -> JourneySimulator:
            return JourneySimulator(
                **self._of_visits(shop, clientele.start.shape[1]) | {"drift": None},
                journey=journey,
                lives=shop.lives.lives,
                calendar=shop.lives.calendar(),
                level=level,
            )

        def find() -> Level:
            rng = np.random.default_rng(np.random.SeedSequence(shop.seed).spawn(4)[3])
            return find_level(simulator_at, clientele.start, rng)

        return clientele.kept((self.customer_model, journey), self.customer_options, find)
