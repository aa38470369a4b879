"""An agent all of whose decisions, and all that it learns from, are kept in a store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.store.calls import Calls
from selflearn_agents.store.image import Image, agent_of, changes, digests_after
from selflearn_agents.store.masks import packed
from selflearn_agents.store.protocol import Store, StoreError
from selflearn_agents.store.record import (
    CHANCES,
    OPEN,
    PRODUCTS,
    Customer,
    Entries,
    Mask,
    Response,
    Value,
    Visit,
)
from selflearn_agents.store.seen import as_bytes
from selflearn_agents.store.telling import LEARNED, UNKNOWN, Told, taken_in
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.seen import SeenVisits

NAMES = "names"  # in the identity: for people to read, and not what makes a record this agent's
IMPORTED = "imported"  # likewise: whether the agent began with values that its record does not have
REMEMBERED = 100_000  # visits that wait for responses, whose rows need not be read again

Answer = TypeVar("Answer")


class KeptAgent:
    """An agent, and the record of its calls; one call at a time, in the order in which they are made.

    What is decided and learned is at once in the agent's arrays, and in the record with the next `commit`: only then
    may it be acknowledged. Where a commit fails, the agent knows more than its record; it then refuses everything until
    `recover` has brought it back to what is recorded. Recovery is the agent as it was last kept, and the calls since
    made again, bit for bit.

    Attributes:
        store: where it is kept.
        rewards: (3,) what a response earns.
        broken: why nothing can be done before `recover`; None where all is well.
        visits: visits decided so far; the next one has the number after that.
        learned: how many of them were learned from.
        customers: how many customers have a number, see `meet`.
        replayed: calls that the last recovery made again.
        notes: what the last recovery had to put up with, for people to read.
    """

    def __init__(
        self,
        store: Store,
        identity: Mapping[str, Any],
        make: Callable[[], Agent],
        known: Sequence[type[Agent]],
        rewards: Rewards | None = None,
    ):
        """Goes on where the store's record ends, or begins one.

        Args:
            store: opened for writing.
            identity: what the record is of: plain values that say agent, shop and the like; "names" may hold what only
                people read.
            make: makes the agent as it is before its first call.
            known: classes of agents that the store may hold.
            rewards: what a response earns; by default the article's.

        Raises:
            StoreError: the store is of another agent or shop, its record does not fit the agent, or it fails.
        """
        self.store, self._make, self._known = store, make, known
        self.rewards = (rewards or Rewards()).by_response
        if store.identity is None:
            agent = make()
            begun = {"id": secrets.token_hex(4), **identity}
            store.begin(begun, changes(agent, 0, 0, {}))
        self._compare(identity)
        assert store.identity is not None
        self.id: str = store.identity["id"]
        self.recover()

    def recover(self) -> None:
        """Brings the agent to where its record ends.

        Raises:
            StoreError: the record does not fit the agent, or the store fails.
        """
        self.broken: StoreError | None = StoreError(f"{self.store.url}: the record is being read")
        try:
            self._recover()
        except StoreError as error:
            self.broken = error
            raise
        self.broken = None

    def _recover(self) -> None:
        self.notes: list[str] = []
        self._entries = Entries()
        self._open: dict[int, Visit] = {}  # decided in this process, nothing told yet
        self._told: dict[int, Response] = {}  # since the last commit
        self._met: dict[str, int] = {}  # likewise
        self._first_open = 1
        image, call = self.store.image() or Image(0, 0, {}, {}), 0
        self._digests = {place: piece.digest for place, piece in image.pieces.items()}
        if not image.heading:
            agent = self._make()
        else:
            try:
                agent, call = agent_of(image, self.store.url, self._known), image.call
            except ValueError as error:
                if (self.store.identity or {}).get(IMPORTED):
                    raise StoreError(f"{error}; its record does not have the values that were imported") from None
                # The record is whole: all of it is gone through again, from the start.
                self.notes.append(f"{error}; the agent was made anew and went through its whole record")
                agent = self._make()
                self._digests = dict.fromkeys(self._digests, b"")  # all pieces are written again
        counts = self.store.counts()
        self.visits, self.learned = counts.visits, counts.learned
        self.customers = self.store.customer_count()
        self.replayed = 0
        self._calls = Calls(agent, call, self.rewards, image.call)
        for made in self.store.replay(call):
            self._calls.make_again(made, self.store.url)
            self.replayed += 1

    def decide(
        self,
        visits: NDArray[np.int64] | SeenVisits,
        now: float,
        *,
        eligible: ArrayLike | None = None,
        slots: Sequence[int] | None = None,
        customers: Sequence[str | None] | None = None,
    ) -> list[Visit]:
        """Decides what is shown to B visits, all at once.

        Args:
            visits: (B,) state indexes, or what the shop sees of the visits.
            now: in seconds since 1970.
            eligible: (P,) or (B, P) bool, what may be shown; None for all.
            slots: how many products each of them is shown, 1..n; None for whole slates.
            customers: what each customer is called, None for nobody.

        Returns:
            The visits as they are recorded.

        Raises:
            RuntimeError: the agent failed; it must recover.
            StoreError: the agent must recover first.
            ValueError: a state does not exist, too few products are eligible, or slots or customers do not fit; then
                nothing is decided.
        """
        self.check()
        states = visits.state if isinstance(visits, SeenVisits) else np.asarray(visits)
        size = self.agent.slate_size
        for name, given in (("slots", slots), ("customers", customers)):
            if given is not None and len(given) != states.size:
                raise ValueError(f"{name} has one for each of {states.size} visits, got {len(given)}")
        if slots is not None and not all(1 <= each <= size for each in slots):
            raise ValueError(f"a visit has 1..{size} slots, got {list(slots)}")
        if not states.size:
            return []  # no call: the record could not say that there was one
        slates, propensity = self._made(lambda: self._calls.act(visits, eligible))
        known = self.agent.knows_customers and isinstance(visits, SeenVisits)
        rows = []
        seen: Sequence[bytes | None] = as_bytes(visits) if known else [None] * len(states)  # type: ignore[arg-type]
        for row, state in enumerate(states.tolist()):
            shown = size if slots is None else slots[row]
            chances = None if propensity is None else propensity[row, :shown].astype(CHANCES).tobytes()
            slate = slates[row, :shown].astype(PRODUCTS).tobytes()
            customer = None if customers is None else customers[row]
            rows.append(
                Visit(self.visits + 1 + row, self._calls.number, now, state, customer, slate, chances, seen[row])
            )
        self.visits += len(rows)
        self._entries.visits += rows
        if eligible is not None:
            self._entries.masks.append(Mask(self._calls.number, packed(eligible)))
        self._open.update((visit.number, visit) for visit in rows)
        while len(self._open) > REMEMBERED:
            del self._open[next(iter(self._open))]
        return rows

    def tell(self, told: Iterable[Told], now: float) -> list[str]:
        """Takes in what is told of visits, and learns from those of which all is known, together.

        A response may be told once more, and an unknown one later. Until all of a visit's are known, a response may
        rise, from ignored to clicked to bought, and never fall.

        Args:
            told: of each visit; one visit may be told of several times.
            now: in seconds since 1970.

        Returns:
            What became of each, in a word. "learned"; "open", some slots are still unknown; "known", it was told
            before; "unknown", there is no such visit; "against", it contradicts what was told before; "misfit", it has
            not one response per product shown. Of the last three nothing is taken in.

        Raises:
            StoreError: the agent must recover first.
        """
        return self._tell(told, now, silent=False)

    def close_overdue(self, before: float, now: float, most: int = 1_000) -> int:
        """Takes silence for ignoring: learns from visits decided before a time; returns how many, at most so many.

        Raises:
            StoreError: the agent must recover first, or the store fails.
        """
        self.check()
        self.commit()
        numbers, self._first_open = self.store.overdue(self._first_open, before, most)
        visits = self.store.visits(numbers)
        nothing = [Told(number, [OPEN] * (len(visits[number].slate) // PRODUCTS.itemsize)) for number in numbers]
        self._tell(nothing, now, silent=True)
        return len(numbers)

    def meet(self, name: str, first: int, most: int) -> int | None:
        """The number of a customer of this name, which stays the same; new ones count from `first` on.

        None where the name is new, and `most` customers have a number already.
        """
        number = self._met[name] if name in self._met else self.store.customer(name)
        if number is None and self.customers < most:
            number = self._met[name] = first + self.customers
            self._entries.customers.append(Customer(name, number))
            self.customers += 1
        return number

    def commit(self) -> None:
        """Records all since the last commit, in one transaction.

        Raises:
            StoreError: the store fails; the agent is broken until it has recovered.
        """
        self.check()
        if self._entries:
            try:
                self.store.append(self._entries)
            except Exception as error:
                self.broken = StoreError(str(error))
                raise
            self._entries, self._told, self._met = Entries(), {}, {}

    def keep(self) -> None:
        """Keeps the agent as it is, so that recovery is short; what has not changed is not written again.

        Raises:
            StoreError: the store fails; the agent is broken until it has recovered, which tells whether it was kept.
        """
        self.check()
        self.commit()
        image = changes(self.agent, self._calls.number, self.visits, self._digests)
        try:
            self.store.keep(image, self._calls.tally.values(self.agent))
        except StoreError as error:  # a server that went away may have kept it all the same
            self.broken = error
            raise
        self._calls.kept()
        self._digests = digests_after(self._digests, image)

    def check(self) -> None:
        """Sees that something can be done.

        Raises:
            StoreError: the agent must recover first.
        """
        if self.broken is not None:
            raise StoreError(str(self.broken))  # a new one: each time it is raised, an error remembers where

    def responses_to(self, number: int) -> NDArray[np.int8]:
        """(k,) what is known of the responses to a visit of which something was told; see `Response.responses`."""
        told = self._told.get(number) or self.store.responses([number])[number]
        return told.responses

    def counts(self, state: int) -> dict[int, Value]:
        """What was learned of the products in a state so far, by product."""
        counts = {value.product: value for value in self.store.values(state)}
        for fresh in self._calls.tally.of_state(state, self.agent.products):
            old = counts.get(fresh.product)
            counts[fresh.product] = fresh if old is None else fresh.added_to(old)
        return counts

    @property
    def learned_since_kept(self) -> int:
        """Visits learned from since the agent was last kept, or since recovery began to go through them again."""
        return self._calls.learned

    @property
    def agent(self) -> Agent:
        """The agent; only to be asked what does not change it."""
        return self._calls.agent

    def _made(self, call: Callable[[], Answer]) -> Answer:
        """What a call of the agent gives; where the agent fails, it must recover."""
        try:
            return call()
        except RuntimeError as error:
            self.broken = StoreError(str(error))
            raise

    def _tell(self, told: Iterable[Told], now: float, *, silent: bool) -> list[str]:
        self.check()
        said: list[str] = []
        complete: dict[int, tuple[Visit, Response]] = {}
        for each in told:
            visit, before = self._before(each.number)
            word, response = (UNKNOWN, None) if visit is None else taken_in(visit, before, each, now, silent)
            said.append(word)
            if visit is None or response is None:
                continue
            self._open.pop(each.number, None)
            self._told[each.number] = response
            if word == LEARNED:
                complete[each.number] = visit, response
            else:
                self._entries.responses.append(response)
        sizes = sorted({len(response.response) for _, response in complete.values()})
        for size in sizes:  # slates cut short are learned from by themselves
            self._learn([pair for pair in complete.values() if len(pair[1].response) == size], now)
        return said

    def _before(self, number: int) -> tuple[Visit | None, Response | None]:
        """A visit, and the last that was told of it."""
        if number in self._open:
            return self._open[number], None
        visit = self.store.visits([number]).get(number)
        if visit is None:  # it is not recorded yet, or there is none
            visit = next((each for each in self._entries.visits if each.number == number), None)
        return visit, self._told.get(number) or self.store.responses([number]).get(number)

    def _learn(self, pairs: Sequence[tuple[Visit, Response]], now: float) -> None:
        visits, responses = [visit for visit, _ in pairs], [response for _, response in pairs]
        self._made(lambda: self._calls.update(visits, responses, now))
        learned = [response._replace(call=self._calls.number) for response in responses]
        self._told.update((response.visit, response) for response in learned)
        self._entries.responses += learned
        self.learned += len(learned)

    def _compare(self, identity: Mapping[str, Any]) -> None:
        assert self.store.identity is not None
        for name, own in identity.items():
            kept = self.store.identity.get(name)
            if name != NAMES and kept != own:
                raise StoreError(
                    f"{self.store.url}: a store of another {name}: it has {_short(kept)}, and this is {_short(own)}; "
                    f"use another store, or the {name} that it has"
                )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 70 else f"{text[:60]}..."
