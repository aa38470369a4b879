"""From a log to a shop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import Pooling
from selflearn_env.core.pooling_fit import fit_pooling
from selflearn_env.core.segmentation import SEGMENTS, Segmentation
from selflearn_env.core.states import StateSpace
from selflearn_env.shop.calendar import state_of, state_space
from selflearn_env.shop.history import Catalogue, History, Parts, Population
from selflearn_env.shop.merchandise import excluded_products
from selflearn_env.shop.report import Report
from selflearn_env.shop.rfm import fit_segmentation, rfm_table
from selflearn_env.shop.transactions import TransactionLog, load_transactions


def build_shop(
    source: str | Path | pd.DataFrame | TransactionLog,
    *,
    columns: str | Mapping[str, str],
    date_format: str | None,
    history_share: float,
    seed: int,
    segments: Mapping[Any, str] | pd.Series | None,
    period: str,
    max_products: int | None,
    exclude_products: str | Collection[str],
) -> Parts:
    """Does the work of `Shop.from_transactions`, where the arguments are described."""
    if not (isinstance(history_share, Real) and 0 < history_share <= 1):
        raise ValueError(f"history_share is a share of the customers, 0 < share <= 1, got {history_share!r}")
    if max_products is not None and not (isinstance(max_products, int | np.integer) and max_products >= 1):
        raise ValueError(f"max_products must be at least 1, got {max_products!r}")
    if not (isinstance(seed, int | np.integer) and seed >= 0):
        raise ValueError(f"seed is a whole number >= 0, got {seed!r}")
    log = source if isinstance(source, TransactionLog) else load_transactions(source, columns, date_format=date_format)

    known = log.frame["customer"].notna()
    rows = log.frame[known].assign(purchase=log.purchases[known])
    dropped = {**log.report.dropped, "without a customer": int((~known).sum())}
    customer, customers = pd.factorize(rows["customer"], sort=True)
    in_history = _split(len(customers), history_share, np.random.SeedSequence(seed).spawn(2)[0])
    rfm = rfm_table(log)
    spend = np.bincount(customer, weights=rows["quantity"] * rows["price"]) / (rfm["frequency"].to_numpy() + 1.0)
    segment, labels, segmentation = _segments(rfm, customers, in_history, segments)
    states = state_space(labels, period)
    rows = rows.assign(history=in_history[customer], segment=segment[customer], customer=customer)

    rows, catalogue = _catalogue(rows, exclude_products, max_products, dropped)
    if not (rows["purchase"] & rows["history"]).any():
        raise ValueError("no purchase of the history's customers is left after cleaning; is the log too small?")
    rows = rows.assign(
        product=pd.Index(catalogue.ids).get_indexer(rows["product"]),
        state=state_of(rows["segment"].to_numpy(), rows["time"], states),
    )

    past = rows[rows["history"]]
    simulated = past if history_share == 1 else rows[~rows["history"]]
    if not simulated["purchase"].any():
        raise ValueError(
            f"no purchase of simulated customers is left after cleaning: history_share={history_share} takes "
            f"{int(in_history.sum())} of {len(customers)} customers; lower it, or give 1 to simulate the history itself"
        )
    history = _history(past, states, len(catalogue), segmentation)
    pooling = history.pooling if history_share == 1 else None
    population = _population(simulated, states, len(catalogue), spend, pooling)
    noted = {
        "are purchases": int(rows["purchase"].sum()),
        f"belong to the history ({int(in_history.sum()):,} of {len(customers):,} customers)": len(past),
        f"belong to simulated customers ({simulated['customer'].nunique():,} customers)": len(simulated),
    }
    return Parts(catalogue, history, population, Report(log.report.rows_read, dropped, noted), int(seed))


def _split(customers: int, history_share: float, seed: np.random.SeedSequence) -> NDArray[np.bool_]:
    """(customers,) whether each belongs to the history; which ones depends on their number and the seed only."""
    in_history = np.zeros(customers, dtype=bool)
    order = np.random.default_rng(seed).permutation(customers)
    in_history[order[: round(history_share * customers)]] = True
    if not in_history.any() or (history_share < 1 and in_history.all()):
        raise ValueError(
            f"history_share={history_share} leaves no customer on one side: the log has {customers}; "
            f"give more customers, or 1 to use the whole log as history"
        )
    return in_history


def _segments(
    rfm: pd.DataFrame,
    customers: pd.Index,
    in_history: NDArray[np.bool_],
    given: Mapping[Any, str] | pd.Series | None,
) -> tuple[NDArray[np.int64], tuple[str, ...], Segmentation | None]:
    """The segment number of each customer, the labels, and the rule, unless the segments are the user's own."""
    if given is None:
        # The clusters are the history's, so that nothing an agent reads depends on the held-out customers.
        segmentation = fit_segmentation(rfm[in_history])
        return segmentation.numbers(rfm), SEGMENTS, segmentation
    if not isinstance(given, Mapping | pd.Series):
        raise TypeError(f"segments is None, a mapping or a Series, customer -> label, got {given!r}")
    by_key = {_key(key): str(label) for key, label in given.items() if not pd.isna(label)}
    missing = [customer for customer in customers if _key(customer) not in by_key]
    if missing:
        raise ValueError(f"segments has no label for customer {missing[0]} ({len(missing)} have none)")
    assigned = pd.Series([by_key[_key(customer)] for customer in customers])
    labels = tuple(sorted(set(by_key.values())))
    return pd.Categorical(assigned, categories=labels).codes.astype(np.int64), labels, None


def _key(customer: Any) -> str:
    """One spelling of a customer, so that 17850, 17850.0 and "17850" name the same."""
    return str(customer).removesuffix(".0")


def _catalogue(
    rows: pd.DataFrame, exclude: str | Collection[str], max_products: int | None, dropped: dict[str, int]
) -> tuple[pd.DataFrame, Catalogue]:
    """The rows of products that stay, and these products; adds to `dropped` what does not."""
    called = rows.groupby(["product", "description"], observed=True).size().sort_values(kind="stable")
    usual = called.reset_index("description").groupby(level=0)["description"].last()
    ids = pd.Index(rows["product"].unique())
    left_out = excluded_products(ids, usual, exclude)
    stays = ~rows["product"].isin(left_out)
    dropped["of a product that is no merchandise" if isinstance(exclude, str) else "of an excluded product"] = int(
        (~stays).sum()
    )
    rows = rows[stays]
    if max_products is not None:
        bought = rows[rows["purchase"] & rows["history"]].groupby("product")["invoice"].nunique()
        kept = bought.sort_index().sort_values(ascending=False, kind="stable").index[:max_products]
        stays = rows["product"].isin(kept)
        dropped[f"of a product beyond the {max_products:,} most bought"] = int((~stays).sum())
        rows = rows[stays]
    names = np.sort(np.array(rows["product"].unique(), dtype=np.str_))
    descriptions = usual.reindex(names)
    texts = descriptions.where(descriptions.notna(), pd.Series(names, index=names))
    return rows, Catalogue(names, np.array(texts, dtype=np.str_))


def _history(rows: pd.DataFrame, states: StateSpace, products: int, segmentation: Segmentation | None) -> History:
    baskets, _ = _baskets(rows[rows["purchase"]], states, products)
    cell = rows["state"].to_numpy() * products + rows["product"].to_numpy()
    size = states.size * products
    quantity = np.bincount(cell, weights=rows["quantity"].to_numpy(), minlength=size).reshape(-1, products)
    # The type follows from the history's own rows: whole units where they are whole and small enough.
    whole = bool((quantity % 1 == 0).all()) and np.abs(quantity).max() <= np.iinfo(np.int32).max
    seen = np.zeros(size, dtype=bool)
    seen[cell] = True
    segment_products = np.zeros((states.shape[0], products), dtype=bool)
    segment_products[rows["segment"], rows["product"]] = True
    return History(
        states=states,
        visits=baskets.visits(),
        purchases=baskets.purchases(),
        quantity=quantity.astype(np.int32 if whole else np.float64),
        seen=seen.reshape(-1, products),
        segment_products=segment_products,
        pooling=fit_pooling(baskets, states.shape),
        segmentation=segmentation,
    )


def _population(
    rows: pd.DataFrame, states: StateSpace, products: int, spend: NDArray[np.float64], pooling: Pooling | None
) -> Population:
    """The simulated customers; with their pooling where it is known already."""
    purchases = rows[rows["purchase"]]
    baskets, first = _baskets(purchases, states, products)
    days = purchases["time"].iloc[first].to_numpy().astype("datetime64[D]").astype(np.int64)
    return Population(
        **vars(baskets),
        visit_day=days - days.min(),
        first_date=int(days.min()),
        customer_spend=spend[np.unique(purchases["customer"])],
        pooling=pooling or fit_pooling(baskets, states.shape),
    )


def _baskets(purchases: pd.DataFrame, states: StateSpace, products: int) -> tuple[Baskets, NDArray[np.int64]]:
    """One visit per customer and invoice, in the state of its first row; and (V,) the positions of these rows."""
    invoice, invoices = pd.factorize(purchases["invoice"])
    key = purchases["customer"].to_numpy() * len(invoices) + invoice
    _, first, visit = np.unique(key, return_index=True, return_inverse=True)
    cell = np.unique(visit * products + purchases["product"].to_numpy())
    customer = np.unique(purchases["customer"].to_numpy()[first], return_inverse=True)[1]
    state = purchases["state"].to_numpy()[first]
    return Baskets(state, customer, cell // products, cell % products, states.size, products), first
