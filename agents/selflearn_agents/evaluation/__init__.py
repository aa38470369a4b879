"""How well agents do: one agent over many visits, and several agents on the same visits."""

from selflearn_agents.evaluation.compare import ComparisonResult, compare, compare_worlds
from selflearn_agents.evaluation.delay import Delay
from selflearn_agents.evaluation.evaluate import evaluate
from selflearn_agents.evaluation.exact import Standing, standing
from selflearn_agents.evaluation.lives import LivesResult, evaluate_lives
from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.worlds import World

__all__ = [
    "ComparisonResult",
    "Delay",
    "EvaluationResult",
    "LivesResult",
    "Plan",
    "Standing",
    "World",
    "compare",
    "compare_worlds",
    "evaluate",
    "evaluate_lives",
    "standing",
]
