"""The cells of the table: an entry in an environment on a log, and all that its figures depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from selflearn_agents.suite.definition import Environment, Log, Suite
from selflearn_agents.suite.entries import Entry


@dataclass(frozen=True)
class Cell:
    """An entry in an environment on a log.

    Attributes:
        suite: of which it is a part.
        entry: who serves.
        environment: where.
        log: whose shop.
    """

    suite: Suite
    entry: Entry
    environment: Environment
    log: Log

    @property
    def name(self) -> str:
        """Its three names, as `selflearn bench verify` takes them."""
        return f"{self.entry.name} {self.environment.name} {self.log.name}"

    @property
    def place(self) -> Path:
        """The file of its results."""
        return self.suite.results / self.environment.name / self.log.name / f"{self.entry.name}.json"

    @property
    def seeds(self) -> range:
        """The seeds of its runs."""
        return range(self.suite.seeds)

    @property
    def visits(self) -> int:
        """Of a run; where the measure counts customers, customers."""
        return self.environment.visits[self.log.name]

    @property
    def left_out(self) -> str | None:
        """Why the entry does not take part here; None where it does."""
        return self.entry.left_out(self.environment.name, self.log.name)

    def asked(self) -> dict[str, Any]:
        """What is computed: results of anything else are others. JSON."""
        return {
            "suite": self.suite.name,
            "suite_version": self.suite.version,
            "agent": self.entry.text,
            "commit": self.entry.commit,
            "environment": self.environment.env_id,
            "options": dict(self.environment.options),
            "slate_size": self.suite.slate_size,
            "visits": self.visits,
            "batch": self.environment.batch,
            "measure": self.environment.measure,
            "shop": self.log.digest,
        }


def cells_of(suite: Suite, entries: Mapping[str, Entry], only: Mapping[str, str] | None = None) -> list[Cell]:
    """The cells of a suite, environment by environment, log by log; those that are left out are among them.

    Args:
        suite: the suite.
        entries: who takes part.
        only: "entry", "env" or "log" -> the one name asked for.

    Raises:
        ValueError: there is no such name, or an entry leaves out what the suite does not have.
    """
    only = dict(only or {})
    chosen = [
        _chosen(suite.environments, only.pop("env", None), f"environment of {suite.path}"),
        _chosen(suite.logs, only.pop("log", None), f"log of {suite.path}"),
        _chosen(entries, only.pop("entry", None), f"entry in {suite.entries}"),
    ]
    if only:
        raise ValueError(f"only {next(iter(only))}=...: known are entry, env and log")
    _chosen(entries, suite.reference, f"entry in {suite.entries}, as the reference of {suite.path},")
    places = {*suite.environments, *suite.logs} | {f"{env}/{log}" for env in suite.environments for log in suite.logs}
    for entry in entries.values():
        for place in entry.leaves_out:
            if place not in places:
                raise ValueError(
                    f"{entry.path}: leaves_out: {place!r} is no environment, log or environment/log of {suite.path}"
                )
    return [Cell(suite, entry, environment, log) for environment, log, entry in product(*chosen)]


def _chosen(known: Mapping[str, Any], name: str | None, what: str) -> list[Any]:
    """All, or the one of a name.

    Raises:
        ValueError: there is none of this name.
    """
    if name is None:
        return list(known.values())
    if name not in known:
        raise ValueError(f"there is no {what} called {name!r}; known: {', '.join(known)}")
    return [known[name]]
