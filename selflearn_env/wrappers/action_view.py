"""What the action views have in common: an action of another kind becomes a slate, in both faces."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.core.ranking import top
from selflearn_env.core.visits import Visits
from selflearn_env.envs.face import Face, face
from selflearn_env.shop.history import History


class ActionView(Protocol):
    """How actions become slates."""

    @property
    def space(self) -> gym.Space:
        """The space of one action."""
        ...

    def slates(self, actions: NDArray, visits: Visits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of actions (B, ...) in these visits.

        Args:
            actions: of the space.
            visits: B visits.
            eligible: (P,) which products may be shown, None for all; others are passed over.

        Raises:
            ValueError: an action cannot be read.
        """
        ...


@runtime_checkable
class ChoiceView(ActionView, Protocol):
    """How choices of a few become slates."""

    def masks(self, visits: Visits, eligible: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """(B, m) which choices may be made in these visits, of products that may be shown (P,), None for all."""
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
        return _slates(self.action_view, np.asarray(action)[None], self._face)[0]

    def action_masks(self) -> NDArray[np.bool_]:
        """(m,) which choices may be made, slot after slot, as MaskablePPO of sb3-contrib takes it.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            NotImplementedError: actions are numbers, and no choice of a few.
        """
        return _masks(self.action_view, self._face)[0]


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
        return _slates(self.action_view, np.asarray(actions), self._face)

    def action_masks(self) -> NDArray[np.bool_]:
        """(B, m) which choices may be made in each visit; see `SlateAction`."""
        return _masks(self.action_view, self._face)


def _slates(view: ActionView, actions: NDArray, face: Face) -> NDArray[np.int64]:
    visits = _begun(face, "step()")
    shape = (len(visits), *(view.space.shape or ()))
    if actions.shape != shape:
        raise ValueError(f"expected actions of shape {shape}, one per visit, got {actions.shape}")
    return view.slates(actions, visits, face.simulator.eligible)


def _masks(view: ActionView, face: Face) -> NDArray[np.bool_]:
    visits = _begun(face, "action_masks()")
    if not isinstance(view, ChoiceView):
        raise NotImplementedError(f"an action of {view.space} is no choice of a few, and nothing of it can be masked")
    return view.masks(visits, face.simulator.eligible)


def _begun(face: Face, what: str) -> Visits:
    if face.visits is None:
        raise gym.error.ResetNeeded(f"no visit has begun: call reset() before {what}")
    return face.visits


def top_eligible(scores: NDArray[np.floating], count: int, eligible: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    """(B, count) columns of the greatest scores (B, C), others behind those that may be shown, (C,) or (B, C)."""
    return top(scores if eligible is None else np.where(eligible, scores, -np.inf), count)


def history_and_size(env: gym.Env | VectorEnv) -> tuple[History, int]:
    """The history of an environment's shop, and its slate size."""
    unwrapped = face(env)
    return unwrapped.shop.history, unwrapped.simulator.slate_size
