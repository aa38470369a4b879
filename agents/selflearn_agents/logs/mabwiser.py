"""Logged visits for MABWiser (Strong, Kleynhans and Kadioglu 2021), and slates from what it has learned of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import IGNORED
from selflearn_env.core.states import StateSpace


def mabwiser_arrays(
    log: VisitLog, states: StateSpace
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float32]]:
    """The arguments of `MAB.fit` and `MAB.partial_fit`, one row for each shown product; the arms are product indexes.

    MABWiser expects 0 of an arm that it knows nothing of, and with a ridge (`l2_lambda`) moves all others towards 0. So
    rewards are counted from what an ignored product earns: what was never shown is expected to be ignored.

    Propensities are not among the arguments: MABWiser averages over the rows as they come.

    Args:
        log: the visits.
        states: the state space of the shop.

    Returns:
        decisions (V * n,), rewards (V * n,) above that of an ignored product in reward units, and contexts (V * n,
        labels of all tiers), 1 for the label of each tier and otherwise 0, which bandits without contexts do not take.

    Raises:
        ValueError: a state of the log is not in the state space.
    """
    ignored = log.response == IGNORED
    least = log.item_reward[ignored].mean() if ignored.any() else log.item_reward.min()
    visited = np.repeat(states.check(log.state), log.slate.shape[1])
    return log.slate.ravel(), log.item_reward.ravel() - least, states.onehot()[visited]


def mabwiser_slates(model: Any, states: StateSpace, slate_size: int) -> NDArray[np.int64]:
    """(S, n) the products of greatest expectation in each state, best first.

    Args:
        model: a `mabwiser.mab.MAB` fitted to `mabwiser_arrays`.
        states: the state space of the shop, S states.
        slate_size: products per slate, n.
    """
    contexts = (states.onehot(),) if model.is_contextual else ()
    found = model.predict_expectations(*contexts)
    rows = found if isinstance(found, list) else [found] * states.size
    arms = np.array(model.arms)
    scores = np.array([[row[arm] for arm in model.arms] for row in rows])
    return arms[top(scores, slate_size)]
