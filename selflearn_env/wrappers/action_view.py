"""What the action views have in common: an action of another kind becomes a slate, in both faces."""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits
from selflearn_env.envs.face import face
from selflearn_env.shop.history import History


class ActionView(Protocol):
    """How actions become slates."""

    @property
    def space(self) -> gym.Space:
        """The space of one action."""
        ...

    def slates(self, actions: NDArray, visits: Visits) -> NDArray[np.int64]:
        """(B, n) the slates of actions (B, ...) in these visits.

        Raises:
            ValueError: an action cannot be read.
        """
        ...


class SlateAction(gym.ActionWrapper, RecordConstructorArgs):
    """The single face under a view."""

    def __init__(self, env: gym.Env, view: ActionView, **arguments: Any):
        """Wraps the environment; `arguments` are those of the wrapper, which its specification records."""
        RecordConstructorArgs.__init__(self, **arguments)
        gym.ActionWrapper.__init__(self, env)
        self.action_view, self.action_space = view, view.space
        self._face = face(env)

    def action(self, action: Any) -> NDArray[np.int64]:
        """(n,) the slate of an action.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: the action cannot be read.
        """
        return _slates(self.action_view, np.asarray(action)[None], self._face.visits)[0]


class VectorSlateAction(VectorActionWrapper):
    """The vector face under a view: one action per visit."""

    def __init__(self, env: VectorEnv, view: ActionView):
        super().__init__(env)
        self.action_view, self.single_action_space = view, view.space
        self._face = face(env)
        self.action_space = batch_space(view.space, self.num_envs)

    def actions(self, actions: Any) -> NDArray[np.int64]:
        """(B, n) the slates of actions (B, ...).

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: an action cannot be read, or there is not one per visit.
        """
        return _slates(self.action_view, np.asarray(actions), self._face.visits)


def _slates(view: ActionView, actions: NDArray, visits: Visits | None) -> NDArray[np.int64]:
    if visits is None:
        raise gym.error.ResetNeeded("no visit has begun: call reset() before step()")
    shape = (len(visits), *(view.space.shape or ()))
    if actions.shape != shape:
        raise ValueError(f"expected actions of shape {shape}, one per visit, got {actions.shape}")
    return view.slates(actions, visits)


def history_and_size(env: gym.Env | VectorEnv) -> tuple[History, int]:
    """The history of an environment's shop, and its slate size."""
    unwrapped = face(env)
    return unwrapped.shop.history, unwrapped.simulator.slate_size
