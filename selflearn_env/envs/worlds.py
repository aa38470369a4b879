"""What the registered ids make: a shop and options for each world, in both faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gymnasium.vector import AutoresetMode

from selflearn_env import datasets
from selflearn_env.core.rewards import Rewards
from selflearn_env.envs.journey_options import JourneyOptions
from selflearn_env.envs.options import Options
from selflearn_env.envs.slate_env import SlateEnv
from selflearn_env.envs.vector_env import SlateVectorEnv
from selflearn_env.shop.shop import Shop

SEED = Options(customer="seed", visits="uniform", rewards=Rewards(noise=1.0))
RETAIL = Options()
JOURNEY = JourneyOptions()
SINGLE, VECTOR = ("render_mode",), ("render_mode", "autoreset_mode")  # what the faces take beside


def seed_env(render_mode: str | None = None, **options: Any) -> SlateEnv:
    """`selflearn/Seed-v0`: the seed's world, whose customers do not care what is shown."""
    chosen = SEED.changed(SINGLE, **options)
    return SlateEnv(_shop(chosen) or datasets.seed_shop(), chosen, render_mode)


def seed_vector_env(
    num_envs: int = 1,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    **options: Any,
) -> SlateVectorEnv:
    """`selflearn/Seed-v0`, many visits side by side."""
    chosen = SEED.changed(VECTOR, **options)
    return SlateVectorEnv(num_envs, _shop(chosen) or datasets.seed_shop(), chosen, render_mode, autoreset_mode)


def retail_env(render_mode: str | None = None, **options: Any) -> SlateEnv:
    """`selflearn/Retail-v0`: customers with the preferences of those held out of the history."""
    chosen = RETAIL.changed(SINGLE, **options)
    return SlateEnv(_shop(chosen) or datasets.retail_shop(), chosen, render_mode)


def retail_vector_env(
    num_envs: int = 1,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    **options: Any,
) -> SlateVectorEnv:
    """`selflearn/Retail-v0`, many visits side by side."""
    chosen = RETAIL.changed(VECTOR, **options)
    return SlateVectorEnv(num_envs, _shop(chosen) or datasets.retail_shop(), chosen, render_mode, autoreset_mode)


def retail_journey_env(render_mode: str | None = None, **options: Any) -> SlateEnv:
    """`selflearn/RetailJourney-v0`: the same customers, who come back or leave."""
    chosen = JOURNEY.changed(SINGLE, **options)
    return SlateEnv(_shop(chosen) or datasets.retail_shop(), chosen, render_mode)


def retail_journey_vector_env(
    num_envs: int = 1,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    **options: Any,
) -> SlateVectorEnv:
    """`selflearn/RetailJourney-v0`, many customers side by side."""
    chosen = JOURNEY.changed(VECTOR, **options)
    return SlateVectorEnv(num_envs, _shop(chosen) or datasets.retail_shop(), chosen, render_mode, autoreset_mode)


def _shop(options: Options) -> Shop | None:
    return Shop.load(options.shop) if isinstance(options.shop, str | Path) else options.shop
