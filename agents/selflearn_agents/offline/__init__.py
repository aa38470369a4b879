"""Agents that learn from a log of what was shown and what came of it, without serving anybody."""

from __future__ import annotations

import difflib
from typing import Any

from selflearn_agents.offline.learner import Learner
from selflearn_agents.offline.log_likelihood import LogLikelihoodLearner
from selflearn_agents.offline.policy_gradient import DRGradientLearner, IPSGradientLearner
from selflearn_agents.offline.reward_model import PessimisticLearner, RewardModelLearner
from selflearn_agents.offline.warm_start import warm_start
from selflearn_agents.registry import agent_rng, check_hyperparameters
from selflearn_env.shop.history import History

__all__ = ["LEARNERS", "Learner", "find_learner", "make_learner", "warm_start"]

LEARNERS: dict[str, type[Learner]] = {
    "reward_model": RewardModelLearner,
    "pessimistic": PessimisticLearner,
    "log_likelihood": LogLikelihoodLearner,
    "ips_gradient": IPSGradientLearner,
    "dr_gradient": DRGradientLearner,
}


def find_learner(name: str) -> type[Learner]:
    """The class of a learner, by its name in `LEARNERS`.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in LEARNERS:
        close = difflib.get_close_matches(str(name), LEARNERS, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown learner {name!r}{meant}; known: {', '.join(LEARNERS)}")
    return LEARNERS[name]


def make_learner(
    name: str, *, history: History, slate_size: int = 10, seed: int = 0, **hyperparameters: Any
) -> Learner:
    """A learner by its name; it has learned nothing yet, and shows what is popular until its `fit` has seen a log.

    Args:
        name: a key of `LEARNERS`.
        history: what it may read besides, `shop.history`.
        slate_size: products per slate, those of the log.
        seed: breaks ties.
        **hyperparameters: as the learner's class describes them.

    Raises:
        TypeError: the learner has no such hyperparameter, and the message says which it has.
        ValueError: the name is unknown, or a hyperparameter or the slate size cannot be used.
    """
    learner = find_learner(name)
    check_hyperparameters(name, hyperparameters, learner.hyperparameters())
    return learner(history, slate_size, agent_rng(seed), **hyperparameters)
