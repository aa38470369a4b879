"""Tries a rule, and reports one that is broken."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

Tried = TypeVar("Tried")


class BrokenRuleError(AssertionError):
    """A rule is broken that all agents, customer models or shops keep."""


def try_rule(rule: Callable[[Tried], None], tried: Tried, name: str) -> None:
    """Checks that a rule is kept.

    Args:
        rule: raises `BrokenRuleError` where it is broken; its docstring begins with the rule in words.
        tried: what it is called with.
        name: of what is tried, for the message.

    Raises:
        BrokenRuleError: the rule is broken; or something else was raised while it was tried, which the message quotes.
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
    """At the end of the block, puts the global random generators back to their states before it."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)


def seed_generators(seed: int) -> None:
    """Seeds the global random generators, of `random` and `numpy.random`."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  nothing here draws from it


def generators() -> dict[str, Any]:
    """The states of the global random generators, by the name of their module."""
    return {"numpy.random": repr(np.random.get_state(legacy=False)), "random": repr(random.getstate())}  # noqa: NPY002
