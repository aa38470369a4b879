"""Both faces of a tiny shop whose customers come back, and what whole lives of them return."""

import gymnasium as gym
import numpy as np

from selflearn_env import Journey
from tests.envs import plain_lists

JOURNEY, RETAIL = "selflearn/RetailJourney-v0", "selflearn/Retail-v0"
P, N, STATES = 8, 3, 672
OFF, STILL = Journey.off(), Journey.off(returns=True)
BRISK = Journey(fatigue=0.1, boredom=0.1, leave=0.1, patience=2, horizon=100)  # short lives, which end in both ways
OBSERVED = ["tiers", "index", "onehot", "journey"]


def single_of(shop, env_id=JOURNEY, **options):
    return gym.make(env_id, **{"shop": shop, "slate_size": N, **options}).unwrapped


def vector_of(shop, num_envs=4, env_id=JOURNEY, **options):
    options = {"vectorization_mode": "vector_entry_point", "shop": shop, "slate_size": N, **options}
    return gym.make_vec(env_id, num_envs, **options).unwrapped


def both_of(shop, **options):
    yield single_of(shop, **options)
    yield vector_of(shop, 1, **options)


def steps_of(env, count, number=0, seed=None):
    """What a reset and a number of steps of either face return; a single face is reset after each life."""
    rng = np.random.default_rng(number)
    seen = [env.reset(seed=seed)]
    for _ in range(count):
        seen.append(env.step(rng.integers(P, size=env.action_space.shape)))
        if isinstance(seen[-1][2], bool) and (seen[-1][2] or seen[-1][3]):
            seen.append(env.reset())
    return seen


def flat(seen):
    """What an environment returns as plain lists; twice, as the last observations are arrays within an array."""
    return plain_lists.flat(plain_lists.flat(seen))
