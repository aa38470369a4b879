"""Runs of agents in worlds with seeds, and the names under which they are kept."""

from __future__ import annotations

import hashlib
import inspect
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import gymnasium as gym

import selflearn_agents
import selflearn_env
from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.evaluate import evaluate
from selflearn_agents.evaluation.progress import Counter
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.plugins import import_named

NUMBERS = ("numpy", "gymnasium")  # packages whose versions may change what comes out

_shops: dict[str, Shop] = {}  # of this process, so that the customers of a shop are drawn once and not for every run


@dataclass(frozen=True)
class StoredShop:
    """A shop in a file, for other processes of this machine: each reads it once, and is not sent it with every run."""

    digest: str
    place: Path

    def read(self) -> Shop:
        """The shop."""
        if self.digest not in _shops:
            _shops[self.digest] = pickle.loads(self.place.read_bytes())
        return _shops[self.digest]


@dataclass(frozen=True, eq=False)
class World:
    """Where agents are compared.

    Attributes:
        name: in tables.
        env_id: a registered environment with a vector face.
        customers: visits per run.
        env_options: options of the environment; `shop` is filled in where it is left out.
    """

    name: str
    env_id: str
    customers: int
    env_options: Mapping[str, Any] = field(default_factory=dict)

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
        if isinstance(options.get("shop"), Shop):
            options["shop"] = _shops.setdefault(options["shop"].digest, options["shop"])
        elif isinstance(options.get("shop"), StoredShop):
            options["shop"] = options["shop"].read()
        return gym.make_vec(self.env_id, 1, vectorization_mode="vector_entry_point", **options).unwrapped

    def complete(self) -> World:
        """This world with its shop among the options, read or built once for all runs."""
        return replace(self, env_options={**self.env_options, "shop": self.shop})

    def stored(self, folder: Path) -> World:
        """This world with its shop in a file of the folder."""
        shop = StoredShop(self.shop.digest, folder / self.shop.digest)
        if not shop.place.is_file():
            shop.place.write_bytes(pickle.dumps(self.shop))  # sooner than `Shop.save`, which compresses
        return replace(self, env_options={**self.env_options, "shop": shop})

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again."""
        return {name: self.__dict__[name] for name in ("name", "env_id", "customers", "env_options")}


@dataclass(frozen=True, eq=False)
class Cell:
    """One run: an agent in a complete world, with the seed of both."""

    spec: AgentSpec
    world: World
    seed: int
    batch: int

    @property
    def label(self) -> str:
        """What a bar or a message calls the run."""
        return f"{self.spec.text}, {self.world.name}, seed {self.seed}"

    @property
    def file(self) -> str:
        """The name under which the run is kept: it changes with all that the result depends on, code included.

        That is the code of both packages, and of the modules of one's own agent and customers and of their base
        classes; not of what else those modules import.
        """
        content = [
            *(_digest(Path(package.__file__ or "").parent) for package in (selflearn_agents, selflearn_env)),
            *(version(package) for package in NUMBERS),
            (_described(self.spec.agent_class), self.spec.text, _described(self.spec.hyperparameters)),
            (self.world.env_id, self.world.customers, _described(self.world.env_options)),
            (self.seed, self.batch),
        ]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        readable = re.sub(r"\W+", "-", f"{self.spec.text} {self.world.name} {self.seed}").strip("-")
        return f"{readable[:80]}-{key[:16]}.npz"

    def agent(self) -> Agent:
        """The agent before it has served anybody.

        Raises:
            ValueError: it cannot be made.
        """
        simulator = self.world.simulator
        return self.spec.make(self.world.shop.history, simulator.slate_size, self.seed, simulator)

    def run(self, served: Counter) -> EvaluationResult:
        """Lets the agent serve and learn."""
        options = {**self.world.env_options, "shop": self.world.shop}
        result = evaluate(
            self.agent(), self.world.env_id, self.world.customers, self.batch, self.seed, served.start(), **options
        )
        return replace(result, agent=self.spec.text)


def _described(value: Any) -> Any:
    """A text or list that is another one for another value."""
    if isinstance(value, Shop):
        return value.digest
    if isinstance(value, Mapping):
        return [
            [name, _described(import_named("customer", own) if name == "customer" and ":" in str(own) else own)]
            for name, own in sorted(value.items())
        ]
    if isinstance(value, Path) and value.is_file():
        return hashlib.sha256(value.read_bytes()).hexdigest()
    if isinstance(value, type):
        return [
            [each.__module__, each.__qualname__, _code(each)]
            for each in value.__mro__
            if each.__module__ != object.__module__
        ]
    return repr(value)


@cache  # by class: what was written to the module since does not run before it is imported anew
def _code(own: type) -> str:
    """Of the module of a class."""
    try:
        code = Path(inspect.getsourcefile(own) or "").read_bytes()
    except (OSError, TypeError):  # typed into a session: nobody can say whether it is still the same
        code = uuid4().bytes
    return hashlib.sha256(code).hexdigest()


@cache
def _digest(folder: Path) -> str:
    """Of the code in a folder."""
    code = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        code.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return code.hexdigest()
