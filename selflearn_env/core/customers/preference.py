"""Customers with preferences: the part that those who look at what is shown have in common.

The log shows purchases per visit, not purchases per showing. The interest that leads to a purchase is therefore taken
proportional to the purchase incidence of the product in the state, and the interest that leads to a click to the square
root of it: clicks are less selective than purchases. Two factors set the level, such that the article's starting slates
earn the article's mean purchases and clicks per visit, as this very model responds to them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers.appeal import Appeal, KeptAppeal, MadeAppeal, PersonalAppeal
from selflearn_env.core.customers.model import CustomerModel, Demand, Interest
from selflearn_env.core.customers.seed import MEAN_CLICKS, MEAN_PURCHASES
from selflearn_env.core.rewards import BOUGHT, CLICKED, Rewards
from selflearn_env.core.tables import DENSE

STATES, CELLS = 128, 2**17  # worked on at once, at most, where whole rows of the catalogue are needed


class PreferenceCustomers(CustomerModel):
    """Customers who want each product to a degree that depends on the state.

    A subclass says how a customer goes through a slate (`_respond`, `_probability`), which slate is best
    (`_best_slates`) and what a random one earns (`_random_probability`). What these get is the appeal of products: two
    numbers each, by default the probabilities that a product that is looked at is bought, and that it is bought or
    clicked. The appeal of a slot that repeats a product is 0.
    """

    def __init__(self, appeal: NDArray[np.float32] | Appeal, slate_size: int):
        """Keeps the appeal (S, P, 2) of each product in each state: an array, or what makes it in a large catalogue."""
        self.slate_size = slate_size
        self._appeal: Appeal = KeptAppeal(appeal) if isinstance(appeal, np.ndarray) else appeal
        self._factor: NDArray[np.float32] | None = None  # (P,) by which interest has drifted
        self._offered: NDArray[np.int64] | None = None  # products of best and random slates; None for all
        self._attention: NDArray | None = None  # (B, n) or (B, P) of the visits that are asked about
        self._appeal_of: Callable[[NDArray], NDArray[np.float32]] | None = None  # of any incidence, where it is known
        self._best: dict[Rewards, NDArray[np.int64]] = {}
        self._random: NDArray[np.float64] | None = None

    @classmethod
    def for_shop(cls, shop: Demand, slate_size: int, **options: Any) -> Self:
        """The population of a shop, calibrated so that the article's start earns the article's mean responses.

        The level is set on the article's slates of ten, whatever the slate size of the environment.

        Raises:
            ValueError: no level of interest earns that much.
        """
        shown = shop.shown
        rows, slates = np.arange(len(shown)), np.broadcast_to(np.arange(shown.shape[1]), shown.shape)

        def earned(response: int, buy_level: float, click_level: float) -> float:
            """What the starting slates, as a catalogue of their own, earn per visit."""
            model = cls(cls.appeal_of(shown, buy_level, click_level), shown.shape[1], **options)
            probability = model.response_probability(rows, slates, None)[..., response]
            return float(shop.shown_share @ probability.sum(axis=1))

        buy_level = _level(lambda x: earned(BOUGHT, x, 0.0), MEAN_PURCHASES, "purchases")
        click_level = _level(lambda y: earned(CLICKED, buy_level, y), MEAN_CLICKS, "clicks")
        appeal_of = partial(cls.appeal_of, buy_level=buy_level, click_level=click_level)
        made = MadeAppeal(shop.incidence, appeal_of)
        model = cls(made.table if shop.incidence.size <= DENSE else made, slate_size, **options)
        model._appeal_of = appeal_of
        return model

    @property
    def appeal(self) -> NDArray[np.float32]:
        """(S, P, 2) of each product in each state; read-only, and made anew where the catalogue is large."""
        return self._appeal.table

    @staticmethod
    def appeal_of(incidence: NDArray, buy_level: float, click_level: float) -> NDArray[np.float32]:
        """(..., 2) appeal of products with this incidence (...): b and b + (1 - b) c.

        b = min(1, buy_level * incidence) and c = min(1, click_level * sqrt(incidence)).
        """
        buy = incidence.astype(np.float64)
        buy *= buy_level
        np.minimum(buy, 1.0, out=buy)
        respond = np.sqrt(incidence, dtype=np.float64)
        respond *= click_level
        np.minimum(respond, 1.0, out=respond)
        respond *= 1.0 - buy
        respond += buy
        appeal = np.empty((*incidence.shape, 2), dtype=np.float32)
        appeal[..., 0], appeal[..., 1] = buy, respond
        return appeal

    @staticmethod
    def _drift(appeal: NDArray, factor: NDArray) -> None:
        """Changes the appeal (..., 2) by factors (...) of the incidence: b in proportion, c by the square root."""
        buy, respond = appeal[..., 0], appeal[..., 1]
        left = 1.0 - buy
        click = np.divide(respond - buy, left, out=np.ones_like(left), where=left > 0)
        np.minimum(buy * factor, 1.0, out=buy)
        changed = buy + (1.0 - buy) * np.minimum(click * np.sqrt(factor), 1.0)
        np.copyto(respond, changed, where=factor != 1.0)  # without rounding where nothing changes

    @property
    def uniforms(self) -> int:
        """One draw per slot."""
        return self.slate_size

    def respond(
        self, states: NDArray, slates: NDArray, repeated: NDArray | None, uniforms: NDArray
    ) -> NDArray[np.int8]:
        """(B, n) responses made from uniform draws (B, self.uniforms)."""
        return self._respond(self._look_up(states, slates, repeated), uniforms)

    def response_probability(self, states: NDArray, slates: NDArray, repeated: NDArray | None) -> NDArray[np.float64]:
        """(B, n, 3) probability of each response to each slot."""
        return self._probability(self._look_up(states, slates, repeated).astype(np.float64))

    def random_response_probability(self, states: NDArray) -> NDArray[np.float64]:
        """(B, n, 3) the same, averaged over slates of distinct products drawn uniformly from those offered."""
        if self._differ:
            found = np.empty((len(states), self.slate_size, 3))
            for at in self._slices(len(states)):
                found[at] = self._random_probability(self._rows_of_visits(states, at))
            return found
        if self._random is None:
            self._random = np.full((self._appeal.states, self.slate_size, 3), np.nan)
        for block in self._blocks(states[np.isnan(self._random[states, 0, 0])]):
            self._random[block] = self._random_probability(self._rows(block))
        return self._random[states]

    def optimal_slate(self, states: NDArray, rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) distinct products of greatest expected reward, of those offered."""
        if self._differ:
            found = np.empty((len(states), self.slate_size), dtype=np.int64)
            for at in self._slices(len(states)):
                found[at] = self._best_offered(self._rows_of_visits(states, at), rewards)
            return found
        best = self._best.setdefault(rewards, np.full((self._appeal.states, self.slate_size), -1))
        for block in self._blocks(states[best[states, 0] < 0]):
            best[block] = self._best_offered(self._rows(block), rewards)
        return best[states]

    def drifted(self, factor: NDArray[np.float64]) -> Self:
        """The customers of the table after their interest in each product has changed by a factor (P,).

        The factor is against the table, not against an earlier drift; the table is shared.
        """
        other = copy(self)
        other._factor = factor.astype(np.float32)
        other._best, other._random = {}, None
        return other

    def offered(self, products: NDArray[np.int64]) -> Self:
        """The same customers, whose best and random slates have only these products; see `CustomerModel`."""
        other = copy(self)
        other._offered = products
        other._best, other._random = {}, None
        return other

    def attending(self, attention: NDArray) -> Self:
        """The customers of B visits, with what is left of the interest of each in each product; see `CustomerModel`."""
        other = copy(self)
        other._attention = attention
        return other

    def meeting(self, interest: Interest) -> Self:
        """The customers of B visits, each with an interest of its own; see `CustomerModel`.

        Raises:
            ValueError: the model was not made for a shop, so that no level of interest is known.
        """
        if self._appeal_of is None:
            raise ValueError(f"{type(self).__name__} knows no level of interest; make it with `for_shop`")
        other = copy(self)
        other._appeal = PersonalAppeal(interest, self._appeal_of)
        return other

    @property
    def _differ(self) -> bool:
        """Whether customers of one state differ."""
        return self._attention is not None or isinstance(self._appeal, PersonalAppeal)

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again."""
        return {**self.__dict__, "_best": {}, "_random": None}

    def _look_up(self, states: NDArray, slates: NDArray, repeated: NDArray | None) -> NDArray[np.float32]:
        """(B, n, 2) appeal of the products shown."""
        appeal = self._appeal.look_up(states, slates)
        if self._factor is not None:
            self._drift(appeal, self._factor.take(slates))
        if self._attention is not None:
            appeal[..., 0] *= self._attention  # one after the other: rows of two numbers are slow
            appeal[..., 1] *= self._attention
        if repeated is not None:
            appeal[repeated] = 0.0
        return appeal

    def _rows(self, states: NDArray, attention: NDArray | None = None) -> NDArray[np.float64]:
        """(B, P, 2) appeal of the whole catalogue, or of what is offered of it."""
        appeal = self._appeal.rows(states)
        if self._factor is not None:
            self._drift(appeal, self._factor)
        if attention is not None:
            appeal[..., 0] *= attention
            appeal[..., 1] *= attention
        if self._offered is not None:
            appeal = appeal.take(self._offered, axis=1)
        return appeal.astype(np.float64)

    def _rows_of_visits(self, states: NDArray, at: slice) -> NDArray[np.float64]:
        """(b, P, 2) appeal of the whole catalogue to some of the visits."""
        return self._rows(states[at], None if self._attention is None else self._attention[at])

    def _best_offered(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) the best slates of products of this appeal, as `_rows` has them."""
        best = self._best_slates(appeal, rewards)
        return best if self._offered is None else self._offered.take(best)

    def _slices(self, rows: int) -> list[slice]:
        """Slices that cover all rows, so many at a time as fit."""
        size = max(1, min(STATES, CELLS // self._appeal.products))
        return [slice(at, at + size) for at in range(0, rows, size)]

    def _blocks(self, states: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Distinct states, some at a time."""
        distinct = np.unique(states)
        return [distinct[at] for at in self._slices(distinct.size)]

    @abstractmethod
    def _respond(self, appeal: NDArray[np.float32], uniforms: NDArray) -> NDArray[np.int8]:
        """(B, n) responses to products of this appeal (B, n, 2)."""

    @abstractmethod
    def _probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, n, 3) probability of each response to products of this appeal (B, n, 2)."""

    @abstractmethod
    def _best_slates(self, appeal: NDArray[np.float64], rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) distinct products of greatest expected reward, given the appeal (B, P, 2) of the catalogue."""

    @abstractmethod
    def _random_probability(self, appeal: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, n, 3) response probabilities of random slates, given the appeal (B, P, 2) of the catalogue."""


def response_probabilities(appeal: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) probabilities that a product looked at is ignored, clicked, bought, from its appeal (..., 2)."""
    buy, respond = appeal[..., 0], appeal[..., 1]
    return np.stack([1.0 - respond, respond - buy, buy], axis=-1)


def _level(earned: Callable[[float], float], target: float, what: str) -> float:
    """The factor at which a growing function earns the target, by bisection to double precision."""
    high = 1.0
    while earned(high) < target:
        high *= 2.0
        if high > 1e12:
            raise ValueError(
                f"the starting slates cannot earn {target:.3f} {what} per visit: too few of their products were "
                f"bought by the simulated customers, or these options let customers see too little. "
                f"Give a log with more visits, or milder options"
            )
    low = 0.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if earned(middle) < target else (low, middle)
    return high
