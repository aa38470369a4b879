"""How much more of one list is bought than of another, in percent, with intervals: what the verdict is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from selflearn_agents.registry import AGENTS
from selflearn_env.shop.validation.purchases import mean_and_error

EVERYBODY, STATE, PERSON = "bestsellers", "popular", "person"  # lists: one for all, one per state, one per visit
SURE, POWER = 0.95, 0.8
FEWEST_BOUGHT, FEWEST_CUSTOMERS = 20, 10  # below, an interval would say more than is known


class RealHits(NamedTuple):
    """L lists, and how many of their products are in the real baskets of V visits."""

    names: list[tuple[str, ...]]  # of each list, all that show it
    hits: NDArray[np.float64]  # (V, L)
    customer: NDArray[np.int64]  # (V,) of each visit
    read: bool  # whether these customers are in the history that the lists were made from


class Sold(NamedTuple):
    """What a simulator's V visits buy of what is shown, and what that earns; expected, exact, (V,)."""

    best: NDArray[np.float64]  # purchases, each visit being shown its best slate
    everybody: NDArray[np.float64]  # all being shown the one list that is best for them together
    best_reward: NDArray[np.float64]
    everybody_reward: NDArray[np.float64]


class More(NamedTuple):
    """In percent."""

    more: float
    low: float
    high: float
    error: float


def percent_more(
    of: NDArray[np.float64], base: NDArray[np.float64], customer: NDArray[np.int64], compared: int = 1
) -> More:
    """How much greater the mean of one is than that of the other over the same visits (V,), in percent.

    The standard error of the ratio is that of `of - ratio * base` (linearised, Cochran 1977, section 6.5), with
    customers as the units, the interval that of Student's t.

    Args:
        of: (V,) compared.
        base: (V,) compared with; of positive mean.
        customer: (V,) of each visit.
        compared: intervals that shall all hold together, with Bonferroni's correction.
    """
    ratio = float(of.mean() / base.mean())
    error = 100 * mean_and_error(of - ratio * base, customer)[1] / float(base.mean())
    more, wide = 100 * (ratio - 1), error * _quantile(customer, compared)
    return More(more, more - wide, more + wide, error)


def _quantile(customer: NDArray[np.int64], compared: int) -> float:
    return float(t.ppf(1 - (1 - SURE) / 2 / compared, max(np.unique(customer).size - 1, 1)))


def verdict_figures(real: RealHits, sold: Mapping[str, Sold]) -> dict[str, float]:
    """The figures of the verdict, by their names; what cannot be said is not in it.

    `bought` are products of a list in real baskets, or expected purchases in a simulator, per visit; `more`, `low` and
    `high` percent more than the list before, `unseen` percent that two lists may differ by without that it shows.

    Args:
        real: the lists in real baskets.
        sold: by simulator, in the same visits.
    """
    named = {
        "visits": float(real.customer.size),
        "customers": float(np.unique(real.customer).size),
        "history_has_them": float(real.read),
    }
    place = {name: at for at, names in enumerate(real.names) for name in names}
    chain = [name for name in (EVERYBODY, STATE, PERSON) if name in place]
    labels = {EVERYBODY: "everybody", STATE: "state", PERSON: "person"}
    known = named["customers"] >= FEWEST_CUSTOMERS
    named |= {f"bought.{labels[name]}": float(real.hits[:, place[name]].mean()) for name in chain}
    known &= min(real.hits[:, place[name]].sum() for name in chain) >= FEWEST_BOUGHT
    if known:
        for before, name in pairwise(chain):
            found = percent_more(real.hits[:, place[name]], real.hits[:, place[before]], real.customer)
            named |= _interval(labels[name], found)
        named |= _agents(real, place[EVERYBODY])
    for world, own in sold.items():
        named[f"bought.everybody.{world}"], named[f"bought.best.{world}"] = own.everybody.mean(), own.best.mean()
        named[f"reward.everybody.{world}"] = own.everybody_reward.mean()
        named[f"reward.best.{world}"] = own.best_reward.mean()
        if own.everybody.mean() > 0:
            named |= _interval(f"best.{world}", percent_more(own.best, own.everybody, real.customer))
    return {f"verdict.{name}": float(value) for name, value in named.items()}


def _agents(real: RealHits, everybody: int) -> dict[str, float]:
    """Of each list that an agent begins with, beside the one for everybody; equal lists count once."""
    rows = {
        next(name for name in names if name in AGENTS): at
        for at, names in enumerate(real.names)
        if at != everybody and any(name in AGENTS for name in names)
    }
    named: dict[str, float] = {}
    errors = []
    for name, at in rows.items():
        found = percent_more(real.hits[:, at], real.hits[:, everybody], real.customer, len(rows))
        named |= _interval(f"agent.{name}", found)
        errors.append(found.error)
    if errors:
        unseen = _quantile(real.customer, len(rows)) + float(norm.ppf(POWER))
        named["unseen"] = unseen * float(np.median(errors))
    return named


def _interval(name: str, found: More) -> dict[str, float]:
    parts = {"more": found.more, "low": found.low, "high": found.high}
    return {f"{part}.{name}": value for part, value in parts.items() if math.isfinite(value)}
