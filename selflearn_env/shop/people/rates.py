"""The persons' world of a shop: the shares of its times, the topics, sizes and repeats that were fitted to it.

`selflearn_env.core.people.world` has the formula of the rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items
from selflearn_env.core.people.world import Moments, Moods, Persons, World
from selflearn_env.shop.people.activity import Activity
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.people.present import Shares
from selflearn_env.shop.people.repeat import Repeat


@dataclass(frozen=True, eq=False)
class Rates:
    """All that is common to the persons of a world.

    Attributes:
        shares: what is bought at each time.
        factors: (P, K) how much more each topic buys of each product than the base does.
        activity: how much persons buy in a visit.
        repeat: how much of it follows the record.
        moods: what baskets keep to, None for nothing; the rates do not depend on it.
    """

    shares: Shares
    factors: NDArray[np.float64]
    activity: Activity
    repeat: Repeat
    moods: Moods | None = None

    def world(self, journal: Journal) -> World:
        """The same as arrays, with the records of a journal; kept for the next call."""
        if journal not in self._worlds:
            self._worlds.clear()
            self._worlds[journal] = self._world(journal)
        return self._worlds[journal]

    @cached_property
    def _worlds(self) -> dict[Journal, World]:
        return {}

    def _world(self, journal: Journal) -> World:
        return World(
            share=self.shares.share,
            usual=self.shares.usual,
            row_of_day=self.shares.row_of_day,
            level_of_day=self.activity.level[journal.month_of_day],
            factors=self.factors,
            kappa=self.repeat.kappa,
            half_life=self.repeat.half_life,
            dispersion=self.activity.dispersion,
            log=journal.logged.items,
            moods=self.moods,
        )

    def expected_size(self, journal: Journal, activity: NDArray[np.float64]) -> NDArray[np.float64]:
        """(V,) products that visits are expected to bring, a_m A, by persons of these activities (V,)."""
        return self.activity.level[journal.month] * activity

    def log_shares(self, journal: Journal, persons: Persons) -> NDArray[np.float64]:
        """(N,) log(lambda_p / sum_p' lambda_p') of each item that was bought, by the person of each visit (V,)."""
        moments = moments_of(journal, np.arange(journal.day.size))
        rates = self.world(journal).rates_of(moments, persons, journal.start, journal.product)
        share = rates / self.expected_size(journal, persons.activity)[journal.item_visit]
        return np.log(np.maximum(share, np.finfo(float).tiny))

    def of_visits(self, journal: Journal, visits: NDArray[np.int64], persons: Persons) -> NDArray[np.float64]:
        """(B, P) the rates of all products, in purchases per visit.

        Args:
            journal: the visits, from which the records are taken; what the visits themselves bought is not looked at.
            visits: (B,) numbers of the visits.
            persons: (B,) who makes them.
        """
        return self.world(journal).all_rates(moments_of(journal, visits), persons)


def moments_of(journal: Journal, visits: NDArray[np.int64]) -> Moments:
    """The visits of these numbers (B,), each with what the customer bought in earlier ones as its record."""
    day, begin, end = journal.day[visits], journal.start[journal.first[visits]], journal.start[visits]
    return Moments(day, begin, end, Items.none(visits.size))


def normaliser(shares: Shares, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, K) sum over the products of their shares at each time times their factors (P, K)."""
    return np.stack([each.astype(np.float64) @ factors for each in shares.share])


def taste_shares(
    shares: Shares,
    factors: NDArray[np.float64],
    norm: NDArray[np.float64],
    row: NDArray[np.int64],
    theta: NDArray[np.float64],
    product: NDArray[np.integer],
) -> NDArray[np.float64]:
    """(N,) share of a product in a visit that follows no record.

    Args:
        shares: what is bought at each time.
        factors: (P, K) of the topics.
        norm: (R, K) `normaliser` of both.
        row: (N,) time of the visit.
        theta: (N, K) weights of its customer.
        product: (N,) the products.
    """
    taste = np.einsum("nk,nk->n", factors[product], theta)
    return shares.share[row, product] * taste / np.einsum("nk,nk->n", norm[row], theta)
