"""A store in a database of MongoDB."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby, islice
from typing import Any

from selflearn_agents.store.image import Image
from selflearn_agents.store.labels import Labels
from selflearn_agents.store.protocol import StoreError
from selflearn_agents.store.record import Acted, Counts, Entries, Response, Updated, Value, Visit, in_order
from selflearn_env.plugins import missing_extra

try:
    from pymongo import ASCENDING, DESCENDING, UpdateOne
    from pymongo.client_session import ClientSession
    from pymongo.errors import PyMongoError
except ImportError:
    raise missing_extra("a store of MongoDB needs pymongo", "mongo") from None

from selflearn_agents.store.connecting import connected, explained, shown
from selflearn_agents.store.documents import (
    COLLECTIONS,
    FORMAT,
    INDEXES,
    piece_document,
    piece_id,
    read_piece,
    read_response,
    read_value,
    read_visit,
    response_document,
    value_document,
    value_update,
    visit_document,
)
from selflearn_agents.store.lease import Lease, Write

ROWS = 1_000  # documents that are read or written at once


class MongoStore:
    """A database of a MongoDB server that has transactions: a replica set, which may have one member, or a cluster.

    What is written in one transaction is acknowledged as the URL says (`w`, `journal`), by default as the server does:
    it outlives this process in any case. With `power_safe` most members have it in their journals first. One process
    may write, which holds a `Lease`.

    Attributes: those of `Store`.
    """

    def __init__(self, url: str, *, read_only: bool = False, power_safe: bool = False):
        """Opens the database, or makes it.

        Args:
            url: "mongodb://host/database", with users and options as MongoDB has them.
            read_only: whether nothing will be written; other processes may then write meanwhile.
            power_safe: whether each commit waits for the journals of most members.

        Raises:
            StoreError: it cannot be opened, is no store, has no transactions, or another process writes to it.
            ValueError: the URL cannot be read.
        """
        self.url = shown(url)
        self._lease: Lease | None = None
        self._client, self._base = connected(url, {"w": "majority", "journal": True} if power_safe else {})
        try:
            with explained(self.url):
                self._open(read_only)
                self.identity: Mapping[str, Any] | None = self._read_about("identity")
                self._labels = Labels(self.identity)
        except BaseException:
            self.close()
            raise

    def begin(self, identity: Mapping[str, Any], image: Image | None, values: Iterable[Value] = ()) -> None:
        """See `Store`."""
        if self.identity is not None:
            raise StoreError(f"{self.url}: the store has begun already")
        self._labels = Labels(identity)
        first = [value_document(value, self._labels) for value in values]  # many, maybe; updates would take longer
        keep = self._keeping(image, [])

        def write(session: ClientSession) -> None:
            self._base.about.insert_one({"_id": "identity", "content": json.dumps(dict(identity))}, session=session)
            for at in range(0, len(first), ROWS):
                self._base.product_values.insert_many(first[at : at + ROWS], session=session)
            keep(session)

        self._commit(write)
        self.identity = dict(identity)

    def append(self, entries: Entries) -> None:
        """See `Store`."""
        with self._reading():
            first = self._last("responses") + 1
        documents = {
            "visits": [visit_document(visit) for visit in entries.visits],
            "responses": [response_document(at, each) for at, each in enumerate(entries.responses, start=first)],
            "masks": [{"_id": mask.call, "eligible": mask.eligible} for mask in entries.masks],
            "customers": [{"_id": name, "number": number} for name, number in entries.customers],
        }

        def write(session: ClientSession) -> None:
            for name, some in documents.items():
                if some:
                    self._base[name].insert_many(some, session=session)

        self._commit(write)

    def keep(self, image: Image | None, values: Iterable[Value]) -> None:
        """See `Store`."""
        self._commit(self._keeping(image, list(values)))

    def _keeping(self, image: Image | None, values: list[Value]) -> Write:
        """What writes an image and values."""
        updates = [UpdateOne(*value_update(value, self._labels), upsert=True) for value in values]
        pieces: list[dict[str, Any]] = []
        old: list[str] = []
        about: dict[str, Any] = {"kept": time.time()}
        if image is not None:
            about |= {"image": {"call": image.call, "visit": image.visit, "heading": image.heading}}
            pieces = [piece_document(place, piece) for place, piece in image.pieces.items()]
            old = [piece_id(place) for place in (*image.gone, *image.pieces)]

        def write(session: ClientSession) -> None:
            for at in range(0, len(updates), ROWS):  # each of these waits for an answer, and not too long
                self._base.product_values.bulk_write(updates[at : at + ROWS], session=session)
            if old:
                self._base.pieces.delete_many({"_id": {"$in": old}}, session=session)
            if pieces:
                self._base.pieces.insert_many(pieces, session=session)
            for name, content in about.items():
                document = {"_id": name, "content": json.dumps(content)}  # generators have integers beyond 64 bits
                self._base.about.replace_one({"_id": name}, document, upsert=True, session=session)

        return write

    def image(self) -> Image | None:
        """See `Store`."""
        with self._reading():
            about, before = self._read_about("image"), None
            while about != before:  # one who only reads may meet one who writes
                pieces = dict(map(read_piece, self._base.pieces.find(batch_size=ROWS)))
                about, before = self._read_about("image"), about
            return None if about is None else Image(pieces=pieces, **about)

    def replay(self, call: int) -> Iterator[Acted | Updated]:
        """See `Store`."""
        with self._reading():
            end = self.counts().calls
            yield from in_order(self._acted(call, end), self._updated(call, end))

    def _acted(self, call: int, end: int) -> Iterator[Acted]:
        within = {"$gt": call, "$lte": end}
        masks = self._base.masks.find({"_id": within}, sort=[("_id", ASCENDING)])
        mask = next(masks, None)
        for number, visits in groupby(map(read_visit, self._called("visits", call, end)), lambda visit: visit.call):
            eligible = None
            if mask is not None and mask["_id"] == number:
                eligible, mask = mask["eligible"], next(masks, None)
            yield Acted(number, list(visits), eligible)

    def _updated(self, call: int, end: int) -> Iterator[Updated]:
        for number, some in groupby(self._with_visits(self._called("responses", call, end)), lambda pair: pair[0].call):
            assert number is not None
            yield Updated(number, list(some))

    def _called(self, name: str, call: int, end: int) -> Iterator[dict[str, Any]]:
        """The documents of the calls after this one and up to the end, in their order, which is that of `_id`."""
        before = self._base[name].find_one({"call": {"$lte": call}}, sort=[("_id", DESCENDING)])
        first = 0 if before is None else before["_id"]
        wanted = {"_id": {"$gt": first}, "call": {"$gt": call, "$lte": end}}
        yield from self._base[name].find(wanted, sort=[("_id", ASCENDING)], batch_size=ROWS)

    def _with_visits(self, documents: Iterator[dict[str, Any]]) -> Iterator[tuple[Response, Visit]]:
        while some := list(map(read_response, islice(documents, ROWS))):
            visits = self.visits(response.visit for response in some)
            yield from ((response, visits[response.visit]) for response in some)

    def counts(self) -> Counts:
        """See `Store`."""
        with self._reading():
            visit = self._base.visits.find_one(sort=[("_id", DESCENDING)])
            response = self._base.responses.find_one({"call": {"$gt": 0}}, sort=[("_id", DESCENDING)])
            learned = self._base.responses.count_documents({"learned": {"$gt": 0}})
            calls = max(0 if each is None else each["call"] for each in (visit, response))
            return Counts(0 if visit is None else visit["_id"], calls, learned)

    def visits(self, numbers: Iterable[int]) -> dict[int, Visit]:
        """See `Store`."""
        with self._reading():
            found = self._among("visits", "_id", numbers)
            return {visit.number: visit for visit in map(read_visit, found)}

    def responses(self, numbers: Iterable[int]) -> dict[int, Response]:
        """See `Store`."""
        with self._reading():
            found = self._among("responses", "visit", numbers)
            return {response.visit: response for response in map(read_response, found)}  # the last one stays

    def _among(self, name: str, field: str, numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
        numbers = iter(numbers)
        while some := list(islice(numbers, ROWS)):
            yield from self._base[name].find({field: {"$in": some}}, sort=[("_id", ASCENDING)])

    def overdue(self, first: int, before: float, most: int) -> tuple[list[int], int]:
        """See `Store`."""
        with self._reading():
            visits, responses = self._base.visits, self._base.responses
            later = visits.find_one({"_id": {"$gte": first}, "time": {"$gte": before}}, sort=[("_id", ASCENDING)])
            end = self._last("visits") + 1 if later is None else later["_id"]
            numbers: list[int] = []
            for start in range(first, end, ROWS):
                within = {"$gte": start, "$lt": min(start + ROWS, end)}
                learned = {each["learned"] for each in responses.find({"learned": within}, {"learned": True})}
                there = visits.find({"_id": within}, {"_id": True}, sort=[("_id", ASCENDING)])
                numbers += [each["_id"] for each in there if each["_id"] not in learned]
                if len(numbers) >= most:
                    return numbers[:most], numbers[most - 1] + 1
            return numbers, end

    def customer(self, name: str) -> int | None:
        """See `Store`."""
        with self._reading():
            found = self._base.customers.find_one({"_id": name})
            return None if found is None else found["number"]

    def customer_count(self) -> int:
        """See `Store`."""
        with self._reading():
            return self._base.customers.count_documents({})

    def life(self, customer: str) -> list[tuple[Visit, Response | None]]:
        """See `Store`."""
        with self._reading():
            found = self._base.visits.find({"customer": customer}, sort=[("_id", ASCENDING)])
            visits = list(map(read_visit, found))
        told = self.responses(visit.number for visit in visits)
        return [(visit, told.get(visit.number)) for visit in visits]

    def values(self, state: int) -> list[Value]:
        """See `Store`."""
        with self._reading():
            return sorted(map(read_value, self._base.product_values.find({"state": state})))

    def states(self) -> list[int]:
        """See `Store`."""
        with self._reading():
            return sorted(self._base.product_values.distinct("state"))

    def size(self) -> int:
        """See `Store`."""
        with self._reading():
            said = self._base.command("dbStats")
            return int(said["storageSize"] + said["indexSize"])

    def kept(self) -> float | None:
        """See `Store`."""
        with self._reading():
            return self._read_about("kept")

    def close(self) -> None:
        """See `Store`."""
        try:
            if self._lease is not None:
                self._lease.release()
        except PyMongoError:
            pass  # the lease ends by itself
        finally:
            self._client.close()

    def _open(self, read_only: bool) -> None:
        """Sees that it is a store, makes it where there is nothing, and takes the lease."""
        found = self._read_about("format")
        if found is None:
            if read_only:
                raise StoreError(f"{self.url}: there is no such store")
            taken = sorted({"about", *COLLECTIONS}.intersection(self._base.list_collection_names()))
            if taken:
                raise StoreError(f"{self.url}: a database of something else, which has {taken[0]!r}; name another one")
            self._base.about.replace_one(
                {"_id": "format"}, {"_id": "format", "content": json.dumps(FORMAT)}, upsert=True
            )
            found = FORMAT
        if found != FORMAT:
            raise StoreError(
                f"{self.url}: a store of format {found}, this version of selflearn-env writes {FORMAT}; use the "
                f"version that made it, or another database"
            )
        if not read_only:
            self._lease = Lease(self._base.about, self.url)
            for name, indexes in INDEXES.items():
                for keys, options in indexes:
                    self._base[name].create_index(keys, **options)
            self._commit(lambda _: None)  # a server without transactions says so

    def _read_about(self, name: str) -> Any:
        found = self._base.about.find_one({"_id": name})
        return None if found is None else json.loads(found["content"])

    def _last(self, name: str) -> int:
        """The highest `_id`, 0 for none."""
        found = self._base[name].find_one({}, {"_id": True}, sort=[("_id", DESCENDING)])
        return 0 if found is None else found["_id"]

    def _commit(self, write: Write) -> None:
        """Writes in one transaction, as the owner: all of it, or nothing."""
        if self._lease is None:
            raise StoreError(f"{self.url}: opened for reading only")
        with explained(self.url):
            self._lease.commit(write)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Reads what is there once the last transaction has ended, one way or the other."""
        with explained(self.url):
            if self._lease is not None:
                self._lease.settle()
            yield
