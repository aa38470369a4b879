"""The options of an environment whose customers are persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Calendar, Pace
from selflearn_env.core.journey.memory import CustomerMemory
from selflearn_env.core.journey.serving import find_pace
from selflearn_env.core.journey.visits import JourneyVisits
from selflearn_env.core.people.arrivals import Regulars
from selflearn_env.core.people.effects import Tastes
from selflearn_env.core.people.tastes import PersonalTastes
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.journey_options import JourneyOptions
from selflearn_env.envs.observations import Observation
from selflearn_env.envs.options import check_known, from_mapping
from selflearn_env.envs.people_observations import PersonObservation, RecordObservation
from selflearn_env.shop.shop import Shop

PASTS = ("record", "none")
SEASONS = ("month", "present")


@dataclass(frozen=True)
class PeopleOptions(JourneyOptions):
    """How an environment of persons is made from a shop; its other options are those of `JourneyOptions`.

    Attributes:
        observation: also "state", the state one-hot, which tells nothing of the person; "record", what the shop knows
            of this person; and "person", the same with the hidden taste, activity and cap: privileged.
        journey: what a visit changes for those after it. Where what was bought is bought again (`tastes.repeat`), there
            is no satiation unless a Journey says so: the log has both in one, and it is fitted.
        tastes: in what customers of one state differ: a Tastes, or a mapping with its fields. Where all is off they do
            not differ, and `past`, `baskets` and `season` change nothing: this is `RetailJourney-v0`.
        past: "record", customers come with what they bought in the log before a visit drawn at random; or "none".
        baskets: whether they buy products besides those that they are shown, as many as in the log.
        season: "month", products sell as in the log's months; or "present", as around each day of the log, so that
            they come and go.

    Raises:
        TypeError, ValueError: an option has the wrong type or an unknown value.
    """

    observations: ClassVar[tuple[str, ...]] = (*JourneyOptions.observations, "state", "record", "person")

    journey: Journey = None  # type: ignore[assignment]  # until the tastes are known
    tastes: Tastes = field(default_factory=Tastes)
    past: str = "record"
    baskets: bool = True
    season: str = "month"

    def __post_init__(self) -> None:
        if isinstance(self.tastes, Mapping):
            object.__setattr__(self, "tastes", from_mapping(Tastes, self.tastes))
        if not isinstance(self.tastes, Tastes):
            raise TypeError(f"tastes is a selflearn_env.Tastes, or a mapping with its fields, got {self.tastes!r}")
        if self.journey is None or isinstance(self.journey, Mapping):
            usual = {"satiation": 0.0} if self.tastes.repeat else {}
            object.__setattr__(self, "journey", {**usual, **(self.journey or {})})
        super().__post_init__()
        check_known("past", self.past, PASTS)
        check_known("season", self.season, SEASONS)
        if not isinstance(self.baskets, bool | np.bool_):
            raise TypeError(f"baskets is True or False, got {self.baskets!r}")
        if self.tastes.any and self.contrast != 1:
            raise ValueError("contrast makes states differ more, and persons differ by themselves: leave it at 1")
        if not self.tastes.any and self.observation in ("record", "person"):
            others = ", ".join(name for name in self.observations if name not in ("record", "person"))
            raise ValueError(
                f"observation={self.observation!r} is of persons, and with all tastes off there are no persons: choose "
                f"{others}, or leave a taste on"
            )

    def changed(self, face: tuple[str, ...], **options: Any) -> Self:
        """These options with some replaced; the journey is that of the tastes again, where none is given."""
        return super().changed(face, **{"journey": None, **options})

    def view(self, shop: Shop) -> Observation:
        """How the visits of these options are observed."""
        if self.observation == "state":
            return replace(self, observation="onehot").view(shop)
        if self.observation not in ("record", "person"):
            return super().view(shop)
        seen = RecordObservation(
            shop.states,
            self._tastes(shop),
            shop.history_people.taste.responsibility,
            self.journey.horizon or shop.lives.days,
        )
        return seen if self.observation == "record" else PersonObservation(seen, self._tastes(shop).persons)

    def simulator(self, shop: Shop) -> Simulator[JourneyVisits]:
        """The simulator of these options.

        Raises:
            ValueError: the slate does not fit the catalogue, or the log has no lives to fit.
            NotImplementedError: the customer model cannot be satiated nor tire, and the journey asks for it; or its
                customers cannot be persons.
        """
        if not self.tastes.any:
            return super().simulator(shop)
        slate_size = self._slate_size(shop)
        calendar = shop.lives.calendar(self.journey.horizon)
        arrivals = self._regulars(shop, calendar, slate_size, self._personal_pace(shop))
        return self._of_persons(shop, slate_size, arrivals)

    def _of_persons(self, shop: Shop, slate_size: int, arrivals: Regulars, changes: bool = True) -> Simulator:
        weights, present = self._visit_weights(shop), self.season == "present"
        memory = CustomerMemory(self.journey, shop.lives.lives.repurchase_days)
        tastes = self._tastes(shop, len(arrivals.calendar.state))
        customers = shop.demand().kept(
            (self.customer_model, slate_size, self.tastes, present),
            self.customer_options,
            lambda: shop.persons.model(self.customer_model, slate_size, self.customer_options, self.tastes, present),
        )
        return Simulator(
            states=shop.states,
            products=shop.products,
            slate_size=slate_size,
            state_probability=weights / weights.sum(),
            arrivals=arrivals,
            memory=memory,
            customers=customers,
            rewards=self.rewards,
            drift=self.drift if changes else None,
            stock=self.stock if changes else None,
            tastes=tastes,
        )

    def _tastes(self, shop: Shop, days: int = 0) -> PersonalTastes:
        """The persons, over a calendar of so many days or that of the log."""
        world, persons = shop.persons.with_effects(self.tastes, self.season == "present")
        return PersonalTastes(world.over(days), persons, self.baskets)

    def _regulars(self, shop: Shop, calendar: Calendar, slate_size: int, pace: Pace) -> Regulars:
        log, recorded = shop.persons.log, self.past == "record"
        return Regulars(self.journey, shop.lives.lives, calendar, slate_size, shop.products, pace, log, recorded)

    def _personal_pace(self, shop: Shop) -> Pace:
        """The pace of these persons; it depends neither on the horizon nor on the slate size of the environment."""
        if not self.journey.returns:
            return Pace(1.0, 1.0)
        usual = replace(self, journey=replace(self.journey, horizon=None), past="none")
        start, calendar = shop.demand().start, shop.lives.calendar()
        slate_size = start.shape[1]

        def find() -> Pace:
            rng = np.random.default_rng(np.random.SeedSequence(shop.seed).spawn(4)[3])
            return find_pace(
                lambda pace: usual._regulars(shop, calendar, slate_size, pace),
                lambda arrivals: usual._of_persons(shop, slate_size, arrivals, changes=False),
                start,
                rng,
            )

        key = self.customer_model, usual.journey, self.tastes, self.baskets, self.season
        return shop.demand().kept(key, self.customer_options, find)
