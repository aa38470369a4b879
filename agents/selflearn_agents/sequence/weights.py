"""The weights of the network, as arrays that can be saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.sequence.records import OF_ITEM, OF_RECORD, OF_VISIT
from selflearn_env.declared import Declared, numbers

HIDDEN = 16  # units between an item and its weight
WEIGHT: dict[str, Any] = {"dtype": np.float32, "least": -1e6, "most": 1e6}  # what a file may have
SPREAD = 0.1  # standard deviation of the first embedding


class Weights:
    """What is learned; D numbers describe a product, and as many what the recurrent layer remembers.

    Attributes:
        embedding: (P, D) of the products.
        input, memory: (3D, D + OF_VISIT), (3D, D), and input_bias, memory_bias (3D,): of the gated recurrent unit.
        taste: (D + OF_RECORD, D + 1) and taste_bias (D + 1,): from what is remembered to a direction among the products
            and an amount.
        usual: (P,) log of a factor of the incidence, for everybody; only responses teach it.
        own_item: (OF_ITEM, HIDDEN), own_memory: (D + OF_RECORD, HIDDEN), own_bias, own: (HIDDEN,), from an item of the
            record, and from what is remembered, to its weight.
        again: (P,) log of a product's own factor in this weight.
    """

    declared: ClassVar[Declared] = {
        "embedding": numbers("products", "dim", **WEIGHT),
        "input": numbers("dim * 3", f"dim + {OF_VISIT}", **WEIGHT),
        "memory": numbers("dim * 3", "dim", **WEIGHT),
        "input_bias": numbers("dim * 3", **WEIGHT),
        "memory_bias": numbers("dim * 3", **WEIGHT),
        "taste": numbers(f"dim + {OF_RECORD}", "dim + 1", **WEIGHT),
        "taste_bias": numbers("dim + 1", **WEIGHT),
        "usual": numbers("products", **WEIGHT),
        "own_item": numbers(OF_ITEM, HIDDEN, **WEIGHT),
        "own_memory": numbers(f"dim + {OF_RECORD}", HIDDEN, **WEIGHT),
        "own_bias": numbers(HIDDEN, **WEIGHT),
        "own": numbers(HIDDEN, **WEIGHT),
        "again": numbers("products", **WEIGHT),
    }

    def __init__(self, products: int, dim: int, again: float, rng: np.random.Generator):
        """Draws the first weights, with which everybody buys what is usual, and what it bought before.

        Args:
            products: size of the catalogue, P.
            dim: D.
            again: purchases per visit that each item of a record promises.
            rng: the generator.
        """
        bound, known = 1 / np.sqrt(dim), dim + OF_RECORD
        self.embedding = _normal(rng, (products, dim), SPREAD)
        self.input = _uniform(rng, (3 * dim, dim + OF_VISIT), bound)
        self.memory = _uniform(rng, (3 * dim, dim), bound)
        self.input_bias, self.memory_bias = np.zeros((2, 3 * dim), dtype=np.float32)
        self.taste = np.zeros((known, dim + 1), dtype=np.float32)
        self.taste_bias = np.zeros(dim + 1, dtype=np.float32)
        self.usual = np.zeros(products, dtype=np.float32)
        self.own_item = _uniform(rng, (OF_ITEM, HIDDEN), 1 / np.sqrt(OF_ITEM + known))
        self.own_memory = _uniform(rng, (known, HIDDEN), 1 / np.sqrt(OF_ITEM + known))
        self.own_bias, self.own = np.zeros((2, HIDDEN), dtype=np.float32)
        self.again = np.full(products, np.log(again), dtype=np.float32)

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[np.float32]]) -> Self:
        """Of all arrays by name."""
        weights = object.__new__(cls)
        vars(weights).update(arrays)
        return weights

    def copy(self) -> Self:
        """The same in arrays of their own."""
        return self.of({name: array.copy() for name, array in vars(self).items()})

    def zeros(self) -> Self:
        """As many zeros."""
        return self.of({name: np.zeros_like(array) for name, array in vars(self).items()})


def _normal(rng: np.random.Generator, shape: tuple[int, int], spread: float) -> NDArray[np.float32]:
    return (spread * rng.standard_normal(shape)).astype(np.float32)


def _uniform(rng: np.random.Generator, shape: tuple[int, int], bound: float) -> NDArray[np.float32]:
    return rng.uniform(-bound, bound, shape).astype(np.float32)
