"""Agents on disk: one zip of arrays with a JSON heading, no pickle."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.atomic import write_atomically

if TYPE_CHECKING:
    from agents.agent import Agent

FORMAT, VERSION = "selflearn-agent", 1


def write_agent(agent: Agent, path: Path) -> None:
    """Writes the attributes of an agent and of its parts."""
    heading: dict[str, Any] = {"format": FORMAT, "version": VERSION, "agent": type(agent).__name__}
    arrays: dict[str, NDArray] = {}
    for owner, target in [("", agent), *((part, getattr(agent, part)) for part in agent.parts)]:
        plain = heading.setdefault("attributes", {}).setdefault(owner, {})
        for name, value in vars(target).items():
            if isinstance(value, np.ndarray):
                arrays[f"{owner}.{name}"] = value
            elif isinstance(value, np.random.Generator):
                heading["rng"] = value.bit_generator.state
            elif name not in agent.parts:
                plain[name] = value
    with write_atomically(path) as file:
        text = json.dumps(heading).encode("utf-8")
        np.savez_compressed(file, heading=np.frombuffer(text, dtype=np.uint8), **arrays)  # type: ignore[arg-type]


def read_agent(path: Path, known: Mapping[str, type[Agent]]) -> Agent:
    """The agent as it was; see `agents.load_agent`."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        heading = json.loads(arrays.pop("heading").tobytes().decode("utf-8"))
        named, version = heading["format"], heading["version"]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not an agent file, or a broken one ({type(error).__name__})") from None
    if named != FORMAT:
        raise ValueError(f"{path}: not an agent file but {named!r}")
    if version > VERSION:
        raise ValueError(f"{path}: written in format {version}, this version reads up to {VERSION}; upgrade")
    by_class = {agent_class.__name__: agent_class for agent_class in known.values()}
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
    bit_generator = getattr(np.random, heading["rng"]["bit_generator"])()
    bit_generator.state = heading["rng"]
    agent.rng = np.random.Generator(bit_generator)
    return agent
