"""An action that re-ranks the few products that the history recommends in the state."""

from __future__ import annotations

from typing import Self

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction, history_and_size, top_eligible
from selflearn_env.wrappers.candidate_subset import best_candidates


class Reranking:
    """Box(-1, 1, (k,)): the slate is the n of the state's k candidates with the greatest log incidence + action.

    At 0 the slate is what the history recommends, at 1 the history's incidence of a candidate counts e times as much.
    What is lost: every product that the history does not rank among the first k of the state. Of these, what may not be
    shown is passed over, as long as the others fill a slate.
    """

    def __init__(self, history: History, slate_size: int, k: int):
        """Finds the candidates.

        Raises:
            ValueError: k does not fill a slate, or exceeds the catalogue.
        """
        self.products = best_candidates(history, slate_size, k)  # (S, k) best first
        self.standing = np.log(np.take_along_axis(history.incidence(), self.products, axis=1))
        self.space = gym.spaces.Box(-1.0, 1.0, (int(k),), np.float32)
        self._slate_size = slate_size

    @classmethod
    def for_space(cls, history: History, slate_size: int, space: gym.Space) -> Self:
        """The view with as many candidates as the actions of a space have.

        Raises:
            TypeError: it is no space of this view.
            ValueError: its size does not fit the history.
        """
        if not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
            raise TypeError(f"{space} is no space of such actions")
        return cls(history, slate_size, space.shape[0])

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates of actions (B, k), of products that may be shown (P,); beyond -1 and 1 actions are cut.

        Raises:
            ValueError: an action is not a number.
        """
        if np.isnan(actions).any():
            raise ValueError("an action has a number for every candidate, got nan")
        products, scores = self.products[visits.state], self.standing[visits.state] + actions.clip(-1.0, 1.0)
        may = None if eligible is None else eligible[products]
        return np.take_along_axis(products, top_eligible(scores, self._slate_size, may), axis=1)


class CandidateScores(SlateAction):
    """The single face with the action of `Reranking`."""

    def __init__(self, env: gym.Env, candidates: int = 20):
        super().__init__(env, Reranking(*history_and_size(env), candidates), candidates=candidates)


class VectorCandidateScores(VectorSlateAction):
    """The vector face with the action of `Reranking`."""

    def __init__(self, env: VectorEnv, candidates: int = 20):
        super().__init__(env, Reranking(*history_and_size(env), candidates))
