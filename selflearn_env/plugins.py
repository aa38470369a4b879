"""Code from outside this package: the user's own classes, named "module:Class", and the libraries of extras."""

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

    Other imports do not look there: a library that imports numexpr must not get a `numexpr.py` that lies there.
    """

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._found: set[str] = set()

    def ask(self, module: str) -> None:
        """Allows a module, or the package that it is in, to be found in the working folder."""
        self._asked.add(_root(module))
        if self not in sys.meta_path:
            sys.meta_path.append(self)  # at the end: installed modules come first

    def has(self, module: str) -> bool:
        """Whether a module was found in the working folder."""
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
    """The name of the package, or of the module without one, whose code runs the import."""
    frame = sys._getframe(2)
    while frame.f_back and _root(frame.f_globals.get("__name__", "")) == "importlib":
        frame = frame.f_back
    return _root(frame.f_globals.get("__name__", ""))


def import_named(what: str, given: str) -> Any:
    """Imports what a text "module:name" names; a module that is not installed is looked for in the working folder.

    Args:
        what: what it will be used as, such as "agent", for the message.
        given: the text; it has a colon.

    Raises:
        ValueError: there is no such module, it fails while it is imported, or it has nothing of this name.
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
    """The error to raise where the libraries of an extra are missing: `what`, and the command that installs them.

    It names the libraries: pip finds them wherever this package came from, an index, a wheel or a checkout.
    """
    wanted = [each.partition(";") for each in requires("selflearn-env") or ()]
    named = [f'"{library.strip()}"' for library, _, when in wanted if extra in when.replace("'", '"').split('"')]
    return ImportError(f"{what}: pip install {' '.join(named)}")
