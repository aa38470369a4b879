"""Shops on disk."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.archive import as_bytes, read_archive, refusing, write_archive
from selflearn_env.core.pooling import Level, Pooling
from selflearn_env.core.segmentation import Segmentation
from selflearn_env.core.states import StateSpace
from selflearn_env.core.tables import filled, table, values_at
from selflearn_env.shop.declared import check_baskets, declare_fits, declare_shop, states_of
from selflearn_env.shop.history import Catalogue, DatedBaskets, Fit, History, Parts, Population
from selflearn_env.shop.report import Report

KIND, FITS, VERSION = "selflearn-shop", "selflearn-fits", 4
REMEDY = "build it anew"
VISITS = ("visit_state", "visit_customer", "visit_day", "item_visit", "item_product")  # the arrays of dated baskets


def save(shop: Parts, path: Path) -> None:
    """Writes a shop; see `Shop.save`."""
    heading, arrays = _taken_apart(shop)
    fits, of_fits = _packed(shop.fits)
    write_archive(path, heading | {"fits": fits}, arrays | of_fits)


def save_fits(path: Path, fits: dict[str, Fit], digest: str) -> None:
    """Writes what has been fitted to the shop of this digest, to be shipped beside its log.

    Raises:
        OSError: the file cannot be written.
    """
    headings, arrays = _packed(fits)
    write_archive(path, {"format": FITS, "version": VERSION, "digest": digest, "fits": headings}, arrays)


def load_fits(path: Path, digest: str) -> dict[str, Fit]:
    """What `save_fits` wrote, or nothing where it is of another shop.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is of another kind, or is broken.
    """
    heading, arrays = read_archive(
        path, FITS, VERSION, lambda heading, _: declare_fits(heading["fits"]), "build the shop anew"
    )
    return _unpacked(heading["fits"], arrays) if heading.get("digest") == digest else {}


def load(path: Path) -> Parts:
    """Reads a shop; see `Shop.load`."""
    heading, arrays = read_archive(path, KIND, VERSION, lambda heading, _: declare_shop(heading), REMEDY)
    with refusing(path, KIND, REMEDY):
        return _put_together(heading, arrays)


def digest(shop: Parts) -> str:
    """SHA-256 over heading and arrays, but for how the log was read and what was fitted since."""
    heading, arrays = _taken_apart(shop)
    del heading["report"]["understood"]  # equal content is an equal shop, by whatever road it came
    sha = hashlib.sha256(as_bytes(heading).tobytes())
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _taken_apart(shop: Parts) -> tuple[dict[str, Any], dict[str, NDArray]]:
    history, customers = shop.history, shop.customers
    same = history.baskets.same_as(customers)  # where the whole log is history; kept once
    heading = {
        "format": KIND,
        "version": VERSION,
        "seed": shop.seed,
        "tiers": [[tier.name, list(tier.labels)] for tier in history.states.tiers],
        "report": asdict(shop.report),
        "segment_centres": history.segmentation and dict(history.segmentation.centres),
        "history_first_date": None if same else history.baskets.first_date,
        "customers_first_date": customers.first_date,
        "history_pooling": [asdict(level) for level in history.pooling.levels],
        "customers_pooling": [asdict(level) for level in customers.pooling.levels],
    }
    # Most pairs of state and product are empty: their positions and values are stored, not the table.
    seen = filled(history.seen)[0]
    arrays = {
        "ids": shop.catalogue.ids,
        "descriptions": shop.catalogue.descriptions,
        "history_seen": seen,
        "history_quantity": values_at(history.quantity, seen),
        "history_segments": history.segment_products,
        "customers_spend": customers.customer_spend,
        **_visits("customers", customers),
        **({} if same else _visits("history", history.baskets)),
    }
    return heading, arrays


def _put_together(heading: dict[str, Any], arrays: dict[str, NDArray]) -> Parts:
    states = states_of(heading)
    shape, seen = (states.size, arrays["ids"].size), arrays["history_seen"]
    if seen.size and seen[-1] >= shape[0] * shape[1]:
        raise ValueError("history_seen has more than all states of all products")
    of_customers = _baskets("customers", heading, arrays, states)
    of_history = of_customers
    if heading["history_first_date"] is not None:
        of_history = _baskets("history", heading, arrays, states)
    history = History(
        states=states,
        baskets=of_history,
        quantity=table(seen, arrays["history_quantity"], shape),
        seen=table(seen, np.ones(seen.size, dtype=bool), shape),
        segment_products=arrays["history_segments"],
        pooling=_pooling(heading["history_pooling"]),
        segmentation=_segmentation(heading["segment_centres"]),
    )
    customers = Population(
        **vars(of_customers),
        customer_spend=arrays["customers_spend"],
        pooling=_pooling(heading["customers_pooling"]),
    )
    catalogue = Catalogue(arrays["ids"], arrays["descriptions"])
    fits = _unpacked(heading["fits"], arrays)
    return Parts(catalogue, history, customers, Report(**heading["report"]), heading["seed"], fits)


def _packed(fits: dict[str, Fit]) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Headings and arrays of all fits, each array under the name of its fit and its own."""
    arrays = {f"{name}.{own}": array for name, fit in fits.items() for own, array in fit.arrays.items()}
    return {name: fit.heading for name, fit in fits.items()}, arrays


def _unpacked(headings: dict[str, Any], arrays: dict[str, NDArray]) -> dict[str, Fit]:
    """The fits that `_packed` packed."""
    fits = {name: Fit(heading, {}) for name, heading in headings.items()}
    for place, array in arrays.items():
        name, _, own = place.partition(".")
        if own:
            fits[name].arrays[own] = array
    return fits


def _visits(whose: str, baskets: DatedBaskets) -> dict[str, NDArray[np.int32]]:
    return {f"{whose}_{name}": getattr(baskets, name).astype(np.int32) for name in VISITS}


def _baskets(whose: str, heading: dict[str, Any], arrays: dict[str, NDArray], states: StateSpace) -> DatedBaskets:
    """What `_visits` wrote, which is given up; checked."""
    baskets = DatedBaskets(
        states=states.size,
        products=arrays["ids"].size,
        first_date=heading[f"{whose}_first_date"],
        **{name: arrays.pop(f"{whose}_{name}").astype(np.int64) for name in VISITS},
    )
    check_baskets(whose, baskets, states)
    return baskets


def _pooling(levels: list[dict[str, Any]]) -> Pooling:
    return Pooling(tuple(Level(tuple(level.pop("tiers")), **level) for level in levels))


def _segmentation(centres: dict[str, list[float]] | None) -> Segmentation | None:
    return Segmentation({measure: tuple(of) for measure, of in centres.items()}) if centres else None
