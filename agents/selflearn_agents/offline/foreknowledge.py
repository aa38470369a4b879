"""What the history says of each product before anything was shown, level by level."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.gradient import LEAST, rows_of_levels
from selflearn_env.declared import POSITIVE, Declared, counts, indexes, numbers
from selflearn_env.shop.history import History


class Foreknowledge:
    """The pooled incidence of the history, and the evidence that it rests on.

    A level is a partition of the states in groups, those of the history's pooling, from all states together down to the
    single state. The groups of all levels are numbered together, R in all: they are the rows of tables. A key is
    row * P + product.

    Attributes:
        incidence: (S, P) float32, purchases per visit, pooled.
        rows: (S, L) the row of each state at each level; (R,) `level`, the level of each row.
        weight: (R,) how many purchases of each product the group around is worth.
        key, bought: (K,) ascending keys with a purchase, and visits of the history in which it was bought.
    """

    parts: ClassVar[dict[str, type]] = {}

    declared: ClassVar[Declared] = {
        "incidence": numbers("states", "products", dtype=np.float32, least=POSITIVE),
        "level": indexes("levels", "rows"),
        "rows": indexes("rows", "states", "levels"),
        "weight": numbers("rows", least=POSITIVE),
        "key": counts("keys", ascending=True),
        "bought": numbers("keys", least=0.0),
    }

    def __init__(self, history: History):
        """Reads the history."""
        self.incidence = np.maximum(history.incidence(), LEAST).astype(np.float32)
        self.rows = rows_of_levels(history)
        weights = np.array([level.weight for level in history.pooling.levels] or [1.0])
        self.level = np.repeat(np.arange(len(weights)), [len(np.unique(rows)) for rows in self.rows.T])
        self.weight = weights[self.level]
        found = [np.flatnonzero(row) for row in history.purchases]
        counts = np.concatenate([row[each] for row, each in zip(history.purchases, found, strict=True)])
        product = np.concatenate(found)
        state = np.repeat(np.arange(len(found)), [len(each) for each in found])
        keys, sums = [], []
        for rows in self.rows.T:
            own, place = np.unique(rows[state] * history.products + product, return_inverse=True)
            keys.append(own)
            sums.append(np.bincount(place, weights=counts, minlength=len(own)))
        self.key, self.bought = np.concatenate(keys), np.concatenate(sums)

    def shape(self, keys: NDArray[np.int64]) -> NDArray[np.float64]:
        """(U,) purchases that the history's incidence is worth at each key: those seen, and the weight of the level.

        It is the shape of the Gamma distribution that the pooling has of this incidence.
        """
        place = np.minimum(np.searchsorted(self.key, keys), max(0, len(self.key) - 1))
        seen = np.zeros(len(keys))
        if len(self.key):
            seen = np.where(self.key[place] == keys, self.bought[place], 0.0)
        return self.weight[keys // self.incidence.shape[1]] + seen
