"""An action that chooses between whole rankings, for agents that could not choose ten products of thousands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

Ranker = Callable[[Any], NDArray[np.int64]]  # (B) visits -> (B, n) slates


class RankerChoice(gym.ActionWrapper):
    """The single face with the action Discrete(K): which of K rankers makes the slate.

    A ranker is called with the visits under way, as `envs.unwrapped.visits` has them, and returns their slates (B, n);
    with a static agent it is `lambda visits: agent.act(visits.state)`.
    """

    def __init__(self, env: gym.Env, rankers: Sequence[Ranker]):
        """Keeps the rankers.

        Raises:
            ValueError: there are none.
        """
        super().__init__(env)
        self._rankers = _some(rankers)
        self.action_space = gym.spaces.Discrete(len(self._rankers))

    def action(self, action: Any) -> NDArray[np.int64]:
        """(n,) the slate of a ranker's number."""
        return self._rankers[int(action)](self.unwrapped.visits)[0]  # type: ignore[attr-defined]


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
        """(B, n) the slates of the rankers' numbers (B,)."""
        return chosen_slates(self._rankers, np.asarray(actions), self.unwrapped.visits)  # type: ignore[attr-defined]


def chosen_slates(rankers: Sequence[Ranker], choice: NDArray[np.integer], visits: Any) -> NDArray[np.int64]:
    """(B, n) slates of the rankers with these numbers (B,), each asked once for all its visits."""
    if not ((choice >= 0) & (choice < len(rankers))).all():
        raise ValueError(f"there are rankers 0..{len(rankers) - 1}, got {choice.min()}..{choice.max()}")
    slates: NDArray[np.int64] | None = None
    for number in np.unique(choice):
        rows = np.flatnonzero(choice == number)
        some = rankers[number](visits.rows(rows))
        if slates is None:
            slates = np.empty((len(choice), some.shape[1]), dtype=np.int64)
        slates[rows] = some
    assert slates is not None
    return slates


def _some(rankers: Sequence[Ranker]) -> list[Ranker]:
    if not len(rankers):
        raise ValueError("there is nothing to choose from: rankers is empty")
    return list(rankers)
