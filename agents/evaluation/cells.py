"""Runs of agents in worlds with seeds: side by side, and kept, so that a comparison that was stopped goes on."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import gymnasium as gym
from joblib import Parallel, delayed, parallel_config

import agents
import selflearn_env
from agents.evaluation.evaluate import evaluate
from agents.evaluation.progress import Counter, Progress
from agents.evaluation.result import EvaluationResult
from agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.plugins import import_named

NUMBERS = ("numpy", "gymnasium")  # packages whose versions may change what comes out

_shops: dict[str, Shop] = {}  # of this process, so that the customers of a shop are drawn once and not for every run


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
        return gym.make_vec(self.env_id, 1, vectorization_mode="vector_entry_point", **options).unwrapped

    def complete(self) -> World:
        """This world with its shop among the options, read or built once for all runs."""
        return replace(self, env_options={**self.env_options, "shop": self.shop})

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
            *(_digest(Path(package.__file__ or "").parent) for package in (agents, selflearn_env)),
            *(version(package) for package in NUMBERS),
            (_described(self.spec.agent_class), self.spec.text, _described(self.spec.hyperparameters)),
            (self.world.env_id, self.world.customers, _described(self.world.env_options)),
            (self.seed, self.batch),
        ]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        readable = re.sub(r"\W+", "-", f"{self.spec.text} {self.world.name} {self.seed}").strip("-")
        return f"{readable[:80]}-{key[:16]}.npz"

    def run(self, served: Counter) -> EvaluationResult:
        """Lets the agent serve and learn."""
        shop = self.world.shop
        agent = self.spec.make(shop.history, self.world.simulator.slate_size, self.seed, self.world.simulator)
        options = {**self.world.env_options, "shop": shop}
        result = evaluate(
            agent, self.world.env_id, self.world.customers, self.batch, self.seed, served.start(), **options
        )
        return replace(result, agent=self.spec.text)


def run_cells(
    cells: Sequence[Cell], jobs: int, backend: str, keep: Path | None, progress: bool
) -> list[EvaluationResult]:
    """The results of all cells, in their order; those that are kept are read.

    Args:
        cells: what to run.
        jobs: how many run side by side.
        backend: of joblib: "loky" (processes on this machine), "ray" or "dask" (their cluster, if it is set up).
        keep: folder of finished runs, or None. Each run is written there as soon as it is done.
        progress: whether to show bars.

    Raises:
        Exception: what the first run that failed has raised, with a note that says which; the others are done then.
        ImportError: the library of the backend is not installed.
        OSError: a run cannot be written.
    """
    results: dict[int, EvaluationResult] = {}
    places = [keep / cell.file if keep else None for cell in cells]
    for number, place in enumerate(places):
        if place and place.is_file():
            try:
                results[number] = EvaluationResult.load(place)
            except ValueError:  # a broken one is run again
                place.unlink()
    left = [number for number in range(len(cells)) if number not in results]
    if progress and len(left) < len(cells):
        print(f"{len(cells) - len(left)} of {len(cells)} runs are kept from before in {keep}")
    with Progress([cells[at].label for at in left], [cells[at].world.customers for at in left], progress) as bars:
        tasks = (
            delayed(_run)(number, cells[number], places[number], bars.counter(at)) for at, number in enumerate(left)
        )
        failed: list[Exception] = []
        for number, result in _side_by_side(tasks, jobs, backend):
            if isinstance(result, Exception):  # the others are worth keeping
                failed.append(result)
                continue
            results[number] = result
            place = places[number]
            if place and not place.is_file():  # it ran on a machine that does not see this folder
                result.save(place)
    if failed:
        raise failed[0]
    return [results[number] for number in range(len(cells))]


def _run(number: int, cell: Cell, place: Path | None, served: Counter) -> tuple[int, EvaluationResult | Exception]:
    try:
        result = cell.run(served)
        if place and place.parent.is_dir():
            result.save(place)
        return number, result
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        error.add_note(f"in the run of {cell.label} ({where.filename}, line {where.lineno})")
        return number, error


def _side_by_side(tasks: Iterable[Any], jobs: int, backend: str) -> Iterator[tuple[int, EvaluationResult | Exception]]:
    """The results, each as soon as it is there where the backend can."""
    if backend == "ray":
        from ray.util.joblib import register_ray  # the extra of a cluster's user

        register_ray()
    cluster: AbstractContextManager = nullcontext()
    if backend == "dask":
        from distributed import Client

        cluster = Client()  # that of the configuration, or one on this machine
    with cluster, parallel_config(backend=backend, n_jobs=jobs):
        yield from Parallel(return_as="list" if backend == "ray" else "generator_unordered", batch_size=1)(tasks)


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
