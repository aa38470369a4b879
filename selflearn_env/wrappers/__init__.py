"""Views of the environments, for algorithms that could not choose ten products of thousands, and adapters to tools.

Each view comes for the single face and, with the prefix Vector, for the native vector face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from selflearn_env.plugins import missing_extra
from selflearn_env.wrappers.candidate_scores import CandidateScores, VectorCandidateScores
from selflearn_env.wrappers.candidate_subset import CandidateSubset, VectorCandidateSubset
from selflearn_env.wrappers.embedding_action import EmbeddingAction, VectorEmbeddingAction
from selflearn_env.wrappers.ranker_choice import RankerChoice, VectorRankerChoice
from selflearn_env.wrappers.score_action import ScoreAction, VectorScoreAction
from selflearn_env.wrappers.sequential_slate import SequentialSlate, VectorSequentialSlate

if TYPE_CHECKING:
    from selflearn_env.wrappers.sb3 import SB3VecEnv as SB3VecEnv

__all__ = [  # without SB3VecEnv, which needs an extra
    "CandidateScores",
    "CandidateSubset",
    "EmbeddingAction",
    "RankerChoice",
    "ScoreAction",
    "SequentialSlate",
    "VectorCandidateScores",
    "VectorCandidateSubset",
    "VectorEmbeddingAction",
    "VectorRankerChoice",
    "VectorScoreAction",
    "VectorSequentialSlate",
]


def __getattr__(name: str) -> Any:
    if name == "SB3VecEnv":
        try:
            from selflearn_env.wrappers.sb3 import SB3VecEnv
        except ModuleNotFoundError:
            raise missing_extra("SB3VecEnv needs Stable-Baselines3", "sb3") from None
        return SB3VecEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
