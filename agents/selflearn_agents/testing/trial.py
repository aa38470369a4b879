"""What the rules need to try an agent: a shop, a world, and new agents that serve in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.serving import Serving, learned_by, seen_by
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.testing.contract import BrokenRuleError


@dataclass(frozen=True, eq=False)
class Trial:
    """An agent that is tried, and where.

    Attributes:
        spec: the agent.
        shop: whose customers it serves.
        options: of the environment that it serves in.
        simulator: of this environment.
    """

    spec: AgentSpec
    shop: Shop
    options: Options
    simulator: Simulator

    @classmethod
    def of(cls, spec: AgentSpec, shop: Shop, options: Options) -> Self:
        """An agent that is tried in a world of these options."""
        return cls(spec, shop, options, options.simulator(shop))

    @property
    def name(self) -> str:
        """The agent's, for messages."""
        return self.spec.text

    @property
    def slate_size(self) -> int:
        """Products per slate, n."""
        return self.options.slate_size

    @property
    def knows_persons(self) -> bool:
        """Whether the customers of the world are persons."""
        return isinstance(self.options, PeopleOptions)

    @property
    def visits_of_batch(self) -> dict[int, int]:
        """How many visits are served one at a time, and how many in batches of 50; the former take most of the time."""
        return {1: 150, 50: 500} if self.knows_persons else {1: 200, 50: 1000}

    def require(self, kept: Any, sentence: str) -> None:
        """Checks that a rule is kept.

        Raises:
            BrokenRuleError: it is not; the sentence follows the agent's name.
        """
        if not kept:
            raise BrokenRuleError(f"{self.name} {sentence}")

    def make(self, seed: int = 0) -> Agent:
        """A fresh agent."""
        agent = self.spec.make(self.shop.history, self.slate_size, seed, self.simulator)
        for attribute in ("slate_size", "products", "states", "rng"):
            self.require(
                hasattr(agent, attribute),
                f"has no attribute {attribute!r}; call super().__init__(history, slate_size, rng) in its __init__",
            )
        return agent

    def with_slates_of(self, slate_size: int) -> Trial:
        """The same with slates of another size."""
        return self.of(self.spec, self.shop, replace(self.options, slate_size=slate_size))

    def serve(self, agent: Agent, visits: int, batch: int, seed: int) -> NDArray[np.int64]:
        """(visits, n) the slates of an agent that serves and learns."""
        return self.served(agent, visits, batch, seed)[0]

    def served(self, agent: Agent, visits: int, batch: int, seed: int) -> tuple[NDArray[np.int64], Any]:
        """Lets an agent serve and learn.

        Args:
            agent: the agent.
            visits: how many it serves.
            batch: how many it decides at once, B.
            seed: of the world.

        Returns:
            (visits, n) its slates, and the next B visits, as `update` would be given them.
        """
        serving, shown = Serving(self.simulator, batch, seed), []
        for _ in range(visits // batch):
            simulator, before = serving.present, serving.visits
            slates = agent.act(seen_by(agent, simulator, before))
            outcome = serving.show(slates)
            shown.append(slates.copy())  # it may be written to again
            agent.update(learned_by(agent, simulator, before), slates, outcome.response, outcome.item_reward)
        return np.concatenate(shown), learned_by(agent, serving.present, serving.visits)

    def visits(self, agent: Agent, count: int, seed: int) -> Any:
        """Visits as the agent is shown them when it decides, their first ones."""
        return seen_by(agent, self.simulator, Serving(self.simulator, count, seed).visits)

    def busiest(self, count: int) -> NDArray[np.int64]:
        """(count,) the states with the most visits in the history."""
        return np.argsort(-self.shop.history.visits, kind="stable")[:count]

    def taught(self, visits: int = 60, seed: int = 5) -> Agent:
        """An agent that has learned from random slates in the busiest states, with random responses."""
        agent, rng = self.make(seed), np.random.default_rng(11)
        for _ in range(visits // 10):
            slates = rng.permuted(np.tile(np.arange(agent.products), (10, 1)), axis=1)[:, : self.slate_size]
            responses = rng.choice(3, p=[0.6, 0.2, 0.2], size=slates.shape).astype(np.int8)
            agent.update(rng.choice(self.busiest(4), size=10), slates, responses, np.array([-2.0, 1.0, 5.0])[responses])
        return agent

    def few_states(self, count: int = 60) -> NDArray[np.int64]:
        """(count,) states, of which `taught` has met most, and one without visits in the history."""
        visits = self.shop.history.visits
        return np.random.default_rng(3).choice([*self.busiest(5), visits.argmin()], size=count)


def refusal(call: Callable[[], Any]) -> str:
    """The message of the ValueError that a call raises; empty if it raises none."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""
