"""Agents on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.archive import read_archive, write_archive

KIND, VERSION = "selflearn-agent", 3


class Resumable(Protocol):
    """What is stored: arrays, numbers and texts in attributes, one generator, and parts that hold the same."""

    parts: ClassVar[dict[str, type]]
    rng: np.random.Generator


Stored = TypeVar("Stored", bound=Resumable)


def write_agent(agent: Resumable, path: Path) -> None:
    """Writes the attributes of an agent and of its parts."""
    heading: dict[str, Any] = {"format": KIND, "version": VERSION, "agent": type(agent).__name__, "attributes": {}}
    arrays: dict[str, NDArray] = {}
    for owner, target in [("", agent), *((part, getattr(agent, part)) for part in agent.parts)]:
        plain = heading["attributes"].setdefault(owner, {})
        for name, value in vars(target).items():
            if isinstance(value, np.ndarray):
                arrays[f"{owner}.{name}"] = value
            elif isinstance(value, np.random.Generator):
                heading["rng"] = value.bit_generator.state
            elif name not in agent.parts:
                plain[name] = value
    write_archive(path, heading, arrays)


def read_agent(path: Path, known: Sequence[type[Stored]]) -> Stored:
    """The agent as it was; see `selflearn_agents.load_agent`."""
    heading, arrays = read_archive(path, KIND, VERSION)
    try:
        return _put_together(heading, arrays, path, known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: a broken agent file ({type(error).__name__}: {error})") from None


def _put_together(
    heading: dict[str, Any], arrays: dict[str, NDArray], path: Path, known: Sequence[type[Stored]]
) -> Stored:
    by_class = {agent_class.__name__: agent_class for agent_class in known}
    if heading["agent"] not in by_class:
        raise ValueError(f"{path}: holds a {heading['agent']}, which is no known agent; known: {', '.join(by_class)}")
    agent_class = by_class[heading["agent"]]
    agent = object.__new__(agent_class)
    owners: dict[str, Any] = {"": agent}
    for part, part_class in agent_class.parts.items():
        owners[part] = object.__new__(part_class)
        setattr(agent, part, owners[part])
    for owner, plain in heading["attributes"].items():
        for name, value in plain.items():
            setattr(owners[owner], name, value)
    for key, array in arrays.items():
        owner, name = key.split(".", 1)
        setattr(owners[owner], name, array)
    agent.rng = np.random.default_rng(0)
    agent.rng.bit_generator.state = heading["rng"]
    return agent
