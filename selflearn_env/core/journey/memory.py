"""What customers remember of the slates before, and what it leaves of their interest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.visits import NONE, PURCHASES, JourneyVisits
from selflearn_env.core.memory import FRESH, Look
from selflearn_env.core.rewards import BOUGHT, IGNORED

STEPS = np.float32(2**14)


class CustomerMemory:
    """Satiation, fatigue and boredom: the factors 0..1 that earlier visits leave of the interest in a product.

    A purchase d days ago leaves 1 - satiation * 2^(-d / satiation_days); a showing that was ignored d days ago leaves
    (1 - fatigue)^(2^(-d / fatigue_days)); satisfaction s leaves 1 - boredom * (1 - s) of the interest in any product.
    The factors multiply. A customer remembers the last 4 slates and the last 10 purchases.

    That what was shown and ignored is wanted less, the more often and the more lately, is impression discounting (Lee,
    Lakshmanan, Tiwari and Shah 2014); that too much of what does not interest costs the attention to the rest, and in
    the end the customer, is marketing fatigue (Cao, Sun, Shen and Ettl 2020). The formulas are ours.

    Attributes:
        lowers_interest: whether any interest is ever lost.
        works: whether anything remembered has an effect; it may only delay the next visit.
    """

    def __init__(self, journey: Journey, repurchase_days: float):
        """Takes the strength of each from the journey, and the days of satiation from the log where it has none."""
        self._journey = journey
        self._satiation_days = journey.satiation_days or repurchase_days
        self._fatigue_days = np.float32(journey.fatigue_days)
        self._log_kept = np.log1p(np.float32(-journey.fatigue))
        self._slates = journey.fatigue > 0 or journey.boredom > 0 or journey.delay > 1
        self.lowers_interest = journey.satiation > 0 or journey.fatigue > 0 or journey.boredom > 0
        self.works = self._slates or self.lowers_interest

    def look(self, visits: JourneyVisits, slates: NDArray[np.int64]) -> Look:
        """How the customers look at slates (B, n)."""
        if not self.works:
            return FRESH
        # Smaller numbers are compared faster, and so are long rows: here the visits are the last axis.
        shown = slates.T.astype(visits.bought.dtype, order="C")
        attention = np.empty(shown.shape, dtype=np.float32)
        attention[:] = self._patience(visits)
        again = np.zeros(shown.shape, dtype=bool)
        if self._slates:
            tired = self._tiredness(visits, shown)
            again = tired > 0
            attention *= np.exp(self._log_kept * tired)
        if self._journey.satiation:
            slot, row, place = _bought_before(visits, shown)
            np.multiply.at(attention, (slot, row), self._appetite(visits, row, place))
        return Look(attention.T.copy() if self.lowers_interest else None, again.T.copy())

    def attention_to_all(
        self, visits: JourneyVisits, products: int, holding_back: float = 0.0
    ) -> NDArray[np.float64] | None:
        """(B, P) the attention to the whole catalogue; None where all of it is left to everybody.

        Args:
            visits: B visits.
            products: size of the catalogue, P.
            holding_back: share that is taken off what was ignored within the last slates.
        """
        if not self.lowers_interest:
            return None
        rows, shape = np.arange(len(visits))[:, None], (len(visits), products + 1)  # the last column is NONE's
        attention = np.repeat(self._patience(visits).astype(np.float64)[:, None], products + 1, axis=1)
        if self._slates:
            showings = visits.ignored.reshape(len(visits), -1)
            tired = np.zeros(shape)
            np.add.at(tired, (rows, showings), np.repeat(self._freshness(visits), visits.ignored.shape[2], axis=1))
            attention *= np.exp(self._log_kept * tired)
            attention[rows, showings] *= 1.0 - holding_back
        if self._journey.satiation:
            every = np.arange(visits.bought.shape[1])
            np.multiply.at(attention, (rows, visits.bought), self._appetite(visits, rows, every))
        return attention[:, :products]

    def remember(
        self, visits: JourneyVisits, look: Look, slates: NDArray[np.int64], response: NDArray[np.int8]
    ) -> JourneyVisits:
        """The visits with what their customers remember after slates (B, n), a look at them, and responses (B, n).

        Purchases are kept in any case: the shop knows them too.
        """
        bought, bought_day = _purchases(visits, slates, response)
        if look.again is None or not self._slates:
            return replace(visits, bought=bought, bought_day=bought_day)
        bored = counted(look.again & (response == IGNORED)) / response.shape[1]
        ignored = slates.astype(visits.ignored.dtype)
        np.putmask(ignored, response != IGNORED, NONE)
        return replace(
            visits,
            satisfaction=0.5 * (visits.satisfaction + 1.0 - bored),
            ignored=np.concatenate([ignored[:, None], visits.ignored[:, :-1]], axis=1),
            ignored_day=np.concatenate([visits.day[:, None], visits.ignored_day[:, :-1]], axis=1),
            bought=bought,
            bought_day=bought_day,
        )

    def _patience(self, visits: JourneyVisits) -> NDArray[np.float32]:
        """(B,) the factor of satisfaction."""
        return (1.0 - self._journey.boredom * (1.0 - visits.satisfaction)).astype(np.float32)

    def _tiredness(self, visits: JourneyVisits, shown: NDArray) -> NDArray[np.float32]:
        """(n, B) how often each product shown (n, B) was ignored in the last slates, each time as fresh as it is."""
        batch, slates, slots = visits.ignored.shape
        ignored = visits.ignored.reshape(batch, -1).T.copy().reshape(slates, slots, batch)
        # Counted over the whole memory: what is shown has often been shown before.
        same = (shown[:, None, None] == ignored).view(np.uint8)
        times = same.sum(axis=2, dtype=np.min_scalar_type(slots))
        return (times * self._freshness(visits).T.copy()).sum(axis=1)

    def _freshness(self, visits: JourneyVisits) -> NDArray[np.float32]:
        """(B, SLATES) how fresh each of the last slates is in the memory: 1 on its day, then less and less.

        Freshness is a multiple of a power of two. Sums of it are exact, so they do not depend on the order in which
        numpy adds for one size of the batch or another.
        """
        age = (visits.day[:, None] - visits.ignored_day).astype(np.float32)
        return np.maximum(np.rint(np.exp2(age / -self._fatigue_days) * STEPS), 1.0) / STEPS

    def _appetite(self, visits: JourneyVisits, row: NDArray, place: NDArray) -> NDArray[np.float32]:
        """The factor that the purchases in these places of the memory leave."""
        age = visits.day[row] - visits.bought_day[row, place]
        return (1.0 - self._journey.satiation * np.exp2(-age / self._satiation_days)).astype(np.float32)


def _bought_before(visits: JourneyVisits, shown: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Slot, visit and place in the memory of each purchase of a product that is shown (n, B).

    What is shown has seldom been bought before, by few of the customers: only these are looked at.
    """
    buyers = np.flatnonzero(visits.bought[:, 0] != NONE)
    bought = visits.bought.take(buyers, axis=0).T.copy()
    same = shown.take(buyers, axis=1)[:, None] == bought  # (n, PURCHASES, buyers)
    place, buyer = np.divmod(np.flatnonzero(same), buyers.size)  # faster than numpy.nonzero where few are
    slot, place = np.divmod(place, PURCHASES)
    return slot, buyers[buyer], place


def _purchases(
    visits: JourneyVisits, slates: NDArray[np.int64], response: NDArray[np.int8]
) -> tuple[NDArray[np.signedinteger], NDArray[np.int64]]:
    """(B, PURCHASES) the last products bought and their days, newest visit first, each visit in the order of slots."""
    bought = response == BOUGHT
    rows = np.flatnonzero(counted(bought))
    if not rows.size:
        return visits.bought, visits.bought_day
    new = np.where(bought.take(rows, axis=0), slates.take(rows, axis=0), NONE)
    today = np.repeat(visits.day[rows, None], new.shape[1], axis=1)
    products = np.concatenate([new, visits.bought.take(rows, axis=0)], axis=1)
    days = np.concatenate([today, visits.bought_day.take(rows, axis=0)], axis=1)
    # The empty places go to the end, and the others keep their order.
    width = products.shape[1]
    order = (np.where(products == NONE, width, 0) + np.arange(width)).argsort(axis=1)[:, :PURCHASES]
    places = order + np.arange(0, products.size, width)[:, None]
    all_bought, all_days = visits.bought.copy(), visits.bought_day.copy()
    all_bought[rows], all_days[rows] = products.take(places), days.take(places)
    return all_bought, all_days


def counted(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(B,) how many of the flags (B, n) are set; a product with ones is the fastest way to sum short rows."""
    return flags.astype(np.float32).dot(np.ones(flags.shape[1], dtype=np.float32)).astype(np.float64)
