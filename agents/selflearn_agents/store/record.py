"""What a store keeps: visits as they were decided, what came of them, and values for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PRODUCTS, CHANCES, RESPONSES = np.dtype("<i4"), np.dtype("<f8"), np.dtype("i1")  # of slates, propensities, responses
OPEN = -1  # in the place of a response that is not known yet


class Visit(NamedTuple):
    """One customer who was shown one slate.

    Attributes:
        number: of the visit, from 1, in the order in which they were decided.
        call: number of the call of the agent's `act` that decided it, together with those of the same number. Calls of
            `act` and of `update` are numbered together, from 1, in the order in which they were made.
        time: when it was decided, in seconds since 1970.
        state: state index.
        customer: what the customer is called, or None where nobody is known.
        slate: (k,) int32 product indexes in slate order, as bytes.
        propensity: (k,) float64, as bytes, or None where the agent does not know its probabilities.
        seen: what else the agent was shown of the visit, or None where it is shown the state only.
    """

    number: int
    call: int
    time: float
    state: int
    customer: str | None
    slate: bytes
    propensity: bytes | None
    seen: bytes | None

    @property
    def products(self) -> NDArray[np.int64]:
        """(k,) product indexes in slate order."""
        return np.frombuffer(self.slate, dtype=PRODUCTS).astype(np.int64)


class Response(NamedTuple):
    """What was told of the responses to a visit.

    Attributes:
        visit: number of the visit.
        call: number of the call of `update` that learned from it; None while some slots are still unknown.
        time: when it was told, in seconds since 1970.
        response: (k,) int8 of all that is known so far, as bytes: 0 ignored, 1 clicked, 2 bought, -1 not known yet.
        silent: whether the time was over, and what was not known counts as ignored.
        besides: (m,) int32 products that the customer bought besides the slate, each once, as bytes.
    """

    visit: int
    call: int | None
    time: float
    response: bytes
    silent: bool
    besides: bytes

    @property
    def responses(self) -> NDArray[np.int8]:
        """(k,) responses in slate order."""
        return np.frombuffer(self.response, dtype=RESPONSES)

    @property
    def others(self) -> NDArray[np.int64]:
        """(m,) products bought besides the slate."""
        return np.frombuffer(self.besides, dtype=PRODUCTS).astype(np.int64)


class Mask(NamedTuple):
    """What might be shown in a call of `act`.

    Attributes:
        call: its number.
        eligible: (B, P) bool, packed into bits and compressed.
    """

    call: int
    eligible: bytes


class Customer(NamedTuple):
    """A customer by the name that the shop's other programs use, and by the number that agents see."""

    name: str
    number: int


class Value(NamedTuple):
    """What is known of a product in a state.

    Attributes:
        state: state index.
        product: product index.
        value: the agent's estimate when the product was last learned from there; None where it has none.
        shown: how often it was shown in the state, counted when the responses were learned from.
        clicked: how often it was clicked then, and not bought.
        bought: how often it was bought.
        changed: when it was last learned from, in seconds since 1970.
    """

    state: int
    product: int
    value: float | None
    shown: int
    clicked: int
    bought: int
    changed: float

    def added_to(self, old: Value) -> Value:
        """This, with the counts of an older one added."""
        return self._replace(
            shown=self.shown + old.shown,
            clicked=self.clicked + old.clicked,
            bought=self.bought + old.bought,
            changed=max(self.changed, old.changed),
        )


@dataclass(eq=False)
class Entries:
    """What is appended to a record in one transaction, each list in the order of time."""

    visits: list[Visit] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    masks: list[Mask] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.visits or self.responses or self.masks or self.customers)


class Acted(NamedTuple):
    """A call of `act`, to be made again."""

    call: int
    visits: Sequence[Visit]
    eligible: bytes | None


class Updated(NamedTuple):
    """A call of `update`, to be made again: responses, each with its visit."""

    call: int
    responses: Sequence[tuple[Response, Visit]]


class Counts(NamedTuple):
    """How much a record has: the number of its last visit and of its last call, and visits that were learned from."""

    visits: int
    calls: int
    learned: int


def in_order(acted: Iterator[Acted], updated: Iterator[Updated]) -> Iterator[Acted | Updated]:
    """The calls of both, each in its order, in the order in which they were made."""
    return merge(acted, updated, key=lambda made: made.call)
