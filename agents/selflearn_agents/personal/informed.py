"""References for our best agent where customers are persons: told the model of the world, or told who they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.prior import history_prior
from selflearn_agents.personal.agent import PersonalAgent
from selflearn_agents.personal.household import MONTHS, Household, Read, Recognised
from selflearn_agents.personal.records import remembered_part
from selflearn_env.core.people.effects import Tastes
from selflearn_env.core.people.world import Persons, World
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.shop import Shop

KNOWN = 1e-6  # variance of what is told


class InformedPersonalAgent(PersonalAgent):
    """Is told the model of the world, and infers the customers as `PersonalAgent` does; nothing else is to be learned.

    The popularity of the products, their topics, how much persons buy and how much of it follows the record are those
    of the simulated world; its months must be the same every year.
    """

    privileged = True

    def __init__(self, shop: Shop, slate_size: int, rng: np.random.Generator):
        """Puts the numbers of the world in the place of the history's.

        Args:
            shop: whose customers are simulated.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
        """
        super().__init__(shop.history, slate_size, rng)
        world, _ = shop.persons.with_effects(Tastes(), False)
        share = _months(shop, world)
        household = _household(shop, world, share)
        prior = history_prior(shop.history)
        baskets = shop.history.baskets
        usual = np.log(share * (baskets.item_product.size / baskets.visit_state.size)).astype(np.float32)
        prior = prior._replace(
            mean=usual[household.month_of_state],
            common_variance=np.full_like(prior.common_variance, KNOWN),
            level_variance=np.full_like(prior.level_variance, KNOWN),
        )
        self.model = Model(prior, self.slate_size, refits=False)
        self._meet(household)
        self.baskets.next_learning = np.inf


class AcquaintedAgent(PersonalAgent):
    """Is told who each customer is, and the topics of the products; how popular each product is, it must learn."""

    privileged = True

    def __init__(self, shop: Shop, slate_size: int, rng: np.random.Generator):
        """Puts the persons themselves in the place of what their records say; arguments as for the one above."""
        super().__init__(shop.history, slate_size, rng)
        world, persons = shop.persons.with_effects(Tastes(), False)
        self._meet(_household(shop, world, self.household.share, persons))


class ToldHousehold(Household):
    """Knows the persons, by the index of the customer."""

    persons: Persons

    def read(self, seen: SeenVisits) -> Read:
        """What is so, and what the records say of their own items."""
        read = super().read(seen)
        start, product, day, date, month = self.records(seen)
        row = np.repeat(np.arange(len(seen)), np.diff(start))
        weight = (
            self.season[month[row], product].astype(np.float64)
            * self.keep[np.clip(date[row] - day, 0, len(self.keep) - 1)]
        )
        total = np.bincount(row, weight, minlength=len(seen))
        person = self.persons.rows(seen.customer)
        part = person.cap * remembered_part(total, person.activity, self.kappa)
        theta = person.theta / np.einsum("bk,bk->b", self.norm[month], person.theta)[:, None]
        again = self.level[month] * person.activity * part / np.maximum(total, 1e-300)
        told = Recognised(np.pad(theta, ((0, 0), (0, 1))), person.activity / self.activity * (1.0 - part), again)
        return Read(told, read.fresh)


def _household(shop: Shop, world: World, share: NDArray[np.float64], persons: Persons | None = None) -> Household:
    """The persons' model of a world, with shares (12, P) that may be others."""
    from selflearn_env.shop.people.repeat import CAPS  # scipy is imported only where persons are

    told, people = Household.of_history(shop.history), shop.people
    activity, repeat = people.activity, people.choice.repeat
    household = (Household if persons is None else ToldHousehold)(
        factors=world.factors,
        geometric=world.factors,
        alpha=people.taste.responsibility[0],
        share=share,
        often=told.often,
        level=activity.level * told.level.mean(),
        keep=2.0 ** (-np.arange(len(told.keep)) / world.half_life),
        month_of_state=told.month_of_state,
        activity=activity.mean,
        weight=activity.shape * (1 / activity.mean + 1 / activity.dispersion),
        caps=CAPS.copy(),
        cap_weight=repeat.weight,
        kappa=world.kappa,
    )
    if isinstance(household, ToldHousehold) and persons is not None:
        household.persons = persons
    return household


def _months(shop: Shop, world: World) -> NDArray[np.float64]:
    """(12, P) share of each product in what is bought in each month; what is usual where the calendar has no such."""
    share = np.tile(world.usual, (MONTHS, 1))
    share[shop.persons.journal.month_of_day] = world.share[world.row_of_day]
    return share / share.sum(axis=1, keepdims=True)
