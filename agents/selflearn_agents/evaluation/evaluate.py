"""One agent serves visits, and learns from each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from selflearn_agents import AGENTS
from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.delay import Delay, Feedback, Underway, check_delay
from selflearn_agents.evaluation.logged import hits_of
from selflearn_agents.evaluation.recorder import Recorder
from selflearn_agents.evaluation.result import EvaluationResult, marked
from selflearn_agents.evaluation.serving import Serving, decide, keeps_references, learned_by
from selflearn_agents.evaluation.worlds import World
from selflearn_env.core.simulator import Simulator

OFTEN = 0.1  # seconds between two moves of a progress bar


def evaluate(
    agent: Agent,
    env_id: str,
    customers: int = 100_000,
    batch: int = 1,
    seed: int = 0,
    progress: bool | Callable[[int], object] = True,
    delay: Delay | None = None,
    **env_options: Any,
) -> EvaluationResult:
    """Lets an agent serve visits to an environment and learn from them.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment with a vector face, such as "selflearn/Retail-v0".
        customers: visits to serve. Where an episode is one visit, each is another customer's.
        batch: visits decided before the feedback of any of them is learned from; 1 is the article's loop.
        seed: of the environment.
        progress: whether to show a progress bar with the rate, or what to call now and then with the visits since.
        delay: how much later the feedback of each visit arrives; None for at once.
        **env_options: options of the environment, such as `shop`.

    Raises:
        TypeError: the delay is no `Delay`.
        ValueError: a number is not positive, or agent and environment do not fit.
    """
    if customers < 1 or batch < 1:
        raise ValueError(f"customers and batch must be at least 1, got {customers!r} and {batch!r}")
    check_delay(delay)
    world = World(env_id, env_id, customers, {"slate_size": agent.slate_size, **env_options})
    return judged_by_log(serve_world(agent, world, batch, seed, progress, delay), agent, world)


def serve_world(
    agent: Agent,
    world: World,
    batch: int,
    seed: int,
    progress: bool | Callable[[int], object],
    delay: Delay | None = None,
) -> EvaluationResult:
    """Lets an agent serve the visits of a run in a world; see `evaluate`."""
    check_fit(agent, world.simulator)
    name = agent_name(agent)
    recorder = Recorder(
        world.visits, world.shop.history, world.references, remembers=not keeps_references(world.simulator)
    )
    serving = Serving(world.simulator, batch, seed)
    underway = None if delay is None else Underway(delay, world.visits, batch, seed)
    seconds = agent_seconds = 0.0
    done = shown = 0
    with tqdm(
        total=world.visits,
        desc=marked(name, agent.privileged),
        unit=" visits",
        disable=progress is not True,
        mininterval=0.5,
    ) as bar:
        served_some = progress if callable(progress) else bar.update
        moved = perf_counter()
        while done < world.visits:
            simulator, visits = serving.present, serving.visits  # as they are when these slates are shown
            begin = perf_counter()
            slates = decide(agent, simulator, visits)
            decided = perf_counter()
            outcome = serving.show(slates)
            answered = perf_counter()
            responses, item_rewards = outcome.response, outcome.item_reward
            if done + batch > world.visits:  # of the last batch, not all count
                rows = slice(world.visits - done)
                slates, responses, item_rewards = slates[rows], responses[rows], item_rewards[rows]
                visits = visits.rows(np.arange(rows.stop))
            # Noted before the agent gets these arrays, which it might change.
            seen = learned_by(agent, simulator, visits)
            recorder.look_at(agent, seen, slates, simulator.eligible)
            recorder.add(simulator, visits, slates, responses, item_rewards)
            feedback = Feedback(seen, slates, responses, item_rewards)
            arrived = feedback if underway is None else underway.exchange(feedback)
            noted = perf_counter()
            if arrived is not None:
                agent.update(*arrived)
            end = perf_counter()
            seconds += end - noted + answered - begin
            agent_seconds += decided - begin + end - noted
            done += len(slates)
            if end - moved > OFTEN or done == world.visits:
                served_some(done - shown)
                moved, shown = end, done
    return EvaluationResult(
        name, agent.privileged, world.env_id, done, batch, seed, seconds, agent_seconds, **recorder.result(),
        delay=0.0 if delay is None else delay.mean,
    )  # fmt: skip


def judged_by_log(result: EvaluationResult, agent: Agent, world: World) -> EvaluationResult:
    """The result of a run that is over, with the real hits of the agent, which does not learn from them."""
    return replace(result, real_hits=hits_of(agent, world.shop, world.simulator))


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
