"""Values taken over from the article's own system, and given to it."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.epsilon_greedy import EpsilonGreedyAgent
from selflearn_agents.bandits.known_values import MOST_COUNT, KnownValues, known_values
from selflearn_agents.store.article import NAMES, RECOMMENDED, VALUE, ArticleValues
from selflearn_agents.store.image import changes
from selflearn_agents.store.kept import IMPORTED, KeptAgent
from selflearn_agents.store.labels import Labels
from selflearn_agents.store.protocol import Store, StoreError
from selflearn_agents.store.record import Value
from selflearn_env.shop.shop import Shop


def article_of(store: Store, shop: Shop | None) -> ArticleValues:
    """What the agent of a store knows, as the article's system keeps it.

    Args:
        store: of an `epsilon_greedy`; it may be open for reading only.
        shop: whose log has the units that were bought; None to leave them out.

    Raises:
        StoreError: the store cannot be read, or has no `epsilon_greedy`.
        ValueError: the shop is another one.
    """
    identity = _begun(store)
    if "names" not in identity:
        raise ValueError(f"{store.url}: the store has no names of states and products, so none can be written")
    if shop is not None and shop.digest != identity.get("shop"):
        raise ValueError(f"{store.url}: a store of another shop; give the file of the shop that it serves")
    known = known_values(_agent_of(store))
    labels = Labels(identity)
    states = [labels.state(state) for state in known.states.tolist()]
    products = [labels.product(product).id for product in known.products.tolist()]
    columns = zip(states, products, known.values.tolist(), known.counts.tolist(), strict=True)
    made = ArticleValues(*(defaultdict[str, dict[str, float]](dict) for _ in NAMES))
    bought = np.zeros(len(states), dtype=np.int64)
    if shop is not None:
        for state in np.unique(known.states):
            here = known.states == state
            bought[here] = shop.history.quantity[state][known.products[here]]
    for (state, product, value, count), units in zip(columns, bought.tolist(), strict=True):
        made.quantity[state][product] = units + count
        made.value[state][product] = value
        made.reward[state][product] = value * count if count else value
        if count:
            made.recommended[state][product] = count
    return made


def _agent_of(store: Store) -> EpsilonGreedyAgent:
    """The agent as it is now: as it was kept, and the calls since."""

    def none() -> Agent:
        raise StoreError(
            f"{store.url}: the article's layout is for an epsilon_greedy, and none can be read from this store of "
            f"{_begun(store).get('agent')!r}"
        )

    return KeptAgent(store, {}, none, [EpsilonGreedyAgent]).agent  # type: ignore[return-value]


def _begun(store: Store) -> Mapping[str, Any]:
    if store.identity is None:
        raise StoreError(f"{store.url}: the store has not begun; serve an agent from it first")
    return store.identity


def known_of(values: ArticleValues, shop: Shop) -> KnownValues:
    """What the article's system knows of a shop.

    Raises:
        ValueError: the shop does not know a state or product, or a count is none; the message names the first.
    """
    index = {code: product for product, code in enumerate(shop.catalogue.ids.tolist())}
    labels = {shop.states.label(state): state for state in range(shop.states.size)}
    for what, known, found in (
        ("state", labels, (state for numbers in values for state in numbers)),
        ("product", index, (code for numbers in values for row in numbers.values() for code in row)),
    ):
        _refuse_unknown(what, known, found)
    for state, row in values.recommended.items():
        for code, count in row.items():
            if not 0 <= count <= MOST_COUNT or count % 1:
                raise ValueError(f"{RECOMMENDED} counts showings, and has {count!r} for {code!r} in {state!r}")
            if code not in values.value.get(state, {}):
                raise ValueError(f"{RECOMMENDED} has product {code!r} in {state!r}, and {VALUE} has not")
    rows = [
        (labels[state], index[code], value, values.recommended.get(state, {}).get(code, 0))
        for state, row in values.value.items()
        for code, value in row.items()
    ]
    states, products, averages, counts = np.array(sorted(rows), dtype=np.float64).reshape(-1, 4).T  # all of it exact
    return KnownValues(states.astype(np.int64), products.astype(np.int64), averages.copy(), counts.astype(np.int64))


def _refuse_unknown(what: str, known: Mapping[str, int], found: Iterable[str]) -> None:
    unknown = dict.fromkeys(each for each in found if each not in known)
    if unknown:
        raise ValueError(
            f"the shop knows no {what} {next(iter(unknown))!r}"
            + (f", nor {len(unknown) - 1:,} others that are there" if len(unknown) > 1 else "")
            + "; nothing was imported, name the shop that the values are of"
        )


def begin_with(store: Store, identity: Mapping[str, Any], agent: Agent, known: KnownValues) -> None:
    """Begins the record of an agent that has seen these before.

    Raises:
        StoreError: the store has begun already, or fails.
    """
    if store.identity is not None:
        raise StoreError(f"{store.url}: the store has begun already; name a new one")
    now = time.time()
    columns = (column.tolist() for column in known)
    rows = zip(*columns, strict=True)
    values = [Value(state, product, value, count, 0, 0, now) for state, product, value, count in rows]
    store.begin({"id": secrets.token_hex(4), IMPORTED: True, **identity}, changes(agent, 0, 0, {}), values)
