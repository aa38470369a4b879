"""Agents that serve customers to the end of their lives: what a customer is worth under each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.evaluate import agent_name, check_fit
from selflearn_agents.evaluation.result import marked
from selflearn_agents.evaluation.serving import learned_by, serve_lives
from selflearn_agents.evaluation.statistics import Interval, p_value, paired_difference
from selflearn_agents.evaluation.worlds import World
from selflearn_env.core.rewards import BOUGHT

SIDE_BY_SIDE = 1_000  # customers, each with a memory of its own


@dataclass(frozen=True, eq=False, repr=False)
class LivesResult:
    """What C customers did in their lives, under one agent.

    Attributes:
        agent: its name.
        seed: of the environment.
        reward: (C,) undiscounted return of each customer, in reward units.
        expected_reward: (C,) the same, with the exact expected reward of each slate in the place of what it earned.
        visits: (C,) visits.
        purchases: (C,) products bought.
        left: (C,) whether the customer left for good before the calendar ended.
    """

    agent: str
    seed: int
    reward: NDArray[np.float64]
    expected_reward: NDArray[np.float64]
    visits: NDArray[np.int64]
    purchases: NDArray[np.int64]
    left: NDArray[np.bool_]

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value:.2f}" for name, value in self.figures().items())
        return f"LivesResult({self.agent}, seed {self.seed}, {len(self.visits):,} customers: {figures})"

    def figures(self) -> dict[str, float]:
        """Means per customer, and of the last quarter; the expected reward per visit; the share who left for good."""
        return {
            "return": float(self.reward.mean()),
            "expected return": float(self.expected_reward.mean()),
            "last quarter": float(self.expected_reward[-max(1, len(self.visits) // 4) :].mean()),
            "visits": float(self.visits.mean()),
            "purchases": float(self.purchases.mean()),
            "reward per visit": float(self.expected_reward.sum() / self.visits.sum()),
            "left": float(self.left.mean()),
        }


def evaluate_lives(
    agent: Agent,
    env_id: str = "selflearn/RetailJourney-v0",
    customers: int = 10_000,
    seed: int = 0,
    **env_options: Any,
) -> LivesResult:
    """Lets an agent serve customers to the end of their lives, and learn after each round of visits.

    Customers come in groups of up to 1,000, who live side by side. For equal seeds every agent meets the same customers
    in the same order, each with the same first visit, so that differences between agents can be paired by customer.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment of customers' lives.
        customers: how many, C.
        seed: of the environment.
        **env_options: options of the environment, such as `shop` or `journey`.

    Raises:
        ValueError: the number is not positive, agent and environment do not fit, an episode is one visit there, or an
            option is given that the evaluation decides itself.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, got {customers!r}")
    world = World(env_id, env_id, customers, {"slate_size": agent.slate_size, **env_options})
    return serve_customers(agent, world, customers, seed)


def serve_customers(agent: Agent, world: World, customers: int, seed: int) -> LivesResult:
    """Lets an agent serve customers of a world to the end of their lives; see `evaluate_lives`."""
    simulator = world.simulator
    if not simulator.lasting:
        raise ValueError(
            f"an episode of {world.env_id} is one visit; use `evaluate`, or an environment of customers' lives"
        )
    check_fit(agent, simulator)
    reward, expected = np.zeros((2, customers))
    visits, purchases = np.zeros((2, customers), dtype=np.int64)
    left = np.zeros(customers, dtype=bool)
    for served in serve_lives(simulator, agent, customers, SIDE_BY_SIDE, seed):
        rows, outcome = served.rows, served.outcome
        expected[rows] += served.simulator.expected_reward(served.visits, served.slates)
        reward[rows] += outcome.reward
        visits[rows] += 1
        purchases[rows] += np.count_nonzero(outcome.response == BOUGHT, axis=1)
        left[rows] = outcome.terminated
        agent.update(learned_by(agent, simulator, served.visits), served.slates, outcome.response, outcome.item_reward)
    return LivesResult(marked(agent_name(agent), agent.privileged), seed, reward, expected, visits, purchases, left)


def worth_more(results: Sequence[LivesResult], others: Sequence[LivesResult]) -> tuple[Interval, float]:
    """By how much a customer's expected return is greater under one agent than another.

    Args:
        results: one per seed.
        others: those of the other agent, of the same seeds; the runs are paired by seed.

    Returns:
        Mean and 95 % interval, and the p-value of the paired t-test.
    """
    own, other = ([each.expected_reward.mean() for each in of] for of in (results, others))
    return paired_difference(own, other), p_value(own, other)
