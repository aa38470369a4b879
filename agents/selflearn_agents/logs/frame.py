"""A table of one's own as the columns of a visit log: one row for each shown product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, Rewards
from selflearn_env.core.states import StateSpace

NEEDED = ("visit", "state", "slot", "product")
EARNED = ("response", "item_reward")
OPTIONAL = ("propensity", "marginal", "episode")
CANONICAL = (*NEEDED, *EARNED, *OPTIONAL)
UNKNOWN = -1  # response


def visit_columns(
    frame: pd.DataFrame,
    columns: Mapping[str, str] | None,
    catalogue: Sequence[Any] | NDArray | None,
    states: StateSpace | None,
    rewards: Rewards,
) -> dict[str, Any]:
    """What `VisitLog` takes; arguments as `VisitLog.from_frame` has them.

    Raises:
        ValueError: a column is missing or makes no sense; the message names it, and the visit.
    """
    table = _named(frame, dict(columns or {}))
    visit = pd.factorize(table["visit"])[0]
    if not visit.size or visit.min() < 0:
        raise ValueError(f"the column for 'visit' is empty{' in some rows' if visit.size else ''}")
    names = np.array(table["visit"].tolist(), dtype=object)  # as messages have them
    if "episode" in table:
        episode = pd.factorize(table["episode"])[0]
        _check_alike(episode, visit, "episode", names)
    else:
        episode = visit
    slot = _numbers(table, "slot", whole=True)
    order = np.lexsort([slot, visit, episode])
    slots = _check_slots(slot[order], visit[order], names[order])
    rows = order.reshape(-1, slots)  # of each visit
    state = _indexes(table, "state", None if states is None else _codes(states, table["state"]))
    _check_alike(state, visit, "state", names)
    product = _indexes(table, "product", None if catalogue is None else _places(catalogue, table["product"]))
    response = np.full(len(table), UNKNOWN, dtype=np.int8)
    if "response" in table:
        given = _numbers(table, "response", whole=True)
        if given.min() < 0 or given.max() > BOUGHT:
            raise ValueError(f"responses are 0 ignored, 1 clicked, 2 bought; found {given.min()} to {given.max()}")
        response = given.astype(np.int8)
    earned = _numbers(table, "item_reward") if "item_reward" in table else rewards.by_response[response]
    own = episode[rows[:, 0]]
    over = np.append(own[1:] != own[:-1], True)
    of_visit = state[rows[:, 0]]
    return {
        "observation": of_visit,
        "state": of_visit,
        "slate": product[rows],
        "response": response[rows],
        "item_reward": earned[rows],
        **{name: _numbers(table, name)[rows] if name in table else None for name in ("propensity", "marginal")},
        "terminated": over,
        "truncated": np.zeros_like(over),
        "last_observation": of_visit[over],
        "last_state": of_visit[over],
    }


def _named(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """The columns that are known, by their canonical names."""
    found = ", ".join(map(str, frame.columns))
    for canonical, name in columns.items():
        if canonical not in CANONICAL:
            raise ValueError(f"columns has no meaning for {canonical!r}; its keys are {', '.join(CANONICAL)}")
        if name not in frame.columns:
            raise ValueError(f"there is no column {name!r} for {canonical!r}; found {found}")
    names = {canonical: columns.get(canonical, canonical) for canonical in CANONICAL}
    chosen = {canonical: name for canonical, name in names.items() if name in frame.columns}
    missing = [name for name in NEEDED if name not in chosen]
    if missing:
        raise ValueError(f"no column for {', '.join(missing)}; found {found}; name them with columns={{...}}")
    if not any(name in chosen for name in EARNED):
        raise ValueError(f"a log needs a column for response or for item_reward; found {found}")
    return pd.DataFrame({canonical: frame[name].to_numpy() for canonical, name in chosen.items()})


def _numbers(table: pd.DataFrame, name: str, whole: bool = False) -> NDArray:
    """A column of finite numbers; whole ones as int64."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(values) | (whole & (values % 1 != 0))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"the column for {name!r} has {table[name].tolist()[row]!r} at visit {table['visit'].tolist()[row]!r}, "
            f"which is no {'whole' if whole else 'finite'} number"
        )
    return values.astype(np.int64) if whole else values


def _indexes(table: pd.DataFrame, name: str, places: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """A column of indexes, or the places (rows,) of what it has, of which none may be -1."""
    values = _numbers(table, name, whole=True) if places is None else places
    bad = values < 0
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"unknown {name} {table[name].tolist()[row]!r} at visit {table['visit'].tolist()[row]!r}")
    return values


def _codes(states: StateSpace, labels: pd.Series) -> NDArray[np.int64]:
    """Indexes of states that are given by their labels, -1 for unknown ones."""
    return _places([states.label(state) for state in range(states.size)], labels)


def _places(known: Sequence[Any] | NDArray, values: pd.Series) -> NDArray[np.int64]:
    return pd.Index(known).get_indexer(pd.Index(values)).astype(np.int64)


def _check_alike(values: NDArray, visit: NDArray, name: str, names: NDArray) -> None:
    """Raises a ValueError where the rows of a visit differ in what the whole visit has."""
    first = np.unique(visit, return_index=True)[1]
    different = values != values[first][visit]
    if different.any():
        raise ValueError(f"visit {names[different.argmax()]!r} has several values in the column for {name!r}")


def _check_slots(slot: NDArray, visit: NDArray, names: NDArray) -> int:
    """How many slots all visits have, given the rows in order of visit and slot.

    Raises:
        ValueError: a visit has not each of the slots 0, 1, ... or 1, 2, ... once.
    """
    starts = np.flatnonzero(np.append(True, visit[1:] != visit[:-1]))
    lengths = np.diff(np.append(starts, len(visit)))
    first = int(slot.min())
    slots = int(slot.max()) - first + 1
    if first not in (0, 1):
        raise ValueError(f"slots count from 0 or from 1, found {first} as the first")
    wrong = slot != first + np.arange(len(visit)) - np.repeat(starts, lengths)
    if wrong.any() or (lengths != slots).any():
        at = int(wrong.argmax()) if wrong.any() else int(starts[(lengths != slots).argmax()])
        raise ValueError(
            f"visit {names[at]!r} does not have each slot from {first} to {first + slots - 1} once: a visit has one "
            f"row for each slot, and all slates have one size"
        )
    return slots
