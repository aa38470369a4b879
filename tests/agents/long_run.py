"""What millions of visits do to each agent that learns: `python -m tests.agents.long_run --visits 10000000`.

Beside each agent, what it was told is added up in whole numbers. Where its values are averages these must be the same;
no number may be NaN, and memory must not grow. An agent that is too slow stops when its minutes are over.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from selflearn_agents import AGENTS, Agent, AgentSpec
from selflearn_agents.evaluation.serving import Serving, learned_by, seen_by
from selflearn_agents.storage import take_apart

from selflearn_env import Shop
from selflearn_env.datasets import SALES
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions

N = 5
LEARNERS = [name for name, agent in AGENTS.items() if agent._update is not Agent._update]
WEIGHT = {"epsilon_greedy": 0.0, "ucb": 100.0, "thompson": 100.0}  # showings that the start of an average counts for


class LongRun(NamedTuple):
    """What became of an agent."""

    name: str
    visits: int
    seconds: float
    deviation: float  # of its averages from exact ones, at most, in reward units; nan where it has none
    nan: int  # numbers that are NaN; bounds may be infinite
    growth: float  # of the process, in MB, over the last nine tenths of the visits
    early: float  # reward per visit in the first tenth of the visits
    late: float  # and in the last


def long_run(name: str, shop: Shop, visits: int, batch: int, minutes: float) -> LongRun:
    """Lets an agent serve and learn, and adds up beside it."""
    spec = AgentSpec(name, AGENTS[name], {"prior_weight": WEIGHT[name]} if name in WEIGHT else {})
    simulator = (PeopleOptions if spec.agent_class.knows_customers else Options)(slate_size=N).simulator(shop)
    agent, serving = spec.make(shop.history, N, 0, simulator), Serving(simulator, batch, 0)
    start = agent.values(np.arange(shop.states.size)) if name in WEIGHT else None
    total, count = np.zeros((2, shop.states.size * shop.products), dtype=np.int64)
    rewards, memory, begin = [], 0.0, perf_counter()
    rounds = visits // batch
    for round_ in range(rounds):
        before = serving.visits
        slates = agent.act(seen_by(agent, simulator, before))
        outcome = serving.show(slates)
        cells = before.state[:, None] * shop.products + slates
        np.add.at(total, cells, outcome.item_reward.astype(np.int64))
        np.add.at(count, cells, 1)
        rewards.append(int(outcome.item_reward.sum()))
        agent.update(learned_by(agent, simulator, before), slates, outcome.response, outcome.item_reward)
        if round_ == rounds // 10:
            memory = resident_memory()
        if perf_counter() - begin > 60 * minutes:
            break
    tenth = max(1, len(rewards) // 10)
    return LongRun(
        name,
        len(rewards) * batch,
        perf_counter() - begin,
        np.nan if start is None else deviation(agent, start, total.reshape(start.shape), count.reshape(start.shape)),
        sum(int(np.count_nonzero(np.isnan(array))) for array in floats(agent)),
        (resident_memory() - memory) / 1e6 if memory else np.nan,
        sum(rewards[:tenth]) / tenth / batch,
        sum(rewards[-tenth:]) / tenth / batch,
    )


def deviation(agent: Agent, start: np.ndarray, total: np.ndarray, count: np.ndarray) -> float:
    """How far averages are from those of exact sums, at most, of all that was shown."""
    weight = WEIGHT[next(name for name, kind in AGENTS.items() if kind is type(agent))]
    shown = count > 0
    exact = (weight * np.where(weight > 0, start, 0.0)[shown] + total[shown]) / (weight + count[shown])
    return float(np.abs(agent.values(np.arange(len(count)))[shown] - exact).max())


def floats(agent: Agent) -> Iterator[np.ndarray]:
    """All that the agent keeps in numbers that might not be one."""
    for array in take_apart(agent)[1].values():
        columns = [array[name] for name in array.dtype.names] if array.dtype.names else [array]
        yield from (column for column in columns if column.dtype.kind == "f")


def resident_memory() -> float:
    """Bytes of this process that are in memory; nan where Linux does not say it."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else np.nan


def main() -> None:
    """Prints a line for each agent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--visits", type=int, default=10_000_000, help="of each agent")
    parser.add_argument("--batch", type=int, default=4_096, help="visits decided at a time")
    parser.add_argument("--minutes", type=float, default=6.0, help="at most, for each agent")
    parser.add_argument("--agents", nargs="+", default=LEARNERS, choices=LEARNERS)
    options = parser.parse_args()
    shop = Shop.from_transactions(SALES, max_products=40)
    print(f"{'agent':16}{'visits':>12}{'visits/s':>10}{'deviation':>11}{'NaN':>5}{'MB more':>9}{'early':>8}{'late':>8}")
    for name in options.agents:
        run = long_run(name, shop, options.visits, options.batch, options.minutes)
        print(
            f"{name:16}{run.visits:12,}{run.visits / run.seconds:10,.0f}{run.deviation:11.1e}{run.nan:5}"
            f"{run.growth:9.1f}{run.early:8.3f}{run.late:8.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
