"""A store in one file of SQLite."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from selflearn_agents.store.image import Image, Piece
from selflearn_agents.store.protocol import StoreError
from selflearn_agents.store.record import Acted, Counts, Entries, Response, Updated, Value, Visit, in_order

FORMAT = 1
PAGES = 4_000  # of the write-ahead log, 8 MiB, before it is moved to the file, for which commits wait
PAGE = 2_048  # bytes: a commit writes each page that it touches whole
PATIENCE = 5.0  # seconds that a reader waits for a writer
TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE visits (
    number INTEGER PRIMARY KEY, call INTEGER NOT NULL, time REAL NOT NULL, state INTEGER NOT NULL, customer TEXT,
    slate BLOB NOT NULL, propensity BLOB, seen BLOB
);
CREATE INDEX visits_by_calls ON visits (call);
CREATE INDEX visits_of_customers ON visits (customer) WHERE customer IS NOT NULL;
CREATE TABLE responses (
    visit INTEGER NOT NULL REFERENCES visits, call INTEGER, time REAL NOT NULL, response BLOB NOT NULL,
    silent INTEGER NOT NULL, besides BLOB NOT NULL
);
CREATE INDEX responses_to_visits ON responses (visit);
CREATE UNIQUE INDEX learned_once ON responses (visit) WHERE call IS NOT NULL;
CREATE INDEX responses_by_calls ON responses (call) WHERE call IS NOT NULL;
CREATE TABLE masks (call INTEGER PRIMARY KEY, eligible BLOB NOT NULL);
CREATE TABLE customers (name TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE pieces (name TEXT, number INTEGER, digest BLOB, content BLOB, PRIMARY KEY (name, number));
CREATE TABLE product_values (
    state INTEGER, product INTEGER, value REAL, shown INTEGER, clicked INTEGER, bought INTEGER, changed REAL,
    PRIMARY KEY (state, product)
) WITHOUT ROWID;
"""
VISIT = "v.number, v.call, v.time, v.state, v.customer, v.slate, v.propensity, v.seen"
RESPONSE = "r.visit, r.call, r.time, r.response, r.silent, r.besides"


class SQLiteStore:
    """One file, and beside it the write-ahead log that SQLite makes of it.

    A transaction is in the hands of the operating system when it is committed, so that it outlives the process
    whatever becomes of that. It outlives the machine's power once it is written to the disk: with `power_safe` before
    the commit returns, otherwise within some seconds. A file beside it, "...-owner", is locked by the one process that
    may write; the lock goes with the process.

    Attributes: those of `Store`.
    """

    def __init__(self, path: Path, *, read_only: bool = False, power_safe: bool = False):
        """Opens the file, or makes it.

        Args:
            path: of the file.
            read_only: whether nothing will be written; other processes may then write meanwhile.
            power_safe: whether each commit waits for the disk.

        Raises:
            StoreError: it cannot be opened, is damaged or no store, or another process writes to it.
        """
        self.url, self._path = f"sqlite:///{path}", path.resolve()  # one owner, by whatever links it is reached
        self._owner: sqlite3.Connection | None = None
        with self._explained():
            if read_only:
                if not path.is_file():
                    raise StoreError(f"{self.url}: there is no such store")
                self._base = self._connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            else:
                self._own()
                self._base = self._connect(path)
                self._prepare(power_safe)
            found = dict(self._base.execute("SELECT name, content FROM about")) if self._has_tables() else {}
            self._check(found)
            self.identity: Mapping[str, Any] | None = json.loads(found["identity"]) if "identity" in found else None

    def begin(self, identity: Mapping[str, Any], image: Image | None, values: Iterable[Value] = ()) -> None:
        """See `Store`."""
        if self.identity is not None:
            raise StoreError(f"{self.url}: the store has begun already")
        with self._transaction():
            self._about("identity", identity)
            self._keep(image, values)
        self.identity = dict(identity)

    def append(self, entries: Entries) -> None:
        """See `Store`."""
        with self._transaction():
            base = self._base
            base.executemany("INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entries.visits)
            base.executemany("INSERT INTO responses VALUES (?, ?, ?, ?, ?, ?)", entries.responses)
            base.executemany("INSERT INTO masks VALUES (?, ?)", entries.masks)
            base.executemany("INSERT INTO customers VALUES (?, ?)", entries.customers)

    def keep(self, image: Image | None, values: Iterable[Value]) -> None:
        """See `Store`."""
        with self._transaction():
            self._keep(image, values)

    def _keep(self, image: Image | None, values: Iterable[Value]) -> None:
        base = self._base
        self._about("kept", time.time())
        base.executemany(
            "INSERT INTO product_values VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, "
            "shown = shown + excluded.shown, clicked = clicked + excluded.clicked, bought = bought + excluded.bought, "
            "changed = max(changed, excluded.changed)",
            values,
        )
        if image is not None:
            self._about("image", {"call": image.call, "visit": image.visit, "heading": image.heading})
            base.executemany("DELETE FROM pieces WHERE name = ? AND number = ?", image.gone)
            rows = ((*place, *piece) for place, piece in image.pieces.items())
            base.executemany("INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?)", rows)

    def image(self) -> Image | None:
        """See `Store`."""
        with self._explained():
            found, before, pieces = self._image_heading(), None, {}
            while found != before:  # one who only reads may meet one who writes
                rows = self._base.execute("SELECT name, number, digest, content FROM pieces")
                pieces = {(name, number): Piece(digest, content) for name, number, digest, content in rows}
                found, before = self._image_heading(), found
            return None if found is None else Image(pieces=pieces, **json.loads(found[0]))

    def _image_heading(self) -> tuple[str] | None:
        return self._base.execute("SELECT content FROM about WHERE name = 'image'").fetchone()

    def replay(self, call: int) -> Iterator[Acted | Updated]:
        """See `Store`."""
        with self._explained():
            yield from in_order(self._acted(call), self._updated(call))

    def _acted(self, call: int) -> Iterator[Acted]:
        masks = dict(self._base.execute("SELECT call, eligible FROM masks WHERE call > ?", [call]))
        rows = self._base.execute(f"SELECT {VISIT} FROM visits v WHERE call > ? ORDER BY call, number", [call])
        for number, visits in groupby(map(Visit._make, rows), lambda visit: visit.call):
            yield Acted(number, list(visits), masks.get(number))

    def _updated(self, call: int) -> Iterator[Updated]:
        rows = self._base.execute(
            f"SELECT {RESPONSE}, {VISIT} FROM responses r JOIN visits v ON v.number = r.visit WHERE r.call > ? "
            "ORDER BY r.call, r.rowid",
            [call],
        )
        for number, some in groupby(rows, lambda row: row[1]):
            yield Updated(number, [(_response(row[:6]), Visit._make(row[6:])) for row in some])

    def counts(self) -> Counts:
        """See `Store`."""
        with self._explained():
            visits, call = self._most("number"), self._most("call")
            learned, update = self._base.execute(
                "SELECT count(*), coalesce(max(call), 0) FROM responses WHERE call IS NOT NULL"
            ).fetchone()
            return Counts(visits, max(call, update), learned)

    def _most(self, column: str) -> int:
        """The highest of all visits, 0 for none; found in an index."""
        return self._base.execute(f"SELECT coalesce(max({column}), 0) FROM visits").fetchone()[0]

    def visits(self, numbers: Iterable[int]) -> dict[int, Visit]:
        """See `Store`."""
        with self._explained():
            query = f"SELECT {VISIT} FROM visits v WHERE number = ?"
            found = (self._base.execute(query, [number]).fetchone() for number in numbers)
            return {row[0]: Visit._make(row) for row in found if row is not None}

    def responses(self, numbers: Iterable[int]) -> dict[int, Response]:
        """See `Store`."""
        with self._explained():
            query = f"SELECT {RESPONSE} FROM responses r WHERE visit = ? ORDER BY rowid DESC LIMIT 1"
            found = (self._base.execute(query, [number]).fetchone() for number in numbers)
            return {row[0]: _response(row) for row in found if row is not None}

    def overdue(self, first: int, before: float, most: int) -> tuple[list[int], int]:
        """See `Store`."""
        with self._explained():
            later = self._base.execute(
                "SELECT number FROM visits WHERE number >= ? AND time >= ? ORDER BY number LIMIT 1", [first, before]
            ).fetchone()
            end = self._most("number") + 1 if later is None else later[0]
            rows = self._base.execute(
                "SELECT number FROM visits v WHERE number >= ? AND number < ? AND NOT EXISTS "
                "(SELECT 1 FROM responses r WHERE r.visit = v.number AND r.call IS NOT NULL) ORDER BY number LIMIT ?",
                [first, end, most],
            )
            numbers = [number for (number,) in rows]
            return numbers, numbers[-1] + 1 if len(numbers) == most else end

    def customer(self, name: str) -> int | None:
        """See `Store`."""
        with self._explained():
            found = self._base.execute("SELECT number FROM customers WHERE name = ?", [name]).fetchone()
            return None if found is None else found[0]

    def customer_count(self) -> int:
        """See `Store`."""
        with self._explained():
            return self._base.execute("SELECT count(*) FROM customers").fetchone()[0]

    def life(self, customer: str) -> list[tuple[Visit, Response | None]]:
        """See `Store`."""
        with self._explained():
            rows = self._base.execute(
                f"SELECT {RESPONSE}, {VISIT} FROM visits v LEFT JOIN responses r ON r.rowid = "
                "(SELECT max(rowid) FROM responses WHERE visit = v.number) WHERE v.customer = ? ORDER BY v.number",
                [customer],
            )
            return [(Visit._make(row[6:]), None if row[0] is None else _response(row[:6])) for row in rows]

    def values(self, state: int) -> list[Value]:
        """See `Store`."""
        with self._explained():
            rows = self._base.execute("SELECT * FROM product_values WHERE state = ? ORDER BY product", [state])
            return [Value._make(row) for row in rows]

    def states(self) -> list[int]:
        """See `Store`."""
        with self._explained():
            return [
                state for (state,) in self._base.execute("SELECT DISTINCT state FROM product_values ORDER BY state")
            ]

    def size(self) -> int:
        """See `Store`."""
        files = (self._path.with_name(self._path.name + ending) for ending in ("", "-wal"))
        return sum(path.stat().st_size for path in files if path.is_file())

    def kept(self) -> float | None:
        """See `Store`."""
        with self._explained():
            found = self._base.execute("SELECT content FROM about WHERE name = 'kept'").fetchone()
            return None if found is None else json.loads(found[0])

    def close(self) -> None:
        """See `Store`."""
        self._base.close()
        if self._owner is not None:
            self._owner.close()

    @staticmethod
    def _connect(path: str | Path, patience: float = PATIENCE, uri: bool = False) -> sqlite3.Connection:
        # One thread at a time, but a server may begin in one and serve in another.
        return sqlite3.connect(path, isolation_level=None, timeout=patience, uri=uri, check_same_thread=False)

    def _own(self) -> None:
        """Takes the lock of the one process that writes."""
        self._owner = self._connect(f"{self._path}-owner", patience=0.0)
        try:
            self._owner.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._owner.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise StoreError(
                f"{self.url}: another process writes to this store; stop it first, or use another store"
            ) from None

    def _prepare(self, power_safe: bool) -> None:
        """Sees that the file is sound, and makes the tables where there are none."""
        damage = self._base.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            raise StoreError(f"{self.url}: the file is damaged ({damage}); take it from a backup, nothing was changed")
        self._base.execute(f"PRAGMA page_size = {PAGE}")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")
        self._base.execute(f"PRAGMA synchronous = {'FULL' if power_safe else 'NORMAL'}")
        if not self._has_tables():
            if self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise StoreError(f"{self.url}: a database of something else; name another file")
            with self._transaction():
                for statement in filter(str.strip, TABLES.split(";")):
                    self._base.execute(statement)
                self._about("format", FORMAT)
                self._about("begun", time.time())

    def _has_tables(self) -> bool:
        return self._base.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone() is not None

    def _check(self, found: Mapping[str, str]) -> None:
        if "format" not in found:
            raise StoreError(f"{self.url}: a database of something else; name another file")
        if json.loads(found["format"]) != FORMAT:
            raise StoreError(
                f"{self.url}: a store of format {found['format']}, this version of selflearn-env writes {FORMAT}; use "
                f"the version that made it, or another file"
            )

    def _about(self, name: str, content: Any) -> None:
        self._base.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", [name, json.dumps(content)])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is executed within, or nothing of it."""
        with self._explained():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what SQLite raises into a sentence that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            primary = 0 if code is None else code & 0xFF
            raise StoreError(f"{self.url}: {MEANING.get(primary, 'cannot be used')} ({error})") from None


MEANING = {
    sqlite3.SQLITE_FULL: "the disk is full, so nothing is taken in; make room, nothing that was acknowledged is lost",
    sqlite3.SQLITE_READONLY: "cannot be written to, so nothing is taken in; see to its permissions",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; see that the folder is there and may be written to",
    sqlite3.SQLITE_IOERR: "the disk fails, so nothing is taken in; nothing that was acknowledged is lost",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; take it from a backup",
    sqlite3.SQLITE_NOTADB: "no database of SQLite; name another file",
    sqlite3.SQLITE_BUSY: "another process has locked it; try again",
    sqlite3.SQLITE_CONSTRAINT: "the record already has this; nothing was changed",
}


def _response(row: tuple[Any, ...]) -> Response:
    visit, call, told, response, silent, besides = row
    return Response(visit, call, told, response, bool(silent), besides)
