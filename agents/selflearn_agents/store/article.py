"""The layout in which the article's system keeps its values: four collections, a document per state.

A document is {state: {product: number}}, in `rlQuantdic` the net units that were bought, and one for each showing; in
`rlValuedic` the value; in `rlRewarddic` the sum of the rewards; in `rlRecotrack` how often the product was recommended.
They lie in a database of MongoDB, or as four files of JSON, each a list of documents as `mongoexport --jsonArray` has
it; that program's usual files, a document a line, are read as well.

The names of MongoDB's fields have no dot and do not begin with a dollar sign, and the article's codes may: a dot is
written as %2E, a dollar sign as %24, a percent sign as %25, and the character of number 0 as %00.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from selflearn_agents.store.protocol import StoreError
from selflearn_env.archive import write_atomically
from selflearn_env.core.numbers import is_number
from selflearn_env.plugins import missing_extra

if TYPE_CHECKING:
    from pymongo.database import Database

DATABASES = ("mongodb://", "mongodb+srv://")
ESCAPES = {"%": "%25", ".": "%2E", "$": "%24", "\0": "%00"}
CHARACTERS = {escape: character for character, escape in ESCAPES.items()}

QUANTITY, VALUE, REWARD, RECOMMENDED = NAMES = ("rlQuantdic", "rlValuedic", "rlRewarddic", "rlRecotrack")

Numbers = dict[str, dict[str, float]]  # by state and product


class ArticleValues(NamedTuple):
    """What the article's system knows, by state and product.

    Attributes:
        quantity: net units bought before, and showings.
        value: the average reward, and where nothing was shown the start.
        reward: the sum of the rewards.
        recommended: how often each was shown.
    """

    quantity: Numbers
    value: Numbers
    reward: Numbers
    recommended: Numbers


def escaped(code: str) -> str:
    """A code as the name of a field."""
    return re.sub(r"[%.$\0]", lambda found: ESCAPES[found[0]], code)


def unescaped(name: str) -> str:
    """The code that a field is named after."""
    return re.sub(r"%25|%2E|%24|%00", lambda found: CHARACTERS[found[0]], name)


def write_article(values: ArticleValues, where: str) -> None:
    """Writes the four collections.

    Args:
        values: what is written.
        where: a folder, or the URL of a database.

    Raises:
        ImportError: the database's library is not installed.
        OSError: it cannot be written to, or has one of these collections already.
    """
    documents = {
        name: [{escaped(state): {escaped(code): each for code, each in row.items()}} for state, row in numbers.items()]
        for name, numbers in zip(NAMES, values, strict=True)
    }
    if not where.startswith(DATABASES):
        folder = Path(where)
        folder.mkdir(parents=True, exist_ok=True)
        for name, some in documents.items():
            with write_atomically(folder / f"{name}.json") as file:
                file.write(json.dumps(some, indent=0, allow_nan=False).encode("utf-8") + b"\n")
        return
    with _database(where) as base:
        there = sorted(set(NAMES).intersection(base.list_collection_names()))
        if there:
            raise StoreError(f"{_shown(where)}: has {there[0]} already; name another database")
        for name, some in documents.items():
            base.create_collection(name)
            if some:
                base[name].insert_many(some)


def read_article(where: str) -> ArticleValues:
    """Reads the four collections; quantities and rewards may be missing.

    Args:
        where: a folder, or the URL of a database.

    Raises:
        ImportError: the database's library is not installed.
        OSError: it cannot be read.
        ValueError: it has not this layout; the message names the first thing that is wrong.
    """
    found: dict[str, list[Any] | None]
    if where.startswith(DATABASES):
        with _database(where) as base:
            there = set(base.list_collection_names())
            found = {name: list(base[name].find()) if name in there else None for name in NAMES}
    else:
        found = {name: _documents_of(Path(where) / f"{name}.json") for name in NAMES}
    for name in (VALUE, RECOMMENDED):
        if found[name] is None:
            raise ValueError(f"{_shown(where)}: has no {name}, which the article's layout needs")
    return ArticleValues(*(_numbers(f"{_shown(where)}, {name}", found[name] or ()) for name in NAMES))


def _documents_of(path: Path) -> list[Any] | None:
    if not path.exists():
        return None
    text = path.read_text("utf-8")
    try:
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: is no JSON ({error})") from None
    return found if isinstance(found, list) else [found]


def _numbers(where: str, documents: Iterable[Any]) -> Numbers:
    """The numbers of a collection by state and product.

    Raises:
        ValueError: a document is not {state: {product: number}}, or a state comes twice.
    """
    numbers: dict[str, dict[str, float]] = {}
    for state, row in _rows(where, documents):
        if state in numbers:
            raise ValueError(f"{where}: state {state!r} comes twice")
        numbers[state] = {}
        for name, number in row.items():
            if not is_number(number) or not abs(number) < float("inf"):
                raise ValueError(f"{where}: {unescaped(name)!r} in state {state!r} is no finite number: {number!r}")
            numbers[state][unescaped(name)] = number
    return numbers


def _rows(where: str, documents: Iterable[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for document in documents:
        if not isinstance(document, Mapping):
            raise ValueError(f"{where}: expected documents {{state: {{product: number}}}}, found {document!r}")
        for state, row in document.items():
            if state == "_id":  # MongoDB's own
                continue
            if not isinstance(row, Mapping):
                raise ValueError(f"{where}: expected {{product: number}} for state {unescaped(state)!r}, found {row!r}")
            yield unescaped(state), row


@contextmanager
def _database(url: str) -> Iterator[Database]:
    """A database of MongoDB, as long as it is needed."""
    try:
        from selflearn_agents.store.connecting import connected, explained
    except ImportError:
        raise missing_extra("a database of MongoDB needs pymongo", "mongo") from None

    client, base = connected(url)
    with client, explained(_shown(url)):
        yield base


def _shown(where: str) -> str:
    if not where.startswith(DATABASES):
        return where
    from selflearn_agents.store.connecting import shown

    return shown(where)
