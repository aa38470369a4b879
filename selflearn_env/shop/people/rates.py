"""How often a person buys each product in a visit.

The rate of product p in a visit at time r, in month m, of a person with weights theta, activity A, a cap and a record:

    lambda_p = a_m A [ (1 - part) q_rp (g_p . theta) / (Z_r . theta) + part n_p f_rp^0.5 / sum_p' n_p' f_rp'^0.5 ]

with Z_rk = sum_p q_rp g_pk, so that sum_p lambda_p = a_m A, the products that the visit is expected to bring. The parts
of the formula are those of `present` (q, f), `taste` (g, theta), `repeat` (part, n) and `activity` (a, A).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Shares
from selflearn_env.shop.people.repeat import Repeat, event_weights, remember


@dataclass(frozen=True, eq=False)
class Persons:
    """What does not change in a person's life; or of visits, what is known of the person then.

    Attributes:
        theta: (C, K) weights of the topics, rows sum to 1.
        activity: (C,) products that a usual visit brings.
        cap: (C,) greatest part of them that follows the record.
    """

    theta: NDArray[np.float64]
    activity: NDArray[np.float64]
    cap: NDArray[np.float64]

    def rows(self, which: NDArray | slice) -> Persons:
        """Some of them."""
        return Persons(self.theta[which], self.activity[which], self.cap[which])

    @classmethod
    def together(cls, parts: Sequence[Persons]) -> Persons:
        """All of them, those of the first part first."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("theta", "activity", "cap")))


@dataclass(frozen=True, eq=False)
class Rates:
    """All that is common to the persons of a world.

    Attributes:
        shares: what is bought at each time.
        factors: (P, K) how much more each topic buys of each product than the base does.
        activity: how much persons buy in a visit.
        repeat: how much of it follows the record.
    """

    shares: Shares
    factors: NDArray[np.float64]
    activity: Activity
    repeat: Repeat

    @cached_property
    def norm(self) -> NDArray[np.float64]:
        """(R, K) sum over the products of their shares times their factors."""
        return normaliser(self.shares, self.factors)

    def expected_size(self, journal: Journal, activity: NDArray[np.float64]) -> NDArray[np.float64]:
        """(V,) products that visits are expected to bring, a_m A, by persons of these activities (V,)."""
        return self.activity.level[journal.month] * activity

    def log_shares(self, journal: Journal, persons: Persons) -> NDArray[np.float64]:
        """(N,) log(lambda_p / sum_p' lambda_p') of each item that was bought, by the person of each visit (V,)."""
        memory = remember(journal, self.shares, self.repeat.half_life)
        visit, row = journal.item_visit, self.shares.row_of_day[journal.day]
        base = taste_shares(self.shares, self.factors, row[visit], persons.theta[visit], journal.product, self.norm)
        part = self.repeat.part(memory.total / persons.activity, persons.cap)[visit]
        return np.log(np.maximum((1 - part) * base + part * memory.own, np.finfo(float).tiny))

    def of_visits(self, journal: Journal, visits: NDArray[np.int64], persons: Persons) -> NDArray[np.float64]:
        """(B, P) the rates of all products, in purchases per visit.

        Args:
            journal: the visits, from which the records are taken; what the visits themselves bought is not looked at.
            visits: (B,) numbers of the visits.
            persons: (B,) who makes them.
        """
        row = self.shares.row_of_day[journal.day[visits]]
        rates = self.shares.share[row] * (persons.theta @ self.factors.T)
        rates /= np.einsum("bk,bk->b", self.norm[row], persons.theta)[:, None]
        at = 0
        for some, start, events in journal.records(visits):
            place = np.repeat(np.arange(some.size), np.diff(start))
            own = event_weights(journal, self.shares, some[place], events, self.repeat.half_life)
            total = np.bincount(place, weights=own, minlength=some.size)
            who = persons.rows(slice(at, at + some.size))
            part = self.repeat.part(total / who.activity, who.cap)
            rates[at : at + some.size] *= (1 - part)[:, None]
            own *= (part / np.maximum(total, np.finfo(float).tiny))[place]
            np.add.at(rates, (at + place, journal.product[events]), own)
            at += some.size
        rates *= (self.activity.level[journal.month[visits]] * persons.activity)[:, None]
        return rates


def normaliser(shares: Shares, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, K) sum over the products of their shares at each time times their factors (P, K)."""
    return np.stack([row.astype(np.float64) @ factors for row in shares.share])


def taste_shares(
    shares: Shares,
    factors: NDArray[np.float64],
    row: NDArray[np.int64],
    theta: NDArray[np.float64],
    product: NDArray[np.integer],
    norm: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """(N,) share of a product in a visit that follows no record.

    Args:
        shares: what is bought at each time.
        factors: (P, K) of the topics.
        row: (N,) time of the visit.
        theta: (N, K) weights of its customer.
        product: (N,) the products.
        norm: (R, K) `normaliser` of shares and factors, where it is known already.
    """
    norm = normaliser(shares, factors) if norm is None else norm
    taste = np.einsum("nk,nk->n", factors[product], theta)
    return shares.share[row, product] * taste / np.einsum("nk,nk->n", norm[row], theta)
