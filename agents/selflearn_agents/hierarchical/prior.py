"""What is believed of the products before any response: a mean per state, and how the states vary together."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.shop.history import History

LEAST = 1e-9  # of an incidence


class Prior(NamedTuple):
    """The log-appeal of a product in the states of a block is normal: all M blocks have Q states, and L levels.

    The covariance between two states of a block is `common_variance` of the block and product, plus `level_variance` of
    each level at which they are in one group. Blocks and products are independent of each other.

    Attributes:
        block: (S,) the block of each state.
        place: (S,) its place there, 0 <= place < Q.
        members: (M, Q) the states of each block, by place.
        mean: (S, P) float32.
        common_variance: (M, P) float32, of what all states of the block have in common.
        level_variance: (L,) of each level.
        same_group: (L, Q, Q) whether two places are in one group of the level.
    """

    block: NDArray[np.int64]
    place: NDArray[np.int64]
    members: NDArray[np.int64]
    mean: NDArray[np.float32]
    common_variance: NDArray[np.float32]
    level_variance: NDArray[np.float64]
    same_group: NDArray[np.bool_]


class Levels(NamedTuple):
    """How the history's pooling is read as a hierarchy of variances.

    Attributes:
        block_tier: the tier of the blocks, which the pooling splits first.
        block_weight: how many purchases the group around a block is worth.
        inner: tiers, without that of the blocks, and weight of each level inside the blocks.
    """

    block_tier: int
    block_weight: float
    inner: list[tuple[tuple[int, ...], float]]


def levels(history: History) -> Levels:
    """A level for each set of the other tiers; sets of equal size share what the pooling gives to so many tiers."""
    path = history.pooling.levels
    first = path[1].tiers[0]
    others = [tier for tier in range(len(history.states.shape)) if tier != first]
    alone = len(path[1].tiers) == 1
    inner = []
    for level in path[2:] if alone else path[1:]:
        sets = list(combinations(others, len(level.tiers) - 1))
        inner += [(tiers, level.weight * len(sets)) for tiers in sets]
    return Levels(first, path[1 if alone else 0].weight, inner)


def history_prior(history: History) -> Prior:
    """The prior that the history supports; `HierarchicalAgent` has the formulas."""
    tier, weight, inner = levels(history)
    labels = history.states.table
    block = labels[:, tier]
    members = np.argsort(block, kind="stable").reshape(history.states.shape[tier], -1)
    inside = labels[members[0]]
    prior = Prior(
        block=block.copy(),
        place=np.argsort(members, axis=None, kind="stable") % members.shape[1],
        members=members,
        mean=np.empty((len(block), history.products), dtype=np.float32),
        common_variance=np.empty((len(members), history.products), dtype=np.float32),
        level_variance=1.0 / np.array([weight for _, weight in inner]),
        same_group=np.array([(inside[:, None, tiers] == inside[None, :, tiers]).all(axis=2) for tiers, _ in inner]),
    )
    # A few states at a time, and not by way of the history, which would keep what it needs: these tables are large.
    pooled = history.pooling.posterior(history.visits, history.purchases, history.states.shape)
    for number, states in enumerate(members):
        prior.mean[states] = np.log(np.maximum(pooled.rows(states), LEAST))
        bought = history.purchases[states].sum(axis=0, dtype=np.float64)
        share = bought / (weight + bought)
        prior.common_variance[number] = (1.0 + share + share**2) / (weight + bought)
    return prior
