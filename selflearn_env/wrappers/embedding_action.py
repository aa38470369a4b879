"""An action of a few numbers: where in a space of products the slate is taken from."""

from __future__ import annotations

from typing import Self

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from selflearn_env.core.embedding import embed_products
from selflearn_env.core.visits import Visits
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import SlateAction, VectorSlateAction, history_and_size, top_eligible


class Embeddings:
    """Box(-1, 1, (d,)): the slate is the n products of greatest score, score = log popularity + a @ embedding.

    The embeddings are the first d right singular vectors of log incidence (S, P), as the history pools it, less its
    mean over the visits: the directions in which the states differ most. At a = 0 the slate is the list of popular
    products; an action of 1 in one direction goes as far as a state three standard deviations from the mean. What is
    lost: slates off this plane; of d = 8 directions and ten products, most. What may not be shown is passed over.
    """

    def __init__(self, history: History, slate_size: int, dimension: int):
        """Finds the embeddings.

        Raises:
            ValueError: there are not so many dimensions.
        """
        most = min(history.states.size, history.products) - 1
        if isinstance(dimension, bool) or not isinstance(dimension, int | np.integer) or not 1 <= dimension <= most:
            raise ValueError(f"dimension must be 1..{most}, got {dimension!r}")
        self.popularity, self.embeddings = embed_products(history.incidence(), history.visits, int(dimension))
        self._slate_size = slate_size
        self.space = gym.spaces.Box(-1.0, 1.0, (int(dimension),), np.float32)

    @classmethod
    def for_space(cls, history: History, slate_size: int, space: gym.Space) -> Self:
        """The view with as many dimensions as the actions of a space have.

        Raises:
            TypeError: it is no space of this view.
            ValueError: its size does not fit the history.
        """
        if not isinstance(space, gym.spaces.Box) or len(space.shape) != 1:
            raise TypeError(f"{space} is no space of such actions")
        return cls(history, slate_size, space.shape[0])

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) slates of actions (B, d), of products that may be shown (P,). The states are not looked at.

        Beyond -1 and 1 actions are cut.

        Raises:
            ValueError: an action is not a number.
        """
        if np.isnan(actions).any():
            raise ValueError(f"an action has a number for every dimension, got {actions}")
        scores = self.popularity + actions.astype(np.float64).clip(-1.0, 1.0) @ self.embeddings
        return top_eligible(scores, self._slate_size, eligible)


class EmbeddingAction(SlateAction):
    """The single face with the action of `Embeddings`."""

    def __init__(self, env: gym.Env, dimension: int = 8):
        super().__init__(env, Embeddings(*history_and_size(env), dimension), dimension=dimension)


class VectorEmbeddingAction(VectorSlateAction):
    """The vector face with the action of `Embeddings`."""

    def __init__(self, env: VectorEnv, dimension: int = 8):
        super().__init__(env, Embeddings(*history_and_size(env), dimension))
