"""What need not be installed: classes of the user's own, named as "module:Class", and the libraries of extras."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType
from typing import Any


class OwnModules(MetaPathFinder):
    """Finds modules in the working folder: those that were asked for by name, and what they import from there.

    Nothing else is looked for in it. A `numexpr.py` that lies there is not what a library takes for numexpr.
    """

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._found: set[str] = set()

    def ask(self, module: str) -> None:
        """Lets a module, or the package that it is in, be found."""
        self._asked.add(_root(module))
        if self not in sys.meta_path:
            sys.meta_path.append(self)  # what is installed comes before

    def has(self, module: str) -> bool:
        """Whether a module was found so."""
        return _root(module) in self._found

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
        if path is not None or not (fullname in self._asked or _importer() in self._found):
            return None
        spec = PathFinder.find_spec(fullname, [str(Path.cwd())])
        if spec is not None:
            self._found.add(fullname)
        return spec


own_modules = OwnModules()


def _root(module: str) -> str:
    return module.partition(".")[0]


def _importer() -> str:
    """The package, or else the module, whose code imports."""
    frame = sys._getframe(2)
    while frame.f_back and _root(frame.f_globals.get("__name__", "")) == "importlib":
        frame = frame.f_back
    return _root(frame.f_globals.get("__name__", ""))


def import_named(what: str, given: str) -> Any:
    """What "module:name" names; a module that is not installed is looked for in the working folder.

    Args:
        what: what it is wanted as, for the message.
        given: the text; it has a colon.

    Raises:
        ValueError: there is no such module, it cannot be run, or there is nothing of this name in it.
    """
    module, _, name = given.partition(":")
    if not module or module.startswith("."):
        raise ValueError(f"{what} {given!r} cannot be imported: it names no module")
    own_modules.ask(module)
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{what} {given!r} cannot be imported: {error}") from None
    except Exception as error:  # whatever the user's own module may raise
        raise ValueError(f"{what} {given!r} cannot be imported: {type(error).__name__}: {error}") from error


def missing_extra(what: str, extra: str) -> ImportError:
    """The error of something that needs the libraries of an extra.

    It names the libraries: pip finds them wherever this package came from, an index, a wheel or a checkout.
    """
    wanted = [each.partition(";") for each in requires("selflearn-env") or ()]
    named = [f'"{library.strip()}"' for library, _, when in wanted if extra in when.replace("'", '"').split('"')]
    return ImportError(f"{what}: pip install {' '.join(named)}")
