"""What both faces of the environment have beside Gymnasium's own, with types."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym

from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits
from selflearn_env.shop.shop import Shop


@runtime_checkable
class Face(Protocol):
    """An environment of this package, single or vector."""

    @property
    def shop(self) -> Shop:
        """The shop."""
        ...

    @property
    def simulator(self) -> Simulator:
        """The simulator, with the exact probabilities of this moment; for evaluation, not for agents."""
        ...

    @property
    def visits(self) -> Visits | None:
        """The visits under way, with all that the customers remember; for evaluation, not for agents."""
        ...


def face(env: gym.Env[Any, Any] | gym.vector.VectorEnv[Any, Any, Any]) -> Face:
    """The environment of this package within its wrappers: what `env.unwrapped` is, known to a type checker.

    Raises:
        TypeError: it is none of this package.
    """
    unwrapped = env.unwrapped
    if not isinstance(unwrapped, Face):
        raise TypeError(f"expected an environment of selflearn_env, got {type(unwrapped).__name__}")
    return unwrapped
