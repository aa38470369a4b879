"""What a person bought before, it buys again.

An earlier purchase is remembered with a weight that halves every `half_life` days. A part of what a visit is expected
to bring follows the record, each product by its remembered purchases n_p and its season f_p (1 at usual times):

    part = cap s / (s + kappa),   s = sum_p n_p f_p^0.5 / A

where s counts the visits of usual size A, the activity, that are remembered, and the cap is the person's own: a few
wholesalers buy nearly the same every time. For a person whose cap is known it is the urn of a Dirichlet process
around the base, on the clock of the person's own baskets (for reconsumption as copying from the own history see
Anderson, Kumar, Tomkins and Vassilvitskii, The dynamics of repeat consumption, WWW 2014).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Shares

POWER = 0.5  # of the season in what is bought again
CAPS = np.linspace(0.0, 0.98, 8)
ROUNDS = 50  # of expectation and maximisation, for how common each cap is
KAPPAS = (-3.0, 5.0)  # bounds of the logarithm


@dataclass(frozen=True, eq=False)
class Repeat:
    """How much of what is bought follows the record.

    Attributes:
        weight: (len(CAPS),) how common each cap is among the customers; all of the first, 0, where nothing is bought
            again.
        kappa: remembered visits at which half of the cap is reached.
        half_life: of a remembered purchase, in days; infinite where nothing is forgotten.
    """

    weight: NDArray[np.float64]
    kappa: float
    half_life: float

    @classmethod
    def none(cls, half_life: float = np.inf) -> Repeat:
        """Nothing is bought again because it was bought before."""
        return cls((CAPS == 0).astype(np.float64), 1.0, half_life)

    @property
    def happens(self) -> bool:
        """Whether anything is bought again."""
        return bool(self.weight[1:].any())

    @property
    def cap(self) -> float:
        """The mean over the customers."""
        return float(self.weight @ CAPS)

    def part(self, remembered: NDArray[np.float64], cap: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) part of a visit's purchases that follow the record.

        Args:
            remembered: (B,) visits that are remembered.
            cap: (B,) of their customers.
        """
        return cap * remembered / (remembered + self.kappa)

    def posterior(self, customer: NDArray[np.int64], evidence: Evidence) -> NDArray[np.float64]:
        """(C, len(CAPS)) probability of each cap, given all visits of each customer (V,)."""
        return self._posterior(_by_customer(customer, evidence.likelihood(self.kappa)))

    def foreseen(self, customer: NDArray[np.int64], evidence: Evidence) -> NDArray[np.float64]:
        """(V,) mean cap of each visit's customer, given its earlier visits only."""
        own = evidence.likelihood(self.kappa)
        before = np.cumsum(own, axis=0) - own
        return self._posterior(before - before[np.searchsorted(customer, customer)]) @ CAPS

    def _posterior(self, likelihood: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the log-likelihood of each cap (B, len(CAPS))."""
        weight = self.weight * np.exp(likelihood - likelihood[:, self.weight > 0].max(axis=1, keepdims=True))
        return weight / weight.sum(axis=1, keepdims=True)


class Memory(NamedTuple):
    """What records say to the visits of a journal."""

    total: NDArray[np.float64]  # (V,) sum of n_p f_p^0.5 over the record
    own: NDArray[np.float64]  # (N,) share of each item in this sum, 0 where it was not in the record


class Evidence(NamedTuple):
    """What the items bought say about the caps."""

    visits: int
    visit: NDArray[np.int64]  # (N,) of each item in a visit that has a record
    remembered: NDArray[np.float64]  # (N,) visits remembered in it
    excess: NDArray[np.float64]  # (N,) share of the item in the record over its share without, less 1

    @classmethod
    def collect(
        cls,
        base: NDArray[np.float64],
        memory: Memory,
        activity: NDArray[np.float64],
        item_visit: NDArray[np.int64],
    ) -> Evidence:
        """From all items.

        Args:
            base: (N,) share of each item in its visit where no record is followed.
            memory: what the records say.
            activity: (V,) of each visit's customer, in products per visit.
            item_visit: (N,) visit of each item.
        """
        known = np.flatnonzero(memory.total[item_visit] > 0)
        remembered = (memory.total / activity)[item_visit[known]]
        return cls(activity.size, item_visit[known], remembered, memory.own[known] / base[known] - 1)

    def likelihood(self, kappa: float) -> NDArray[np.float64]:
        """(V, len(CAPS)) log-likelihood of each visit's items by each cap, above that of no record."""
        pull = self.remembered / (self.remembered + kappa) * self.excess
        own = [np.bincount(self.visit, weights=np.log1p(cap * pull), minlength=self.visits) for cap in CAPS]
        return np.stack(own, axis=1)


def event_weights(
    journal: Journal,
    shares: Shares,
    visit: NDArray[np.int64],
    events: NDArray[np.int64],
    half_life: float,
) -> NDArray[np.float64]:
    """(E,) what earlier items (E,) add to n_p f_p^0.5 in visits (E,)."""
    season = shares.season(shares.row_of_day[journal.day[visit]], journal.product[events]) ** POWER
    return season * 2.0 ** ((journal.day[journal.item_visit[events]] - journal.day[visit]) / half_life)


def remember(journal: Journal, shares: Shares, half_life: float) -> Memory:
    """What each visit finds in its customer's record of earlier visits."""
    total, own = np.zeros(journal.day.size), np.zeros(journal.product.size)
    # The item in which the same customer last bought the product before, and what was remembered of it then.
    order = np.argsort(journal.pair, kind="stable")
    pair = journal.pair[order]
    day = (journal.day - journal.day[journal.first])[journal.item_visit[order]] / half_life
    new = np.diff(pair, prepend=-1) != 0
    group = np.cumsum(new) - 1
    weight = 2.0 ** (day - day[np.flatnonzero(new)][group])  # each pair on its own clock, to stay in range
    before = np.cumsum(weight) - weight
    before -= before[np.flatnonzero(new)][group]
    again = order[~new]
    own[again] = (before / weight)[~new]
    own[again] *= shares.season(shares.row_of_day[journal.day[journal.item_visit[again]]], journal.product[again]) ** (
        POWER
    )
    for visits, start, events in journal.records():
        at = np.repeat(visits, np.diff(start))
        weights = event_weights(journal, shares, at, events, half_life)
        total[visits] = np.bincount(at - visits[0], weights=weights, minlength=visits.size)
    own /= np.maximum(total, np.finfo(float).tiny)[journal.item_visit]
    return Memory(total, own)


def fit_repeat(customer: NDArray[np.int64], evidence: Evidence, half_life: float) -> tuple[Repeat, float]:
    """The caps and kappa of greatest likelihood, and the nats in all that they gain; none where that is too little.

    Args:
        customer: (V,) of each visit, ascending.
        evidence: what the items say.
        half_life: of the memory, in days.
    """
    none = Repeat.none(half_life), 0.0
    if not evidence.visit.size:
        return none

    def fitted(log_kappa: float) -> tuple[Repeat, float]:
        kappa = float(np.exp(log_kappa))
        likelihood = _by_customer(customer, evidence.likelihood(kappa))
        repeat = Repeat(np.full(len(CAPS), 1 / len(CAPS)), kappa, half_life)
        for _ in range(ROUNDS):
            repeat = replace(repeat, weight=repeat._posterior(likelihood).mean(axis=0))
        return repeat, float(logsumexp(likelihood + np.log(np.maximum(repeat.weight, 1e-300)), axis=1).sum())

    found = minimize_scalar(lambda at: -fitted(at)[1], bounds=KAPPAS, method="bounded", options={"xatol": 0.02})
    best = fitted(found.x)
    return best if best[1] > len(CAPS) else none  # one nat for each number that was fitted (Akaike)


def _by_customer(customer: NDArray[np.int64], visits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, L) sums of the rows (V, L) of each customer that has a visit."""
    first = np.flatnonzero(np.diff(customer, prepend=-1))
    return np.add.reduceat(visits, first, axis=0)
