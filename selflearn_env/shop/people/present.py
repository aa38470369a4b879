"""What the shop sells at a time: each product's share of the purchases by month, and along the calendar.

The incidence of a month is pooled as everywhere (see `selflearn_env.core.pooling`): one rate, all visits, the month.
Within a month products come and go. The present is one more level of that pooling, whose groups are days, with the
purchases and visits of the days around counted by a weight that halves with every `half_life` days of distance:

    incidence_dp = (purchases_dp + weight) / (visits_d + weight / incidence_mp)

A shop that looks back counts the days before d only; of a log that has ended, the days from d on count too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from selflearn_env.core.pooling import CAUTIONS, TINY, Gamma, gamma_of
from selflearn_env.core.pooling_fit import fit_levels
from selflearn_env.shop.people.journal import MONTHS, Journal

CELLS = 2**20  # worked on at once

LEVELS: list[tuple[int, ...]] = [(), (0,)]  # of the pooling: all visits, the month


@dataclass(frozen=True, eq=False)
class Shares:
    """What is bought at R different times.

    Attributes:
        share: (R, P) share of each product in what is bought; rows sum to 1 up to rounding.
        usual: (P,) the same over all times.
        row_of_day: (D,) which time each day of the log is.
    """

    share: NDArray[np.float32]
    usual: NDArray[np.float64]
    row_of_day: NDArray[np.int64]

    def season(self, row: NDArray[np.int64], product: NDArray[np.integer]) -> NDArray[np.float64]:
        """(N,) how much more than usual the products (N,) sell at the times (N,)."""
        return self.share[row, product] / self.usual[product]


@dataclass(frozen=True)
class Present:
    """How the shop's present is followed.

    Attributes:
        half_life: days after which a purchase counts half.
        weight: how many purchases of each product the month is worth.
    """

    half_life: float
    weight: float


def usual_shares(journal: Journal, gamma: Gamma | None = None) -> Shares:
    """The products' popularity over all visits, at every time the same; `gamma` as for `Posterior`."""
    incidence = _Pooled(journal, np.zeros(journal.day.size, dtype=np.int64), 1).incidence(gamma)
    return _shares(incidence, incidence[0], np.zeros_like(journal.month_of_day))


def monthly_shares(journal: Journal, gamma: Gamma | None = None) -> Shares:
    """By month; `gamma` as for `Posterior`."""
    return _of_months(_Pooled(journal, journal.month, MONTHS), journal, gamma)


def _of_months(pooled: _Pooled, journal: Journal, gamma: Gamma | None) -> Shares:
    incidence = pooled.incidence(gamma)
    return _shares(incidence, incidence.T @ pooled.visits, journal.month_of_day)


def choose_caution(journal: Journal, months: Shares, rng: np.random.Generator) -> float:
    """The least caution with which a draw of the months loses no more than the months gain over all visits.

    As for the tiers of the state; see `Pooling.world`.

    Args:
        journal: the visits.
        months: what is expected of them.
        rng: draws.
    """
    pooled = _Pooled(journal, journal.month, MONTHS)
    gain = pooled.pooling.levels[-1].gain
    expected = np.maximum(months.share.astype(np.float64), TINY)
    weight = pooled.visits * journal.product.size / journal.day.size**2
    for caution in CAUTIONS:
        drawn = np.maximum(_of_months(pooled, journal, gamma_of(rng, caution)).share, TINY)
        if weight @ (expected * np.log(expected / drawn)).sum(axis=1) <= gain:
            return caution
    return CAUTIONS[-1]


class _Pooled:
    """The purchases of groups of visits, pooled from one rate for all products down to the groups.

    Attributes:
        visits: (groups,) of each group.
        pooling: as it was fitted.
    """

    def __init__(self, journal: Journal, group: NDArray[np.int64], groups: int):
        """Fits the pooling of the groups (V,) of the visits."""
        baskets = journal.baskets(group, groups)
        self.visits, self._purchases = baskets.visits(), baskets.purchases()
        self.pooling = fit_levels(baskets, (groups,), LEVELS if groups > 1 else LEVELS[:1])

    def incidence(self, gamma: Gamma | None) -> NDArray[np.float64]:
        """(groups, P) purchases per visit; `gamma` as for `Posterior`."""
        return self.pooling.posterior(self.visits, self._purchases, self.visits.shape, gamma).incidence()


def _shares(incidence: NDArray[np.float64], usual: NDArray[np.float64], row_of_day: NDArray[np.int64]) -> Shares:
    incidence, usual = np.maximum(incidence, TINY), np.maximum(usual, TINY)
    return Shares(
        (incidence / incidence.sum(axis=1, keepdims=True)).astype(np.float32), usual / usual.sum(), row_of_day
    )


def daily_shares(
    journal: Journal, months: Shares, present: Present, looking_back: bool = False, gamma: Gamma | None = None
) -> Shares:
    """By day.

    Args:
        journal: whose purchases are counted.
        months: what is bought in each month.
        present: how it is followed.
        looking_back: whether only the days before each day count, as for a shop on that day; else all days do.
        gamma: draws with these means, for one path that the purchases leave possible, or None for the path expected.
            Each purchase then has one weight on all days (the Bayesian bootstrap), so that the path stays smooth.
    """
    days, products = len(months.row_of_day), journal.products
    per_visit = journal.product.size / max(journal.day.size, 1)
    visits = _remembered(np.bincount(journal.day, minlength=days).astype(np.float64), present.half_life, looking_back)
    weight, prior = None, np.full(products, present.weight)
    if gamma is not None:
        weight, prior = gamma(np.ones(journal.product.size)), gamma(prior)
    cell = (journal.day * products)[journal.item_visit] + journal.product
    bought = np.bincount(cell, weight, minlength=days * products).reshape(days, products)
    share = np.empty((days, products), dtype=np.float32)
    width = max(1, CELLS // days)
    for at in range(0, products, width):
        block = slice(at, min(at + width, products))
        parent = np.maximum(per_visit * months.share[:, block].astype(np.float64), TINY)[months.row_of_day]
        remembered = _remembered(bought[:, block].astype(np.float64), present.half_life, looking_back)
        share[:, block] = (remembered + prior[block]) / (visits[:, None] + present.weight / parent)
    share /= share.sum(axis=1, dtype=np.float64, keepdims=True)
    return Shares(share, months.usual, np.arange(days))


def _remembered(count: NDArray[np.float64], half_life: float, looking_back: bool) -> NDArray[np.float64]:
    """The counts of all days, or of the days before, along the first axis, weighted down with their distance."""
    keep = 2.0 ** (-1 / half_life)
    before = lfilter([0.0, keep], [1.0, -keep], count, axis=0)
    if looking_back:
        return before
    return before + lfilter([1.0], [1.0, -keep], count[::-1], axis=0)[::-1]
