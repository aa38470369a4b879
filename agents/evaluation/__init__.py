"""How well agents do: one agent over many customers, and several agents on the same customers."""

from agents.evaluation.compare import ComparisonResult, compare
from agents.evaluation.evaluate import EvaluationResult, evaluate
from agents.evaluation.exact import Standing, standing

__all__ = ["ComparisonResult", "EvaluationResult", "Standing", "compare", "evaluate", "standing"]
