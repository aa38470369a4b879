"""How a broken rule is said."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

Tried = TypeVar("Tried")


class BrokenRuleError(AssertionError):
    """Something breaks a rule that all of its kind keep."""


def try_rule(rule: Callable[[Tried], None], tried: Tried, name: str) -> None:
    """Sees that a rule is kept.

    Raises:
        BrokenRuleError: it is not; or something was raised while this was tried, which the message then tells.
    """
    try:
        rule(tried)
    except BrokenRuleError:
        raise
    except Exception as error:
        raise BrokenRuleError(f"{name} raised {type(error).__name__}: {error}; the rule: {said(rule)}") from error


def said(rule: Callable[..., None]) -> str:
    """A rule in words."""
    return " ".join((inspect.getdoc(rule) or "").split("\n\n")[0].split())


@contextmanager
def kept_generators() -> Iterator[None]:
    """The generators of the whole program are left as they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)


def seed_generators(seed: int) -> None:
    """Seeds the generators of the whole program."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  nothing here draws from it


def generators() -> dict[str, Any]:
    """The states of the generators of the whole program, by the module that draws from it."""
    return {"numpy.random": repr(np.random.get_state(legacy=False)), "random": repr(random.getstate())}  # noqa: NPY002
