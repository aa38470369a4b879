"""Logged visits for the Open Bandit Pipeline (Saito et al. 2021), as its feedback of slates, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.core.states import StateSpace

COLUMNS = {
    "visit": "slate_id",
    "slot": "position",
    "product": "action",
    "item_reward": "reward",
    "propensity": "pscore_cascade",
    "marginal": "pscore_item_position",
}
NEEDED = ("n_rounds", "slate_id", "context", "action", "position", "reward")


def to_obp(log: VisitLog, states: StateSpace, products: int) -> dict[str, Any]:
    """The log as obp's slate estimators take it, the keys and shapes of its `SyntheticSlateBanditDataset`.

    With V visits and slates of n: `n_rounds` V; `n_unique_action`; `context` (V, labels of all tiers), 1 for the label
    of each tier and otherwise 0; and, a row for each shown product, (V n,): `slate_id`, `position` from 0, `action`,
    `reward`, that of the product; where the log has propensities `pscore_cascade`, that of the slate down to this slot,
    and `pscore`, that of the whole slate; where it has marginals `pscore_item_position`. A log has no features of
    products (`action_context`) and no `expected_reward_factual`, and obp no responses, agents and episodes.

    obp's slate estimators are SIPS, IIPS, RIPS and Cascade-DR; their other arguments are a target's probabilities, the
    same products of `target.propensity(log.state, log.slate)` and of `target.marginals`.

    Args:
        log: the visits.
        states: the state space of the shop.
        products: size of the catalogue.

    Raises:
        ValueError: a state or product of the log does not exist.
    """
    visits, slots = log.slate.shape
    if log.slate.max() >= products:
        raise ValueError(f"the log has product {log.slate.max()}, but the products are 0..{products - 1}")
    feedback: dict[str, Any] = {
        "n_rounds": visits,
        "n_unique_action": products,
        "slate_id": np.repeat(np.arange(visits), slots),
        "context": states.onehot()[states.check(log.state)].astype(np.float64),
        "action": log.slate.ravel(),
        "position": np.tile(np.arange(slots), visits),
        "reward": log.item_reward.ravel(),
    }
    if log.propensity is not None:
        above = log.propensity.cumprod(axis=1)
        feedback |= {"pscore_cascade": above.ravel(), "pscore": above[:, -1].repeat(slots)}
    if log.marginal is not None:
        feedback["pscore_item_position"] = log.marginal.ravel()
    return feedback


def from_obp(feedback: Mapping[str, Any], states: StateSpace | None = None, agent: str = "unknown") -> VisitLog:
    """The log of obp's feedback of slates, such as `to_obp` or a `SyntheticSlateBanditDataset` makes it.

    Visits are in order of `slate_id`. Propensities come from `pscore_cascade`, marginals from `pscore_item_position`,
    where they are there; from `pscore` alone no propensities of slots follow. Responses are unknown, and each slate is
    an episode.

    Args:
        feedback: with `n_rounds`, `slate_id`, `context`, `action`, `position`, `reward`.
        states: of which the contexts are one-hot, as `to_obp` makes them. If None, different contexts are the states,
            numbered in order of their first number, then the second, and so on.
        agent: what to call the policy.

    Raises:
        ValueError: a key is missing, shapes do not fit, or contexts are not those of the states.
    """
    missing = [key for key in NEEDED if key not in feedback]
    if missing:
        raise ValueError(f"feedback of slates has {', '.join(missing)}, too; found {', '.join(feedback)}")
    context, rounds = np.asarray(feedback["context"]), int(feedback["n_rounds"])
    if context.ndim != 2 or len(context) != rounds:
        raise ValueError(f"context has the shape (n_rounds, features), n_rounds {rounds}, got {context.shape}")
    rows = {name: np.asarray(feedback[key]) for name, key in COLUMNS.items() if feedback.get(key) is not None}
    shapes = {COLUMNS[name]: column.shape for name, column in rows.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"feedback has a row for each shown product, so one shape in all of {shapes}")
    order = np.lexsort([rows["slot"], rows["visit"]])
    rows = {name: column[order] for name, column in rows.items()}
    slate = rows["visit"].astype(np.int64)
    if slate.size and not (slate[0] >= 0 and slate[-1] < rounds and (slate == rows["visit"]).all()):
        raise ValueError(f"slate_id counts from 0 to n_rounds - 1, {rounds - 1}, found {slate[0]} to {slate[-1]}")
    if "propensity" in rows:
        same = np.append(False, slate[1:] == slate[:-1])
        rows["propensity"] = rows["propensity"] / np.where(same, np.append(1.0, rows["propensity"][:-1]), 1.0)
    rows["state"] = _state_of(context, states)[slate]
    return VisitLog.from_frame(pd.DataFrame(rows), agent=agent)


def _state_of(context: NDArray, states: StateSpace | None) -> NDArray[np.int64]:
    """(V,) the state of each context (V, features)."""
    if states is None:
        return np.unique(context, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    onehot = states.onehot()
    begins = np.cumsum([0, *states.shape])
    if context.shape[1] != begins[-1]:
        raise ValueError(f"contexts have {context.shape[1]} features, but the states have {begins[-1]} labels")
    tiers = [context[:, begin:end].argmax(axis=1) for begin, end in pairwise(begins)]
    state = states.encode(np.stack(tiers, axis=1))
    wrong = (onehot[state] != context).any(axis=1)
    if wrong.any():
        raise ValueError(f"context {int(wrong.argmax())} is not one-hot for each tier; without `states` it may be any")
    return state
