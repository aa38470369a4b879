"""What every example asks at its end: is the learned policy better than chance?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

EPISODES = 20_000
FAR = 3  # standard errors


def judge(policy: Callable[[Any], Any], envs: VectorEnv, episodes: int = EPISODES, seed: int = 1_000) -> None:
    """Prints the mean return per episode of the policy, of random actions in its view, and of random slates.

    A view may know the history, so that any action in it is better than a random slate: that is not the policy's merit.

    Args:
        policy: (B, ...) observations -> (B, ...) actions.
        envs: the native vector face, under the view that the policy acts in.
        episodes: at least so many are played with each; an episode is a visit, in `RetailJourney-v0` a customer.
        seed: of the environment, other than that of the training.

    Raises:
        SystemExit: the policy is not better than both by three standard errors.
    """
    found = {"learned": returns(policy, envs, episodes, seed)}
    for name, world in {"random actions": envs, "random slates": envs.unwrapped}.items():
        if name == "random slates" and world is envs:  # without a view its actions are slates, and the same are drawn
            found[name] = found["random actions"]
            continue
        world.action_space.seed(seed)
        found[name] = returns(lambda _, world=world: world.action_space.sample(), world, episodes, seed)
    means = {name: each.mean() for name, each in found.items()}
    errors = {name: each.std(ddof=1) / np.sqrt(each.size) for name, each in found.items()}
    print(", ".join(f"{name} {means[name]:.2f} ± {errors[name]:.2f}" for name in found))
    for name in list(found)[1:]:
        if not means["learned"] - means[name] > FAR * np.hypot(errors["learned"], errors[name]):
            raise SystemExit(f"the policy is not better than {name}")


def returns(policy: Callable[[Any], Any], envs: VectorEnv, episodes: int, seed: int) -> NDArray[np.float64]:
    """(at least `episodes`,) undiscounted returns; of each row the first episode after a reset, so that none is cut."""
    found: list[NDArray[np.float64]] = []
    while sum(map(len, found)) < episodes:
        observation, _ = envs.reset(seed=None if found else seed)
        earned, under_way = np.zeros(envs.num_envs), np.ones(envs.num_envs, dtype=bool)
        while under_way.any():
            observation, reward, terminated, truncated, _ = envs.step(policy(observation))
            earned += np.where(under_way, reward, 0.0)
            under_way &= ~(terminated | truncated)
        found.append(earned)
    return np.concatenate(found)
