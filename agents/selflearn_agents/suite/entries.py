"""Who takes part: one YAML file per agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from selflearn_agents.specification import AgentSpec
from selflearn_agents.suite.reading import read_yaml

KINDS = ("baseline", "agent", "tool", "privileged")
OWN = "selflearn_agents"


@dataclass(frozen=True)
class Entry:
    """An agent that takes part.

    Attributes:
        path: its file.
        name: of the file, and in the table.
        agent: as `find_agent` takes it: a key of `selflearn_agents.AGENTS`, or "module:Class".
        hyperparameters: of the agent.
        kind: one of `KINDS`: a baseline does not learn, a tool is another library's learner, a privileged
            one knows what no real agent could.
        observes: what it knows of a visit.
        authors: their names.
        link: where it is described; "" for the documentation of this package.
        repository: where the agent comes from, or "" for those of this package.
        commit: of the repository.
        leaves_out: environment, log, or "environment/log" where it does not take part -> why.
    """

    path: Path
    name: str
    agent: str
    hyperparameters: Mapping[str, Any]
    kind: str
    observes: str
    authors: tuple[str, ...]
    link: str
    repository: str
    commit: str
    leaves_out: Mapping[str, str]

    @property
    def text(self) -> str:
        """The agent with its hyperparameters, as commands take it."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.hyperparameters.items())
        return f"{self.agent}({given})" if given else self.agent

    def left_out(self, environment: str, log: str) -> str | None:
        """Why it does not take part there; None where it does."""
        places = (f"{environment}/{log}", environment, log)
        return next((self.leaves_out[place] for place in places if place in self.leaves_out), None)

    def spec(self) -> AgentSpec:
        """What makes the agent.

        Raises:
            ImportError: the package of the agent is not installed.
            ValueError: there is no such agent, or it has no such hyperparameters.
        """
        module = self.agent.partition(":")[0].partition(".")[0]
        if self.repository and not find_spec(module):
            wanted = f"git+{self.repository}@{self.commit}"
            raise ImportError(f"module {module} is not installed: pip install {wanted}")
        try:
            spec = AgentSpec.parse(self.text)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.path}: {error}") from None
        if spec.agent_class.privileged != (self.kind == "privileged"):
            knows = "is privileged" if spec.agent_class.privileged else "is not privileged"
            raise ValueError(f"{self.path}: kind {self.kind!r} does not fit: the agent {knows}")
        return spec


def read_entry(path: Path) -> Entry:
    """An entry.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: what it says cannot be used; the message names the file and the key.
    """
    content = read_yaml(path)
    entry = Entry(
        path,
        content.take("name", str),
        content.take("agent", str),
        content.take("hyperparameters", dict, {}),
        content.one_of("kind", KINDS),
        content.take("observes", str),
        content.texts("authors"),
        content.take("link", str, ""),
        content.take("repository", str, ""),
        content.take("commit", str, ""),
        content.take("leaves_out", dict, {}),
    )
    content.end()
    if entry.name != path.stem or not re.fullmatch(r"[\w-]+", entry.name):
        raise ValueError(f"{path}: name must be that of the file, {path.stem!r}, in letters, digits, _ and -")
    ours = ":" not in entry.agent or entry.agent.partition(":")[0].partition(".")[0] == OWN
    if ours and (entry.repository or entry.commit):
        raise ValueError(f"{path}: repository and commit are those of agents from elsewhere; {entry.agent} is ours")
    if not entry.link.startswith("https://") and (entry.link or not ours):
        raise ValueError(f"{path}: link must say where the agent is described, https://..., got {entry.link!r}")
    if not ours and not entry.repository.startswith("https://"):
        raise ValueError(f"{path}: repository must say where {entry.agent} comes from, https://...")
    if not ours and not re.fullmatch(r"[0-9a-f]{40}", entry.commit):
        raise ValueError(f"{path}: commit must be the 40 hexadecimal digits of a commit, got {entry.commit!r}")
    for place, reason in entry.leaves_out.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{path}: leaves_out: {place} must say why, got {reason!r}")
    return entry


def read_entries(folder: Path) -> dict[str, Entry]:
    """All entries of a folder, by name.

    Raises:
        FileNotFoundError: there are none.
        ValueError: one of them cannot be used.
    """
    if other := sorted(folder.glob("*.yml")):
        raise ValueError(f"{other[0]}: the name of an entry's file ends in .yaml")
    entries = [read_entry(path) for path in sorted(folder.glob("*.yaml"))]
    if not entries:
        raise FileNotFoundError(f"{folder}: there are no entries")
    return {entry.name: entry for entry in entries}
