"""An action that chooses among the few products that the history recommends in the state."""

from __future__ import annotations

from typing import Self

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.ranking import top
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction, history_and_size


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

    A candidate that stands in a slot above, or may not be shown, is replaced by the best one not yet shown, so that no
    slot is wasted; where nothing else is left, by one that may not be shown. What is lost: every product that the
    history does not rank among the first k of the state.
    """

    def __init__(self, history: History, slate_size: int, k: int):
        """Finds the candidates.

        Raises:
            ValueError: k does not fill a slate, or exceeds the catalogue.
        """
        self.products = best_candidates(history, slate_size, k)
        self.space = gym.spaces.MultiDiscrete([int(k)] * slate_size)

    @classmethod
    def for_space(cls, history: History, slate_size: int, space: gym.Space) -> Self:
        """The view with as many candidates as the actions of a space have.

        Raises:
            TypeError: it is no space of this view.
            ValueError: its size does not fit the history.
        """
        if not isinstance(space, gym.spaces.MultiDiscrete) or len(space.shape) != 1:
            raise TypeError(f"{space} is no space of such actions")
        return cls(history, slate_size, int(space.nvec[0]))

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates of candidate numbers (B, n), of products that may be shown (P,).

        Raises:
            ValueError: a number is not that of a candidate.
        """
        k = self.products.shape[1]
        if actions.dtype.kind not in "iu" or not ((actions >= 0) & (actions < k)).all():
            raise ValueError(f"an action has the numbers of candidates, 0..{k - 1}, got {actions}")
        rows, products = np.arange(len(actions)), self.products[visits.state]
        passed = np.zeros(products.shape, dtype=np.int8)  # 1 what may not be shown, 2 what stands in a slot above
        if eligible is not None:
            passed[~eligible[products]] = 1
        places = np.empty(actions.shape, dtype=np.int64)
        for slot, wanted in enumerate(actions.T):
            places[:, slot] = np.where(passed[rows, wanted], passed.argmin(axis=1), wanted)
            passed[rows, places[:, slot]] = 2
        return np.take_along_axis(products, places, axis=1)

    def masks(self, visits: Visits, eligible: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """(B, n * k) which candidates each slot may show, slot after slot, of the products that may be (P,)."""
        products, slots = self.products[visits.state], len(self.space.nvec)
        return np.tile(np.ones(products.shape, dtype=bool) if eligible is None else eligible[products], (1, slots))


class CandidateSubset(SlateAction):
    """The single face with the action of `Candidates`."""

    def __init__(self, env: gym.Env, candidates: int = 20):
        super().__init__(env, Candidates(*history_and_size(env), candidates), candidates=candidates)


class VectorCandidateSubset(VectorSlateAction):
    """The vector face with the action of `Candidates`."""

    def __init__(self, env: VectorEnv, candidates: int = 20):
        super().__init__(env, Candidates(*history_and_size(env), candidates))
