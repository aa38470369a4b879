"""What the study judges: catalogues, customers, policies, sizes of logs, and how its work falls into pieces."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.fingerprints import agents_code, environment_code
from selflearn_agents.ope.study.policies import LOGGING, TARGETS, PlackettLuce, simulator_of
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.core.simulator import Simulator

LOGS = 20  # in a piece, at most


class Cell(NamedTuple):
    """Logs of one kind; all targets are judged by each."""

    catalogue: str
    customer: str
    logging: str
    visits: int


@dataclass(frozen=True)
class Catalogue:
    """A shop in a file, for all processes.

    Attributes:
        name: in tables.
        place: the file of the shop, in the folder of the study.
        digest: of the shop.
        slate_size: products per slate.
        logs: how many of each kind are judged, for each size in `Design.visits`.
    """

    name: str
    place: Path
    digest: str
    slate_size: int
    logs: tuple[int, ...]


@dataclass(frozen=True)
class Design:
    """All of a study; arguments of the command say what is what.

    Raises:
        ValueError: something is asked for twice, or a log of one visit, which nobody can be judged by.
    """

    catalogues: tuple[Catalogue, ...]
    customers: tuple[str, ...]
    logging: tuple[str, ...]
    targets: tuple[str, ...]
    visits: tuple[int, ...]
    estimators: tuple[str, ...]
    resamples: int
    seed: int
    folder: Path

    def __post_init__(self) -> None:
        names = tuple(each.name for each in self.catalogues)
        for asked in (names, self.customers, self.logging, self.targets, self.visits, self.estimators):
            if len(set(asked)) < len(asked):
                raise ValueError(f"something is asked for twice: {asked}")
        if min(self.visits) < 2:
            raise ValueError(f"a log needs at least 2 visits to be judged by, got {min(self.visits)}")

    def cells(self, catalogue: Catalogue) -> list[Cell]:
        """The kinds of logs, the long ones first."""
        return [
            Cell(catalogue.name, customer, logging, visits)
            for visits in sorted(self.visits, reverse=True)
            for customer in self.customers
            for logging in self.logging
        ]

    def pieces(self, catalogue: Catalogue) -> list[Piece]:
        """All logs of a catalogue, some at a time."""
        logs = dict(zip(self.visits, catalogue.logs, strict=True))
        return [
            Piece(self, catalogue, cell, start, min(start + LOGS, logs[cell.visits]))
            for cell in self.cells(catalogue)
            for start in range(0, logs[cell.visits], LOGS)
        ]

    def key(self, catalogue: Catalogue, *others: Any) -> str:
        """A text that changes with all that a result depends on, code included."""
        content = [agents_code(), environment_code(), catalogue.digest, catalogue.slate_size, self.seed, *others]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Piece:
    """Logs number `first` to `last` - 1 of a cell, judged in one go and kept in one file."""

    design: Design
    catalogue: Catalogue
    cell: Cell
    first: int
    last: int

    @property
    def place(self) -> Path:
        """The file."""
        design = self.design
        key = design.key(
            self.catalogue, self.cell, self.first, self.last, design.targets, design.estimators, design.resamples
        )
        readable = "-".join(map(str, (*self.cell, self.first, self.last))).replace(" ", "-")
        return design.folder / f"{readable}-{key}.npz"


class World:
    """The shop of a catalogue with its customers and policies, made once in each process."""

    def __init__(self, catalogue: Catalogue, folder: Path, key: str):
        """Reads the shop.

        Args:
            catalogue: which shop.
            folder: where tables of marginals are kept for others.
            key: of these tables.
        """
        self.catalogue, self._folder, self._key = catalogue, folder, key
        self.shop = Shop.load(catalogue.place)
        self._simulators: dict[str, Simulator] = {}
        self._policies: dict[str, Agent] = {}

    def simulator(self, customer: str) -> Simulator:
        """With these customers."""
        if customer not in self._simulators:
            self._simulators[customer] = simulator_of(self.shop, self.catalogue.slate_size, customer)
        return self._simulators[customer]

    def policy(self, name: str) -> Agent:
        """A logging policy or target; its tables, which take minutes of a large catalogue, are worked out once."""
        if name not in self._policies:
            policy = (LOGGING | TARGETS)[name](self.shop, self.catalogue.slate_size)
            if isinstance(policy, PlackettLuce):
                place = self._folder / f"marginals-{name}-{self._key}.npy"
                try:
                    policy.table = np.load(place, mmap_mode="r")
                except (EOFError, OSError, ValueError):  # there is none, or a broken one
                    with write_atomically(place) as file:
                        np.save(file, policy.table)
                    policy.table = np.load(place, mmap_mode="r")
            self._policies[name] = policy
        return self._policies[name]


@lru_cache(maxsize=1)
def world_of(catalogue: Catalogue, folder: Path, key: str) -> World:
    """The one that this process used last, or a new one."""
    return World(catalogue, folder, key)
