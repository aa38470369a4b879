"""Classes of the user's own, named in text as "module:Class"."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def import_named(what: str, given: str) -> Any:
    """What "module:name" names.

    Args:
        what: what it is wanted as, for the message.
        given: the text; it has a colon.

    Raises:
        ValueError: there is no such module, it cannot be run, or there is nothing of this name in it.
    """
    module, _, name = given.partition(":")
    if not module or module.startswith("."):
        raise ValueError(f"{what} {given!r} cannot be imported: it names no module")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{what} {given!r} cannot be imported: {error}") from None
    except Exception as error:  # whatever the user's own module may raise
        raise ValueError(f"{what} {given!r} cannot be imported: {type(error).__name__}: {error}") from error
