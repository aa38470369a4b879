"""An action that chooses among the few products that the history recommends in the state."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.ranking import top
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction, of_env


def best_candidates(history: History, slate_size: int, k: int) -> NDArray[np.int64]:
    """(S, k) the products of greatest pooled incidence in the history of each state, best first.

    Raises:
        ValueError: k does not fill a slate, or exceeds the catalogue.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not slate_size <= k <= history.products:
        raise ValueError(
            f"candidates must be {slate_size}..{history.products}, from a slate's size to the catalogue's, got {k!r}"
        )
    return top(history.incidence(), int(k))


class Candidates:
    """MultiDiscrete([k] * n): each slot takes one of the k products that the history recommends in the state.

    A candidate that stands in a slot above is replaced by the best one not yet shown, so that no slot is wasted. What
    is lost: every product that the history does not rank among the first k of the state.
    """

    def __init__(self, history: History, slate_size: int, k: int):
        """Finds the candidates.

        Raises:
            ValueError: k does not fill a slate, or exceeds the catalogue.
        """
        self.products = best_candidates(history, slate_size, k)
        self.space = gym.spaces.MultiDiscrete([int(k)] * slate_size)

    def slates(self, actions: NDArray, visits: Visits) -> NDArray[np.int64]:
        """(B, n) slates of candidate numbers (B, n).

        Raises:
            ValueError: a number is not that of a candidate.
        """
        k = self.products.shape[1]
        if actions.dtype.kind not in "iu" or not ((actions >= 0) & (actions < k)).all():
            raise ValueError(f"an action has the numbers of candidates, 0..{k - 1}, got {actions}")
        rows, shown = np.arange(len(actions)), np.zeros((len(actions), k), dtype=bool)
        places = np.empty(actions.shape, dtype=np.int64)
        for slot, wanted in enumerate(actions.T):
            taken = shown[rows, wanted]
            places[:, slot] = np.where(taken, shown.argmin(axis=1), wanted)
            shown[rows, places[:, slot]] = True
        return np.take_along_axis(self.products[visits.state], places, axis=1)


class CandidateSubset(SlateAction, RecordConstructorArgs):
    """The single face with the action of `Candidates`."""

    def __init__(self, env: gym.Env, candidates: int = 20):
        RecordConstructorArgs.__init__(self, candidates=candidates)
        SlateAction.__init__(self, env, _view(env, candidates))


class VectorCandidateSubset(VectorSlateAction):
    """The vector face with the action of `Candidates`."""

    def __init__(self, env: VectorEnv, candidates: int = 20):
        super().__init__(env, _view(env, candidates))


def _view(env: Any, candidates: int) -> Candidates:
    return Candidates(*of_env(env), candidates)
