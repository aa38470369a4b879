"""The demand of a shop's population, as a customer model needs it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.numbers import is_number
from selflearn_env.shop.history import History, Population

START_SLATE = 10  # the slate on which the article's customers set the level of interest
KEPT = 6  # models, and levels of journeys, kept for the next environment; a model has a table of states x products

Made = TypeVar("Made")

LEAST_CONTRAST, GREATEST_CONTRAST = 1e-6, 1e6


def check_contrast(contrast: Any) -> float:
    """The contrast as a plain number.

    Raises:
        ValueError: it is no number, or out of range.
    """
    if not is_number(contrast) or not LEAST_CONTRAST <= contrast <= GREATEST_CONTRAST:
        raise ValueError(
            f"contrast is a factor > 0, 1 for what the log supports, got {contrast!r}; it may be 1e-6..1e6"
        )
    return float(contrast)


@dataclass(frozen=True, eq=False)
class DrawnDemand:
    """One plausible world of a log: how often the population buys each product in each state.

    Attributes:
        history: what agents know; its best sellers are the article's starting slates.
        customers: what the population, those who are simulated, bought in the log.
        seed: the shop's seed; another seed draws another world.
        contrast: how much more the states differ than the log supports, > 0.
    """

    history: History
    customers: Population
    seed: int
    contrast: float
    _kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        return self.customers.products

    @cached_property
    def incidence(self) -> NDArray[np.float32]:
        """(S, P) purchases per visit: one draw, by the shop's seed, from what the purchases in the log tell.

        The posterior mean would be too smooth to be a plausible world; shops with other seeds are other plausible
        worlds of the same log. With another contrast than 1 the draw is plain, not the cautious one of `Pooling.world`.
        """
        customers, seed = self.customers, np.random.SeedSequence(self.seed).spawn(2)[1]
        counts = customers.visits(), customers.purchases(), self.history.states.shape
        if self.contrast == 1:
            drawn = customers.pooling.world(*counts, lambda: np.random.default_rng(seed), np.float32)
        else:
            drawn = customers.pooling.draw(*counts, np.random.default_rng(seed), self.contrast, np.float32)
        drawn.flags.writeable = False
        return drawn

    @cached_property
    def start(self) -> NDArray[np.int64]:
        """(S, m) the ten best sellers of each state, or all products of a smaller catalogue."""
        return self.history.best_sellers(min(START_SLATE, self.products))

    @property
    def shown(self) -> NDArray[np.float32]:
        """(S, m) purchases per visit of the products of the starting slates."""
        return np.take_along_axis(self.incidence, self.start, axis=1)

    @property
    def shown_share(self) -> NDArray[np.float64]:
        """(S,) how often each state visited in the log."""
        return self.state_probability

    @property
    def state_probability(self) -> NDArray[np.float64]:
        """(S,) how often each state visited in the log."""
        visits = self.customers.visits()
        return visits / visits.sum()

    def model(self, kind: type[CustomerModel], slate_size: int, options: Mapping[str, Any]) -> CustomerModel:
        """The customer model of this kind; models never change, so environments with equal options share one."""
        return self.kept((kind, slate_size), options, lambda: kind.for_shop(self, slate_size, **options))

    def kept(self, key: Any, options: Mapping[str, Any], make: Callable[[], Made]) -> Made:
        """What was made for an equal key and equal options of the model, or else made now and kept."""
        try:
            key = key, pickle.dumps(sorted(options.items()))
        except Exception:  # options that cannot be written down cannot be compared
            return make()
        made = self._kept.pop(key) if key in self._kept else make()
        self._kept[key] = made
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return made
