"""An action that scores every product."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction, history_and_size, top_eligible


class Scores:
    """Box(-1, 1, (P,)): the slate is the n products of greatest score, best first, equal ones in catalogue order.

    What may not be shown is passed over.
    Nothing is lost, and nothing is known: an action has thousands of numbers.
    """

    def __init__(self, history: History, slate_size: int):
        """Has a score for each product of the history."""
        self._slate_size = slate_size
        self.space = gym.spaces.Box(-1.0, 1.0, (history.products,), np.float32)

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates of scores (B, P), of products that may be shown (P,); the states are not looked at.

        Raises:
            ValueError: a score is not a number.
        """
        if np.isnan(actions).any():
            raise ValueError("an action of scores has a number for every product, got nan")
        return top_eligible(actions.astype(np.float64), self._slate_size, eligible)


class ScoreAction(SlateAction):
    """The single face with the action of `Scores`."""

    def __init__(self, env: gym.Env):
        super().__init__(env, Scores(*history_and_size(env)))


class VectorScoreAction(VectorSlateAction):
    """The vector face with the action of `Scores`."""

    def __init__(self, env: VectorEnv):
        super().__init__(env, Scores(*history_and_size(env)))
