"""Where agents are compared: an environment with its options, the simulator and the references that its runs share."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import gymnasium as gym

from selflearn_agents.evaluation.fingerprints import described, environment_code
from selflearn_agents.evaluation.references import References
from selflearn_agents.evaluation.usual import UsualVisits, usual_visits
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.plugins import own_modules

NULL = "selflearn/Seed-v0"  # where customers do not care what is shown
MOST = 8  # worlds, and shops, that a process keeps at hand
OWN = ("num_envs", "vectorization_mode", "autoreset_mode", "render_mode")  # what an evaluation decides itself

_worlds: dict[tuple[str, str, int], World] = {}  # of this process, those used last behind the others


@dataclass(frozen=True)
class StoredShop:
    """A shop in a file, for other processes of this machine: each reads it once, and is not sent it with every run."""

    digest: str
    place: Path

    @classmethod
    def write(cls, shop: Shop, folder: Path) -> Self:
        """Puts a shop into a file of a folder, where it is not there yet."""
        stored = cls(shop.digest, folder / shop.digest)
        if not stored.place.is_file():
            stored.place.write_bytes(pickle.dumps(shop))  # sooner than `Shop.save`, which compresses
        return stored

    def read(self) -> Shop:
        """The shop."""
        return _read(self.place)


@lru_cache(maxsize=MOST)
def _read(place: Path) -> Shop:
    return pickle.loads(place.read_bytes())


@dataclass(frozen=True, eq=False)
class World:
    """Where agents are compared. Sent to another process, it is the world that this one has already, if it has.

    Attributes:
        name: in tables.
        env_id: a registered environment with a vector face.
        visits: per run.
        env_options: options of the environment; `shop` is filled in where it is left out.
        folder: where the exact references are kept for other processes and later comparisons, or None.

    Raises:
        ValueError: an option is given that an evaluation decides itself, or there are no visits.
    """

    name: str
    env_id: str
    visits: int
    env_options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.visits < 1:
            raise ValueError(f"a run has at least 1 visit, got {self.visits!r}")
        check_options(self.env_options)

    @cached_property
    def simulator(self) -> Simulator:
        """The simulator of the world before its first visit."""
        return self._env.simulator

    @cached_property
    def shop(self) -> Shop:
        """The shop of the world."""
        return self._env.shop

    @cached_property
    def _env(self) -> Any:
        options = dict(self.env_options)
        if isinstance(options.get("shop"), StoredShop):
            options["shop"] = options["shop"].read()
        if ":" in self.env_id:  # a module that registers it
            own_modules.ask(self.env_id.partition(":")[0])
        env: Any = gym.make_vec(self.env_id, 1, vectorization_mode="vector_entry_point", **options).unwrapped
        if not isinstance(getattr(env, "simulator", None), Simulator):
            raise ValueError(f"{self.env_id} has no simulator, so nothing can be said of it exactly")
        return env

    @cached_property
    def key(self) -> str:
        """A text that changes with all that the exact figures of the world depend on, code included."""
        options = dict(self.env_options)
        if isinstance(options.get("shop"), Shop | StoredShop):
            options["shop"] = options["shop"].digest
        content = [environment_code(), self.env_id, described(options)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @cached_property
    def references(self) -> References:
        """The exact references, worked out once for all runs."""
        return References(self.simulator, self.folder and self.folder / f"references-{self.key[:16]}.npy")

    @cached_property
    def usual(self) -> UsualVisits | None:
        """A usual visit of each state, in which agents are shown after their runs; None where no moment is usual."""
        return usual_visits(self.simulator, self.shop)

    def complete(self, folder: Path | None = None) -> World:
        """This world with its shop among the options, read or built once, and its references in a folder."""
        complete = replace(self, env_options={**self.env_options, "shop": self.shop}, folder=folder)
        vars(complete)["_env"] = self._env  # the same shop and simulator
        return complete

    def stored(self, folder: Path) -> World:
        """This world with its shop in a file of the folder."""
        return replace(self, env_options={**self.env_options, "shop": StoredShop.write(self.shop, folder)})

    def __reduce__(self) -> tuple[Any, ...]:
        """Without what can be made again."""
        return _of_this_process, (self.name, self.env_id, self.visits, self.env_options, self.folder)


def _of_this_process(*fields: Any) -> World:
    """The world that this process has already, or else a new one: its simulator is made once, and not for every run."""
    world = World(*fields)
    which = (world.key, world.name, world.visits)
    world = _worlds[which] = _worlds.pop(which, world)
    while len(_worlds) > MOST:
        del _worlds[next(iter(_worlds))]
    return world


def check_options(env_options: Mapping[str, Any]) -> None:
    """Sees that no option is given that an evaluation decides itself.

    Raises:
        ValueError: one is.
    """
    taken = [name for name in OWN if name in env_options]
    if taken:
        raise ValueError(f"{taken[0]} is decided by the evaluation itself and cannot be given")
