"""Memory that is free but still held by the allocators goes back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Call it when the temporaries of reading a log are gone: they are several times the size of the shop."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):  # only the C library of GNU has and needs it
        ctypes.CDLL(None).malloc_trim(0)
