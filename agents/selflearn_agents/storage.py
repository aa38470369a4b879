"""Agents on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.archive import read_archive, write_archive

KIND, VERSION = "selflearn-agent", 4


class Resumable(Protocol):
    """What is stored: arrays, numbers and texts in attributes, one generator, and parts that hold the same."""

    parts: ClassVar[dict[str, type]]
    rng: np.random.Generator


Stored = TypeVar("Stored", bound=Resumable)


def take_apart(agent: Resumable) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """What is stored of an agent, of its parts, and of their parts: a heading, as JSON has it, and arrays by name."""
    heading: dict[str, Any] = {"format": KIND, "version": VERSION, "agent": type(agent).__name__, "attributes": {}}
    arrays: dict[str, NDArray] = {}
    for owner, target in _with_parts(agent):
        plain = heading["attributes"].setdefault(owner, {})
        for name, value in vars(target).items():
            if isinstance(value, np.ndarray):
                arrays[f"{owner}.{name}"] = value
            elif isinstance(value, np.random.Generator):
                heading["rng"] = value.bit_generator.state
            elif name not in _parts(target):
                plain[name] = value
    return heading, arrays


def write_agent(agent: Resumable, path: Path) -> None:
    """Writes what is stored of an agent to a file."""
    write_archive(path, *take_apart(agent))


def read_agent(path: Path, known: Sequence[type[Stored]]) -> Stored:
    """The agent as it was; see `selflearn_agents.load_agent`."""
    return put_together(*read_archive(path, KIND, VERSION), str(path), known)


def put_together(
    heading: dict[str, Any], arrays: dict[str, NDArray], where: str, known: Sequence[type[Stored]]
) -> Stored:
    """An agent of what `take_apart` gave.

    Args:
        heading: of the agent.
        arrays: by name; the agent takes them as they are.
        where: the file or store, for messages.
        known: the classes that it may be of.

    Raises:
        ValueError: it is of another class, or broken.
    """
    try:
        return _put_together(heading, arrays, where, known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{where}: a broken agent file ({type(error).__name__}: {error})") from None


def _put_together(
    heading: dict[str, Any], arrays: dict[str, NDArray], where: str, known: Sequence[type[Stored]]
) -> Stored:
    by_class = {agent_class.__name__: agent_class for agent_class in known}
    if heading["agent"] not in by_class:
        raise ValueError(f"{where}: holds a {heading['agent']}, which is no known agent; known: {', '.join(by_class)}")
    agent = _empty(by_class[heading["agent"]])
    owners = dict(_with_parts(agent))
    for owner, plain in heading["attributes"].items():
        vars(owners[owner]).update(plain)
    for key, array in arrays.items():
        owner, name = key.rsplit(".", 1)
        setattr(owners[owner], name, array)
    agent.rng = np.random.default_rng(0)
    agent.rng.bit_generator.state = heading["rng"]
    return agent


def _parts(target: object) -> dict[str, type]:
    """The attributes that are objects of other classes, which are stored like the agent itself."""
    return getattr(target, "parts", {})


def _with_parts(target: object, owner: str = "") -> Iterator[tuple[str, Any]]:
    """An object under the name of its owner, and its parts under "part", theirs under "part.part"."""
    yield owner, target
    for part in _parts(target):
        yield from _with_parts(getattr(target, part), f"{owner}.{part}".lstrip("."))


def _empty(known: type[Any]) -> Any:
    """An object of a class, with its parts, but without any other attribute."""
    target = object.__new__(known)
    for part, part_class in _parts(known).items():
        setattr(target, part, _empty(part_class))
    return target
