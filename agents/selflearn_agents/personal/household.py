"""What the history says of persons, as the loops need it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.records import foresee, foresee_all, recognise
from selflearn_env.core.people.world import POWER
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import POSITIVE, Declared, indexes, numbers, real
from selflearn_env.shop.history import History

FAR = 20_000  # days, after which a purchase counts as one of so many days ago
MONTHS = 12
LAST_DATE = 60_000  # days since 1 January 1970 whose month is known: until 2134
FADED = 5.0  # purchases of the history that are worth one: the customers to come are others


class Recognised(NamedTuple):
    """What is believed of the customers of B visits."""

    theta: NDArray[np.float64]  # (B, K + 1) weights of the topics, the last of the usual person: of who is not known
    beside: NDArray[np.float64]  # (B,) factor of what is bought beside the record
    again: NDArray[np.float64]  # (B,) factor of what is bought again


class Read(NamedTuple):
    """What records of B customers, of N items, say."""

    known: Recognised
    fresh: NDArray[np.float64]  # (N,) probability that the item was not bought because it had been bought before


class Household:
    """The persons of the history: how those of whom a record is known differ from the usual one.

    In month m a usual person buys a product with the incidence of its state; a person whose record is known with

        (1 + trust_0 (beside taste_p - 1)) incidence + trust_1 again n_p f_mp^0.5
        taste_p = t (g_p . theta) / (Z_m . theta) + 1 - t

    where both trusts, which `Effects` learns, and t, the trust in the topics, are 1 at first; with 0, nobody differs
    from the usual person. The other terms are as in `selflearn_env.core.people.world`, and theta, activity and cap are
    what the record tells: theta by a few passes of mean-field inference over its items, the activity as a mean over its
    visits, drawn to the usual one, and the cap as the mean of its distribution over a grid. Each item was bought with

        (1 - cap r) share_mp taste_p + cap r n_p f_mp^0.5 / N,    r = N / (N + kappa activity)

    where N is the sum of n over the record before, the season left out. Four items tell of the cap as much as one.

    Attributes:
        factors: (P, K + 1) how much more than the usual person each topic buys of each product; the last is the usual
            person's own, 1.
        geometric: (P, K) by which purchases are shared out among the topics.
        alpha: (K,) Dirichlet weights of a new person.
        share: (12, P) of each product in what is bought in the month.
        often: (12,) share of each month in the history's purchases.
        season: (12, P) f^0.5.
        norm: (12, K) sums of share times factor, Z.
        level: (12,) purchases per visit of the history over those that the persons' model counts, times the month's.
        keep: (FAR + 1,) what is left of a purchase after so many days.
        month_of_state: (S,) month of each state; `month_of_date`, (LAST_DATE,) of the days since 1970.
        activity, weight: of a usual person, and how many visits this is worth.
        caps, cap_weight: (L,) of the grid, and how common each is.
        kappa: of the usual habit.
        topic_trust: in the topics, 0..1; `Baskets` learns it.
        trust: (2,) in all that is beside the record, 0..1, and in what is bought again, 0..3.
    """

    declared: ClassVar[Declared] = {
        "activity": real(POSITIVE),
        "weight": real(0.0),
        "kappa": real(POSITIVE),
        "topic_trust": real(0.0, 1.0),
        "geometric": numbers("products", "topics", least=0.0),
        "factors": numbers("products", "topics + 1", least=0.0),
        "alpha": numbers("topics", least=POSITIVE),
        "often": numbers(MONTHS, least=0.0, most=1.0),
        "level": numbers(MONTHS, least=POSITIVE),
        "keep": numbers(FAR + 1, least=0.0, most=1.0),
        "month_of_state": indexes(MONTHS, "states"),
        "month_of_date": indexes(MONTHS, LAST_DATE),
        "caps": numbers("caps", least=0.0, most=1.0),
        "cap_weight": numbers("caps", least=0.0, most=1.0),
        "share": numbers(MONTHS, "products", least=POSITIVE, most=1.0 + 1e-9),
        "norm": numbers(MONTHS, "topics", least=POSITIVE),
        "season": numbers(MONTHS, "products", dtype=np.float32, least=0.0),
    }

    def __init__(
        self,
        factors: NDArray[np.float64],
        geometric: NDArray[np.float64],
        alpha: NDArray[np.float64],
        share: NDArray[np.float64],
        often: NDArray[np.float64],
        level: NDArray[np.float64],
        keep: NDArray[np.float64],
        month_of_state: NDArray[np.int64],
        activity: float,
        weight: float,
        caps: NDArray[np.float64],
        cap_weight: NDArray[np.float64],
        kappa: float,
    ):
        """Takes the attributes, the factors without that of the usual person; the rest is worked out."""
        self.factors = np.pad(factors, ((0, 0), (0, 1)), constant_values=1.0)
        self.geometric, self.alpha, self.often, self.level, self.keep = geometric, alpha, often, level, keep
        self.month_of_state = month_of_state
        self.month_of_date = np.arange(LAST_DATE).astype("M8[D]").astype("M8[M]").astype(np.int64) % MONTHS
        self.activity, self.weight = activity, weight
        self.caps, self.cap_weight, self.kappa = caps, cap_weight, kappa
        self.topic_trust = 1.0
        self._believe(share)

    def check_kept(self) -> None:
        """Sees that the usual person is there, and some cap.

        Raises:
            ValueError: it is not so.
        """
        if (self.factors[:, -1] != 1).any():
            raise ValueError("has no usual person")
        if not (self.cap_weight.any() and self.often.any()):
            raise ValueError("has no cap or no month that ever comes")

    @classmethod
    def of_history(cls, history: History) -> Self:
        """What was fitted to the persons of the history; its months are drawn to the usual one."""
        from selflearn_env.shop.people.repeat import CAPS  # scipy is imported only where persons are

        people = history.people
        months, taste, activity, repeat = people.months, people.taste, people.activity, people.choice.repeat
        baskets, bought = history.baskets, monthly_purchases(history)
        often = bought.sum(axis=1) / bought.sum()
        per_visit = baskets.item_product.size / baskets.visit_state.size
        usual = np.maximum(months.usual, np.finfo(np.float32).tiny)
        # As the pooling of the history has it, where what is usual is worth one purchase.
        share = (bought + FADED) / (often[:, None] * bought.sum() + FADED / usual)
        return cls(
            factors=taste.factors,
            geometric=taste.geometric,
            alpha=taste.responsibility[0],
            share=share,
            often=often,
            level=activity.level * per_visit / activity.mean,
            keep=2.0 ** (-np.arange(FAR + 1) / repeat.half_life),
            month_of_state=history.states.table[:, 1].copy(),
            activity=activity.mean,
            weight=activity.shape * (1 / activity.mean + 1 / activity.dispersion),
            caps=CAPS.copy(),
            cap_weight=repeat.weight,
            kappa=repeat.kappa,
        )

    def learn(self, popularity: NDArray[np.float64]) -> None:
        """Takes in how much more popular (12, P) products are than was believed."""
        self._believe(self.share * popularity)

    def _believe(self, share: NDArray[np.float64]) -> None:
        self.share = share / share.sum(axis=1, keepdims=True)
        self.norm = self.share @ self.factors[:, :-1]
        self.season = ((self.share / (self.often @ self.share)) ** POWER).astype(np.float32)

    def recognise(self, seen: SeenVisits) -> Recognised:
        """What the records say of the customers of visits."""
        return self.read(seen).known

    def read(self, seen: SeenVisits) -> Read:
        """The same, and what it was made of."""
        *known, fresh = recognise(
            seen.customer, *self.records(seen), self.month_of_date, self.share, self.season, self.keep, self.factors,
            self.geometric, self.alpha, self.norm, self.level, self.activity, self.weight, self.caps, self.cap_weight,
            self.kappa, self.topic_trust,
        )  # fmt: skip
        return Read(Recognised(*known), fresh)

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


def monthly_purchases(history: History) -> NDArray[np.float64]:
    """(12, P) what the history's customers bought in each month."""
    month = history.states.table[:, 1]
    return np.stack([history.purchases[month == each].sum(axis=0, dtype=np.float64) for each in range(MONTHS)])
