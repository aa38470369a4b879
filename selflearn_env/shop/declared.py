"""What a shop file must hold; it is checked before a shop is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from selflearn_env.core.segmentation import MEASURES, SEGMENT_OF_SCORE
from selflearn_env.core.states import StateSpace
from selflearn_env.declared import (
    POSITIVE,
    Array,
    Sizes,
    about,
    check,
    counts,
    flags,
    indexes,
    numbers,
    real,
    texts,
    whole,
)
from selflearn_env.shop.calendar import PERIODS, calendar_tiers, state_space
from selflearn_env.shop.history import DatedBaskets
from selflearn_env.shop.people.kept import declare_fit

SIDES = ("customers", "history")
FITTED = ("people", "history_people")
EPOCH = date(1970, 1, 1).toordinal()
DATE = whole(date.min.toordinal() - EPOCH, date.max.toordinal() - EPOCH)  # in days since 1 January 1970
WHOLE_OR_NOT = (np.dtype(np.int32), np.dtype(np.float64))  # as the units of the log are


def declare_shop(heading: dict[str, Any]) -> tuple[dict[str, Array | None], Sizes]:
    """What the arrays of a shop file must be like, and the sizes known; the heading is checked at once.

    Raises:
        ValueError: the heading is wrong. A heading that is not one of a shop at all may raise any of `archive.BROKEN`.
    """
    states = states_of(heading)
    check({"seed": whole(), "customers_first_date": DATE}, heading, {})
    _check_report(heading["report"])
    _check_centres(heading["segment_centres"])
    for side in SIDES:
        _check_pooling(heading[f"{side}_pooling"], states)
    arrays: dict[str, Array | None] = {
        "ids": texts("products", ascending=True),
        "descriptions": texts("products"),
        "history_seen": counts("seen", ascending=True),
        "history_quantity": numbers("seen", dtype=WHOLE_OR_NOT),
        "history_segments": flags("segments", "products"),
        "customers_spend": numbers("customers"),
        **_visits("customers"),
    }
    if heading["history_first_date"] is not None:
        check({"history_first_date": DATE}, heading, {})
        arrays |= _visits("history")
    sizes = {"states": states.size, "segments": states.shape[0]}
    fits, of_fits = declare_fits(heading["fits"])
    return arrays | fits, sizes | of_fits


def declare_fits(headings: Mapping[str, Any]) -> tuple[dict[str, Array | None], Sizes]:
    """What the arrays of what was fitted to a shop must be, and the sizes known; the headings are looked at.

    Raises:
        ValueError: a heading is wrong.
    """
    arrays: dict[str, Array | None] = {}
    sizes: Sizes = {}
    for name, heading in headings.items():
        with about(name):
            if name not in FITTED:
                raise ValueError("is nothing that is fitted")
            own, topics = declare_fit(heading, name)
        arrays |= {f"{name}.{place}": array for place, array in own.items()}
        sizes |= topics
    return arrays, sizes


def states_of(heading: Mapping[str, Any]) -> StateSpace:
    """The state space that a heading tells of.

    Raises:
        ValueError: no shop has it.
    """
    (_, segments), _, (period, _), _ = tiers = heading["tiers"]
    with about("tiers"):
        if not all(isinstance(label, str) for label in segments) or period not in PERIODS:
            raise ValueError("are not segments, months, a period and weekdays")
        states = state_space(segments, period)
        if [[tier.name, list(tier.labels)] for tier in states.tiers] != tiers:
            raise ValueError("are not those of the calendar")
    return states


def check_baskets(side: str, baskets: DatedBaskets, states: StateSpace) -> None:
    """Checks that visits stand customer by customer, have the states of their days, and at least one product each.

    Raises:
        ValueError: they do not; the message names the array.
    """
    customer, day, state, visit = baskets.visit_customer, baskets.visit_day, baskets.visit_state, baskets.item_visit
    with about(f"{side}_visit_customer"):
        _check_runs(customer, int(customer[-1]) + 1)
    with about(f"{side}_item_visit"):
        _check_runs(visit, len(customer))
    same = customer[1:] == customer[:-1]
    with about(f"{side}_visit_day"):
        if day.min():
            raise ValueError("does not begin at 0")
        DATE.check(baskets.first_date + int(day.max()))
    with about(f"{side}_visit_state"):
        segment, of_day = np.divmod(state, states.size // states.shape[0])
        if (segment[1:] != segment[:-1])[same].any():
            raise ValueError("has a customer in two segments")
        dates = (baskets.first_date + np.arange(int(day.max()) + 1)).astype("datetime64[D]")
        tiers = np.column_stack([np.zeros(len(dates), dtype=np.int64), calendar_tiers(dates, states)])
        if (states.encode(tiers)[day] != of_day).any():
            raise ValueError("has a state that is not that of the day")
    with about(f"{side}_item_product"):
        if (np.diff(baskets.item_product)[visit[1:] == visit[:-1]] <= 0).any():
            raise ValueError("is not in ascending order in each visit")


def _visits(side: str) -> dict[str, Array | None]:
    """What dated baskets must be."""
    visits, items = f"{side} visits", f"{side}' items"
    return {
        f"{side}_visit_state": indexes("states", visits, dtype=np.int32),
        f"{side}_visit_customer": indexes("customers" if side == "customers" else visits, visits, dtype=np.int32),
        f"{side}_visit_day": counts(visits, dtype=np.int32),
        f"{side}_item_visit": indexes(visits, items, dtype=np.int32),
        f"{side}_item_product": indexes("products", items, dtype=np.int32),
    }


def _check_runs(numbers_: np.ndarray, size: int) -> None:
    """Checks that numbers are 0, 1, ... size - 1, each of them at least once."""
    steps = np.diff(numbers_)
    if numbers_[0] or numbers_[-1] != size - 1 or ((steps != 0) & (steps != 1)).any():
        raise ValueError(f"does not go from 0 to {size - 1} in steps of 0 or 1")


def _check_report(report: Mapping[str, Any]) -> None:
    with about("report"):
        rows, dropped, noted, understood = (report[name] for name in ("rows_read", "dropped", "noted", "understood"))
        for count in (rows, *dropped.values(), *noted.values()):
            whole().check(count)
        if not all(isinstance(text, str) for text in understood.values()) or len(report) != 4:
            raise ValueError("is no report of rows")


def _check_centres(centres: Mapping[str, Any] | None) -> None:
    if centres is None:
        return
    with about("segment_centres"):
        if list(centres) != list(MEASURES) or sum(len(of) - 1 for of in centres.values()) >= len(SEGMENT_OF_SCORE):
            raise ValueError("are not of recency, frequency and monetary value")
        for of in centres.values():
            for centre in of:
                real().check(centre)
            if not of or sorted(of) != of:
                raise ValueError("are not in ascending order")


def _check_pooling(levels: list[dict[str, Any]], states: StateSpace) -> None:
    """Checks that each level splits by the tiers of the level above it and some more."""
    with about("pooling"):
        before: list[int] | None = None
        for level in levels:
            check({"weight": real(POSITIVE), "gain": real()}, level, {})
            tiers = level["tiers"]
            for tier in tiers:
                whole(0, len(states.shape) - 1).check(tier)
            first = [] if before is None else before
            if len(set(tiers)) < len(tiers) or tiers[: len(first)] != first or (before is None and tiers):
                raise ValueError("has a level that does not split the one above it")
            before = tiers
