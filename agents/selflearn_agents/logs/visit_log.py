"""What an agent showed to its customers, what came of it, and how probable it was that this would be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents.logs.frame import frame_of, visit_columns
from selflearn_agents.logs.parquet import VisitWriter, broken, read_visits
from selflearn_env.core.numbers import is_at_most, is_within
from selflearn_env.core.rewards import MOST, Rewards
from selflearn_env.core.states import StateSpace

ROUNDING = 1e-9  # by how much a sum of probabilities may be above 1


@dataclass(frozen=True, eq=False)
class VisitLog:
    """V visits in E episodes, in the order in which they were served; the arrays are read-only.

    Attributes:
        agent: name of the agent that chose the slates.
        env_id: the environment; empty where customers were real.
        seed: seed of the environment's first reset; the others follow from it.
        observation: (V, ...) what the environment showed of each visit.
        state: (V,) state index of each visit.
        slate: (V, n) product indexes in slate order.
        response: (V, n) int8, 0 ignored, 1 clicked, 2 bought, -1 where a log of others tells the rewards only.
        item_reward: (V, n) reward of each shown product, in reward units.
        propensity: (V, n) exact probability that the slot showed this product, given the products of the slots above
            it, what could be shown and all that the agent had learned until then; their product over the slots is that
            of the whole slate. None where the agent does not know its probabilities.
        terminated: (V,) whether the episode was over for good after this visit.
        truncated: (V,) whether it was cut short after this visit.
        last_observation: (E, ...) what the environment showed when each episode was over.
        last_state: (E,) state index when each episode was over.
        env_options: the options of the environment, as `gym.make` takes them.
        marginal: (V, n) exact probability that the slot showed this product, whatever the other slots show; None where
            it was not recorded.

    Raises:
        ValueError: shapes do not fit, the last episode does not end, a state or product is no index, a reward is not
            finite, or a propensity or marginal is no probability.
    """

    agent: str
    env_id: str
    seed: int
    observation: NDArray
    state: NDArray[np.int64]
    slate: NDArray[np.int64]
    response: NDArray[np.int8]
    item_reward: NDArray[np.float64]
    propensity: NDArray[np.float64] | None
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    last_observation: NDArray
    last_state: NDArray[np.int64]
    env_options: Mapping[str, Any] = field(default_factory=dict)
    marginal: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                value = value.copy()
                value.flags.writeable = False
                object.__setattr__(self, each.name, value)
        for name in ("terminated", "truncated"):
            if getattr(self, name).dtype != np.bool_:
                raise ValueError(f"{name} must be true or false for each visit, got {getattr(self, name).dtype}")
        self._check_shapes()
        if not len(self) or not self.over[-1]:
            raise ValueError("a log ends with the end of an episode: its last visit must be terminated or truncated")
        for name in ("state", "slate", "last_state"):
            values = getattr(self, name)
            if values.dtype.kind not in "iu" or values.min() < 0:
                raise ValueError(f"{name} has indexes, from 0, got {values.dtype} from {values.min()} on")
        if self.response.dtype.kind not in "iu" or not is_within(self.response.astype(np.int64) + 1, 4):
            raise ValueError("response has 0 ignored, 1 clicked, 2 bought, or -1 where that is not known")
        if not is_at_most(self.item_reward, MOST):
            raise ValueError(f"item_reward must have finite numbers, at most {MOST:g} in size")
        for name in ("propensity", "marginal"):
            values = getattr(self, name)
            bad = np.empty(0) if values is None else np.argwhere(~((values > 0) & (values <= 1 + ROUNDING)))
            if bad.size:
                visit, slot = bad[0].tolist()
                raise ValueError(
                    f"{name}[{visit}, {slot}] is {values[visit, slot]:g}, but what was shown had a "
                    f"probability p, 0 < p <= 1"
                )

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        columns: Mapping[str, str] | None = None,
        *,
        agent: str = "unknown",
        catalogue: Sequence[Any] | NDArray | None = None,
        states: StateSpace | None = None,
        rewards: Rewards | None = None,
    ) -> Self:
        """The log of a shop of one's own, one row for each product shown.

            column       what it has                                              who needs it
            visit        any name of the visit                                    all
            state        state index; with `states`, a label, or instead          all
                         of it a column of labels for each tier
            slot         place in the slate, from 0 or from 1                     all
            product      product index; with `catalogue`, an id                   all
            response     0 ignored, 1 clicked, 2 bought                           all, or item_reward
            item_reward  what the product earned, in reward units                 all, or response
            propensity   probability that this slot showed this product, given    who weights slates, or slots with
                         the products of the slots above; their product over      all above them: sips, rips, dr,
                         the slots is that of the whole slate                     cascade_dr and their kind
            marginal     probability that this slot showed this product,          who weights single slots: iips, pi
                         whatever the other slots show                            and their kind
            episode      any name of the customer, where customers come again     intervals: the visits of one are
                                                                                  taken together

        `dm` needs neither propensities nor marginals, and a log of uniformly random slates needs no marginals. Both are
        for all visits or for none; an empty column counts as none. A `logging_policy` that is given to
        `evaluate_offline` stands in for either. Where `episode` is empty the customer is nobody, and the visit an
        episode by itself. Rows may come in any order; visits of an episode stay in the order in which they first come.
        Dtypes may be numpy's, categorical, or pyarrow's; other columns are not read.

        Args:
            frame: the rows.
            columns: canonical name -> name in the frame, for those that are called otherwise; tiers are named as in
                `states`.
            agent: what to call the policy that showed the products.
            catalogue: (P,) ids, of which `product` has some, such as `shop.catalogue.ids`; None for product indexes.
            states: whose labels `state` or the tiers have, such as `shop.states`; None for state indexes.
            rewards: of the responses, where there are no item rewards; `Rewards()` if None.

        Raises:
            ValueError: a column is missing or makes no sense; the message names it, and the visit.

        Warns:
            UserWarning: the propensities look like those of whole slates.
        """
        given = visit_columns(frame, columns, catalogue, states, Rewards() if rewards is None else rewards)
        return cls(agent=agent, env_id="", seed=0, **given)

    def to_frame(self) -> pd.DataFrame:
        """One row for each product shown, with the columns of `from_frame`, which makes the same visits of it again.

        States and products are indexes, slots count from 0, and visits and episodes are numbers in their order. What
        the log does not know has no column. What is no column is not in it: agent, environment, observations, how
        episodes ended.
        """
        return frame_of(self)

    def to_parquet(self, path: str | Path) -> None:
        """Writes one Parquet file, whole or not at all: a row per visit, which other tools read, too.

        Raises:
            OSError: the file cannot be written.
            ValueError: the options of the environment cannot be kept as JSON.
        """
        with VisitWriter(path) as writer:
            writer.append(self)

    @classmethod
    def from_parquet(cls, path: str | Path) -> Self:
        """The log of a file of `to_parquet`. Options come back as JSON has them: `Rewards`, for example, as a mapping.

        Raises:
            OSError: there is no such file.
            ValueError: it is no such log.
        """
        columns = read_visits(Path(path))
        with broken(path):
            return cls(**columns)

    def __len__(self) -> int:
        """How many visits, V."""
        return len(self.slate)

    @cached_property
    def digest(self) -> str:
        """By which the same visits are known again: states, slates and rewards, in hexadecimal digits."""
        found = hashlib.sha256()
        for column in (self.state, self.slate, self.item_reward):
            found.update(np.ascontiguousarray(column).tobytes())
        return found.hexdigest()

    @cached_property
    def over(self) -> NDArray[np.bool_]:
        """(V,) whether the episode was over after the visit."""
        return self.terminated | self.truncated

    @cached_property
    def episode(self) -> NDArray[np.int64]:
        """(V,) number of the episode, from 0."""
        return np.cumsum(self.over) - self.over

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(E + 1,) index of the first visit of each episode, and V."""
        return np.concatenate([[0], np.flatnonzero(self.over) + 1])

    @property
    def reward(self) -> NDArray[np.float64]:
        """(V,) reward of each slate, in reward units."""
        return self.item_reward.sum(axis=1)

    def _check_shapes(self) -> None:
        if self.slate.ndim != 2:
            raise ValueError(f"slate has the shape (V, n), got {self.slate.shape}")
        visits, episodes = len(self), int(self.over.sum())
        expected = {
            "observation": (visits, *self.observation.shape[1:]),
            "state": (visits,),
            "response": self.slate.shape,
            "item_reward": self.slate.shape,
            "propensity": self.slate.shape,
            "marginal": self.slate.shape,
            "terminated": (visits,),
            "truncated": (visits,),
            "last_observation": (episodes, *self.observation.shape[1:]),
            "last_state": (episodes,),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(
                    f"{name} has the shape {array.shape}, but with slates {self.slate.shape} in {episodes} episodes "
                    f"it must have {shape}"
                )
