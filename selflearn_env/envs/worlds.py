"""What the registered ids make: a shop and options for each world, in both faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gymnasium.vector import AutoresetMode

from selflearn_env import datasets
from selflearn_env.core.rewards import Rewards
from selflearn_env.envs.journey_options import JourneyOptions
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.envs.slate_env import SlateEnv
from selflearn_env.envs.vector_env import SlateVectorEnv
from selflearn_env.shop.shop import Shop


@dataclass(frozen=True)
class World:
    """What an id stands for.

    Attributes:
        options: the options, as they are where none are given.
        own_shop: gives the shop where none is given.
    """

    options: Options
    own_shop: Callable[[], Shop]

    def env(self, render_mode: str | None = None, **options: Any) -> SlateEnv:
        """One visit at a time; `options` as the fields of `Options`."""
        chosen = self.options.changed(("render_mode",), **options)
        return SlateEnv(self._shop(chosen), chosen, render_mode)

    def vector_env(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        **options: Any,
    ) -> SlateVectorEnv:
        """Many visits side by side."""
        chosen = self.options.changed(("render_mode", "autoreset_mode"), **options)
        return SlateVectorEnv(num_envs, self._shop(chosen), chosen, render_mode, autoreset_mode)

    def _shop(self, options: Options) -> Shop:
        if options.shop is None:
            return self.own_shop()
        return options.shop if isinstance(options.shop, Shop) else Shop.load(options.shop)


SEED = World(Options(customer="seed", visits="uniform", rewards=Rewards(noise=1.0)), datasets.seed_shop)
RETAIL = World(Options(), datasets.retail_shop)
RETAIL_JOURNEY = World(JourneyOptions(), datasets.retail_shop)
RETAIL_PEOPLE = World(PeopleOptions(), datasets.retail_shop)

# The entry points by name: the customers who do not care what is shown, those of the log who are not in the history,
# the same who come back or leave, and the same as persons.
seed_env, seed_vector_env = SEED.env, SEED.vector_env
retail_env, retail_vector_env = RETAIL.env, RETAIL.vector_env
retail_journey_env, retail_journey_vector_env = RETAIL_JOURNEY.env, RETAIL_JOURNEY.vector_env
retail_people_env, retail_people_vector_env = RETAIL_PEOPLE.env, RETAIL_PEOPLE.vector_env
