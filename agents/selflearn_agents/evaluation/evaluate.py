"""One agent serves many customers, and learns from each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from tqdm import tqdm

from selflearn_agents import AGENTS
from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.recorder import Recorder
from selflearn_agents.evaluation.result import EvaluationResult, marked
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits

OWN = ("num_envs", "vectorization_mode", "autoreset_mode", "render_mode")  # what the loop decides itself


def evaluate(
    agent: Agent,
    env_id: str,
    customers: int = 100_000,
    batch: int = 1,
    seed: int = 0,
    progress: bool | Callable[[int], object] = True,
    **env_options: Any,
) -> EvaluationResult:
    """Lets an agent serve customers of an environment and learn from them.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment with a vector face, such as "selflearn/Retail-v0".
        customers: visits to serve.
        batch: visits decided before the feedback of any of them is learned from; 1 is the seed's loop.
        seed: of the environment.
        progress: whether to show a progress bar with the rate, or what to call with the visits of each batch.
        **env_options: options of the environment, such as `shop`.

    Raises:
        ValueError: a number is not positive, or agent and environment do not fit.
    """
    if customers < 1 or batch < 1:
        raise ValueError(f"customers and batch must be at least 1, got {customers!r} and {batch!r}")
    check_options(env_options)
    env_options.setdefault("slate_size", agent.slate_size)
    envs = gym.make_vec(
        env_id,
        num_envs=batch,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP,
        **env_options,
    )
    world: Any = envs.unwrapped
    check_fit(agent, world.simulator)
    name = agent_name(agent)
    recorder = Recorder(customers, world.shop.history)
    envs.reset(seed=seed)
    seconds = agent_seconds = 0.0
    with tqdm(
        total=customers,
        desc=marked(name, agent.privileged),
        unit=" visits",
        disable=progress is not True,
        mininterval=0.5,
    ) as bar:
        served_some = progress if callable(progress) else bar.update
        for at in range(0, customers, batch):
            served = min(batch, customers - at)  # of the last batch, maybe not all
            simulator: Simulator = world.simulator  # as it is when these slates are shown
            visits: Visits = world.visits
            begin = perf_counter()
            slates = agent.act(seen_by(agent, visits))
            decided = perf_counter()
            info = envs.step(slates)[-1]
            responses, item_rewards = info["response"], info["item_reward"]
            answered = perf_counter()
            # Noted before the agent gets these arrays, which it might change.
            judged = visits if served == batch else visits.rows(np.arange(served))
            recorder.look_at(agent, judged.state, slates[:served])
            recorder.add(simulator, judged, slates[:served], responses[:served], item_rewards[:served])
            states = judged.state.copy()
            noted = perf_counter()
            agent.update(states, slates[:served], responses[:served], item_rewards[:served])
            end = perf_counter()
            seconds += end - noted + answered - begin
            agent_seconds += decided - begin + end - noted
            served_some(served)
    envs.close()
    return EvaluationResult(
        name, agent.privileged, env_id, customers, batch, seed, seconds, agent_seconds, **recorder.result()
    )


def check_options(env_options: Mapping[str, Any]) -> None:
    """Sees that no option is given that an evaluation decides itself.

    Raises:
        ValueError: one is.
    """
    taken = [name for name in OWN if name in env_options]
    if taken:
        raise ValueError(f"{taken[0]} is decided by the evaluation itself and cannot be given")


def seen_by(agent: Agent, visits: Visits) -> Any:
    """What an agent is shown of the visits: the states of most; a copy, since it might write to what it is given."""
    return visits.rows(np.arange(len(visits))) if agent.sees_visits else visits.state.copy()


def check_fit(agent: Agent, simulator: Simulator) -> None:
    """Sees that an agent can serve in an environment.

    Raises:
        ValueError: their sizes differ.
    """
    for what, own, other in (
        ("slates of", agent.slate_size, simulator.slate_size),
        ("products:", agent.products, simulator.products),
        ("states:", agent.states, simulator.states.size),
    ):
        if own != other:
            raise ValueError(
                f"agent and environment do not fit, {what} {own} and {other}; make the agent from the history of the "
                f"environment's shop, with its slate_size"
            )


def agent_name(agent: Agent) -> str:
    """The name under which the agent's class is known, or the class's own."""
    return next((name for name, known in AGENTS.items() if known is type(agent)), type(agent).__name__)
