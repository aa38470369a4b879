"""What a store offers, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from selflearn_agents.store.image import Image
from selflearn_agents.store.record import Acted, Counts, Entries, Response, Updated, Value, Visit


class StoreError(OSError):
    """A store cannot be read or written; the message is one sentence that says why and what to do."""


class Store(Protocol):
    """A record of visits that is only ever appended to, and the agent as it was at some point of the record.

    The truth of a running agent are its arrays in memory. They come back from the image and from what the record has
    after it: recovery is the image, and the calls since made again. One process at a time writes; others may read.

    All methods raise StoreError where the database cannot do what is asked; then nothing of it is done.

    Attributes:
        url: where it is.
        identity: what the store was begun with: whose record this is; None where it has not begun. Plain values.
    """

    url: str
    identity: Mapping[str, Any] | None

    def begin(self, identity: Mapping[str, Any], image: Image | None, values: Iterable[Value] = ()) -> None:
        """Begins a record, in one transaction.

        Args:
            identity: whose record it is.
            image: the agent before its first call, whole; None for none.
            values: what it knows from elsewhere.
        """

    def append(self, entries: Entries) -> None:
        """Appends to the record, in one transaction: all of it, or nothing."""

    def keep(self, image: Image | None, values: Iterable[Value]) -> None:
        """Keeps the agent as it is now, in one transaction.

        Args:
            image: what has changed since the image before; None leaves that as it is.
            values: of what was learned from since then; their counts are added to those that are there.
        """

    def image(self) -> Image | None:
        """The agent as it was last kept, whole; None where none is."""

    def replay(self, call: int) -> Iterator[Acted | Updated]:
        """The calls after this one, in their order."""

    def counts(self) -> Counts:
        """How much the record has."""

    def visits(self, numbers: Iterable[int]) -> dict[int, Visit]:
        """The visits with these numbers, as far as there are any."""

    def responses(self, numbers: Iterable[int]) -> dict[int, Response]:
        """The last that was told of each of these visits; visits of which nothing was told are not in it."""

    def overdue(self, first: int, before: float, most: int) -> tuple[list[int], int]:
        """Visits decided before a time and not learned from, at most so many.

        Args:
            first: number of the visit from which on to look; all before it were learned from.
            before: in seconds since 1970.
            most: how many at most.

        Returns:
            Their numbers, in order, and from where on to look the next time, once these are learned from.
        """

    def customer(self, name: str) -> int | None:
        """The number of a customer by name; None where the store has not met the name."""

    def customer_count(self) -> int:
        """How many customers have a number."""

    def life(self, customer: str) -> list[tuple[Visit, Response | None]]:
        """The visits of a customer in their order, each with the last that was told of it."""

    def values(self, state: int) -> list[Value]:
        """What is known of the products in a state, as it was last kept; those learned from there, by product."""

    def states(self) -> list[int]:
        """The states of which values are kept, in order."""

    def size(self) -> int:
        """How much it takes on the disk, in bytes."""

    def kept(self) -> float | None:
        """When the agent and the values were last kept, in seconds since 1970; None before the record begins."""

    def close(self) -> None:
        """Lets go of the database; another process may write."""
