"""A policy that PPO has learned: which of a few privileged rankings to show, from what a shop knows of a customer."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from selflearn_agents import AGENTS, Agent
from selflearn_env.shop.history import History
from selflearn_env.wrappers.ranker_choice import VectorRankerChoice
from selflearn_env.wrappers.sb3 import SB3VecEnv

HOLDING_BACK = (0.0, 0.2, 0.4, 1.0)  # one ranker each; the first is the myopic oracle
SIDE_BY_SIDE = 256
TRAINING_SEED = 10_000  # of the first run; no customer of an evaluation is drawn with it


class LearnedRanker(Agent):
    """Chooses per visit among rankings that hold back to different degrees; the rankings know the probabilities."""

    privileged = True
    sees_visits = True

    def __init__(self, history: History, slate_size: int, seed: int, steps: int, discount: float, **env_options: Any):
        """Trains: PPO on the journey observation, with rewards as they are earned.

        Args:
            history: of the shop.
            slate_size: products per slate.
            seed: of the customers it learns from, and of the learner.
            steps: visits to learn from.
            discount: of a visit's reward against the one before.
            **env_options: options of the environment.
        """
        super().__init__(history, slate_size, np.random.default_rng(seed))
        torch.set_num_threads(1)
        envs = gym.make_vec(
            "selflearn/RetailJourney-v0",
            SIDE_BY_SIDE,
            vectorization_mode="vector_entry_point",
            **{"slate_size": slate_size, **env_options, "observation": "journey"},
        )
        world: Any = envs.unwrapped
        self._view = world.view
        oracles = [
            AGENTS["myopic_oracle"](history, slate_size, self.rng, simulator=world.simulator, holding_back=share)  # type: ignore[call-arg]
            for share in HOLDING_BACK
        ]
        rankers = [oracle.act for oracle in oracles]
        choosing = VectorRankerChoice(envs, rankers)
        self._rankers = choosing.action_view
        self._scale = VecNormalize(SB3VecEnv(choosing), gamma=discount)
        self._model = PPO(
            "MlpPolicy",
            self._scale,
            n_steps=32,
            batch_size=1024,
            n_epochs=4,
            learning_rate=1e-3,
            gamma=discount,
            gae_lambda=0.9,
            seed=TRAINING_SEED + seed,
            device="cpu",
        )
        self._model.learn(steps)
        self.chosen = np.zeros(len(HOLDING_BACK), dtype=np.int64)  # how often each ranker, after training

    def act(self, visits: Any, eligible: ArrayLike | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of the rankers that the policy finds best.

        Raises:
            NotImplementedError: not everything is eligible.
        """
        if eligible is not None:
            raise NotImplementedError("the policy chooses between rankings of the whole catalogue, eligible or not")
        observation = self._scale.normalize_obs(self._view.observe(visits))
        choice = self._model.predict(observation, deterministic=True)[0]
        self.chosen += np.bincount(choice, minlength=len(HOLDING_BACK))
        return self._rankers.slates(choice, visits)

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        raise NotImplementedError("the policy has learned from what is known of a customer, not from states")

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        raise NotImplementedError("the policy values rankings, not products")
