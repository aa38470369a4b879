"""Writes agents to files, and reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.archive import read_archive, refusing, write_archive
from selflearn_env.declared import Array, Declared, Plain, Sizes, about, check

KIND, VERSION = "selflearn-agent", 4
REMEDY = "train it anew"
SIZES = ("states", "products", "slate_size")  # attributes of every agent, by which shapes are declared
PACKAGE = "selflearn_agents."


class Resumable(Protocol):
    """What can be stored: an object whose attributes are arrays, numbers, texts, one generator, and parts like itself.

    An agent and its parts may have a method `check_kept`. It is called after reading, and raises a ValueError where the
    attributes do not fit each other.

    Attributes:
        parts: attribute -> class, of attributes that are objects themselves.
        declared: what each stored array, number and text must be like, by attribute.
        rng: the generator.
    """

    parts: ClassVar[dict[str, type]]
    declared: ClassVar[Declared]
    rng: np.random.Generator


Stored = TypeVar("Stored", bound=Resumable)


def take_apart(agent: Resumable) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """What is stored of an agent and all its parts: a heading as JSON has it, and arrays by name, "part.attribute".

    Raises:
        TypeError: an attribute is what no file would give back.
    """
    heading: dict[str, Any] = {"format": KIND, "version": VERSION, "agent": type(agent).__name__, "attributes": {}}
    arrays: dict[str, NDArray] = {}
    for owner, target in _with_parts(agent):
        plain = heading["attributes"].setdefault(owner, {})
        for name, value in vars(target).items():
            if isinstance(value, np.ndarray) and not value.dtype.hasobject:
                arrays[f"{owner}.{name}"] = value
            elif isinstance(value, np.random.Generator) and name == "rng":
                heading["rng"] = value.bit_generator.state
            elif name not in _parts(target):
                try:
                    plain[name] = _plain(value)
                except TypeError as error:
                    raise TypeError(
                        f"{type(target).__name__} cannot be saved: its attribute {name!r} {error}"
                    ) from None
    return heading, arrays


def _plain(value: Any) -> Any:
    """What JSON keeps of a plain value.

    Raises:
        TypeError: it would come back as something else, or not at all.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(each) for key, each in value.items()}
    what = (
        "a dict whose keys are not all texts"
        if isinstance(value, dict)
        else f"something of the type {type(value).__name__}"
    )
    raise TypeError(
        f"is or holds {what}; keep arrays of numbers, numbers, texts, lists or dicts with texts as keys, draw from "
        f"self.rng alone, or say in `unsaved` why there is no file of it"
    )


def write_agent(agent: Resumable, path: Path) -> None:
    """Writes an agent to a file.

    Raises:
        OSError: the file cannot be written.
    """
    write_archive(path, *take_apart(agent))


def read_agent(path: Path, known: Sequence[type[Stored]]) -> Stored:
    """The agent as it was; see `selflearn_agents.load_agent`."""
    heading, arrays = read_archive(path, KIND, VERSION, lambda heading, names: _declared(heading, names, known), REMEDY)
    with refusing(path, KIND, REMEDY):
        return _put_together(heading, arrays, known)


def put_together(
    heading: dict[str, Any], arrays: dict[str, NDArray], where: str, known: Sequence[type[Stored]]
) -> Stored:
    """Puts an agent together again from what `take_apart` gave.

    Args:
        heading: of the agent.
        arrays: by name; the agent keeps them without copying.
        where: the file or store that they came from, for messages.
        known: the classes that the agent may have.

    Raises:
        ValueError: it has another class, or a part of it is missing or not as its class declares it.
    """
    with refusing(where, KIND, REMEDY):
        declared, sizes = _declared(heading, list(arrays), known)
        check({name: what for name, what in declared.items() if what is not None}, arrays, sizes)
        return _put_together(heading, arrays, known)


def declarations(kind: type) -> Declared:
    """What a class and its base classes declare of their attributes."""
    found: dict[str, Array | Plain] = {}
    for each in reversed(kind.__mro__):
        found |= vars(each).get("declared", {})
    return found


def _declared(
    heading: dict[str, Any], names: Sequence[str], known: Sequence[type[Stored]]
) -> tuple[dict[str, Array | None], Sizes]:
    """What the arrays of an agent must be like, and the sizes known; its numbers and texts are checked at once.

    Classes of this package declare all that they keep, which a test checks. A user's own classes need not: what they do
    not declare may be anything, but must not have the name of a method, which it would replace.

    Raises:
        ValueError: a number or text is missing, wrong, or does not belong to the agent.
    """
    empty, attributes = _empty(_class_of(heading, known)), dict(heading["attributes"])
    sizes = {size: attributes[""][size] for size in SIZES}
    arrays: dict[str, Array | None] = {}
    for owner, target in _with_parts(empty):
        declared, found = declarations(type(target)), attributes.pop(owner)
        with about(owner):
            check({name: what for name, what in declared.items() if isinstance(what, Plain)}, found, {})
            others = [name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == owner]
            strange = [name for name in (*found, *others) if name not in declared]
            for name in strange:
                if type(target).__module__.startswith(PACKAGE) or callable(getattr(target, name, None)):
                    raise ValueError(f"has {name!r}, which does not belong to it")
        arrays |= {f"{owner}.{name}": what for name, what in declared.items() if isinstance(what, Array)}
        arrays |= {f"{owner}.{name}": None for name in strange if name in others}
    for owner in attributes:
        raise ValueError(f"{owner!r} is no part of it")
    return arrays, sizes


def _put_together(heading: dict[str, Any], arrays: dict[str, NDArray], known: Sequence[type[Stored]]) -> Stored:
    agent = _empty(_class_of(heading, known))
    owners = dict(_with_parts(agent))
    for owner, plain in heading["attributes"].items():
        vars(owners[owner]).update(plain)
    for key, array in arrays.items():
        owner, name = key.rsplit(".", 1)
        setattr(owners[owner], name, array)
    agent.rng = np.random.default_rng(0)
    agent.rng.bit_generator.state = heading["rng"]
    for owner, target in owners.items():
        with about(owner):
            getattr(target, "check_kept", lambda: None)()
    return agent


def _class_of(heading: dict[str, Any], known: Sequence[type[Stored]]) -> type[Stored]:
    """The class of an agent.

    Raises:
        ValueError: it is of none that is known.
    """
    by_class = {agent_class.__name__: agent_class for agent_class in known}
    if heading["agent"] not in by_class:
        name = heading["agent"]
        raise ValueError(
            f"it holds a {name}, which is no agent of this package; one of your own needs its class, "
            f"load_agent(path, own=[{name}])"
        )
    return by_class[heading["agent"]]


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
