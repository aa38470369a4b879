"""A check for your own agents: whether one keeps the rules that all agents keep, and which it breaks."""

from selflearn_agents.testing.check import BY_STATE, EVERYWHERE, check_agent
from selflearn_agents.testing.trial import Trial

__all__ = ["BY_STATE", "EVERYWHERE", "Trial", "check_agent"]
