"""How well agents do: one agent over many customers, and several agents on the same customers."""

from agents.evaluation.cells import World
from agents.evaluation.compare import ComparisonResult, compare, compare_worlds
from agents.evaluation.evaluate import evaluate
from agents.evaluation.exact import Standing, standing
from agents.evaluation.result import EvaluationResult

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
