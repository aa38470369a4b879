"""Rules as plain loops, which numba compiles when one is first called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, cached_property, update_wrapper
from typing import Any


class Loop:
    """A plain function over arrays and numbers, compiled at its first call and kept in numba's cache on disk.

    The rules of the agents are such functions. `@Loop` stands where `@numba.njit` would, so that numba, which takes
    half a second, is imported only by those who run one. One loop may call another. With NUMBA_DISABLE_JIT=1 in the
    environment the same lines run as plain Python and give the same bits.
    """

    def __init__(self, function: Callable[..., Any]):
        """Wraps the function; nothing is compiled yet."""
        update_wrapper(self, function)
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns."""
        return self.compiled(*arguments)

    @cached_property
    def compiled(self) -> Any:
        """The function as numba has it."""
        import numba  # half a second

        _announce()
        try:
            return numba.njit(cache=True)(self._function)
        except RuntimeError:  # no folder can be written to, neither the package's own nor the user's cache
            return numba.njit(self._function)

    @property
    def _numba_type_(self) -> Any:
        """How numba knows a compiled function among the globals of another."""
        return self.compiled._numba_type_

    def __reduce__(self) -> str:
        return self.__qualname__  # type: ignore[attr-defined]


@cache
def _announce() -> None:
    """Sees that one line is written when a loop must be compiled: it takes seconds, once."""
    from numba.core import event

    class Announcer(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                print("compiling, once; later runs find it in numba's cache", file=sys.stderr)
            self.told = True

        def on_end(self, event: Any) -> None:
            """Nothing to say."""

    event.register("numba:compile", Announcer())  # type: ignore[no-untyped-call]
