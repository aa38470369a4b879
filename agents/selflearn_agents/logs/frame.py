"""A table of one's own as the columns of a visit log, and back: one row for each shown product."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, Rewards
from selflearn_env.core.states import StateSpace

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog

NEEDED = ("visit", "state", "slot", "product")
EARNED = ("response", "item_reward")
PROBABILITIES = ("propensity", "marginal")
CANONICAL = (*NEEDED, *EARNED, *PROBABILITIES, "episode")
UNKNOWN = -1  # response
MOST = 2**31 - 1  # of states, products and slots


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
    table = _named(frame, dict(columns or {}), states)
    visit = pd.factorize(table["visit"])[0]
    if not visit.size or visit.min() < 0:
        raise ValueError(f"the column for 'visit' is empty{' in some rows' if visit.size else ''}")
    if "episode" in table:
        episode = pd.factorize(table["episode"])[0]
        _check_alike(table, "episode", episode, visit)
        episode = pd.factorize(np.where(episode < 0, -1 - visit, episode))[0]  # who is nobody never comes again
    else:
        episode = visit
    slot = _numbers(table, "slot", whole=True)
    order = np.lexsort([slot, visit, episode])
    slots = _check_slots(table, slot[order], visit[order], order)
    rows = order.reshape(-1, slots)  # of each visit
    state = _states(table, states)
    _check_alike(table, "state" if "state" in table else "the tiers", state, visit)
    product = _products(table, catalogue)
    response = np.full(len(table), UNKNOWN, dtype=np.int8)
    if "response" in table:
        given = _numbers(table, "response", whole=True)
        if given.min() < 0 or given.max() > BOUGHT:
            raise ValueError(f"responses are 0 ignored, 1 clicked, 2 bought; found {given.min()} to {given.max()}")
        response = given.astype(np.int8)
    earned = _numbers(table, "item_reward") if "item_reward" in table else rewards.by_response[response]
    chances = {name: _probabilities(table, name) for name in PROBABILITIES}
    if chances["propensity"] is not None:
        _warn_of_whole_slates(chances["propensity"][rows], product[rows])
    own = episode[rows[:, 0]]
    over = np.append(own[1:] != own[:-1], True)
    of_visit = state[rows[:, 0]]
    return {
        "observation": of_visit,
        "state": of_visit,
        "slate": product[rows],
        "response": response[rows],
        "item_reward": earned[rows],
        **{name: None if values is None else values[rows] for name, values in chances.items()},
        "terminated": over,
        "truncated": np.zeros_like(over),
        "last_observation": of_visit[over],
        "last_state": of_visit[over],
    }


def frame_of(log: VisitLog) -> pd.DataFrame:
    """See `VisitLog.to_frame`."""
    visits, slots = log.slate.shape
    table: dict[str, NDArray] = {
        "visit": np.repeat(np.arange(visits), slots),
        "episode": np.repeat(log.episode, slots),
        "state": np.repeat(log.state, slots),
        "slot": np.tile(np.arange(slots), visits),
        "product": log.slate.ravel(),
        "response": log.response.ravel(),
        "item_reward": log.item_reward.ravel(),
    }
    if (log.response == UNKNOWN).any():
        del table["response"]
    for name in PROBABILITIES:
        values = getattr(log, name)
        if values is not None:
            table[name] = values.ravel()
    return pd.DataFrame(table)


def _named(frame: pd.DataFrame, columns: dict[str, str], states: StateSpace | None) -> pd.DataFrame:
    """The columns that are known, by their canonical names, as numpy has them; a state or its tiers."""
    tiers = [] if states is None else [tier.name for tier in states.tiers]
    known = [*CANONICAL, *tiers]
    found = ", ".join(map(str, frame.columns))
    for canonical, name in columns.items():
        if canonical not in known:
            raise ValueError(f"columns has no meaning for {canonical!r}; its keys are {', '.join(known)}")
        if name not in frame.columns:
            raise ValueError(f"there is no column {name!r} for {canonical!r}; found {found}")
    names = {canonical: columns.get(canonical, canonical) for canonical in known}
    chosen = {canonical: name for canonical, name in names.items() if name in frame.columns}
    missing = [name for name in NEEDED if name not in chosen]
    if "state" in chosen:
        chosen = {canonical: name for canonical, name in chosen.items() if canonical not in tiers}
    elif tiers and any(tier in chosen for tier in tiers):
        missing = [name for name in (*missing, *tiers) if name != "state" and name not in chosen]
    if missing:
        way = "" if "state" not in missing or tiers else "; for a column of each tier instead of a state, give states="
        raise ValueError(f"no column for {', '.join(missing)}; found {found}; name them with columns={{...}}{way}")
    if not any(name in chosen for name in EARNED):
        raise ValueError(f"a log needs a column for response or for item_reward; found {found}")
    for canonical, name in chosen.items():
        if list(frame.columns).count(name) > 1:
            raise ValueError(f"there are several columns {name!r} for {canonical!r}; found {found}")
    return pd.DataFrame({canonical: frame[name].to_numpy() for canonical, name in chosen.items()})


def _states(table: pd.DataFrame, states: StateSpace | None) -> NDArray[np.int64]:
    """(rows,) state indexes, from a state or from the labels of its tiers."""
    if states is None:
        return _known(table, "state", _numbers(table, "state", whole=True))
    if "state" in table:
        labels = [states.label(state) for state in range(states.size)]
        return _known(table, "state", _places(labels, table["state"]), f"; states are called like {labels[0]!r}")
    numbers = []
    for tier in states.tiers:
        labels_of = pd.Series([label_of(value) for value in table[tier.name].unique()], index=table[tier.name].unique())
        place = _places(tier.labels, table[tier.name].map(labels_of))
        numbers.append(_known(table, tier.name, place, f"; its labels are {', '.join(tier.labels)}"))
    return states.encode(np.stack(numbers, axis=1))


def _products(table: pd.DataFrame, catalogue: Sequence[Any] | NDArray | None) -> NDArray[np.int64]:
    """(rows,) product indexes, from indexes or from ids of a catalogue."""
    if catalogue is None:
        return _known(table, "product", _numbers(table, "product", whole=True))
    known = pd.Index(catalogue)
    if known.empty or not known.is_unique:
        raise ValueError(
            f"the catalogue {'is empty' if known.empty else f'has {known[known.duplicated()].tolist()[0]!r} twice'}"
        )
    texts = isinstance(known[0], str)
    numeric = pd.api.types.is_numeric_dtype(table["product"])
    way = "; the catalogue has texts and the column numbers: read it as texts, dtype=str" if texts and numeric else ""
    return _known(table, "product", _places(known, table["product"]), way)


def _numbers(table: pd.DataFrame, name: str, whole: bool = False) -> NDArray:
    """A column of finite numbers; whole ones as int64."""
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(values)
    if whole:
        bad |= (values != np.floor(values)) | (np.abs(values) > MOST)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"the column for {name!r} has {_at(table, name, row)} at visit {_at(table, 'visit', row)}, "
            f"which is no {f'whole number up to {MOST:,}' if whole else 'finite number'}"
        )
    return values.astype(np.int64) if whole else values


def _probabilities(table: pd.DataFrame, name: str) -> NDArray[np.float64] | None:
    """A column of probabilities; None where it is not there, or empty."""
    missing = table[name].isna().to_numpy() if name in table else np.ones(len(table), dtype=bool)
    if missing.all():
        return None
    if missing.any():
        raise ValueError(
            f"the column for {name!r} is empty in {missing.sum():,} of {len(table):,} rows, first at visit "
            f"{_at(table, 'visit', int(missing.argmax()))}: leave out these visits, or the column"
        )
    return _numbers(table, name)


def _warn_of_whole_slates(propensity: NDArray[np.float64], slate: NDArray[np.int64]) -> None:
    """Warns where each slot of a visit has the same propensity, which looks like that of the whole slate."""
    alike = (propensity == propensity[:, :1]).all() and (propensity < 1).any() and propensity.shape[1] > 1
    ordered = np.sort(slate, axis=1)
    if alike and (ordered[:, 1:] != ordered[:, :-1]).all():
        warnings.warn(
            "the propensities of each visit are the same in all its slots, as if they were those of whole slates: a "
            "slot's own is needed, given the products above it. Where only the whole slate's is known, give it in the "
            "first slot and 1 in the others: it serves the estimators that weight whole slates, and no others",
            stacklevel=4,  # of who calls from_frame
        )


def _known(table: pd.DataFrame, name: str, places: NDArray[np.int64], way_out: str = "") -> NDArray[np.int64]:
    """The places (rows,) of what a column has, of which none may be below 0."""
    bad = places < 0
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"unknown {name} {_at(table, name, row)} at visit {_at(table, 'visit', row)}{way_out}")
    return places


def _places(known: Sequence[Any] | pd.Index, values: pd.Series) -> NDArray[np.int64]:
    return pd.Index(known).get_indexer(pd.Index(values)).astype(np.int64)


def label_of(value: Any) -> str:
    """A label of a tier as text; of a whole number, without a point, however it was read."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _at(table: pd.DataFrame, name: str, row: int) -> str:
    """What a column has in a row, for a message."""
    return repr(table[name].iloc[row : row + 1].tolist()[0])


def _check_alike(table: pd.DataFrame, name: str, values: NDArray, visit: NDArray) -> None:
    """Raises a ValueError where the rows of a visit differ in what the whole visit has."""
    first = np.unique(visit, return_index=True)[1]
    different = values != values[first][visit]
    if different.any():
        row = int(different.argmax())
        raise ValueError(f"visit {_at(table, 'visit', row)} has several values in the column for {name!r}")


def _check_slots(table: pd.DataFrame, slot: NDArray, visit: NDArray, order: NDArray[np.int64]) -> int:
    """How many slots all visits have, given slots and visits in order of visit and slot, and that order of the rows.

    Raises:
        ValueError: a visit has not each of the slots 0, 1, ... or 1, 2, ... once.
    """
    again = (visit[1:] == visit[:-1]) & (slot[1:] == slot[:-1])
    if again.any():
        at = int(again.argmax())
        raise ValueError(
            f"visit {_at(table, 'visit', int(order[at]))} has slot {slot[at]} twice: there are rows twice, or several "
            f"slates have this name"
        )
    starts = np.flatnonzero(np.append(True, visit[1:] != visit[:-1]))
    lengths = np.diff(np.append(starts, len(visit)))
    first = int(slot.min())
    slots = int(slot.max()) - first + 1
    if first not in (0, 1):
        raise ValueError(f"slots count from 0 or from 1, found {first} as the first")
    short = lengths != slots
    if short.any():
        at = int(starts[short.argmax()])
        raise ValueError(
            f"visit {_at(table, 'visit', int(order[at]))} has {lengths[short][0]} of the slots {first} to "
            f"{first + slots - 1}: a visit has one row for each slot, and all slates have one size"
        )
    return slots
