"""What every agent offers. Agents see state indexes and the shop's history, never an environment."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from agents.storage import write_agent
from selflearn_env.shop.history import History


class Agent(ABC):
    """Chooses slates and learns from the responses.

    All that an agent remembers are arrays, numbers and texts in its attributes, and the objects named in `parts`: that
    is what `save` writes. States are (B,) state indexes, slates (B, n) product indexes in slate order.

    Attributes:
        privileged: whether the agent knows what no real agent could; marked in every output.
        parts: attributes that are objects of other classes, which hold arrays and numbers themselves.
    """

    privileged: ClassVar[bool] = False
    parts: ClassVar[dict[str, type]] = {}

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Remembers the sizes.

        Raises:
            ValueError: the slate does not fit the catalogue.
        """
        if not 1 <= slate_size <= history.products:
            raise ValueError(f"slate_size must be 1..{history.products}, the size of the catalogue, got {slate_size}")
        self.slate_size, self.products = int(slate_size), history.products
        self.rng = rng

    @classmethod
    def hyperparameters(cls) -> list[str]:
        """Names of what `make_agent` accepts for this agent."""
        parameters = inspect.signature(cls).parameters.values()
        return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]

    @abstractmethod
    def act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) slates for the visits, distinct products in each row."""

    def update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns from the responses (B, n) and item rewards (B, n) to slates; a static agent does nothing."""
        return

    @abstractmethod
    def values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) present estimates, no exploration in them; the unit is the agent's, -inf is "no estimate"."""

    def propensity(self, states: NDArray, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) exact probability that slot k shows this product, given the products of the slots above it.

        Raises:
            NotImplementedError: it is not known for this agent; the message says why.
        """
        raise NotImplementedError(f"{type(self).__name__} does not know the probabilities of its slates")

    def save(self, path: str | Path) -> None:
        """Writes the agent to one file, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        write_agent(self, Path(path))
