"""How often a person buys each product in a visit.

The rate of product p in a visit on day d, in month m, of a person with weights theta, activity A, a cap and a record:

    lambda_p = a_m A [ (1 - part) q_dp (g_p . theta) / (Z_d . theta) + part n_p f_dp^0.5 / sum_p' n_p' f_dp'^0.5 ]

    part = cap s / (s + kappa),    s = sum_p n_p f_dp^0.5 / A,    Z_dk = sum_p q_dp g_pk

so that sum_p lambda_p = a_m A, the products that the visit is expected to bring. q is what is bought at the time, each
product's share, f_p how much more than usual that is, g are the products' factors of the topics, n_p is how often the
person has bought p before, an item of d days ago counted 2^(-d / half_life).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.items import Items
from selflearn_env.core.people import loops

POWER = 0.5  # of the season in what is bought again
YEAR = 364  # days, whole weeks


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


@dataclass(frozen=True, eq=False)
class Moments:
    """Visits, B of them, as far as their rates depend on it.

    Attributes:
        day: (B,) of the visit, counted from the log's first.
        begin: (B,) where the items of the log begin that are in the record.
        end: (B,) where they end.
        record: what each has bought in a life of its own.
    """

    day: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    record: Items

    def rows(self, which: NDArray[np.int64]) -> Moments:
        """Some of them, given by their numbers."""
        return Moments(self.day[which], self.begin[which], self.end[which], self.record.rows(which))


@dataclass(frozen=True, eq=False)
class Moods:
    """What baskets keep to: after n of N products the next keeps to one of them with n / (n + freedom N).

    Attributes:
        categories: (M, P) of each product in M ways; one of them is picked for each product that keeps to none.
        freedom: the greater, the more a basket is mixed.
    """

    categories: NDArray[np.int16]
    freedom: float


@dataclass(frozen=True, eq=False)
class World:
    """All that is common to the persons of a world; it never changes.

    Attributes:
        share: (R, P) each product's share of what is bought, at R different times.
        usual: (P,) the same over all times.
        row_of_day: (D,) which time each day of the calendar is.
        level_of_day: (D,) factor a_m of the size of a visit on each day.
        factors: (P, K) how much more each topic buys of each product.
        kappa: remembered visits at which half of the cap is reached.
        half_life: of a remembered item, in days; infinite where nothing is forgotten.
        dispersion: shape of the negative binomial of the sizes of baskets.
        log: what each customer bought in the log, which moments refer to; C rows.
        moods: what baskets keep to, None for nothing.
    """

    share: NDArray[np.float32]
    usual: NDArray[np.float64]
    row_of_day: NDArray[np.int64]
    level_of_day: NDArray[np.float64]
    factors: NDArray[np.float64]
    kappa: float
    half_life: float
    dispersion: float
    log: Items
    moods: Moods | None = None

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        return len(self.usual)

    @cached_property
    def norm(self) -> NDArray[np.float64]:
        """(R, K) Z: sums over the products of their shares times their factors."""
        return self._blocks[:, :, -1].copy()

    def over(self, days: int) -> World:
        """The same over a calendar of so many days: after the log, the days that were a year before."""
        last = len(self.row_of_day)
        if days <= last:
            return self
        year = min(YEAR, last)
        day = np.arange(days)
        day[last:] = last - year + (day[last:] - last) % year
        return replace(self, row_of_day=self.row_of_day[day], level_of_day=self.level_of_day[day])

    def expected_size(self, moments: Moments, persons: Persons) -> NDArray[np.float64]:
        """(B,) products that the visits are expected to bring, a_m A."""
        return self.level_of_day.take(moments.day) * persons.activity

    def rates(self, moments: Moments, persons: Persons, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) of the products in slates (B, n), in purchases per visit."""
        start = np.arange(len(slates) + 1) * slates.shape[1]
        return self.rates_of(moments, persons, start, slates.reshape(-1)).reshape(slates.shape)

    def rates_of(self, moments: Moments, persons: Persons, start: NDArray, products: NDArray) -> NDArray[np.float64]:
        """(N,) of products, those of visit v at start[v]..start[v + 1] - 1."""
        given = self._given(moments, persons)
        return loops.rates_of(start, products, *given, self.factors, self.norm, self._keep, self.kappa)

    def all_rates(self, moments: Moments, persons: Persons) -> NDArray[np.float64]:
        """(B, P) of all products."""
        return loops.rates_of_all(*self._given(moments, persons), self.factors, self.norm, self._keep, self.kappa)

    def draw_baskets(self, moments: Moments, persons: Persons, slates: NDArray, seeds: NDArray[np.uint64]) -> Items:
        """What the visits take besides the products of their slates (B, n), drawn by a seed for each (B,)."""
        moods = self.moods or Moods(np.zeros((1, self.products), dtype=np.int16), np.inf)
        start, product = loops.draw_baskets(
            seeds,
            slates,
            *self._given(moments, persons),
            self._by_topic,
            self.norm,
            self._blocks,
            self._keep,
            self.kappa,
            self.dispersion,
            moods.categories,
            moods.freedom,
        )
        return Items(start, product, np.repeat(moments.day, np.diff(start)))

    def _given(self, moments: Moments, persons: Persons) -> tuple[Any, ...]:
        """What all loops take."""
        record = moments.record
        return (
            moments.begin,
            moments.end,
            self.log.product,
            self.log.day,
            record.start,
            record.product,
            record.day,
            moments.day,
            self.row_of_day.take(moments.day),
            self.expected_size(moments, persons),
            persons.theta,
            persons.activity,
            persons.cap,
            self.share,
            self._season,
        )

    @cached_property
    def _season(self) -> NDArray[np.float32]:
        """(R, P) f^0.5."""
        return np.sqrt(self.share / self.usual.astype(np.float32))

    @cached_property
    def _keep(self) -> NDArray[np.float64]:
        """(D + 1,) what is left of an item after so many days."""
        return 2.0 ** (-np.arange(len(self.row_of_day) + 1) / self.half_life)

    @cached_property
    def _by_topic(self) -> NDArray[np.float64]:
        """(K, P) the factors, those of a topic side by side."""
        return np.ascontiguousarray(self.factors.T)

    @cached_property
    def _blocks(self) -> NDArray[np.float64]:
        return loops.sum_blocks(self.share, self.factors)
