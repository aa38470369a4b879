"""What every example asks at its end: is the learned policy better than slates drawn at random?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

EPISODES = 20_000
FAR = 3  # standard errors


def judge(policy: Callable[[Any], Any], envs: VectorEnv, episodes: int = EPISODES, seed: int = 1_000) -> None:
    """Prints the mean return per episode of the policy, and of slates drawn at random.

    Args:
        policy: (B, ...) observations -> (B, ...) actions.
        envs: the native vector face, under the view that the policy acts in.
        episodes: at least so many are played with each; an episode is a visit, in `RetailJourney-v0` a customer.
        seed: of the environment, other than that of the training.

    Raises:
        SystemExit: the policy is not better by three standard errors.
    """
    bare = envs.unwrapped
    bare.action_space.seed(seed)
    learned = returns(policy, envs, episodes, seed)
    drawn = returns(lambda _: bare.action_space.sample(), bare, episodes, seed)
    errors = np.array([each.std(ddof=1) / np.sqrt(each.size) for each in (learned, drawn)])
    far = (learned.mean() - drawn.mean()) / np.hypot(*errors)
    print(
        f"learned {learned.mean():.2f} ± {errors[0]:.2f}, random {drawn.mean():.2f} ± {errors[1]:.2f}: "
        f"{far:.0f} standard errors apart"
    )
    if not far > FAR:
        raise SystemExit("the policy has not learned")


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
