"""What the action views have in common: an action of another kind becomes a slate, in both faces."""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.core.visits import Visits


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


class SlateAction(gym.ActionWrapper):
    """The single face under a view."""

    def __init__(self, env: gym.Env, view: ActionView):
        super().__init__(env)
        self.action_view, self.action_space = view, view.space

    def action(self, action: Any) -> NDArray[np.int64]:
        """(n,) the slate of an action.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: the action cannot be read.
        """
        return _slates(self.action_view, np.asarray(action)[None], self.unwrapped.visits)[0]  # type: ignore[attr-defined]


class VectorSlateAction(VectorActionWrapper):
    """The vector face under a view: one action per visit."""

    def __init__(self, env: VectorEnv, view: ActionView):
        super().__init__(env)
        self.action_view, self.single_action_space = view, view.space
        self.action_space = batch_space(view.space, self.num_envs)

    def actions(self, actions: Any) -> NDArray[np.int64]:
        """(B, n) the slates of actions (B, ...).

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: an action cannot be read, or there is not one per visit.
        """
        return _slates(self.action_view, np.asarray(actions), self.unwrapped.visits)  # type: ignore[attr-defined]


def _slates(view: ActionView, actions: NDArray, visits: Visits | None) -> NDArray[np.int64]:
    if visits is None:
        raise gym.error.ResetNeeded("no visit has begun: call reset() before step()")
    shape = (len(visits), *(view.space.shape or ()))
    if actions.shape != shape:
        raise ValueError(f"expected actions of shape {shape}, one per visit, got {actions.shape}")
    return view.slates(actions, visits)


def of_env(env: Any) -> tuple[Any, int]:
    """The history of an environment's shop, and its slate size; `env` may be of either face and wrapped."""
    return env.unwrapped.shop.history, env.unwrapped.simulator.slate_size
