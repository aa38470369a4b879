"""How well agents do: one agent over many customers, and several agents on the same customers."""

from selflearn_agents.evaluation.cells import World
from selflearn_agents.evaluation.compare import ComparisonResult, compare, compare_worlds
from selflearn_agents.evaluation.evaluate import evaluate
from selflearn_agents.evaluation.exact import Standing, standing
from selflearn_agents.evaluation.result import EvaluationResult

__all__ = [
    "ComparisonResult",
    "EvaluationResult",
    "Standing",
    "World",
    "compare",
    "compare_worlds",
    "evaluate",
    "standing",
]
