"""One run of a comparison, and the file in which it is kept."""

from __future__ import annotations

import hashlib
import json
import re
import traceback
from dataclasses import dataclass, replace
from time import perf_counter

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.delay import Delay
from selflearn_agents.evaluation.evaluate import judged_by_log, serve_world
from selflearn_agents.evaluation.fingerprints import agents_code, described
from selflearn_agents.evaluation.progress import Counter
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.serving import Serving, decide, learned_by
from selflearn_agents.evaluation.usual import slates_after
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.specification import AgentSpec

TRIAL = 32  # batches that are served to compile what an agent runs, and as many to time it


@dataclass(frozen=True, eq=False)
class RunSpec:
    """An agent that is to serve in a complete world, with the seed of both.

    Attributes:
        agent: the agent.
        world: where it serves.
        seed: the environment's and the agent's.
        batch: visits decided before the feedback of any of them is learned from.
        delay: how much later the feedback of each visit arrives; None for at once.
        looked_at: whether the result has the agent's slates after the run.
    """

    agent: AgentSpec
    world: World
    seed: int
    batch: int
    delay: Delay | None = None
    looked_at: bool = False

    @property
    def label(self) -> str:
        """What a bar or a message calls the run."""
        return f"{self.agent.text}, {self.world.name}, seed {self.seed}"

    def note_where(self, error: Exception) -> None:
        """Adds to an error of this run whose it is, and the line that raised it."""
        where = traceback.extract_tb(error.__traceback__)[-1]
        error.add_note(f"in the run of {self.label} ({where.filename}, line {where.lineno})")

    @property
    def file(self) -> str:
        """The name under which the run is kept: it changes with all that the result depends on, code included.

        That is the code of both packages, and of the modules of one's own agent and customers and of their base
        classes; not of what else those modules import.
        """
        content = [
            agents_code(),
            (described(self.agent.agent_class), self.agent.text, described(self.agent.hyperparameters)),
            (self.world.key, self.world.visits, self.seed, self.batch, described(self.delay), self.looked_at),
        ]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        readable = re.sub(r"\W+", "-", f"{self.agent.text} {self.world.name} {self.seed}").strip("-")
        return f"{readable[:80]}-{key[:16]}.npz"

    def has_made(self, result: EvaluationResult) -> bool:
        """Whether a result says that it is of this run."""
        late = 0.0 if self.delay is None else self.delay.mean
        asked = (self.agent.text, self.world.env_id, self.world.visits, self.batch, self.seed, late)
        return asked == (result.agent, result.env_id, result.visit_count, result.batch, result.seed, result.delay)

    def make_agent(self) -> Agent:
        """The agent before it has served anybody.

        Raises:
            ValueError: it cannot be made.
        """
        simulator = self.world.simulator
        return self.agent.make(self.world.shop.history, simulator.slate_size, self.seed, simulator)

    def serve(self, served: Counter) -> EvaluationResult:
        """Lets the agent serve and learn."""
        agent = self.make_agent()
        result = serve_world(agent, self.world, self.batch, self.seed, served.start(), self.delay)
        usual = self.world.usual if self.looked_at else None
        slates = None if usual is None else slates_after(agent, usual)
        return replace(judged_by_log(result, agent, self.world), agent=self.agent.text, slates=slates)

    def seconds_of_a_visit(self) -> float:
        """How long the agent and the world take for a visit, from a few that nobody keeps, their feedback at once.

        What the agent compiles is compiled then, and kept on disk for all processes.

        Raises:
            ValueError: the agent cannot be made.
        """
        agent = self.make_agent()
        serving = Serving(self.world.simulator, self.batch, self.seed)
        begin = perf_counter()
        try:
            for served in range(2 * TRIAL):
                if served == TRIAL:
                    begin = perf_counter()
                simulator, visits = serving.present, serving.visits
                slates = decide(agent, simulator, visits)
                outcome = serving.show(slates)
                seen = learned_by(agent, simulator, visits)
                agent.update(seen, slates, outcome.response, outcome.item_reward)
        except Exception:  # the run itself will say so, when those beside it are kept
            return 0.0
        return (perf_counter() - begin) / (TRIAL * self.batch)
