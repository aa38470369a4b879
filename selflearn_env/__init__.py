"""Self learning recommendation as a Gymnasium environment, made from any shop's transaction log.

Importing this package registers `selflearn/Seed-v0`, `selflearn/Retail-v0`, `selflearn/RetailJourney-v0` and
`selflearn/RetailPeople-v0`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gymnasium.envs.registration import register

from selflearn_env.version import __version__

if TYPE_CHECKING:
    from selflearn_env.core.drift import Drift
    from selflearn_env.core.journey.effects import Journey
    from selflearn_env.core.people.effects import Tastes
    from selflearn_env.core.rewards import Rewards
    from selflearn_env.core.states import StateSpace
    from selflearn_env.core.stock import Stock
    from selflearn_env.envs.face import face
    from selflearn_env.shop.fitting.rfm import rfm_table, segment_customers
    from selflearn_env.shop.reading.transactions import TransactionLog, load_transactions
    from selflearn_env.shop.shop import Shop

__all__ = [
    "Drift",
    "Journey",
    "Rewards",
    "Shop",
    "StateSpace",
    "Stock",
    "Tastes",
    "TransactionLog",
    "__version__",
    "face",
    "load_transactions",
    "rfm_table",
    "segment_customers",
]

# Public names are imported when they are first used: reading a log needs pandas, stepping an environment does not.
_HOMES = {
    "Drift": "core.drift",
    "Journey": "core.journey.effects",
    "Rewards": "core.rewards",
    "Shop": "shop.shop",
    "StateSpace": "core.states",
    "Stock": "core.stock",
    "Tastes": "core.people.effects",
    "face": "envs.face",
    "TransactionLog": "shop.reading.transactions",
    "load_transactions": "shop.reading.transactions",
    "rfm_table": "shop.fitting.rfm",
    "segment_customers": "shop.fitting.rfm",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


for _id, _world in (
    ("selflearn/Seed-v0", "seed"),
    ("selflearn/Retail-v0", "retail"),
    ("selflearn/RetailJourney-v0", "retail_journey"),
    ("selflearn/RetailPeople-v0", "retail_people"),
):
    register(
        id=_id,
        entry_point=f"selflearn_env.envs.worlds:{_world}_env",
        vector_entry_point=f"selflearn_env.envs.worlds:{_world}_vector_env",
    )
