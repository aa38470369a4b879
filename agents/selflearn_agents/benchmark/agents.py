"""How fast agents are: by themselves, and in the loop with the environment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from selflearn_agents import make_agent
from selflearn_agents.benchmark.environments import vector
from selflearn_agents.benchmark.measuring import ENV, Row, repeated, seconds
from selflearn_agents.evaluation.evaluate import serve_world
from selflearn_agents.evaluation.worlds import World
from selflearn_env import Shop
from selflearn_env.datasets import retail_shop

EVALUATED = (  # agent, visits decided at once, visits measured, at least so many per second
    ("epsilon_greedy", 1, 50_000, "50,000"),
    ("hierarchical", 1, 50_000, "30,000"),
    ("epsilon_greedy", 1024, 1_024_000, "1,500,000"),
    ("hierarchical", 1024, 409_600, "300,000"),
)
LOOPS = (  # agent, visits decided at once, visits measured, at least so many per second
    ("epsilon_greedy", 1, 20_000, "50,000"),
    ("hierarchical", 1, 20_000, "15,000"),
    ("epsilon_greedy", 1024, 409_600, "1,000,000"),
    ("hierarchical", 1024, 409_600, "200,000"),
)
ALONE = (
    "epsilon_greedy",
    "ucb",
    "thompson",
    "hierarchical",
    "linear_ucb",
    "linear_thompson",
    "gradient",
    "cascade_ucb",
)
MILLION = 1_000_000


def agent_rows(repeats: int) -> list[Row]:
    """All of them; MABWiser beside them if installed."""
    rows = [
        Row(
            f"{name} and environment, batch {batch:,}", "visits/s", target, repeated(repeats, loop(name, batch, visits))
        )
        for name, batch, visits, target in LOOPS
    ]
    rows += [
        Row(f"evaluate, {name}, batch {batch:,}", "visits/s", target, repeated(repeats, evaluated(name, batch, visits)))
        for name, batch, visits, target in EVALUATED
    ]
    at_once = loop("epsilon_greedy", 256, MILLION)
    rows.append(Row("1,000,000 customers, batch 256", "s", "5", [MILLION / at_once() for _ in range(repeats)]))
    one_by_one = loop("epsilon_greedy", 1, MILLION // 10)
    rows.append(
        Row(
            "1,000,000 customers, batch 1 (ten times 100,000)",
            "s",
            "20",
            [MILLION / one_by_one() for _ in range(repeats)],
        )
    )
    measured = [(name, 10_000) for name in ALONE] + ([("mabwiser", 200)] if find_spec("mabwiser") else [])
    rows += [
        Row(f"{name} alone, batch 1", "visits/s", "", repeated(repeats, partial(alone, name, 1, visits)))
        for name, visits in measured
    ]
    return rows


def evaluated(name: str, batch: int, visits: int) -> Callable[[], float]:
    """A measurement of the visits per second of `evaluate` with a new agent, exact figures and all."""
    shop = retail_shop()
    world = World(name, ENV, visits, {"shop": shop})

    def rate() -> float:
        agent = make_agent(name, history=shop.history)
        return visits / seconds(lambda: serve_world(agent, world, batch, seed=0, progress=False))

    return rate


def loop(name: str, batch: int, visits: int, shop: Shop | None = None) -> Any:
    """A measurement of the visits per second of a new agent that serves and learns, environment included."""
    shop = shop or retail_shop()
    envs, history = vector(ENV, batch, shop=shop), shop.history

    def rate() -> float:
        agent = make_agent(name, history=history)
        states = envs.reset(seed=0)[1]["state"]
        begin = perf_counter()
        for _ in range(visits // batch):
            slates = agent.act(states)
            info = envs.step(slates)[-1]
            agent.update(states, slates, info["response"], info["item_reward"])
            states = info["state"]
        return visits / (perf_counter() - begin)

    return rate


def alone(name: str, batch: int, visits: int) -> float:
    """Visits per second of a new agent, without the environment's time."""
    envs = vector(ENV, batch)
    agent = make_agent(name, history=retail_shop().history)
    states = envs.reset(seed=0)[1]["state"]
    spent = 0.0
    for _ in range(visits // batch):
        begin = perf_counter()
        slates = agent.act(states)
        spent += perf_counter() - begin
        info = envs.step(slates)[-1]
        begin = perf_counter()
        agent.update(states, slates, info["response"], info["item_reward"])
        spent += perf_counter() - begin
        states = info["state"]
    return visits / spent
