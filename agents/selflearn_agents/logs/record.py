"""One agent serves customers, learns from their visits, and everything is written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.evaluate import agent_name, check_fit
from selflearn_agents.evaluation.result import marked
from selflearn_agents.evaluation.serving import Serving, decide, learned_by, limits
from selflearn_agents.evaluation.worlds import check_options
from selflearn_agents.logs.parquet import VisitWriter, check_heading
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.core.seen import SeenVisits
from selflearn_env.envs.observations import Observation

PIECE = 2**14  # visits that are written at once
CELLS = 2**22  # marginals worked on at once


def record(
    agent: Agent,
    env_id: str,
    customers: int,
    seed: int = 0,
    *,
    batch: int = 1,
    marginals: bool = False,
    **env_options: Any,
) -> VisitLog:
    """Lets an agent serve customers and learn from their visits, as `evaluate` does.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment with a vector face, such as "selflearn/Retail-v0".
        customers: episodes to serve; in `RetailJourney-v0` each has many visits, elsewhere one.
        seed: of the environment.
        batch: visits decided before the feedback of any of them is learned from; a thousand are recorded twenty times
            as fast as one, or more. Customers who come again are served one after the other, so that it is 1 for them.
        marginals: whether to record those of the slots, too, which estimators of single slots need where the agent
            learns meanwhile. For each visit they take from 0.1 ms (`epsilon_greedy`) to 20 ms (Plackett-Luce).
        **env_options: options of the environment, such as `shop`.

    Returns:
        The visits, with the propensities of the slates if the agent knows them.

    Raises:
        NotImplementedError: marginals are to be recorded, and the agent does not know them.
        ValueError: a number is not positive, agent and environment do not fit, or an option is given that recording
            decides itself.
    """
    (log,) = _pieces(agent, env_id, customers, seed, batch, marginals, env_options, most=None)
    return log


def record_to_parquet(
    path: str | Path,
    agent: Agent,
    env_id: str,
    customers: int,
    seed: int = 0,
    *,
    batch: int = 1,
    marginals: bool = False,
    **env_options: Any,
) -> None:
    """Does what `record` does, and writes the visits to a file as they come, in the same memory however many they are.

    `VisitLog.from_parquet` reads them, bit for bit those of `record`.

    Args:
        path: of the file; it appears when all visits are served.
        agent: as for `record`, and so the others.
        env_id: the environment.
        customers: episodes to serve.
        seed: of the environment.
        batch: visits decided before the feedback of any of them is learned from.
        marginals: whether to record those of the slots, too.
        **env_options: of those, a shop is given as its path.

    Raises:
        NotImplementedError, ValueError: as for `record`, or an option cannot be kept as JSON.
        OSError: the file cannot be written.
    """
    check_heading({"env_options": env_options})
    with VisitWriter(path) as writer:
        for log in _pieces(agent, env_id, customers, seed, batch, marginals, env_options, most=PIECE):
            writer.append(log)


def _pieces(
    agent: Agent,
    env_id: str,
    customers: int,
    seed: int,
    batch: int,
    marginals: bool,
    env_options: Mapping[str, Any],
    most: int | None,
) -> Iterator[VisitLog]:
    """The visits in their order, in pieces of whole episodes of at least `most` visits; in one if that is None."""
    if customers < 1 or batch < 1:
        raise ValueError(f"customers and batch must be at least 1, got {customers!r} and {batch!r}")
    check_options(env_options)
    options = {**env_options, "slate_size": env_options.get("slate_size", agent.slate_size)}
    env: Any = gym.make_vec(env_id, 1, vectorization_mode="vector_entry_point", **options).unwrapped
    check_fit(agent, env.simulator)
    if batch > 1 and env.simulator.lasting:
        raise ValueError(f"customers of {env_id} come again, and are recorded one after the other: leave batch at 1")
    name = marked(agent_name(agent), agent.privileged)
    about: dict[str, Any] = {"agent": name, "env_id": env_id, "seed": seed, "env_options": options}
    serving, served, visits = Serving(env.simulator, batch, seed), 0, 0
    found: dict[str, list[NDArray]] = {}
    with tqdm(total=customers, desc=name, unit=" customers", disable=None, mininterval=0.5) as bar:
        while served < customers:
            columns = _serve(agent, serving, env.view, min(batch, customers - served), marginals)
            for column, values in columns.items():
                found.setdefault(column, []).append(values)
            ended = len(columns["last_state"])
            bar.update(ended)
            served, visits = served + ended, visits + len(columns["slate"])
            if served == customers or (most is not None and ended and visits >= most):
                arrays: dict[str, Any] = {column: np.concatenate(values) for column, values in found.items()}
                yield VisitLog(**about, **{"propensity": None, **arrays})
                found, visits = {}, 0
    env.close()


def _serve(agent: Agent, serving: Serving, view: Observation, rows: int, marginals: bool) -> dict[str, NDArray]:
    """Shows slates to all visits, lets the agent learn of the first so many rows, and returns the columns of these."""
    simulator, counted = serving.present, np.arange(rows)
    visits, limit = serving.visits.rows(counted), limits(simulator)
    slates = decide(agent, simulator, serving.visits)
    slate = slates[:rows].copy()  # an agent may use its arrays again, or write to those that it is given
    seen = learned_by(agent, simulator, visits)
    columns = {"observation": view.observe(visits), "state": visits.state, "slate": slate}
    with suppress(NotImplementedError):  # it may not know them
        columns["propensity"] = agent.propensity(seen, slate, **limit)
    if marginals:
        columns["marginal"] = _marginals(agent, seen, slate, limit)
    outcome = serving.show(slates)
    after, response, item_reward = outcome.visits.rows(counted), outcome.response[:rows], outcome.item_reward[:rows]
    terminated, truncated = outcome.terminated[:rows], outcome.truncated[:rows]
    last = after.rows(terminated | truncated)
    columns |= {"response": response.copy(), "item_reward": item_reward.copy()}
    columns |= {"terminated": terminated, "truncated": truncated}
    columns |= {"last_observation": view.observe(last), "last_state": last.state}
    agent.update(seen, slates[:rows], response, item_reward)
    return columns


def _marginals(agent: Agent, seen: Any, slate: NDArray[np.int64], limit: Mapping[str, Any]) -> NDArray[np.float64]:
    """(B, n) the agent's marginals of slates, of what may be shown, a few visits at a time."""
    size = max(1, CELLS // (slate.shape[1] * agent.products))
    parts = []
    for start in range(0, len(slate), size):
        rows = np.arange(start, min(start + size, len(slate)))
        every = agent.marginals(seen.rows(rows) if isinstance(seen, SeenVisits) else seen[rows], **limit)
        parts.append(np.take_along_axis(every, slate[rows, :, None], axis=2)[:, :, 0])
    return np.concatenate(parts)
