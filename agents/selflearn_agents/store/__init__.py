"""Agents whose decisions and responses are kept in a database, and who go on after whatever happens."""

from __future__ import annotations

from pathlib import Path

from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.protocol import Store, StoreError
from selflearn_agents.store.sqlite import SQLiteStore
from selflearn_agents.store.telling import Told

__all__ = ["KeptAgent", "Store", "StoreError", "Told", "open_store"]

SCHEMES = ("sqlite:///", "mongodb://", "mongodb+srv://")


def open_store(url: str, *, read_only: bool = False, power_safe: bool = False) -> Store:
    """A store, made where there is none yet.

    Args:
        url: "sqlite:///values.db" (a file; four slashes before an absolute path), or "mongodb://host/database".
        read_only: whether nothing will be written; another process may then write meanwhile.
        power_safe: whether what is committed outlives a power failure, not only the death of the process. It is slower.

    Raises:
        ImportError: the database's library is not installed.
        StoreError: the store cannot be opened, or another process writes to it.
        ValueError: the URL cannot be read.
    """
    if url.startswith(SCHEMES[0]) and len(url) > len(SCHEMES[0]):
        return SQLiteStore(Path(url.removeprefix(SCHEMES[0])), read_only=read_only, power_safe=power_safe)
    if url.startswith(SCHEMES[1:]):
        from selflearn_agents.store.mongo import MongoStore  # the library is an extra

        return MongoStore(url, read_only=read_only, power_safe=power_safe)
    raise ValueError(f"store {url!r} cannot be read; write sqlite:///values.db or mongodb://host/database")
