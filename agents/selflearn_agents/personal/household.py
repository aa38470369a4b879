"""What the history says of persons, as the loops need it."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.records import foresee, foresee_all, recognise
from selflearn_env.core.people.world import POWER
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.history import History

FAR = 20_000  # days, after which a purchase counts as one of so many days ago


class Recognised(NamedTuple):
    """What is believed of the customers of B visits."""

    theta: NDArray[np.float64]  # (B, K) weights of the topics
    beside: NDArray[np.float64]  # (B,) factor of what is bought beside the record
    again: NDArray[np.float64]  # (B,) factor of what is bought again


class Household:
    """The persons of the history: how those of whom a record is known differ from the usual one.

    In month m a usual person buys a product with the incidence of its state; a person whose record is known with

        (1 + trust_0 (beside (g_p . theta) - 1)) incidence + trust_1 again n_p f_mp^0.5

    where trust is 1 at first; with 0, nobody differs from the usual person. The other terms are as in
    `selflearn_env.core.people.world`; theta, activity and cap are what the record tells: theta by a few passes of
    mean-field inference over its items, the activity as a mean over its visits, drawn to the usual one, and the cap by
    how many of its items had been bought before, of those that would have been if the cap were 1.

    Attributes:
        factors: (P, K) how much more than the usual person each topic buys of each product.
        geometric: (P, K) by which purchases are shared out among the topics.
        alpha: (K,) Dirichlet weights of a new person.
        season: (12, P) f^0.5.
        norm: (12, K) sums of share times factor.
        level: (12,) purchases per visit of the history over those that the persons' model counts, times the month's.
        keep: (FAR + 1,) what is left of a purchase after so many days.
        month_of_state: (S,) month of each state.
        activity, weight: of a usual person, and how many visits this is worth.
        cap, kappa: of the usual habit.
        trust: (2,) in the taste, 0..1, and in what is bought again, 0..3.
        precision: (2,) of it.
    """

    def __init__(
        self,
        factors: NDArray[np.float64],
        geometric: NDArray[np.float64],
        alpha: NDArray[np.float64],
        season: NDArray[np.float32],
        norm: NDArray[np.float64],
        level: NDArray[np.float64],
        keep: NDArray[np.float64],
        month_of_state: NDArray[np.int64],
        activity: float,
        weight: float,
        cap: float,
        kappa: float,
    ):
        """Takes the attributes."""
        self.factors, self.geometric, self.alpha = factors, geometric, alpha
        self.season, self.norm, self.level, self.keep = season, norm, level, keep
        self.month_of_state = month_of_state
        self.activity, self.weight, self.cap, self.kappa = activity, weight, cap, kappa

    @classmethod
    def of_history(cls, history: History) -> Self:
        """What was fitted to the persons of the history."""
        from selflearn_env.shop.people.repeat import CAPS  # scipy is imported only where persons are

        people = history.people
        months, taste, activity, repeat = people.months, people.taste, people.activity, people.choice.repeat
        baskets, share = history.baskets, months.share.astype(np.float64)
        per_visit = baskets.item_product.size / baskets.visit_state.size
        factors = taste.factors / (taste.factors @ (taste.alpha / taste.alpha.sum()))[:, None]
        return cls(
            factors=factors,
            geometric=taste.geometric,
            alpha=taste.responsibility[0],
            season=((share / months.usual) ** POWER).astype(np.float32),
            norm=share / share.sum(axis=1, keepdims=True) @ factors,
            level=activity.level * per_visit / activity.mean,
            keep=2.0 ** (-np.arange(FAR + 1) / repeat.half_life),
            month_of_state=history.states.table[:, 1].copy(),
            activity=activity.mean,
            weight=activity.shape * (1 / activity.mean + 1 / activity.dispersion),
            cap=float(repeat.weight @ CAPS),
            kappa=repeat.kappa,
        )

    def recognise(self, seen: SeenVisits) -> Recognised:
        """What the records say of the customers of visits."""
        return Recognised(
            *recognise(
                *self.records(seen), self.season, self.keep, self.geometric, self.alpha, self.norm, self.level,
                self.activity, self.weight, self.cap, self.kappa,
            )
        )  # fmt: skip

    def foresee(
        self, seen: SeenVisits, known: Recognised, slates: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the customers are believed to buy of the products in slates (B, n).

        Returns:
            (B, n) what is bought beside the record over what a usual person buys; (B, n) what is bought again, in
            purchases per visit; both as if trust were 1.
        """
        return foresee(slates, *self.records(seen), *known, self.factors, self.season, self.keep)

    def foresee_all(
        self, seen: SeenVisits, known: Recognised, means: NDArray[np.floating], trust: NDArray
    ) -> NDArray[np.float64]:
        """(B, P) purchases per visit of all products, given the log of what a usual person buys (B, P)."""
        return foresee_all(*self.records(seen), *known, self.factors, self.season, self.keep, trust, means)

    def records(self, seen: SeenVisits) -> tuple[NDArray, ...]:
        """What all loops take: records, dates and months of the visits."""
        record = seen.record
        return record.start, record.product, record.day, seen.date, self.month_of_state[seen.state]
