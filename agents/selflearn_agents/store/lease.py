"""The right of one process to write to a database of MongoDB, which goes with the process."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bson import UUID_SUBTYPE, Binary
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from selflearn_agents.store.protocol import StoreError

LEASE = 5.0  # seconds after which an owner who was not heard of has lost its right
BEAT = 1.0  # seconds between two signs of life
TRIES = 2  # of a transaction that met another one
OWNER = {"_id": "owner"}

Write = Callable[[ClientSession], None]


class Lease:
    """A document that names the owner, and has a count that the owner raises while it lives.

    Who wants to write watches the count: where it stands still for as long as a lease lasts, the owner is gone, and the
    lease is taken from it. No clocks are compared. Each transaction of an owner begins with this document; so one who
    was taken for gone, and is not, finds another's name in it, and nothing of its transaction is done.

    Attributes:
        session: of all transactions of the owner. What it has left open, whoever takes over ends.
        lock: held while the owner is in a transaction; no sign of life is given meanwhile.
    """

    def __init__(self, about: Collection, url: str):
        """Takes the lease, and waits for it where the last owner has not let go of it.

        Args:
            about: the collection in which the document is.
            url: of the store, for messages.

        Raises:
            PyMongoError: the database fails.
            StoreError: another process writes.
        """
        self._about, self._url = about, url
        self._token, self._client = secrets.token_hex(8), about.database.client
        self.session = self._client.start_session()
        self.lock = threading.Lock()
        self._ended = threading.Event()
        self._is_settled = True  # whether it is known what became of the last transaction
        self._take()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    def commit(self, write: Write) -> None:
        """Writes in one transaction: all of it, or nothing.

        Args:
            write: writes in a session; it may be called again, where the transaction met another one.

        Raises:
            PyMongoError: the database fails.
            StoreError: another process has taken over.
        """
        with self.lock:
            self._is_settled = False
            self._transact(write)
            self._is_settled = True

    def settle(self) -> None:
        """Ends a transaction of which it is not known what became; it is then done as a whole, or not at all.

        Raises:
            PyMongoError: the database fails.
            StoreError: another process has taken over.
        """
        if not self._is_settled:
            self._end_open(self._document())
            self.renew()
            self._is_settled = True

    def renew(self, session: ClientSession | None = None) -> None:
        """Shows that the owner lives, and sees that it is the owner.

        Args:
            session: whose transaction this belongs to; the transaction then fails where another becomes the owner.

        Raises:
            PyMongoError: the database fails.
            StoreError: another process has taken over.
        """
        mine = {**OWNER, "token": self._token}
        if not self._about.update_one(mine, {"$inc": {"beat": 1}}, session=session).matched_count:
            raise StoreError(
                f"{self._url}: this process was not heard of for {LEASE:g} s, and another one now writes to the store; "
                f"nothing of this was written, stop one of the two"
            )

    def release(self) -> None:
        """Lets others write."""
        self._ended.set()
        self._thread.join(BEAT)
        self.session.end_session()
        self._about.delete_one({**OWNER, "token": self._token})

    def _transact(self, write: Write) -> None:
        for left in reversed(range(TRIES)):
            try:
                with self.session.start_transaction():
                    self.renew(self.session)
                    write(self.session)
                return
            except PyMongoError as error:
                if error.has_error_label("UnknownTransactionCommitResult"):
                    self.session.commit_transaction()  # once more, which the server takes for the same
                    return
                if not left or not error.has_error_label("TransientTransactionError"):
                    raise

    def _take(self) -> None:
        found = self._insert()
        if found is None:
            return
        print(f"{self._url}: {_who(found)} wrote last; waiting {LEASE:g} s for a sign of it", file=sys.stderr)
        end = time.monotonic() + LEASE
        while time.monotonic() < end:
            time.sleep(BEAT / 8)
            present = self._insert()
            if present is None:
                return
            if _mark(present) != _mark(found):
                self._refuse(present)
        self._end_open(found)
        if not self._about.update_one({**OWNER, **_mark(found)}, {"$set": self._document()}).matched_count:
            self._refuse(found)

    def _insert(self) -> dict[str, Any] | None:
        """The document of another owner; None where there was none, and this process is the owner now."""
        found = self._about.find_one(OWNER)
        if found is not None:
            return found
        try:
            self._about.insert_one({**OWNER, **self._document()})
        except DuplicateKeyError:  # another one was quicker
            return self._insert()
        return None

    def _document(self) -> dict[str, Any]:
        session = bytes(self.session.session_id["id"]).hex()
        process = {"host": socket.gethostname(), "process": os.getpid()}
        return {"token": self._token, "beat": 0, **process, "session": session}

    def _end_open(self, owner: dict[str, Any]) -> None:
        """Ends what an owner has left open, which would otherwise hold its documents for a minute."""
        session = {"id": Binary(bytes.fromhex(owner["session"]), UUID_SUBTYPE)}
        try:
            self._client.admin.command("killSessions", [session])
        except OperationFailure:  # a server may not know this, or not let the user: then it is waited for
            return

    def _refuse(self, owner: dict[str, Any]) -> None:
        raise StoreError(f"{self._url}: {_who(owner)} writes to this store; stop it first, or use another store")

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            if self.lock.acquire(blocking=False):  # a transaction is a sign of life, too
                try:
                    self.renew()
                except (PyMongoError, StoreError):  # the next transaction will say so
                    continue
                finally:
                    self.lock.release()


def _mark(owner: dict[str, Any]) -> dict[str, Any]:
    return {"token": owner["token"], "beat": owner["beat"]}


def _who(owner: dict[str, Any]) -> str:
    return f"process {owner['process']} on {owner['host']}"
