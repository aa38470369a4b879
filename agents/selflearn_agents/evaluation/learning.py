"""What learners make of logs, by the exact worth of what they show: beside the policy that logged, and `popular`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_agents import make_agent
from selflearn_agents.agent import Agent
from selflearn_agents.baselines.exploring import ExploringAgent
from selflearn_agents.evaluation.exact import standing
from selflearn_agents.evaluation.serving import Serving
from selflearn_agents.evaluation.statistics import p_value
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.logs.record import record
from selflearn_agents.offline import LEARNERS, make_learner, warm_start
from selflearn_agents.registry import agent_rng
from selflearn_agents.specification import AgentSpec
from selflearn_env.core.simulator import Simulator
from selflearn_env.shop.history import History

BATCH = 100  # visits decided before their feedback is learned from
DRAWS = 20  # slates in each state, for what a policy that draws them is worth
ANOTHER = 2**20  # is added to the seed of a log for that of the visits after it

LOGGING, AT_THE_END, POPULAR, BEST = "logging policy", "at its end", "popular", "best slates"
COLD, WARM = "cold", "warm"


def epsilon_greedy(history: History, slate_size: int, seed: int) -> Agent:
    """The article's agent, which learns while it logs."""
    return make_agent("epsilon_greedy", history=history, slate_size=slate_size, seed=seed)


def explored_popular(history: History, slate_size: int, seed: int) -> Agent:
    """`popular`, a tenth of the slots explored."""
    return ExploringAgent(history, slate_size, agent_rng(seed))


LOGGERS: dict[str, Callable[[History, int, int], Agent]] = {
    "epsilon_greedy": epsilon_greedy,
    "popular, a tenth explored": explored_popular,
}


def rounds(agent: Agent, simulator: Simulator, visits: int, seed: int) -> Iterator[tuple[NDArray, ...]]:
    """Lets an agent serve visits that are episodes each, 100 at a time, and learn from them.

    Args:
        agent: the agent; it learns from a round when the next is asked for.
        simulator: of customers of one visit each.
        visits: how many.
        seed: of the environment.

    Yields:
        (b,) states, (b, n) slates, responses and item rewards of each round.
    """
    serving = Serving(simulator, BATCH, seed)
    for done in range(0, visits, BATCH):
        state = serving.visits.state.copy()
        slate = agent.act(state).copy()
        outcome = serving.show(slate)
        own = slice(visits - done)  # of the last round, not all count
        feedback = state[own], slate[own], outcome.response[own].copy(), outcome.item_reward[own].copy()
        yield feedback
        agent.update(*feedback)


def worth_of(agent: Agent, simulator: Simulator) -> float:
    """Expected reward per visit, over all states as often as they come; exact for what is sure, else of some draws."""
    states, agent = np.arange(simulator.states.size), deepcopy(agent)
    draws = 1 if agent.sure else DRAWS
    return float(np.mean([standing(simulator, agent.act(states)).expected for _ in range(draws)]))


def runs_of(
    world: World, logger: str, visits: int, seeds: int, warm: AgentSpec | None, warm_visits: int
) -> Iterator[dict[str, object]]:
    """The figures of a customer model and a logging policy: for each seed and policy a row.

    Args:
        world: the customers, called by their model.
        logger: a key of `LOGGERS`.
        visits: of each log.
        seeds: logs.
        warm: an agent that serves after the log, once as it is and once warm-started; None for none.
        warm_visits: how many visits it then serves.
    """
    history, simulator = world.shop.history, world.simulator
    slate_size, states = simulator.slate_size, np.arange(simulator.states.size)
    popular = make_agent("popular", history=history, slate_size=slate_size)
    references = {POPULAR: worth_of(popular, simulator), BEST: standing(simulator, popular.act(states)).optimal}
    for seed in range(seeds):
        agent = LOGGERS[logger](history, slate_size, seed)
        log = record(agent, world.env_id, visits, seed, batch=BATCH, **world.env_options)
        served = float(simulator.expected_reward(log.state, log.slate).mean())
        found = {LOGGING: served, AT_THE_END: worth_of(agent, simulator), **references}
        for name in LEARNERS:
            learner = make_learner(name, history=history, slate_size=slate_size, seed=seed).fit(log)
            found[name] = worth_of(learner, simulator)
        if warm is not None:
            for start in (COLD, WARM):
                serving = warm.make(history, slate_size, seed, simulator)
                if start == WARM:
                    warm_start(serving, log)
                earned = [
                    simulator.expected_reward(state, slate)
                    for state, slate, *_ in rounds(serving, simulator, warm_visits, seed + ANOTHER)
                ]
                found[f"{warm}, {start}"] = float(np.concatenate(earned).mean())
        for policy, value in found.items():
            yield {"customers": world.name, "log": logger, "seed": seed, "policy": policy, "value": value}


def compared(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per customer model, logging policy and policy: its mean over the seeds, and how it compares.

    Columns `value`; `over_logging`, `p_logging`, `over_popular`, `p_popular`: mean difference and the two-sided p-value
    of the paired t-test over the seeds, nan where there is one seed. A warm-started agent is compared with a cold one
    in the columns `over_cold` and `p_cold`.

    Args:
        frame: rows of `runs_of`.
    """
    rows = []
    for (customers, log), cell in frame.groupby(["customers", "log"], sort=False):
        by_policy = {name: some["value"].to_numpy() for name, some in cell.groupby("policy", sort=False)}
        for policy, value in by_policy.items():
            row = {"customers": customers, "log": log, "policy": policy, "value": value.mean()}
            cold = policy.removesuffix(WARM) + COLD
            for against, other in {"logging": LOGGING, "popular": POPULAR, "cold": cold}.items():
                if other in by_policy and other != policy and (against == "cold") == policy.endswith(f", {WARM}"):
                    row[f"over_{against}"] = (value - by_policy[other]).mean()
                    row[f"p_{against}"] = p_value(value, by_policy[other])
            rows.append(row)
    return pd.DataFrame(rows)
