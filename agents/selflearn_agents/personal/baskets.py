"""What the records of all customers say of the products: how popular each is in each month."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.household import FADED, MONTHS, Household, Read, monthly_purchases
from selflearn_agents.personal.records import CAUTION, count
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import POSITIVE, Declared, counts, indexes, numbers, real
from selflearn_env.shop.history import History

FIRST, GROWTH = 1_000.0, 1.5  # purchases that are counted first before they are learned from, and growth after that
NOTHING = -1  # in the place of a product
TRUSTS = np.linspace(0.02, 1.0, 50)  # in the topics
FAITH = 50.0  # purchases that speak for them before any was seen
TINY = 1e-12  # least share


class Baskets:
    """Counts what customers buy besides what they are shown.

    What is bought beside the record is a Poisson number with mean popularity * expected: of the items of the history's
    persons' model, for each purchase of a person of weights theta in month m share_mp (g_p . theta) / (Z_m . theta).
    Popularity is Gamma distributed with mean 1, worth `certain` purchases: what is learned is

        share *= (certain + bought) / (certain + expected),   certain += bought

    Each purchase counts once, however late and in whatever order visits are told of: in a record that is shorter than
    what is counted of the customer, nothing is new. A customer who lives again counts when its record has outgrown that
    of the life before.

    A purchase counts as the probability that it was not made because of the record. Products that were shown in the
    visit count neither as bought nor as expected: what is in a slate is not in the basket beside it.

    How far the topics are to be trusted is learned from what was bought after a slate was shown, and never before: each
    product is t (g_p . theta) / (Z_m . theta) + 1 - t times as probable as for a usual person, with theta as a single
    pass over the record before finds it. t is the mean of its distribution over a grid, four purchases counting as one;
    each time that it is learned, what was counted before fades.

    Attributes:
        certain: (12, P) purchases that the share of each product in each month is worth.
        told: (12, P) log-shares that the agent has been told.
        bought: (12, P) counted since then; `withheld`, expected of products that were shown in the very visits.
        exposure: (12, K + 1) sum over the purchases of what the factors are multiplied by.
        log_likelihood: (50,) of the trusts in the topics.
        items: purchases counted since the start; `next_learning`, at how many they are learned from.
        counted: (C,) items of each customer's record that are counted.
        shown: (C, n) the customer's last slate, NOTHING before the first, and in the slots that were not shown.
    """

    declared: ClassVar[Declared] = {
        "items": real(0.0),
        "next_learning": real(1.0),
        "certain": numbers(MONTHS, "products", least=POSITIVE),
        "told": numbers(MONTHS, "products"),
        "bought": numbers(MONTHS, "products", least=0.0),
        "withheld": numbers(MONTHS, "products", least=0.0),
        "exposure": numbers(MONTHS, "topics + 1", least=0.0),
        "log_likelihood": numbers(len(TRUSTS)),
        "counted": counts("customers", dtype=np.int32),
        "shown": indexes("products", "customers", "slate_size", dtype=np.int32, none=True),
    }

    def __init__(self, share: NDArray[np.floating], certain: NDArray[np.float64], topics: int, slate_size: int):
        """Nothing has been bought; the share (12, P) is what the agent believes, the others are as the attributes."""
        self.certain, self.told = certain, np.log(np.maximum(share, TINY))
        self.bought, self.withheld = np.zeros((2, *share.shape))
        self.exposure = np.zeros((len(share), topics + 1))
        self.items, self.next_learning = 0.0, FIRST
        self.log_likelihood = FAITH * np.log(TRUSTS)
        self.counted = np.zeros(0, dtype=np.int32)
        self.shown = np.empty((0, slate_size), dtype=np.int32)

    @classmethod
    def of_history(cls, history: History, people: Household, slate_size: int) -> Self:
        """What the persons of the history are believed to buy."""
        certain = 1.0 + monthly_purchases(history) / FADED
        return cls(people.share, certain, len(people.alpha), slate_size)

    def remember(self, seen: SeenVisits, slates: NDArray[np.int64], people: Household, read: Read) -> bool:
        """Counts what is new in the records of visits in which slates (B, k) are shown.

        Returns:
            Whether it is time to learn from it.
        """
        self._make_room(seen)
        record = seen.record
        self.items += count(
            seen.customer, record.start, record.product, record.day, slates, read.known.theta, read.fresh,
            people.month_of_date, people.share, people.factors, people.geometric, people.alpha, people.norm,
            self.counted, self.shown, self.bought, self.withheld, self.exposure, TRUSTS, self.log_likelihood,
        )  # fmt: skip
        return self.items >= self.next_learning

    def learn(self, people: Household) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tells the persons' model how popular the products are, and begins to count anew.

        Returns:
            (12, P) what is to be added to the log-popularity; (12, P) purchases from which this was learned.
        """
        while self.items >= self.next_learning:
            self.next_learning *= GROWTH
        expected = people.share * (self.exposure @ people.factors.T) - self.withheld
        popularity = (self.certain + self.bought) / (self.certain + np.maximum(expected, 0.0))
        people.learn(popularity)
        likely = np.exp((self.log_likelihood - self.log_likelihood.max()) / CAUTION)
        people.topic_trust = float(likely @ TRUSTS / likely.sum())
        self.log_likelihood /= GROWTH
        bought, before, self.told = self.bought, self.told, np.log(np.maximum(people.share, TINY))
        self.certain += bought
        self.bought, self.withheld = np.zeros((2, *bought.shape))
        self.exposure[:] = 0.0
        return self.told - before, bought

    def _make_room(self, seen: SeenVisits) -> None:
        """Room for all customers, twice as much as before where there is too little."""
        most = int(seen.customer.max(initial=NOTHING)) + 1
        if most > len(self.counted):
            room = max(most, 2 * len(self.counted)) - len(self.counted)
            self.counted = np.pad(self.counted, (0, room))
            self.shown = np.pad(self.shown, ((0, room), (0, 0)), constant_values=NOTHING)
