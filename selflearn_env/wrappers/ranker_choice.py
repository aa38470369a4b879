"""An action that chooses between whole rankings, for agents that could not choose ten products of thousands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits

Ranker = Callable[[Any], NDArray[np.int64]]  # (B) visits -> (B, n) slates


class RankerChoice(gym.ActionWrapper, gym.utils.RecordConstructorArgs):
    """The single face with the action Discrete(K): which of K rankers makes the slate.

    A ranker is called with the visits under way, as `env.unwrapped.visits` has them, and returns their slates (B, n);
    with a static agent it is `lambda visits: agent.act(visits.state)`.
    """

    def __init__(self, env: gym.Env, rankers: Sequence[Ranker]):
        """Keeps the rankers.

        Raises:
            ValueError: there are none.
        """
        gym.utils.RecordConstructorArgs.__init__(self, rankers=rankers)
        gym.ActionWrapper.__init__(self, env)
        self._rankers = _some(rankers)
        self.action_space = gym.spaces.Discrete(len(self._rankers))

    def action(self, action: Any) -> NDArray[np.int64]:
        """(n,) the slate of a ranker's number.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: there is no such ranker.
        """
        return chosen_slates(self._rankers, np.asarray(action)[None], self.unwrapped.visits)[0]  # type: ignore[attr-defined]


class VectorRankerChoice(VectorActionWrapper):
    """The same for the vector face: actions (B,) choose the ranker of each visit."""

    def __init__(self, env: VectorEnv, rankers: Sequence[Ranker]):
        """Keeps the rankers.

        Raises:
            ValueError: there are none.
        """
        super().__init__(env)
        self._rankers = _some(rankers)
        self.single_action_space = gym.spaces.Discrete(len(self._rankers))
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def actions(self, actions: Any) -> NDArray[np.int64]:
        """(B, n) the slates of the rankers' numbers (B,).

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: there is no such ranker, or not one number per visit.
        """
        return chosen_slates(self._rankers, np.asarray(actions), self.unwrapped.visits)  # type: ignore[attr-defined]


def chosen_slates(rankers: Sequence[Ranker], choice: NDArray[np.integer], visits: Visits | None) -> NDArray[np.int64]:
    """(B, n) slates of the rankers with these numbers (B,), each asked once for all its visits.

    Raises:
        gymnasium.error.ResetNeeded: no visit has begun.
        ValueError: there is no such ranker, or not one number per visit.
    """
    if visits is None:
        raise gym.error.ResetNeeded("no visit has begun: call reset() before step()")
    if choice.shape != (len(visits),) or choice.dtype.kind not in "iu":
        raise ValueError(f"expected one ranker's number per visit, ({len(visits)},), got {choice.dtype} {choice.shape}")
    if not ((choice >= 0) & (choice < len(rankers))).all():
        raise ValueError(f"there are rankers 0..{len(rankers) - 1}, got {choice.min()}..{choice.max()}")
    asked = [np.flatnonzero(choice == number) for number in range(len(rankers))]
    answers = [(rows, rank(visits.rows(rows))) for rank, rows in zip(rankers, asked, strict=True) if rows.size]
    slates = np.empty((len(visits), answers[0][1].shape[1]), dtype=np.int64)
    for rows, some in answers:
        slates[rows] = some
    return slates


def _some(rankers: Sequence[Ranker]) -> list[Ranker]:
    if not len(rankers):
        raise ValueError("there is nothing to choose from: rankers is empty")
    return list(rankers)
