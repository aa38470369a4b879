"""What need not be installed: classes of the user's own, named as "module:Class", and the libraries of extras."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import requires
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


def missing_extra(what: str, extra: str) -> ImportError:
    """The error of something that needs the libraries of an extra.

    It names the libraries: pip finds them wherever this package came from, an index, a wheel or a checkout.
    """
    wanted = [each.partition(";") for each in requires("selflearn-env") or ()]
    named = [f'"{library.strip()}"' for library, _, when in wanted if extra in when.replace("'", '"').split('"')]
    return ImportError(f"{what}: pip install {' '.join(named)}")
