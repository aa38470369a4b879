"""What the service does with requests, apart from HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.service.clientele import Clientele
from selflearn_agents.service.limits import Limits, RefusedError
from selflearn_agents.service.live import Live
from selflearn_agents.service.messages import FeedbackItem, VisitRequest
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.record import CHANCES, OPEN, Visit
from selflearn_agents.store.telling import AGAINST, KNOWN, LEARNED, MISFIT, UNKNOWN, WAITS, Told
from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.shop import Shop

RESPONSES = {"ignored": IGNORED, "clicked": CLICKED, "bought": BOUGHT, None: OPEN}
DAY = 86_400
YEARS = 1970, 2100  # in which customers come
REFUSED = {  # status, and why
    UNKNOWN: (404, "there is no such decision"),
    AGAINST: (409, "it contradicts what was told before: a response may rise until all are known, and never fall"),
    MISFIT: (422, "it needs one response per product shown"),
}


class Desk:
    """Decides what is shown, and takes in what comes of it."""

    def __init__(
        self, name: str, shop: Shop, kept: KeptAgent, limits: Limits, segments: Mapping[str, int] | None = None
    ):
        """Opens.

        Args:
            name: of the agent, for people to read.
            shop: whose products are shown.
            kept: the agent.
            limits: how much is taken at once.
            segments: number of the segment of each customer, by name; None for the customers of the shop's log.
        """
        self.name, self.shop, self.kept, self.limits = name, shop, kept, limits
        self.live, self.started, self.silent = Live(), time.time(), 0
        self._clientele = Clientele(shop, limits, segments)
        self._index = {product: index for index, product in enumerate(shop.catalogue.ids.tolist())}
        self._ids, self._names = shop.catalogue.ids.tolist(), shop.catalogue.descriptions.tolist()

    def decide(self, requests: Sequence[VisitRequest]) -> list[dict[str, Any]]:
        """Decides what is shown to several visits, all or none.

        Raises:
            RefusedError: a request cannot be answered.
            StoreError: the store has failed before.
        """
        self._limit(len(requests), "visits")
        if not requests:
            return []
        waiting = self.kept.visits - self.kept.learned
        if waiting + len(requests) > self.limits.open:
            raise RefusedError(
                429, f"{waiting:,} decisions wait for feedback, which is the most; give feedback, or wait"
            )
        now = time.time()
        names = [None if each.customer is None else _text(each.customer) for each in requests]
        dates = [int((now if each.time is None else _seconds(each.time)) // DAY) for each in requests]
        states = np.array([self._state(*given) for given in zip(requests, names, dates, strict=True)], dtype=np.int64)
        slots = [self._slots(each.slots) for each in requests]
        eligible = self._eligible(requests)
        visits: NDArray[np.int64] | SeenVisits = states
        if self.kept.agent.knows_customers:
            visits = self._clientele.seen(self.kept, states, names, dates)
        try:
            decided = self.kept.decide(visits, now, eligible=eligible, slots=slots, customers=names)
        except ValueError as error:
            raise RefusedError(422, str(error)) from None
        except NotImplementedError as error:  # an agent of one's own that takes no `eligible`
            raise RefusedError(501, str(error)) from None
        told = [self._as_told(visit) for visit in decided]
        for decision, name in zip(told, names, strict=True):
            self.live.decided(decision, name, now)
        return told

    def feedback(self, items: Sequence[FeedbackItem]) -> list[dict[str, Any]]:
        """Takes in what became of decisions; each is answered for itself.

        Raises:
            RefusedError: there are too many.
            StoreError: the store has failed before.
        """
        self._limit(len(items), "feedback")
        refused: dict[int, RefusedError] = {}
        told: list[Told] = []
        for row, item in enumerate(items):
            try:
                besides = self._indexes(item.besides)
            except RefusedError as refusal:
                refused[row] = refusal
            else:
                told.append(Told(self._number(item.decision), [RESPONSES[each] for each in item.responses], besides))
        said = iter(self.kept.tell(told, time.time()))
        receipts: list[dict[str, Any]] = []
        for row, item in enumerate(items):
            receipt: dict[str, Any] = {"decision": item.decision, "status": "refused"}
            if row in refused:
                receipts.append(receipt | {"code": refused[row].status, "detail": refused[row].reason})
                continue
            receipt["status"] = word = next(said)
            if word in REFUSED:
                code, detail = REFUSED[word]
                receipt |= {"status": "refused", "code": code, "detail": detail}
            if word in (WAITS, LEARNED, KNOWN):
                self.live.told(item.decision, list(item.responses))
            if word == LEARNED:
                response = self.kept.responses_to(self._number(item.decision))
                reward = float(self.kept.rewards.take(response).sum())
                self.live.learned(item.decision, reward, item.regret)
            receipts.append(receipt)
        return receipts

    def close_overdue(self) -> int:
        """Takes silence for ignoring, of so many visits at once that others need not wait; returns of how many."""
        now = time.time()
        closed = self.kept.close_overdue(now - self.limits.silence, now)
        self.silent += closed
        return closed

    def values(self, state: str, most: int) -> dict[str, Any]:
        """What the agent makes of the products in a state, best first.

        Raises:
            RefusedError: there is no such state.
        """
        index = self._named(state)
        counts = self.kept.counts(index)
        try:
            value = self.kept.agent.values([index])[0]
        except NotImplementedError:
            value = np.full(self.shop.products, np.nan)
        shown = np.zeros(self.shop.products)
        shown[list(counts)] = [each.shown for each in counts.values()]
        best = np.lexsort((-shown, -np.nan_to_num(value, nan=-np.inf, neginf=-np.inf)))[:most]
        rows = []
        for product in best.tolist():
            count = counts.get(product)
            rows.append(
                {
                    "id": self._ids[product],
                    "name": self._names[product],
                    "value": float(value[product]) if np.isfinite(value[product]) else None,
                    "shown": count.shown if count else 0,
                    "clicked": count.clicked if count else 0,
                    "bought": count.bought if count else 0,
                    "changed": count.changed if count else None,
                }
            )
        return {"state": self.shop.states.label(index), "products": rows}

    def overview(self) -> dict[str, Any]:
        """What the page shows."""
        agent = self.kept.agent
        latest, visited, states = list(self.live.latest), self.live.states(), self.shop.states
        named = {*visited, *(each["state"] for each in latest)}
        shop = {"products": self.shop.products, "states": self.shop.states.size, "slate_size": agent.slate_size}
        return {
            "agent": self.name,
            "store": self.kept.store.url,
            "started": self.started,
            "now": time.time(),
            "shop": shop,
            "counts": self.counts(),
            "curve": self.live.curve(),
            "latest": latest,
            "states": visited,
            "words": {label: states.describe(states.parse(label)) for label in sorted(named)},
        }

    def catalogue(self) -> dict[str, Any]:
        """What there is: states, products, slots."""
        products = [{"id": code, "name": name} for code, name in zip(self._ids, self._names, strict=True)]
        labels = [self.shop.states.label(state) for state in range(self.shop.states.size)]
        return {"slate_size": self.kept.agent.slate_size, "states": labels, "products": products}

    def counts(self) -> dict[str, int]:
        """How much was done, since the record began; what was closed for silence, since the service began."""
        kept = self.kept
        return {
            "decisions": kept.visits,
            "learned": kept.learned,
            "open": kept.visits - kept.learned,
            "silent": self.silent,
        }

    def _limit(self, count: int, what: str) -> None:
        if count > self.limits.batch:
            raise RefusedError(413, f"{count:,} {what} in one request; at most {self.limits.batch:,} are taken")

    def _state(self, request: VisitRequest, name: str | None, date: int) -> int:
        given, states = request.state, self.shop.states
        if given is None:
            if name is None:
                raise RefusedError(422, "give a state, or a customer whom the shop knows")
            return self._clientele.state(name, date)
        if isinstance(given, str):
            return self._named(given)
        if isinstance(given, int):
            if given >= states.size:
                raise RefusedError(
                    422, f"state {given} does not exist: the {states.size} states are 0..{states.size - 1}"
                )
            return given
        tiers = []
        for tier in states.tiers:
            label = given.get(tier.name)
            if label is None and tier.name != states.tiers[0].name and request.time is not None:
                continue
            if label not in tier.labels:
                raise RefusedError(422, f"{tier.name} {label!r} is none of {', '.join(tier.labels)}")
            tiers.append(tier.labels.index(label))
        unknown = set(given) - {tier.name for tier in states.tiers}
        if unknown:
            raise RefusedError(
                422, f"a state has no {min(unknown)!r}, but {', '.join(tier.name for tier in states.tiers)}"
            )
        if len(tiers) == 1:
            return self._clientele.state_on(tiers[0], date)
        if len(tiers) < len(states.tiers):
            raise RefusedError(422, "give all tiers of the state, or the segment alone and a time")
        return int(states.encode([tiers])[0])

    def _named(self, label: str) -> int:
        try:
            return self.shop.states.parse(label)
        except ValueError as error:
            raise RefusedError(422, str(error)) from None

    def _slots(self, given: int | None) -> int:
        most = self.kept.agent.slate_size
        if given is not None and given > most:
            raise RefusedError(422, f"{given} slots are more than the agent fills, {most}")
        return most if given is None else given

    def _eligible(self, requests: Sequence[VisitRequest]) -> NDArray[np.bool_] | None:
        """(B, P) what may be shown; None for all."""
        if all(each.eligible is None and each.exclude is None for each in requests):
            return None
        mask = np.empty((len(requests), self.shop.products), dtype=bool)
        for row, each in zip(mask, requests, strict=True):
            row[:] = each.eligible is None
            row[self._indexes(each.eligible or ())] = True
            row[self._indexes(each.exclude or ())] = False
        return mask

    def _indexes(self, ids: Sequence[str]) -> list[int]:
        try:
            return [self._index[each] for each in ids]
        except KeyError as error:
            raise RefusedError(422, f"there is no product {error.args[0]!r}") from None

    def _number(self, decision: str) -> int:
        """The number of a decision's visit; 0, which no visit has, where this store did not make it."""
        store, _, number = decision.rpartition("-")
        is_own = store == self.kept.id and number.isascii() and number.isdecimal() and len(number) < 19
        return int(number) if is_own else 0

    def _as_told(self, visit: Visit) -> dict[str, Any]:
        products = visit.products.tolist()
        chances = (
            [None] * len(products) if visit.propensity is None else np.frombuffer(visit.propensity, CHANCES).tolist()
        )
        return {
            "decision": f"{self.kept.id}-{visit.number}",
            "state": self.shop.states.label(visit.state),
            "products": [
                {"id": self._ids[product], "name": self._names[product], "propensity": chance}
                for product, chance in zip(products, chances, strict=True)
            ],
        }


def _text(customer: str | int) -> str:
    """A customer's name, which a database can hold."""
    name = str(customer)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise RefusedError(422, "customer is no text of Unicode") from None
    return name


def _seconds(moment: datetime) -> float:
    """Seconds since 1970; a time without a zone is taken as it stands."""
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise RefusedError(422, f"time is in the years {YEARS[0]} to {YEARS[1]}, got {moment.year}")
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).replace(tzinfo=UTC).timestamp()
