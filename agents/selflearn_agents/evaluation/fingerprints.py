"""Texts that change with what a result depends on: options, arrays, classes and code."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from types import FunctionType, MappingProxyType
from typing import Any
from uuid import uuid4

import numpy as np

import selflearn_agents
import selflearn_env
from selflearn_env import Shop
from selflearn_env.plugins import import_named

PLAIN = (type(None), bool, int, float, complex, str, bytes)
NUMBERS = ("numpy", "gymnasium", "numba")  # packages whose versions may change what comes out


def environment_code() -> list[str]:
    """Of the code that simulates, and of the packages that it computes with."""
    return [_digest(Path(selflearn_env.__file__ or "").parent), *(version(package) for package in NUMBERS)]


def agents_code() -> str:
    """Of the code of all agents and of their evaluation."""
    return _digest(Path(selflearn_agents.__file__ or "").parent)


def described(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A text or list that stands for a value: equal for equal values, also in another process, and else different.

    Arrays and files are described by what they hold. Classes and functions are described with the code of their
    modules, classes with that of their base classes too, but not with the code that those modules import. A value that
    cannot be looked into, such as a generator, differs from every other.

    Args:
        value: what is described.
        above: the `id` of each object that it is in.
    """
    kind = type(value)
    if kind in PLAIN:
        return [kind.__name__, repr(value)]
    if isinstance(value, Shop):
        return value.digest
    if isinstance(value, type):
        return [[each.__module__, each.__qualname__, _code(each)] for each in value.__mro__ if each is not object]
    if isinstance(value, Path) and value.is_file():
        return ["file", hashlib.sha256(value.read_bytes()).hexdigest()]
    if kind is np.ndarray and not value.dtype.hasobject:
        return ["array", repr(value.dtype.descr), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
    if id(value) in above:
        return ["above", len(above) - above.index(id(value))]
    within = partial(described, above=(*above, id(value)))
    if kind in (list, tuple):
        return [kind.__name__, *map(within, value)]
    if kind in (set, frozenset):
        return [kind.__name__, *sorted(map(within, value), key=json.dumps)]
    if kind in (dict, MappingProxyType):
        return ["dict", *sorted(([within(name), within(_meant(name, own))] for name, own in value.items()), key=str)]
    if kind is FunctionType:
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        code = [value.__module__, value.__qualname__, value.__code__.co_firstlineno, _code(value)]
        return ["function", *code, *map(within, (cells, value.__defaults__, value.__kwdefaults__))]
    try:
        taken = value.__reduce_ex__(4)  # apart, as pickle does
    except Exception:
        return ["unknown", uuid4().hex]
    if isinstance(taken, str):
        return ["known as", kind.__module__, getattr(value, "__module__", None), taken]
    return ["object", *(within(list(part) if isinstance(part, Iterator) else part) for part in taken)]


def _meant(name: Any, value: Any) -> Any:
    """The value of an option; for customers named "module:Class", the class."""
    return import_named("customer", value) if name == "customer" and ":" in str(value) else value


@cache  # by class: what was written to the module since does not run before it is imported anew
def _code(own: Any) -> str:
    """The digest of the code of the module in which a class or a function is defined."""
    module = sys.modules.get(own.__module__)
    if own.__module__.partition(".")[0] in sys.stdlib_module_names:
        return python_version()
    try:
        code = Path(inspect.getsourcefile(own) or "").read_bytes()
    except (OSError, TypeError):
        compiled = getattr(module, "__file__", None)  # or typed into a session: nobody can say whether it is the same
        code = Path(compiled).read_bytes() if compiled else uuid4().bytes
    return hashlib.sha256(code).hexdigest()


@cache
def _digest(folder: Path) -> str:
    """Of the code in a folder."""
    code = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        code.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return code.hexdigest()
