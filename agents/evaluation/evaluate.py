"""One agent serves many customers, and learns from each."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from tqdm import tqdm

from agents import AGENTS
from agents.agent import Agent
from agents.evaluation.exact import share_of_gap
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.simulator import Simulator

CHUNKS = 50  # points of a curve
EDGE = 0.1  # the share of the visits that is called early, or late
FIGURES = ("reward", "expected_reward", "regret", "random", "optimal", "purchases", "clicks")  # of each visit
OWN = ("num_envs", "vectorization_mode", "autoreset_mode", "render_mode")  # what the loop decides itself


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """How an agent did, in chunks of consecutive visits. Rewards are per slate, in reward units.

    Attributes:
        agent: the agent's name.
        privileged: whether it knows what no real agent could.
        env_id: the environment.
        customers: visits served.
        batch: visits decided before the feedback of any of them is learned from.
        seed: seed of the environment.
        seconds: time of the whole loop, environment and agent.
        agent_seconds: time of the agent alone, deciding and learning.
        visits: (C,) visits served by the end of each chunk.
        reward: (C,) mean sampled reward.
        expected_reward: (C,) mean of the exact expected reward of the slates shown.
        regret: (C,) mean expected reward of the best slate of distinct products minus that of the slate shown.
        random: (C,) exact expected reward of random slates in the same visits.
        optimal: (C,) exact expected reward of the best slates in the same visits.
        purchases: (C,) bought products per slate.
        clicks: (C,) clicked products per slate.
    """

    agent: str
    privileged: bool
    env_id: str
    customers: int
    batch: int
    seed: int
    seconds: float
    agent_seconds: float
    visits: NDArray[np.int64]
    reward: NDArray[np.float64]
    expected_reward: NDArray[np.float64]
    regret: NDArray[np.float64]
    random: NDArray[np.float64]
    optimal: NDArray[np.float64]
    purchases: NDArray[np.float64]
    clicks: NDArray[np.float64]

    @property
    def label(self) -> str:
        """The agent's name in tables and plots, marked where it is privileged."""
        return _marked(self.agent, self.privileged)

    @property
    def gap(self) -> NDArray[np.float64]:
        """(C,) share of the way from random to optimal expected reward; nan where no slate is better than another."""
        return share_of_gap(self.expected_reward, self.random, self.optimal)

    def mean(self, name: str, first: float = 0.0, last: float = 1.0) -> float:
        """Mean of a per-chunk figure per visit, over the whole chunks that lie between two shares of the visits."""
        share = self.visits / self.customers
        chosen = (share > first + 1e-9) & (share <= last + 1e-9)
        if not chosen.any():
            chosen[0 if first == 0 else -1] = True
        weight = np.diff(self.visits, prepend=0)[chosen]
        return float(np.average(getattr(self, name)[chosen], weights=weight))

    def figures(self) -> dict[str, Any]:
        """What a table or a manifest says of the run."""
        expected, random, optimal = (self.mean(name) for name in ("expected_reward", "random", "optimal"))
        late = [self.mean(name, 1 - EDGE) for name in ("expected_reward", "random", "optimal")]
        return {
            "agent": self.label,
            "seed": self.seed,
            "customers": self.customers,
            "batch": self.batch,
            "reward": self.mean("reward"),
            "reward_early": self.mean("reward", 0.0, EDGE),
            "reward_late": self.mean("reward", 1 - EDGE),
            "expected_reward": expected,
            "regret": self.mean("regret"),
            "purchases": self.mean("purchases"),
            "clicks": self.mean("clicks"),
            "random": random,
            "optimal": optimal,
            "gap": float(share_of_gap(expected, random, optimal)),
            "gap_late": float(share_of_gap(*late)),
            "slates_per_second": self.customers / self.seconds,
            "agent_slates_per_second": self.customers / self.agent_seconds,
        }

    def frame(self) -> pd.DataFrame:
        """The curve, one row per chunk."""
        columns = {name: getattr(self, name) for name in ("visits", *FIGURES, "gap")}
        return pd.DataFrame({"agent": self.label, "seed": self.seed, **columns})


def evaluate(
    agent: Agent,
    env_id: str,
    customers: int = 100_000,
    batch: int = 1,
    seed: int = 0,
    progress: bool = True,
    **env_options: Any,
) -> EvaluationResult:
    """Lets an agent serve customers of an environment and learn from them.

    Args:
        agent: the agent; it is changed by what it learns.
        env_id: a registered environment with a vector face, such as "selflearn/Retail-v0".
        customers: visits to serve.
        batch: visits decided before the feedback of any of them is learned from; 1 is the seed's loop.
        seed: of the environment.
        progress: whether to show a progress bar with the rate.
        **env_options: options of the environment, such as `shop`.

    Raises:
        ValueError: a number is not positive, or agent and environment do not fit.
    """
    if customers < 1 or batch < 1:
        raise ValueError(f"customers and batch must be at least 1, got {customers!r} and {batch!r}")
    taken = [name for name in OWN if name in env_options]
    if taken:
        raise ValueError(f"{taken[0]} is decided by the evaluation itself and cannot be given")
    env_options.setdefault("slate_size", agent.slate_size)
    envs = gym.make_vec(
        env_id,
        num_envs=batch,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP,
        **env_options,
    )
    world: Any = envs.unwrapped
    _check_fit(agent, world.simulator)
    name = agent_name(agent)
    recorder = _Recorder(chunk=-(-customers // CHUNKS))
    states = envs.reset(seed=seed)[1]["state"]
    seconds = agent_seconds = 0.0
    with tqdm(
        total=customers, desc=_marked(name, agent.privileged), unit=" visits", disable=not progress, mininterval=0.5
    ) as bar:
        for at in range(0, customers, batch):
            served = min(batch, customers - at)  # of the last batch, maybe not all
            simulator: Simulator = world.simulator  # as it is when these slates are shown
            begin = perf_counter()
            slates = agent.act(states)
            decided = perf_counter()
            info = envs.step(slates)[-1]
            responses, item_rewards = info["response"], info["item_reward"]
            answered = perf_counter()
            # Noted before the agent gets these arrays, which it might change.
            recorder.add(simulator, states[:served], slates[:served], responses[:served], item_rewards[:served])
            noted = perf_counter()
            agent.update(states[:served], slates[:served], responses[:served], item_rewards[:served])
            end = perf_counter()
            seconds += end - noted + answered - begin
            agent_seconds += decided - begin + end - noted
            states = info["state"]
            bar.update(served)
    envs.close()
    table = recorder.table()
    return EvaluationResult(name, agent.privileged, env_id, customers, batch, seed, seconds, agent_seconds, **table)


def _check_fit(agent: Agent, simulator: Simulator) -> None:
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


def _marked(name: str, privileged: bool) -> str:
    return f"{name} (privileged)" if privileged else name


class _Recorder:
    """What happened in the visits, summed up in chunks of equal size whatever the batch."""

    def __init__(self, chunk: int):
        self._chunk = chunk
        self._simulator: Simulator | None = None  # of the visits that wait
        self._waiting: list[tuple[NDArray, ...]] = []
        self._count, self._done = 0, 0  # visits that wait, and those worked out
        self._sums = np.zeros((CHUNKS, len(FIGURES)))

    def add(self, simulator: Simulator, *visits: NDArray) -> None:
        """States, slates, responses and item rewards of some visits, and the simulator that they were shown to."""
        if simulator is not self._simulator or self._count >= self._chunk:
            self._work_out()
            self._simulator = simulator
        self._waiting.append(tuple(of.copy() for of in visits))  # an agent may use its array of slates again
        self._count += len(visits[0])

    def table(self) -> dict[str, NDArray]:
        """The per-chunk figures of `EvaluationResult`."""
        self._work_out()
        begins = np.arange(0, self._done, self._chunk)
        visits = np.minimum(begins + self._chunk, self._done)
        means = self._sums[: len(begins)] / (visits - begins)[:, None]
        return {"visits": visits, **dict(zip(FIGURES, means.T, strict=True))}

    def _work_out(self) -> None:
        """Adds the figures of the visits that wait to their chunks."""
        if self._simulator is None or not self._waiting:
            return
        simulator = self._simulator
        states, slates, responses, item_rewards = (
            np.concatenate(column) for column in zip(*self._waiting, strict=True)
        )
        expected = simulator.expected_reward(states, slates)
        optimal = simulator.expected_reward(states, simulator.optimal_slate(states))
        columns = {
            "reward": item_rewards.sum(axis=1),
            "expected_reward": expected,
            "regret": optimal - expected,
            "random": simulator.random_reward(states),
            "optimal": optimal,
            "purchases": (responses == BOUGHT).sum(axis=1),
            "clicks": (responses == CLICKED).sum(axis=1),
        }
        chunk = (self._done + np.arange(self._count)) // self._chunk
        np.add.at(self._sums, chunk, np.stack([columns[name] for name in FIGURES], axis=1))
        self._done += self._count
        self._waiting, self._count = [], 0
