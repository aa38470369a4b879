"""Stable-Baselines3, TD3 with exploring noise: re-ranks the 20 candidates of the state, in a single environment."""

import gymnasium as gym
import numpy as np
from judge import judge
from stable_baselines3 import TD3
from stable_baselines3.common.noise import NormalActionNoise

from selflearn_env.wrappers import CandidateScores, VectorCandidateScores

env = CandidateScores(gym.make("selflearn/Retail-v0", observation="onehot"), candidates=20)
noise = NormalActionNoise(np.zeros(20), np.full(20, 0.3))
model = TD3("MlpPolicy", env, action_noise=noise, gamma=0.0, train_freq=(16, "step"), seed=0, device="cpu")
model.learn(5_000)

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
judge(lambda observation: model.predict(observation, deterministic=True)[0], VectorCandidateScores(envs, candidates=20))
