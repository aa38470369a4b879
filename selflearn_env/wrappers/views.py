"""The views of the action whose size follows from their space, by the name of their wrapper."""

from __future__ import annotations

from collections.abc import Callable

import gymnasium as gym

from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import ActionView
from selflearn_env.wrappers.candidate_scores import Reranking
from selflearn_env.wrappers.candidate_subset import Candidates
from selflearn_env.wrappers.embedding_action import Embeddings
from selflearn_env.wrappers.score_action import Scores

# Each makes its view of a history, for slates of a size, with the actions of a space.
VIEWS: dict[str, Callable[[History, int, gym.Space], ActionView]] = {
    "EmbeddingAction": Embeddings.for_space,
    "ScoreAction": lambda history, slate_size, _: Scores(history, slate_size),
    "CandidateSubset": Candidates.for_space,
    "CandidateScores": Reranking.for_space,
}
