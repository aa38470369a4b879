"""What the shop knows of a product, a customer and a visit, as the features of a linear model."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.contextual.loops import FEATURES, Known, Tables, describe_slates
from selflearn_agents.personal.household import Household
from selflearn_agents.regulars.similarity import similar_products
from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import one_rate
from selflearn_env.core.ranking import top
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, indexes, numbers
from selflearn_env.shop.history import History
from selflearn_env.shop.people.journal import MONTHS, Journal

NEIGHBOURS = 10  # similar products of each
LEADERS = 40  # products listed of each group of states, and of each topic in each month, or two slates if that is more
ROWS = 16  # groups of states looked at together


class Features:
    """The features of product p for a customer in a visit, d = 12 of them.

    With h the history's pooled incidence of p in the state; g the factor by which the persons' model foresees that this
    customer buys more of p, beside what it buys again, than a usual one, and o what it buys again (`Household`; for
    whoever is not known, 1 and 0); n what is left of the customer's purchases of p as they fade with the model's
    half-life, and N of all its purchases:

    | feature | value |
    |---|---|
    | usual | h |
    | taste | (g - 1) h |
    | again | o |
    | either | sqrt(g h + o): clicks rise less than in proportion |
    | bought | 1 if p is in the record |
    | often | n / (1 + n) |
    | share | n / N |
    | visits | those of the record with p, of its visits |
    | late | 2^(-d / 30), d days after p was bought last |
    | similar | sum over the products q of the record of n_q / N times their similarity to p (`similar_products`) |
    | known | h if there is a record |
    | answers | (g h + o) (seen - foreseen) / (20 + foreseen), the rewards of p so far in this month of any year |

    Rewards are scaled, a purchase is 1; foreseen is what was expected of them, had there been no answers yet.

    Attributes:
        household: what the history says of persons.
        group: (S,) of the states that the history's pooling tells apart.
        incidence: (G, P) of these groups, in purchases per visit.
        leaders: (G, L) the products of greatest incidence.
        topic_leaders: (12, K, L) those which a topic buys most in a month.
        neighbours, similarity: (P, N) similar products.
        answers: (12, 2, P) sums of the rewards of each product in each month, seen and foreseen.
    """

    parts = {"household": Household}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "incidence": numbers("groups", "products", dtype=np.float32, least=0.0),
        "group": indexes("groups", "states"),
        "leaders": indexes("products", "groups", "listed", dtype=np.int32, distinct=True),
        "topic_leaders": indexes("products", MONTHS, "topic lists", "listed", dtype=np.int32, distinct=True),
        "neighbours": indexes("products", "products", "neighbours", dtype=np.int32),
        "similarity": numbers("products", "neighbours", dtype=np.float32, least=0.0),
        "answers": numbers(MONTHS, 2, "products"),
    }

    def __init__(self, history: History, slate_size: int):
        """Reads the history but for what `see` reads; no product was shown so far."""
        self.household = Household.of_history(history)
        listed = min(max(LEADERS, 2 * slate_size), history.products)
        by_topic = np.ascontiguousarray(self.household.factors.T)
        self.topic_leaders = np.stack([top(row * by_topic, listed) for row in history.people.months.share]).astype(
            np.int32
        )
        self.answers = np.zeros((MONTHS, 2, history.products))

    def check_kept(self) -> None:
        """Sees that there is a list for each topic.

        Raises:
            ValueError: it is not so.
        """
        if self.topic_leaders.shape[1] != self.household.factors.shape[1]:
            raise ValueError("topic_leaders are not of the topics")

    def see(self, history: History, baskets: Baskets, journal: Journal) -> None:
        """Finds what is usual, and what is similar.

        Args:
            history: whose pooling and states these are.
            baskets: the visits by which the incidence is found.
            journal: the visits by which the similarities are found.
        """
        self.group, self.incidence = _incidence(history, baskets)
        listed = self.topic_leaders.shape[2]
        self.leaders = np.concatenate([top(row[None], listed) for row in self.incidence]).astype(np.int32)
        self.neighbours, self.similarity = similar_products(journal, NEIGHBOURS)

    def tables(self) -> Tables:
        """What the loops read of states and products."""
        people = self.household
        return Tables(
            self.group, self.incidence, self.leaders, self.topic_leaders, self.neighbours, self.similarity,
            people.factors, people.season, people.keep, self.answers,
        )  # fmt: skip

    def know(self, seen: SeenVisits) -> Known:
        """What the loops read of visits."""
        people = self.household
        start, product, day, date, month = people.records(seen)
        return Known(seen.state, start, product, day, date, month, *people.recognise(seen))

    def describe(self, seen: SeenVisits, slates: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n, d) the features of the products in slates (B, n)."""
        x = np.empty((*slates.shape, len(FEATURES)))
        describe_slates(slates, self.know(seen), self.tables(), x)
        return x


def _incidence(history: History, baskets: Baskets) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(S,) the group of each state, and (G, P) the incidence of some visits in the groups that the pooling knows."""
    visits, purchases, pooling = baskets.visits(), baskets.purchases(), history.pooling
    if not pooling.levels:
        rate = np.full((1, history.products), one_rate(visits, purchases), dtype=np.float32)
        return np.zeros(history.states.size, dtype=np.int64), rate
    posterior = pooling.posterior(visits, purchases, history.states.shape)
    first = np.unique(posterior.group, return_index=True)[1]
    incidence = np.empty((len(first), history.products), dtype=np.float32)
    for at in range(0, len(first), ROWS):  # a few at a time: in a large catalogue these tables are large
        incidence[at : at + ROWS] = posterior.rows(first[at : at + ROWS])
    return posterior.group, incidence
