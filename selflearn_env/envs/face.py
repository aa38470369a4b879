"""What both faces of the environment have beside Gymnasium's own, with types."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

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

    def action_masks(self) -> NDArray[np.bool_]:
        """What each slot may show: (n * P,), slot after slot, or (B, n * P)."""
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


def masks_of(simulator: Simulator, visits: Visits | None) -> NDArray[np.bool_]:
    """(B, n * P) what each slot may show to each of the visits, slot after slot.

    Args:
        simulator: as it is at present.
        visits: B visits under way, or None.

    Raises:
        gymnasium.error.ResetNeeded: no visit has begun.
    """
    if visits is None:
        raise gym.error.ResetNeeded("no visit has begun: call reset() before action_masks()")
    eligible = np.ones(simulator.products, dtype=bool) if simulator.eligible is None else simulator.eligible
    return np.tile(eligible, (len(visits), simulator.slate_size))
