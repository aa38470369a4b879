"""What every customer model offers, and what it is made from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.rewards import Rewards


class Demand(Protocol):
    """What a model may be fitted to: the demand of a shop's population."""

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        ...

    @property
    def incidence(self) -> NDArray[np.float32]:
        """(S, P) purchases per visit of each product in each state."""
        ...

    @property
    def shown(self) -> NDArray[np.floating]:
        """(V, m) purchases per visit of the products of the article's starting slates, which set the level of interest.

        By those to whom they are shown: states or visits, V of them.
        """
        ...

    @property
    def shown_share(self) -> NDArray[np.float64]:
        """(V,) share of each of them in the visits; sums to 1."""
        ...


class Interest(Protocol):
    """What B customers want, each in its own way."""

    def __len__(self) -> int:
        """How many customers, B."""
        ...

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        ...

    def of(self, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) purchases per visit of the products in slates (B, n)."""
        ...

    def of_all(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """(R, P) purchases per visit of all products, by some of the customers."""
        ...


class CustomerModel(ABC):
    """The rule that turns (state, slate) into responses, with its exact probabilities.

    States are (B,) state indexes, slates (B, n) product indexes that lie in the catalogue, and `repeated` a (B, n) mask
    of the slots that repeat a product shown above, or show one that may not be shown, or None: such a slot is always
    ignored, and takes its place.

    A model whose customers' interest can change says how: `drifted` for interest in a product that changes for all of
    them, `attending` for what each one's memory leaves of it (`RetailJourney-v0`), `meeting` for persons, who want what
    no state says (`RetailPeople-v0`). Where there are products that may not be shown, `offered` says which may. A model
    without them can be used everywhere else.
    """

    @classmethod
    @abstractmethod
    def for_shop(cls, shop: Demand, slate_size: int, **options: Any) -> Self:
        """The model of a shop's population.

        Args:
            shop: whom to fit.
            slate_size: products per slate, n.
            **options: what is particular to the model.
        """

    @property
    @abstractmethod
    def uniforms(self) -> int:
        """How many uniform draws the response to one slate takes, whatever the slate."""

    @abstractmethod
    def respond(
        self, states: NDArray, slates: NDArray, repeated: NDArray | None, uniforms: NDArray
    ) -> NDArray[np.int8]:
        """(B, n) responses, 0 ignored, 1 clicked, 2 bought, made from uniform draws (B, self.uniforms)."""

    @abstractmethod
    def response_probability(self, states: NDArray, slates: NDArray, repeated: NDArray | None) -> NDArray[np.float64]:
        """(B, n, 3) probability of each response to each slot."""

    @abstractmethod
    def random_response_probability(self, states: NDArray) -> NDArray[np.float64]:
        """(B, n, 3) the same, averaged over slates of distinct products drawn uniformly from those offered."""

    @abstractmethod
    def optimal_slate(self, states: NDArray, rewards: Rewards) -> NDArray[np.int64]:
        """(B, n) distinct products of greatest expected reward, of those offered."""

    def drifted(self, factor: NDArray[np.float64]) -> Self:
        """The model as it was made, its customers' interest in each product changed by a factor (P,), 0 for sold out.

        Raises:
            NotImplementedError: the model has no preferences that could drift.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how its customers drift; make it without drift")

    def offered(self, products: NDArray[np.int64]) -> Self:
        """The model as it is, but best and random slates have only these products, ascending and at least n.

        Raises:
            NotImplementedError: the model knows best and random slates of the whole catalogue only.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no method `offered`, so it knows no best slate where some products may not be "
            f"shown; add it, or make it without stock, and without a drift in which products appear or vanish"
        )

    def attending(self, attention: NDArray) -> Self:
        """The customers of B visits, with what is left of the interest of each in each product.

        Args:
            attention: a factor 0..1 on the probabilities with which a product that is looked at is bought and clicked:
                (B, n) for the products shown, where responses and their probabilities are asked for, (B, P) for the
                whole catalogue, where best and random slates are.

        Raises:
            NotImplementedError: the model's customers always give all of their attention.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no method `attending`, so its customers can neither be satiated nor tire; add "
            f"it, or give a journey with satiation=0, fatigue=0 and boredom=0"
        )

    def meeting(self, interest: Interest) -> Self:
        """The customers of B visits, each with an interest of its own; their `states` are then 0, 1 .. B - 1.

        Raises:
            NotImplementedError: the model's customers have no preferences.
        """
        raise NotImplementedError(
            f"customers of {type(self).__name__} do not differ in what they want, so they cannot be persons: choose "
            f"another customer model (independent, position, cascade, logit), or switch all tastes off; a model of "
            f"your own needs a method `meeting`"
        )
