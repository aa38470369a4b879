"""Logs in the columns of the Open Bandit Dataset (Saito et al. 2021), and back.

A row of that data set is one product in one of three places of a page: `timestamp`, `item_id`, `position` (1..3),
`click`, `propensity_score`, `user_feature_0` and more, `user-item_affinity_0` and more. Rows do not say which others
were on the same page, and there are too few of them to find out, so that slates cannot be put together again. A row is
therefore a visit with a slate of one product, and the place is part of its state: a target shows one product, and may
show another in another place. The score is the probability of the product in this place, whatever the others show: to a
slate of one it is both propensity and marginal.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd

from selflearn_agents.logs.frame import label_of
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.core.rewards import CLICKED, IGNORED
from selflearn_env.core.states import StateSpace, Tier

NEEDED = ("item_id", "position", "click", "propensity_score")
FEATURE, AFFINITY = re.compile(r"user_feature_(\d+)"), re.compile(r"user-item_affinity_(\d+)")
PLACE = "position"
MOST = 1_000_000  # states


def from_open_bandit(frame: pd.DataFrame, agent: str = "unknown") -> tuple[VisitLog, StateSpace]:
    """The log of rows of the Open Bandit Dataset, and its states: each user feature is a tier, the last is the place.

    Rows are visits in order of their timestamps, in their own order where there are none. `item_id` is the product
    index. A click earns 1 and no click 0, so that values are click-through rates, per place. Affinities, which agents
    of states cannot use, are the observations; without any, states are. The timestamps are not kept.

    Args:
        frame: such as `pandas.read_csv("all.csv", index_col=0)` makes it; features may have any values.
        agent: what to call the policy, which the data set has in the name of its folder: "random" or "bts".

    Raises:
        ValueError: a column is missing or makes no sense; the message names it.
    """
    found = ", ".join(map(str, frame.columns[:12]))
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise ValueError(f"the Open Bandit Dataset has {', '.join(missing)}, too; found {found}")
    rows = frame.sort_values("timestamp", kind="stable") if "timestamp" in frame.columns else frame
    tiers, numbers = [], []
    for name in (*_numbered(rows, FEATURE), PLACE):
        number, labels = pd.factorize(rows[name].to_numpy(), sort=True)
        if number.min(initial=0) < 0:
            raise ValueError(f"the column {name!r} is empty in some rows")
        tiers.append(Tier(name, tuple(map(label_of, labels.tolist()))))
        numbers.append(number)
    size = math.prod(len(tier.labels) for tier in tiers)
    if size > MOST:
        raise ValueError(f"the user features make {size:,} states, more than {MOST:,}: leave some out, or join values")
    states = StateSpace(tuple(tiers))
    log = VisitLog.from_frame(
        pd.DataFrame(
            {
                "visit": np.arange(len(rows)),
                "state": states.encode(np.stack(numbers, axis=1)),
                "slot": 0,
                "product": rows["item_id"].to_numpy(),
                "response": rows["click"].to_numpy(),
                "item_reward": rows["click"].to_numpy(),
                "propensity": rows["propensity_score"].to_numpy(),
                "marginal": rows["propensity_score"].to_numpy(),
            }
        ),
        agent=agent,
    )
    if log.response.max() > CLICKED:
        raise ValueError(f"click is 0 or 1, found {log.response.max()}")
    affinities = _numbered(rows, AFFINITY)
    if affinities:
        seen = rows[affinities].to_numpy(dtype=np.float64)
        log = replace(log, observation=seen, last_observation=seen)
    return log, states


def to_open_bandit(log: VisitLog, states: StateSpace) -> pd.DataFrame:
    """A log as rows of the Open Bandit Dataset, one for each shown product; `to_csv` writes them as obp reads them.

    Tiers are user features, by their labels; slots are places, unless the last tier is the place, as in a log of
    `from_open_bandit`, whose rows come back. Purchases are clicks, too. `timestamp` only keeps the order: it counts
    visits, in seconds since 1970. The features of products, which obp reads from a file of its own, are no part of it.

    Args:
        log: the visits.
        states: the state space of the log.

    Raises:
        ValueError: the log has no marginals, or no responses, or the place is part of the state and slates are longer
            than 1, or a state does not exist.
    """
    visits, slots = log.slate.shape
    own_place = states.tiers[-1].name == PLACE
    if own_place and slots > 1:
        raise ValueError(f"the place is part of the state, so slates have one product, not {slots}")
    score = log.propensity if log.marginal is None and slots == 1 else log.marginal
    if score is None:
        raise ValueError(
            "propensity_score is the marginal of a slot, and the log has none: record it with marginals=True"
        )
    if log.response.min() < IGNORED:
        raise ValueError("the log tells rewards, and not what was clicked")
    labels = [
        np.array(tier.labels, dtype=object)[numbers].repeat(slots)
        for tier, numbers in zip(states.tiers, states.decode(log.state).T, strict=True)
    ]
    place = labels.pop().astype(np.int64) if own_place else np.tile(np.arange(1, slots + 1), visits)
    table = {
        "timestamp": pd.to_datetime(np.repeat(np.arange(visits), slots), unit="s", utc=True),
        "item_id": log.slate.ravel(),
        "position": place,
        "click": (log.response.ravel() >= CLICKED).astype(np.int64),
        "propensity_score": score.ravel(),
        **{f"user_feature_{number}": column for number, column in enumerate(labels)},
    }
    if own_place and log.observation.ndim == 2:
        table |= {f"user-item_affinity_{number}": column for number, column in enumerate(log.observation.T)}
    return pd.DataFrame(table)


def _numbered(rows: pd.DataFrame, kind: re.Pattern[str]) -> list[str]:
    """The columns of a kind, in the order of their numbers."""
    found = [(int(match[1]), str(name)) for name in rows.columns if (match := kind.fullmatch(str(name)))]
    return [name for _, name in sorted(found)]
