"""One agent serves customers, learns from each visit, and everything is written down."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.evaluate import agent_name, check_fit
from selflearn_agents.evaluation.result import marked
from selflearn_agents.evaluation.serving import decide, learned_by, limits
from selflearn_agents.evaluation.worlds import check_options
from selflearn_agents.logs.visit_log import VisitLog

COLUMNS = ("observation", "state", "slate", "response", "item_reward", "propensity", "terminated", "truncated")


def record(agent: Agent, env_id: str, customers: int, seed: int = 0, **env_options: Any) -> VisitLog:
    """Lets an agent serve customers and learn from each visit, as `evaluate` does with a batch of 1.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment with a single face, such as "selflearn/Retail-v0".
        customers: episodes to serve; in `RetailJourney-v0` each has many visits, elsewhere one.
        seed: of the environment.
        **env_options: options of the environment, such as `shop`.

    Returns:
        The visits, with the propensities of the slates if the agent knows them.

    Raises:
        ValueError: the number is not positive, agent and environment do not fit, or an option is given that recording
            decides itself.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, got {customers!r}")
    check_options(env_options)
    env_options.setdefault("slate_size", agent.slate_size)
    env = gym.make(env_id, **env_options)
    world: Any = env.unwrapped
    check_fit(agent, world.simulator)
    name = marked(agent_name(agent), agent.privileged)
    visits: list[tuple[Any, ...]] = []
    last: list[tuple[Any, int]] = []
    for episode in tqdm(range(customers), desc=name, unit=" customers", disable=None, mininterval=0.5):
        last.append(_serve(agent, env, seed if episode == 0 else None, visits))
    env.close()
    columns: dict[str, Any] = dict(zip(COLUMNS, zip(*visits, strict=True), strict=True))
    known = columns.pop("propensity")
    last_observation, last_state = map(np.array, zip(*last, strict=True))
    return VisitLog(
        agent=name,
        env_id=env_id,
        seed=seed,
        propensity=None if known[0] is None else np.array(known),
        last_observation=last_observation,
        last_state=last_state,
        env_options=env_options,
        **{column: np.array(values) for column, values in columns.items()},
    )


def _serve(agent: Agent, env: gym.Env, seed: int | None, visits: list[tuple[Any, ...]]) -> tuple[Any, int]:
    """Serves one episode, adds its visits to the others, and returns the observation and the state at its end."""
    world: Any = env.unwrapped
    observation, info = env.reset(seed=seed)
    over = False
    while not over:
        observed, state, simulator = observation, info["state"], world.simulator
        slates = decide(agent, simulator, world.visits)
        slate = slates[0].copy()  # an agent may use its arrays again, or write to those that it is given
        seen = learned_by(agent, simulator, world.visits)
        propensity = _propensity(agent, seen, slate, **limits(simulator))
        observation, _, terminated, truncated, info = env.step(slate)
        response, item_reward = info["response"].copy(), info["item_reward"].copy()
        visits.append((observed, state, slate, response, item_reward, propensity, terminated, truncated))
        agent.update(seen, slates, info["response"][None], info["item_reward"][None])
        over = terminated or truncated
    return observation, info["state"]


def _propensity(
    agent: Agent, seen: Any, slate: NDArray[np.int64], **eligible: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """(n,) the agent's propensities of a slate, of what may be shown; None where it does not know them."""
    try:
        return agent.propensity(seen, slate[None], **eligible)[0]
    except NotImplementedError:
        return None
