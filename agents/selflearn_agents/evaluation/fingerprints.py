"""Texts that change with what a result depends on: options, arrays, classes and code."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

import selflearn_agents
import selflearn_env
from selflearn_env.plugins import import_named

NUMBERS = ("numpy", "gymnasium", "numba")  # packages whose versions may change what comes out


def environment_code() -> list[str]:
    """Of the code that simulates, and of the packages that it computes with."""
    return [_digest(Path(selflearn_env.__file__ or "").parent), *(version(package) for package in NUMBERS)]


def agents_code() -> str:
    """Of the code of all agents and of their evaluation."""
    return _digest(Path(selflearn_agents.__file__ or "").parent)


def described(value: Any) -> Any:
    """A text or list that is another one for another value.

    Arrays and files are what they hold; classes come with the code of their modules and of their base classes', not of
    what else those modules import. What has neither fields nor attributes is its `repr`.
    """
    if hasattr(value, "digest"):  # a shop, in memory or in a file
        return value.digest
    if isinstance(value, Mapping):
        return [
            [name, described(import_named("customer", own) if name == "customer" and ":" in str(own) else own)]
            for name, own in sorted(value.items(), key=lambda item: str(item[0]))
        ]
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
    if isinstance(value, list | tuple | np.ndarray):
        return [type(value).__name__, *map(described, value)]
    if isinstance(value, set | frozenset):
        return [type(value).__name__, *sorted(map(repr, value))]
    if hasattr(value, "to_numpy"):  # a table or a column of one
        return [type(value).__name__, described(value.to_numpy()), described(getattr(value, "index", None))]
    if isinstance(value, Path) and value.is_file():
        return hashlib.sha256(value.read_bytes()).hexdigest()
    if isinstance(value, type):
        return [
            [each.__module__, each.__qualname__, _code(each)]
            for each in value.__mro__
            if each.__module__ != object.__module__
        ]
    if is_dataclass(value):
        return [type(value).__qualname__, {each.name: described(getattr(value, each.name)) for each in fields(value)}]
    if getattr(value, "__dict__", None):
        return [described(type(value)), described(vars(value))]
    return repr(value)


@cache  # by class: what was written to the module since does not run before it is imported anew
def _code(own: type) -> str:
    """Of the module in which a class is defined."""
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
