"""What an `EpsilonGreedyAgent` knows, product by product, and one that starts from that."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.bandits.epsilon_greedy import EpsilonGreedyAgent
from selflearn_agents.bandits.value_table import ENTRY, ValueTable


class KnownValues(NamedTuple):
    """Products that are known in states, N of them, ascending by state and then by product.

    Attributes:
        states: (N,) state index.
        products: (N,) product index.
        values: (N,) float64.
        counts: (N,) how many rewards are in each value.
    """

    states: NDArray[np.int64]
    products: NDArray[np.int64]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]


MOST_COUNT = int(np.iinfo(ENTRY["count"]).max)


def known_values(agent: EpsilonGreedyAgent) -> KnownValues:
    """All that an agent knows."""
    table = agent._table
    met = table.places[table.places["cell"] >= 0]
    entries = np.concatenate([table.old, table.new[met["number"]]])
    old = np.repeat(np.arange(len(table.heads)), table.heads["end"] - table.heads["first"])
    states = np.concatenate([old, met["cell"] // agent.products])
    products = agent._order[entries["column"]]
    order = np.lexsort((products, states))
    counts = entries["count"].astype(np.int64)
    return KnownValues(states[order], products[order], entries["value"][order], counts[order])


def start_from(agent: EpsilonGreedyAgent, known: KnownValues) -> None:
    """Lets an agent know this, and nothing else: its averages go on from the values, with as many rewards in them."""
    old = agent._table
    columns = old.column[known.products]
    order = np.lexsort((columns, known.states))
    bounds = np.searchsorted(known.states[order], np.arange(agent.states + 1))
    columns, values = columns[order], known.values[order]
    by_state = [(columns[first:end], values[first:end]) for first, end in pairwise(bounds.tolist())]
    agent._table = ValueTable(old.column, by_state, old.depth, old.prior_weight, step_size=0.0)
    agent._table.most = old.most  # which is what the step size is for
    agent._table.old["count"] = known.counts[order]
