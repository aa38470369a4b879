"""Digests of short runs of every environment, customer model and agent: `python -m tests.agents.golden` writes them.

A changed digest is a changed result for equal seeds; CONTRIBUTING.md says what that asks for. Digests are over states,
slates and responses, which are whole numbers, and over rewards rounded to 6 decimals, since other processors and
libraries of linear algebra round the last bits otherwise. What is decided by such bits alone is left out: an agent
whose network torch trains, and one that belongs to another library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation.serving import Serving, decide, learned_by

from selflearn_env import Shop
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.simulator import Simulator
from tests.conftest import make_tiny_log

PLACE = Path(__file__).with_name("golden.json")
N, BATCH, ROUNDS = 3, 8, 12
RETAIL, PEOPLE = "selflearn/Retail-v0", "selflearn/RetailPeople-v0"
IDS = ("selflearn/Seed-v0", RETAIL, "selflearn/RetailJourney-v0", PEOPLE)
LEFT_OUT = ("sequence", "mabwiser")


def digests(shop: Shop) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is digested, by name, and how."""
    for env_id in IDS:
        yield env_id, lambda env_id=env_id: _of_environment(env_id, shop)
    for name in CUSTOMERS:
        yield f"customer {name}", lambda name=name: _of_environment(RETAIL, shop, customer=name)
    for name, kind in AGENTS.items():
        if name not in LEFT_OUT:
            env_id = PEOPLE if kind.knows_customers else RETAIL
            yield f"agent {name}", lambda name=name, env_id=env_id: _of_agent(name, env_id, shop)


def _of_environment(env_id: str, shop: Shop, **options: Any) -> str:
    """Both faces, under random slates."""
    found, rng = hashlib.sha256(), np.random.default_rng(1)
    env = gym.make(env_id, shop=shop, slate_size=N, **options)
    observation, info = env.reset(seed=2)
    for _ in range(ROUNDS):
        _add(found, observation, info["state"])
        observation, reward, terminated, truncated, info = env.step(rng.permutation(shop.products)[:N])
        _add(found, reward, terminated, truncated, info["response"], info["item_reward"])
        if terminated or truncated:
            observation, info = env.reset()
    envs = gym.make_vec(
        env_id, num_envs=BATCH, vectorization_mode="vector_entry_point", shop=shop, slate_size=N, **options
    )
    envs.reset(seed=3)
    for _ in range(ROUNDS):
        slates = rng.permuted(np.tile(np.arange(shop.products), (BATCH, 1)), axis=1)[:, :N]
        observation, reward, terminated, truncated, info = envs.step(slates)
        _add(found, observation, reward, terminated, truncated, info["state"], info["response"])
    return found.hexdigest()[:16]


def _of_agent(name: str, env_id: str, shop: Shop) -> str:
    """An agent that serves and learns."""
    simulator: Simulator = gym.make(env_id, shop=shop, slate_size=N).unwrapped.simulator
    known = {"simulator": simulator} if AGENTS[name].privileged else {}
    agent = make_agent(name, history=shop.history, slate_size=N, seed=4, **known)
    found, serving = hashlib.sha256(), Serving(simulator, BATCH, seed=5)
    for _ in range(ROUNDS):
        visits, now = serving.visits, serving.present
        slates = decide(agent, now, visits)
        outcome = serving.show(slates)
        agent.update(learned_by(agent, now, visits), slates, outcome.response, outcome.item_reward)
        _add(found, visits.state, slates, outcome.response, outcome.item_reward)
    return found.hexdigest()[:16]


def _add(found: Any, *columns: Any) -> None:
    """Digests numbers: whole ones as they are, others rounded."""
    for column in columns:
        array = np.asarray(column)
        whole = np.round(array.astype(np.float64) * 1e6).astype(np.int64) if array.dtype.kind == "f" else array
        found.update(np.ascontiguousarray(whole, dtype=np.int64).tobytes())


def main() -> None:
    """Writes the digests anew."""
    log = make_tiny_log()
    shop = Shop.from_transactions(log, segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)})
    PLACE.write_text(json.dumps({name: digest() for name, digest in digests(shop)}, indent=2) + "\n")
    print(PLACE)


if __name__ == "__main__":
    main()
