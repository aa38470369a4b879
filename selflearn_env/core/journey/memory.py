"""What customers remember of the slates before, and what it leaves of their interest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.visits import NONE, PURCHASES, SLATES, JourneyVisits
from selflearn_env.core.rewards import BOUGHT, IGNORED

STEPS = np.float32(2**14)


class Look(NamedTuple):
    """How customers look at the slates that they are shown."""

    attention: NDArray[np.float32] | None  # (B, n) what is left of the interest in each product shown, 0..1; or all
    again: NDArray[np.bool_]  # (B, n) whether it was ignored within the last slates already


class Memory:
    """Satiation, fatigue and boredom: the factors 0..1 that earlier visits leave of the interest in a product.

    A purchase d days ago leaves 1 - satiation * 2^(-d / satiation_days); a showing that was ignored d days ago leaves
    (1 - fatigue)^(2^(-d / fatigue_days)); satisfaction s leaves 1 - boredom * (1 - s) of the interest in any product.
    The factors multiply. A customer remembers the last 4 slates and the last 10 purchases.

    That what was shown and ignored is wanted less, the more often and the more lately, is impression discounting (Lee,
    Lakshmanan, Tiwari and Shah 2014); that too much of what does not interest costs the attention to the rest, and in
    the end the customer, is marketing fatigue (Cao, Sun, Shen and Ettl 2020). The formulas are ours.

    Attributes:
        takes_interest: whether any interest is ever lost.
        works: whether anything is ever remembered; it may only delay the next visit.
    """

    def __init__(self, journey: Journey, repurchase_days: float):
        """Takes the strength of each from the journey, and the days of satiation from the log where it has none."""
        self._journey = journey
        self._satiation_days = journey.satiation_days or repurchase_days
        self._fatigue_days = np.float32(journey.fatigue_days)
        self._log_kept = np.log1p(np.float32(-journey.fatigue))
        self._slates = journey.fatigue > 0 or journey.boredom > 0 or journey.delay > 1
        self.takes_interest = journey.satiation > 0 or journey.fatigue > 0 or journey.boredom > 0
        self.works = self._slates or self.takes_interest

    def look(self, visits: JourneyVisits, slates: NDArray[np.int64]) -> Look:
        """How the customers look at slates (B, n)."""
        # Smaller numbers are compared faster, and so are long rows: here the visits are the last axis.
        shown = slates.T.astype(visits.bought.dtype, order="C")
        attention = np.empty(shown.shape, dtype=np.float32)
        attention[:] = self._interest(visits)
        again = np.zeros(shown.shape, dtype=bool)
        if self._slates:
            # Counted over the whole memory: what is shown has often been shown before.
            ignored = visits.ignored.reshape(len(visits), -1).T.copy().reshape(*visits.ignored.shape[1:], -1)
            same = (shown[:, None, None] == ignored).view(np.uint8)
            times = same.sum(axis=2, dtype=np.min_scalar_type(len(shown)))
            tired = (times * self._freshness(visits).T.copy()).sum(axis=1)
            again = tired > 0
            attention *= np.exp(self._log_kept * tired)
        if self._journey.satiation:
            # Worked out where something is found: what is shown has seldom been bought before, by few of the customers.
            buyers = np.flatnonzero(visits.bought[:, 0] != NONE)
            bought = visits.bought.take(buyers, axis=0).T.copy()
            slot, place, at = _where(shown.take(buyers, axis=1)[:, None] == bought)
            row = buyers[at]
            np.multiply.at(attention, (slot, row), self._wanted(visits, row, place))
        return Look(attention.T.copy() if self.takes_interest else None, again.T.copy())

    def look_at_all(self, visits: JourneyVisits, products: int, holding_back: float = 0.0) -> NDArray[np.float64]:
        """(B, P) the attention to the whole catalogue.

        Args:
            visits: B visits.
            products: size of the catalogue, P.
            holding_back: share that is taken off what was ignored within the last slates.
        """
        rows, shape = np.arange(len(visits))[:, None], (len(visits), products + 1)  # the last column is NONE's
        attention = np.repeat(self._interest(visits).astype(np.float64)[:, None], products + 1, axis=1)
        if self._slates:
            showings = visits.ignored.reshape(len(visits), -1)
            tired = np.zeros(shape)
            np.add.at(tired, (rows, showings), np.repeat(self._freshness(visits), visits.ignored.shape[2], axis=1))
            attention *= np.exp(self._log_kept * tired)
            attention[rows, showings] *= 1.0 - holding_back
        if self._journey.satiation:
            every = np.arange(visits.bought.shape[1])
            np.multiply.at(attention, (rows, visits.bought), self._wanted(visits, rows, every))
        return attention[:, :products]

    def _interest(self, visits: JourneyVisits) -> NDArray[np.float32]:
        """(B,) the factor of satisfaction."""
        return (1.0 - self._journey.boredom * (1.0 - visits.satisfaction)).astype(np.float32)

    def _freshness(self, visits: JourneyVisits) -> NDArray[np.float32]:
        """(B, SLATES) how fresh each of the last slates is in the memory: 1 on its day, then less and less.

        Freshness is a multiple of a power of two. Sums of it are exact, so they do not depend on the order in which
        numpy adds for one size of the batch or another.
        """
        age = (visits.day[:, None] - visits.ignored_day).astype(np.float32)
        return np.maximum(np.rint(np.exp2(age / -self._fatigue_days) * STEPS), 1.0) / STEPS

    def _wanted(self, visits: JourneyVisits, row: NDArray, place: NDArray) -> NDArray[np.float32]:
        """The factor that the purchases in these places of the memory leave."""
        age = visits.day[row] - visits.bought_day[row, place]
        return (1.0 - self._journey.satiation * np.exp2(-age / self._satiation_days)).astype(np.float32)

    def satisfaction(self, visits: JourneyVisits, look: Look, response: NDArray[np.int8]) -> NDArray[np.float64]:
        """(B,) after the visits, given how they looked at their slates and the responses (B, n)."""
        bored = counted(look.again & (response == IGNORED)) / response.shape[1]
        return 0.5 * (visits.satisfaction + 1.0 - bored)

    def after(self, visits: JourneyVisits, slates: NDArray[np.int64], response: NDArray[np.int8]) -> dict[str, Any]:
        """The fields of the visits that hold the memory, as they are after slates (B, n) and responses (B, n)."""
        fields: dict[str, Any] = {name: getattr(visits, name) for name in FIELDS}
        if self._slates:
            ignored = slates.astype(visits.ignored.dtype)
            np.putmask(ignored, response != IGNORED, NONE)
            fields["ignored"] = np.concatenate([ignored[:, None], visits.ignored[:, :-1]], axis=1)
            fields["ignored_day"] = np.concatenate([visits.day[:, None], visits.ignored_day[:, :-1]], axis=1)
        bought = response == BOUGHT
        rows = np.flatnonzero(counted(bought))
        if rows.size:
            # The products of this visit in the order of their slots, then those before.
            new = np.where(bought.take(rows, axis=0), slates.take(rows, axis=0), NONE)
            products = np.concatenate([new, visits.bought.take(rows, axis=0)], axis=1)
            days = np.concatenate(
                [np.repeat(visits.day[rows, None], new.shape[1], axis=1), visits.bought_day.take(rows, axis=0)], axis=1
            )
            width = products.shape[1]
            order = np.where(products == NONE, width, 0) + np.arange(width)
            places = order.argsort(axis=1)[:, :PURCHASES] + np.arange(0, products.size, width)[:, None]
            for name, values in (("bought", products), ("bought_day", days)):
                fields[name] = fields[name].copy()
                fields[name][rows] = values.take(places)
        return fields

    @staticmethod
    def empty(batch: int, slate_size: int, products: int) -> dict[str, NDArray]:
        """The same fields of customers who have seen nothing yet."""
        product = np.min_scalar_type(-products)
        return {
            "ignored": np.full((batch, SLATES, slate_size), NONE, dtype=product),
            "ignored_day": np.zeros((batch, SLATES), dtype=np.int64),
            "bought": np.full((batch, PURCHASES), NONE, dtype=product),
            "bought_day": np.zeros((batch, PURCHASES), dtype=np.int64),
        }


def counted(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(B,) how many of the flags (B, n) are set; a product with ones is the fastest way to sum short rows."""
    return flags.astype(np.float32).dot(np.ones(flags.shape[1], dtype=np.float32)).astype(np.float64)


def _where(flags: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
    """The places of the flags (n, M, B) that are set; faster than `np.nonzero` where few are."""
    at = np.flatnonzero(flags)
    place, row = np.divmod(at, flags.shape[2])
    slot, place = np.divmod(place, flags.shape[1])
    return slot, place, row


FIELDS = tuple(Memory.empty(0, 1, 1))
