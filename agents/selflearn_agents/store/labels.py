"""What the names in a store's identity say: states by label, products by id."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

from selflearn_env.core.states import StateSpace, Tier


class Product(NamedTuple):
    """A product for people: the shop's code, and its description."""

    id: str
    name: str


class Labels:
    """States and products by number, as `names_of` wrote them; numbers where nothing was written.

    Attributes:
        states: the state space, or None.
        products: by index.
    """

    def __init__(self, identity: Mapping[str, Any] | None):
        """Reads the identity of a store."""
        names = (identity or {}).get("names")
        self.states, self.products = None, []
        if names is not None:
            self.states = StateSpace(tuple(Tier(name, tuple(labels)) for name, labels in names["tiers"]))
            self.products = [Product(*pair) for pair in names["products"]]

    def state(self, state: int) -> str:
        """The label of a state."""
        return str(state) if self.states is None else self.states.label(state)

    def product(self, product: int) -> Product:
        """The names of a product."""
        return self.products[product] if self.products else Product(str(product), "")

    def find_state(self, label: str) -> int:
        """The index of a state by its label.

        Raises:
            ValueError: there is none; the message has a label that is close.
        """
        if self.states is None:
            raise ValueError(f"the store has no names, so no state is called {label!r}")
        try:
            return self.states.parse(label)
        except ValueError as error:
            labels = [self.states.label(state) for state in range(self.states.size)]
            close = difflib.get_close_matches(label, labels, n=1)
            raise ValueError(f"{error}; did you mean {close[0]!r}?" if close else str(error)) from None
