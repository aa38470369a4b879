"""The suite: which environments, logs and seeds, as its file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selflearn_agents.suite.measures import MEASURES
from selflearn_agents.suite.reading import Section, read_yaml
from selflearn_agents.suite.recipes import Recipe

FOLDER = Path("benchmarks")  # of a checkout


@dataclass(frozen=True)
class Environment:
    """An environment of the suite, and how long its runs are.

    Attributes:
        name: in the table.
        env_id: as it is registered.
        options: of the environment, but for the shop and the slate size.
        visits: of a run, by log; where the measure counts customers, customers.
        batch: visits decided before the feedback of any of them is learned from.
        measure: a key of `MEASURES`, by which agents are compared there.
        about: a sentence.
    """

    name: str
    env_id: str
    options: Mapping[str, Any]
    visits: Mapping[str, int]
    batch: int
    measure: str
    about: str


@dataclass(frozen=True)
class Log:
    """A log of the suite.

    Attributes:
        name: in the table.
        recipe: how the file is got, and how the shop is built of it.
        digest: of that shop.
        about: a sentence.
    """

    name: str
    recipe: Recipe
    digest: str
    about: str


@dataclass(frozen=True)
class Suite:
    """A benchmark.

    Attributes:
        path: its file; entries and results are in folders beside it.
        name: of the file.
        version: grows when results of before and after cannot be compared.
        seeds: runs per cell, with the seeds 0, 1, ...
        slate_size: products per slate.
        reference: the entry that all others are compared with.
        environments: by name.
        logs: by name.
    """

    path: Path
    name: str
    version: int
    seeds: int
    slate_size: int
    reference: str
    environments: Mapping[str, Environment]
    logs: Mapping[str, Log]

    @property
    def entries(self) -> Path:
        """The folder of the entries."""
        return self.path.parent / "entries"

    @property
    def results(self) -> Path:
        """The folder of the results."""
        return self.path.parent / "results" / self.name

    @property
    def shops(self) -> Path:
        """The folder of the shops that were built, which git ignores."""
        return self.path.parent / ".suite_cache"


def read_suite(given: str) -> Suite:
    """A suite.

    Args:
        given: its name, as in "core" of `benchmarks/core.yaml`, or the path of its file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: what it says cannot be used; the message names the file and the key.
    """
    path = Path(given) if given.endswith((".yaml", ".yml")) else FOLDER / f"{given}.yaml"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: there is no such suite; call this in a checkout of the project, or give the path of a YAML file"
        )
    content = read_yaml(path)
    logs = {name: _log(name, part, path.parent) for name, part in content.parts("logs").items()}
    suite = Suite(
        path,
        path.stem,
        content.positive("version"),
        content.positive("seeds"),
        content.positive("slate_size", 10),
        content.take("reference", str),
        {name: _environment(name, part, list(logs)) for name, part in content.parts("environments").items()},
        logs,
    )
    content.end()
    return suite


def _environment(name: str, part: Section, logs: list[str]) -> Environment:
    visits = part.part("visits")
    environment = Environment(
        name,
        part.take("id", str),
        part.take("options", dict, {}),
        {log: visits.positive(log) for log in logs},
        part.positive("batch", 1),
        part.one_of("measure", tuple(MEASURES)),
        part.take("about", str),
    )
    part.end()
    visits.end()
    own = [option for option in environment.options if option in ("shop", "slate_size")]
    if own:
        raise ValueError(f"{part.place}: {own[0]} is the suite's to say, not an option")
    return environment


def _log(name: str, part: Section, folder: Path) -> Log:
    log = Log(name, Recipe.read(part.part("recipe"), folder), part.take("digest", str), part.take("about", str))
    part.end()
    return log
