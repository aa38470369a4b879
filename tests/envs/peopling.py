"""Both faces of a small shop whose customers are persons."""

import gymnasium as gym
import numpy as np

from selflearn_env import Journey, Tastes
from tests.envs import plain_lists

PEOPLE, JOURNEY, RETAIL = "selflearn/RetailPeople-v0", "selflearn/RetailJourney-v0", "selflearn/Retail-v0"
N = 4
OFF = Tastes.off()
STILL, ONCE = Journey.off(returns=True), Journey.off()
OBSERVED = ["tiers", "index", "onehot", "journey", "state", "record", "person"]
WORLDS = [{}, {"past": "none"}, {"baskets": False}, {"season": "present"}, {"journey": ONCE}, {"tastes": OFF}]


def single_of(shop, env_id=PEOPLE, **options):
    return gym.make(env_id, **{"shop": shop, "slate_size": N, **options}).unwrapped


def vector_of(shop, num_envs=4, env_id=PEOPLE, **options):
    options = {"vectorization_mode": "vector_entry_point", "shop": shop, "slate_size": N, **options}
    return gym.make_vec(env_id, num_envs, **options).unwrapped


def steps_of(env, count, number=0, seed=None):
    """What a reset and a number of steps of either face return; a single face is reset after each life."""
    rng = np.random.default_rng(number)
    seen = [env.reset(seed=seed)]
    for _ in range(count):
        seen.append(env.step(rng.integers(env.shop.products, size=env.action_space.shape)))
        if isinstance(seen[-1][2], bool) and (seen[-1][2] or seen[-1][3]):
            seen.append(env.reset())
    return seen


def flat(seen):
    return plain_lists.flat(plain_lists.flat(seen))


def visits_of(simulator, batch, steps=0, number=0):
    """Visits after some random slates, and their run."""
    rng = np.random.default_rng(number)
    run = simulator.begin(rng)
    visits = simulator.start(batch, run)
    for _ in range(steps):
        slates = rng.permuted(np.tile(np.arange(simulator.products), (batch, 1)), axis=1)[:, : simulator.slate_size]
        outcome = simulator.respond(visits, slates, run)
        visits = simulator.restart(outcome.visits, outcome.terminated | outcome.truncated, run)
    return visits, run
