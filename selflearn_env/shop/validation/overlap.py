"""How much the best slates of different states have in common."""

from __future__ import annotations

import numpy as np

from selflearn_env.core.simulator import Simulator


def overlap(simulator: Simulator) -> dict[str, float]:
    """For each tier the share of products that the best slates of two states have in common that differ in it only."""
    states, n = simulator.states, simulator.slate_size
    best = simulator.optimal_slate(np.arange(states.size))
    shown = np.zeros((states.size, simulator.products), dtype=bool)
    shown[np.arange(states.size)[:, None], best] = True
    shared = {}
    for place, tier in enumerate(states.tiers):
        labels = len(tier.labels)
        if labels < 2:
            shared[tier.name] = float("nan")
            continue
        # For each group of states that differ in this tier only: in how many of them each product is shown.
        by_label = np.moveaxis(shown.reshape(*states.shape, -1), place, 0).reshape(labels, -1, simulator.products)
        count = by_label.sum(axis=0, dtype=np.int64)
        pairs = (count * (count - 1)).sum(axis=1) / (labels * (labels - 1))
        shared[tier.name] = float(pairs.mean()) / n
    return shared
