"""How a database of MongoDB is reached, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient, ReadPreference
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from selflearn_agents.store.protocol import StoreError

PATIENCE = {"serverSelectionTimeoutMS": 5_000, "socketTimeoutMS": 30_000}  # where the URL says nothing else
DUPLICATE = 11000
BY_CODE = {
    13: "the user may not do this; give it the role readWrite on the database",
    18: "the server does not know the user; see to name, password and authSource in the URL",
    20: "the server has no transactions; start it as a replica set, which may have one member: mongod --replSet rs0, "
    "then rs.initiate() in mongosh",
    112: "another process writes to the same documents; try again",
    14031: "the server's disk is full, so nothing is taken in; make room, nothing that was acknowledged is lost",
    DUPLICATE: "the record already has this; nothing was changed",
}


def shown(url: str) -> str:
    """A URL as messages have it: without user, password and options."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])


def connected(url: str, options: Mapping[str, Any] | None = None) -> tuple[MongoClient, Database]:
    """The client of a URL, which must be closed, and the database that it names.

    Raises:
        ValueError: the URL cannot be read, or names no database.
    """
    patience = {name: wait for name, wait in PATIENCE.items() if name.lower() not in url.lower()}
    given: dict[str, Any] = {**patience, **(options or {})}
    try:
        client: MongoClient = MongoClient(url, **given)
    except (ConfigurationError, ValueError) as error:
        raise ValueError(f"{shown(url)!r} cannot be read: {error}; write mongodb://host/database") from None
    try:
        return client, client.get_default_database(read_preference=ReadPreference.PRIMARY)
    except ConfigurationError:
        client.close()
        raise ValueError(f"{shown(url)!r} names no database; write mongodb://host/database") from None


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turns what pymongo raises into a sentence that says what to do."""
    try:
        yield
    except PyMongoError as error:
        text = str(error).partition(", full error")[0].partition(", Timeout:")[0]
        raise StoreError(f"{url}: {_meaning(error)} ({text})") from None


def _meaning(error: PyMongoError) -> str:
    if isinstance(error, ConnectionFailure):
        return "the server does not answer, so nothing is taken in; see that it runs, and to host and port"
    if isinstance(error, DuplicateKeyError) or (isinstance(error, BulkWriteError) and _codes(error) == {DUPLICATE}):
        return BY_CODE[DUPLICATE]
    if isinstance(error, OperationFailure) and error.code in BY_CODE:
        return BY_CODE[error.code]
    return "cannot be used"


def _codes(error: BulkWriteError) -> set[int]:
    return {each["code"] for each in (error.details or {}).get("writeErrors", ())}
