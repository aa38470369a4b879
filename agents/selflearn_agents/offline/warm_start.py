"""Lets an agent that learns online begin with what a log knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from selflearn_agents.agent import Agent
from selflearn_agents.offline.learner import check_shop
from selflearn_env.core.rewards import IGNORED

if TYPE_CHECKING:  # who records logs knows all agents
    from selflearn_agents.logs.visit_log import VisitLog

SomeAgent = TypeVar("SomeAgent", bound=Agent)


def warm_start(agent: SomeAgent, log: VisitLog, batch: int = 100) -> SomeAgent:
    """Lets an agent learn the visits of a log, in order, as if it had served them; it then goes on as it likes.

    What another agent showed is as good to learn from, for one that learns what products earn. It is not for one that
    moves along the gradient of its own slates, such as `gradient`: that would need weights. Where products of a slate
    compete, other slates than the log's can look to an agent as if products had moved: `hierarchical(follow=False)` is
    not taken in by that.

    Args:
        agent: any agent that learns; it is changed. One that knows customers is given states: in a log, nobody is
            known.
        log: visits to the shop of the agent's history; slates may be shorter than the agent's.
        batch: visits learned at once.

    Returns:
        The agent.

    Raises:
        ValueError: the log is of another shop or has longer slates, or says what was earned and not what was done.
            Then nothing is learned.
    """
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch!r}")
    if log.slate.shape[1] > agent.slate_size:
        raise ValueError(
            f"the log has slates of {log.slate.shape[1]}, but the agent shows slates of {agent.slate_size}; make it "
            f"with slate_size={log.slate.shape[1]}"
        )
    check_shop(log, agent)
    if (log.response < IGNORED).any():
        raise ValueError("the log tells rewards only, and agents learn from responses; give it the column 'response'")
    for start in range(0, len(log), batch):
        visits = slice(start, start + batch)
        agent.update(log.state[visits], log.slate[visits], log.response[visits], log.item_reward[visits])
    return agent
