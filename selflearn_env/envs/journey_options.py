"""The options of an environment whose episodes are customers' lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from selflearn_env.core.arrivals import SingleVisits
from selflearn_env.core.journey.arrivals import PassingCustomers, ReturningCustomers
from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Pace
from selflearn_env.core.journey.memory import CustomerMemory
from selflearn_env.core.journey.serving import find_pace
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.memory import NoMemory
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.observations import OBSERVATIONS, JourneyObservation, Observation
from selflearn_env.envs.options import Options, from_mapping
from selflearn_env.shop.shop import Shop


@dataclass(frozen=True)
class JourneyOptions(Options):
    """How an environment of customers' lives is made from a shop; its other options are those of `Options`.

    Attributes:
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

    def simulator(self, shop: Shop) -> Simulator[JourneyVisits]:
        """The simulator of these options.

        Raises:
            ValueError: the slate does not fit the catalogue, or the log has no lives to fit.
            NotImplementedError: the customer model cannot be satiated nor tire, and the journey asks for it.
        """
        lives, calendar = shop.lives.lives, shop.lives.calendar(self.journey.horizon)
        slate_size = self._slate_size(shop)
        of_newcomers = self.journey, lives, calendar, slate_size, shop.products
        if not self.journey.returns:
            single = SingleVisits(self._visit_weights(shop))
            return self._simulator(shop, slate_size, PassingCustomers(*of_newcomers, single), NoMemory())
        arrivals = ReturningCustomers(*of_newcomers, self._pace(shop))
        return self._simulator(shop, slate_size, arrivals, CustomerMemory(self.journey, lives.repurchase_days))

    def _pace(self, shop: Shop) -> Pace:
        """The pace of these customers; it depends neither on the horizon nor on the slate size of the environment."""
        demand, journey = shop.demand(self.contrast), replace(self.journey, horizon=None)
        lives, calendar, slate_size = shop.lives.lives, shop.lives.calendar(), demand.start.shape[1]
        memory = CustomerMemory(journey, lives.repurchase_days)

        def find() -> Pace:
            rng = np.random.default_rng(np.random.SeedSequence(shop.seed).spawn(4)[3])
            return find_pace(
                lambda pace: ReturningCustomers(journey, lives, calendar, slate_size, shop.products, pace),
                lambda arrivals: self._simulator(shop, slate_size, arrivals, memory, changes=False),
                demand.start,
                rng,
            )

        return demand.kept((self.customer_model, journey), self.customer_options, find)
