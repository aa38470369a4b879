"""Rules as plain loops, which numba compiles when one is first called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, cached_property, update_wrapper
from typing import Any

KEPT = "compiling, once; later runs find it in numba's cache"
NOT_KEPT = "compiling, in every run: no folder for numba's cache can be written to; set NUMBA_CACHE_DIR to one that can"


class Loop:
    """A plain function over arrays and numbers, compiled at its first call; numba's cache keeps it on disk.

    Rules that run at every visit are such functions. `@Loop` stands where `@numba.njit` would, so that numba, which
    takes half a second, is imported only by those who run one. One loop may call another. With NUMBA_DISABLE_JIT=1 the
    same lines run as plain Python and give the same bits, as long as numbers of 4 bytes become
    numpy.float64 before they meet others: what numba makes of float(x) has 4 bytes still.

    Numba looks at the file of a loop to see whether its cache still holds, and not at the files of the loops that it
    calls: such loops share a file.
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

        try:
            compiled = numba.njit(cache=True)(self._function)
            _announce(KEPT)
        except RuntimeError:  # no folder can be written to, neither the package's own nor the user's cache
            compiled = numba.njit(self._function)
            _announce(NOT_KEPT)
        return compiled

    @property
    def _numba_type_(self) -> Any:
        """How numba knows a compiled function among the globals of another."""
        return self.compiled._numba_type_

    def __reduce__(self) -> str:
        return self.__qualname__  # type: ignore[attr-defined]


@cache
def _announce(line: str) -> None:
    """Sees that a line is written when a loop must be compiled, and that it is written once: it takes seconds."""
    from numba.core import event

    class Announcer(event.Listener):
        written = False

        def on_start(self, event: Any) -> None:
            if not self.written:
                print(line, file=sys.stderr)
            self.written = True

        def on_end(self, event: Any) -> None:
            """Nothing to say."""

    event.register("numba:compile", Announcer())  # type: ignore[no-untyped-call]
