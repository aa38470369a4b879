"""The options of an environment, the same for both faces, and what they build."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from inspect import Parameter, isabstract, signature
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.arrivals import Arrivals, SingleVisits
from selflearn_env.core.customers import CUSTOMERS, CustomerModel
from selflearn_env.core.drift import Drift
from selflearn_env.core.memory import Memory, NoMemory
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import check_slate_size
from selflearn_env.core.stock import Stock
from selflearn_env.core.visits import AnyVisits
from selflearn_env.envs.observations import OBSERVATIONS, Observation
from selflearn_env.plugins import import_named
from selflearn_env.shop.fitting.demand import check_contrast
from selflearn_env.shop.shop import Shop

VISITS = ("log", "uniform")


@dataclass(frozen=True)
class Options:
    """How an environment is made from a shop.

    Attributes:
        shop: a Shop or the path of a saved one; None for the one of the environment's id.
        slate_size: products per slate.
        observation: "tiers", "index" or "onehot".
        customer: the customer model: a key of `selflearn_env.core.customers.CUSTOMERS`, "module:Class", or a class.
        customer_options: what is particular to the model, such as `{"leave": 0.7}` for "cascade".
        contrast: how much more the states differ than the log supports, > 0; 1 is what it supports.
        drift: how the customers' interest wanders meanwhile: a Drift, a mapping with its fields, or None (not at all).
        stock: how products run out and come back meanwhile: a Stock, a mapping with its fields, or None (not at all).
        visits: "log", as often as the population visited in the log, or "uniform" over the states.
        rewards: what a response earns: Rewards, or a mapping with its fields.

    Raises:
        TypeError: the shop, the rewards, the drift, the stock or the customer model have the wrong type.
        ValueError: an option has an unknown value.
    """

    observations: ClassVar[tuple[str, ...]] = tuple(OBSERVATIONS)

    shop: Shop | str | Path | None = None
    slate_size: int = 10
    observation: str = "tiers"
    customer: str | type[CustomerModel] = "independent"
    customer_options: Mapping[str, Any] = field(default_factory=dict)
    contrast: float = 1.0
    drift: Drift | None = None
    stock: Stock | None = None
    visits: str = "log"
    rewards: Rewards = field(default_factory=Rewards)

    def __post_init__(self) -> None:
        check_known("observation", self.observation, self.observations)
        check_known("visits", self.visits, VISITS)
        self._check_customer_options()
        object.__setattr__(self, "contrast", check_contrast(self.contrast))
        if isinstance(self.drift, Mapping):
            object.__setattr__(self, "drift", from_mapping(Drift, self.drift))
        if not isinstance(self.drift, Drift | None):
            raise TypeError(f"drift is a selflearn_env.Drift, a mapping with its fields, or None, got {self.drift!r}")
        if isinstance(self.stock, Mapping):
            object.__setattr__(self, "stock", from_mapping(Stock, self.stock))
        if not isinstance(self.stock, Stock | None):
            raise TypeError(f"stock is a selflearn_env.Stock, a mapping with its fields, or None, got {self.stock!r}")
        if isinstance(self.rewards, Mapping):  # as a specification in JSON has them
            object.__setattr__(self, "rewards", from_mapping(Rewards, self.rewards))
        if not isinstance(self.rewards, Rewards):
            raise TypeError(f"rewards is a selflearn_env.Rewards, got {self.rewards!r}")
        if not isinstance(self.shop, Shop | str | Path | None):
            raise TypeError(f"shop is a Shop or the path of a saved one, got {type(self.shop).__name__}")

    def changed(self, face: tuple[str, ...], **options: Any) -> Self:
        """These options with some replaced.

        Args:
            face: names of the options that the face itself takes, for the message.
            **options: the new values.

        Raises:
            TypeError: there is no such option; the message says which exist.
        """
        own = [known.name for known in fields(self)]
        for name in options:
            if name not in own:
                known = [*own, *face]
                hint = "; only the vector face has it" if name == "autoreset_mode" else _meant(name, known)
                raise TypeError(f"unexpected keyword argument {name!r}{hint}; known: {', '.join(known)}")
        return replace(self, **options)

    def view(self, shop: Shop) -> Observation:
        """How the visits of these options are observed."""
        return OBSERVATIONS[self.observation](shop.states)

    def simulator(self, shop: Shop) -> Simulator:
        """The simulator of these options.

        Raises:
            ValueError: the slate does not fit the catalogue.
        """
        return self._simulator(shop, self._slate_size(shop), SingleVisits(self._visit_weights(shop)), NoMemory())

    def _simulator(
        self,
        shop: Shop,
        slate_size: int,
        arrivals: Arrivals[AnyVisits],
        memory: Memory[AnyVisits],
        changes: bool = True,
    ) -> Simulator[AnyVisits]:
        """The simulator with these parts; the others are as the options say, drift and stock only with `changes`.

        Raises:
            NotImplementedError: the customer model cannot do what another part asks for.
        """
        weights = self._visit_weights(shop)
        return Simulator(
            states=shop.states,
            products=shop.products,
            slate_size=slate_size,
            state_probability=weights / weights.sum(),
            arrivals=arrivals,
            memory=memory,
            customers=shop.demand(self.contrast).model(self.customer_model, slate_size, self.customer_options),
            rewards=self.rewards,
            drift=self.drift if changes else None,
            stock=self.stock if changes else None,
        )

    def _slate_size(self, shop: Shop) -> int:
        """The slate size as a plain integer.

        Raises:
            ValueError: the slate does not fit the catalogue.
        """
        return check_slate_size(self.slate_size, shop.products)

    def _visit_weights(self, shop: Shop) -> NDArray[np.int64]:
        """(S,) whole numbers; a state visits in proportion to its own."""
        return shop.customers.visits() if self.visits == "log" else np.ones(shop.states.size, dtype=np.int64)

    @property
    def customer_model(self) -> type[CustomerModel]:
        """The class of the customers.

        Raises:
            TypeError: it is no customer model.
            ValueError: there is none of this name.
        """
        given = self.customer
        if isinstance(given, str) and given in CUSTOMERS:
            return CUSTOMERS[given]
        if isinstance(given, str):
            if ":" not in given:
                known = ", ".join(CUSTOMERS)
                raise ValueError(f"unknown customer {given!r}{_meant(given, CUSTOMERS)}; known: {known}, module:Class")
            given = import_named("customer", given)
        if not (isinstance(given, type) and issubclass(given, CustomerModel)):
            raise TypeError(f"customer is a name or a subclass of CustomerModel, got {self.customer!r}")
        if isabstract(given):
            missing = ", ".join(sorted(given.__abstractmethods__))
            raise TypeError(f"customer is the abstract class {given.__name__}; a model must define {missing}")
        return given

    def _check_customer_options(self) -> None:
        model = self.customer_model
        if not isinstance(self.customer_options, Mapping):
            raise TypeError(f"customer_options is a mapping, got {self.customer_options!r}")
        makers = [model.for_shop, *(vars(kind)["__init__"] for kind in model.__mro__ if "__init__" in vars(kind))]
        known = sorted(set().union(*map(_keyword_only, makers)))
        for name in self.customer_options:
            if name not in known:
                has = f"known: {', '.join(known)}" if known else "there are none (they are keyword-only arguments)"
                raise TypeError(f"unknown option {name!r} of customer {self.customer!r}{_meant(name, known)}; {has}")


def _keyword_only(callable_: Callable[..., Any]) -> set[str]:
    return {
        name for name, parameter in signature(callable_).parameters.items() if parameter.kind is Parameter.KEYWORD_ONLY
    }


def check_known(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Sees that an option has one of its values.

    Raises:
        ValueError: it has not; the message says which there are.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"unknown {name} {value!r}{_meant(value, known)}; known: {', '.join(known)}")


def from_mapping(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """An option of this kind from a mapping with its fields, as a specification in JSON has it.

    Raises:
        TypeError: there is no such field; the message says which exist.
    """
    known = [known.name for known in fields(kind)]
    for name in given:
        if name not in known:
            raise TypeError(f"{kind.__name__} has no {name!r}{_meant(name, known)}; known: {', '.join(known)}")
    return kind(**given)


def _meant(name: Any, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1) if isinstance(name, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""
