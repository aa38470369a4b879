"""An action that chooses between whole rankings, for agents that could not choose ten products of thousands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction

Ranker = Callable[..., NDArray[np.int64]]  # (B) visits, and (P,) what may be shown if not all may -> (B, n) slates


class Rankers:
    """Discrete(K): which of K rankers makes the slate.

    A ranker is called with the visits under way, as `env.unwrapped.visits` has them, and returns their slates (B, n);
    with a static agent it is `lambda visits: agent.act(visits.state)`. Where products may be out of stock, appear or
    vanish it is also given what may be shown, (P,) bool: `lambda visits, eligible: agent.act(visits.state, eligible)`.
    """

    def __init__(self, rankers: Sequence[Ranker]):
        """Keeps the rankers.

        Raises:
            ValueError: there are none.
        """
        if not len(rankers):
            raise ValueError("there is nothing to choose from: rankers is empty")
        self._rankers = list(rankers)
        self.space = gym.spaces.Discrete(len(self._rankers))

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates of the rankers with these numbers (B,), each asked once for all its visits.

        Raises:
            ValueError: there is no such ranker.
        """
        last = len(self._rankers) - 1
        if actions.dtype.kind not in "iu" or not ((actions >= 0) & (actions <= last)).all():
            raise ValueError(f"an action is the number of a ranker, 0..{last}, got {actions}")
        asked = [np.flatnonzero(actions == number) for number in range(last + 1)]
        given = () if eligible is None else (eligible,)
        answers = [
            (rows, rank(visits.rows(rows), *given))
            for rank, rows in zip(self._rankers, asked, strict=True)
            if rows.size
        ]
        slates = np.empty((len(visits), answers[0][1].shape[1]), dtype=np.int64)
        for rows, some in answers:
            slates[rows] = some
        return slates

    def masks(self, visits: Visits, eligible: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """(B, K) every ranker may be chosen: each knows what may be shown."""
        return np.ones((len(visits), len(self._rankers)), dtype=bool)


class RankerChoice(SlateAction):
    """The single face with the action of `Rankers`."""

    def __init__(self, env: gym.Env, rankers: Sequence[Ranker]):
        super().__init__(env, Rankers(rankers), rankers=rankers)


class VectorRankerChoice(VectorSlateAction):
    """The vector face with the action of `Rankers`."""

    def __init__(self, env: VectorEnv, rankers: Sequence[Ranker]):
        super().__init__(env, Rankers(rankers))
